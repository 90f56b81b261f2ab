from __future__ import annotations

import json

import pytest

from bench import text
from bench._text_messages import read_messages, read_romanized
from leanrag.types import LANGUAGES


def test_every_language_has_at_least_sixty_distinct_labelled_messages() -> None:
    for language in LANGUAGES:
        texts = [m.text for m in read_messages() if m.language == language]
        assert len(texts) == len(set(texts)) >= 60


def test_finglish_and_arabizi_have_forty_questions_each_with_an_answer() -> None:
    questions = read_romanized()
    assert [sum(q.language == name for q in questions) for name in ("fa", "ar")] == [40, 40]
    assert all(question.text.isascii() and all(question.answers) for question in questions)


def test_the_report_has_every_figure(capsys: pytest.CaptureFixture[str]) -> None:
    assert text.main(["--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [d["language"] for d in report["detection"]] == [*LANGUAGES, "fa", "ar"]
    assert len(report["tokens"]) == 2 * len(LANGUAGES)
    assert all(speed["counter"] > 0 for speed in report["tokens"])
    assert all(speed["milliseconds"] > 0 for speed in report["analyzers"])
    assert report["retrieval"] == []


def test_a_missing_file_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        text.main(["--questions", "nowhere.jsonl"])
    assert "nowhere.jsonl" in capsys.readouterr().err
