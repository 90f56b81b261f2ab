from __future__ import annotations

import json

import pytest

from bench import memory
from bench._memory_conversations import HALVES, Fact, read_conversations
from leanrag.text.normalize import fold
from leanrag.types import LANGUAGES

FIRST_MESSAGES = 3  # of the customer: with the answers between them, the first five


def test_every_language_has_conversations_of_forty_messages_and_both_halves_some():
    conversations = read_conversations()
    assert len({one.conversation_id for one in conversations}) == len(conversations) >= 12
    assert {one.language for one in conversations} == set(LANGUAGES)
    assert all(2 * len(one.messages) == 40 for one in conversations)
    assert all(3 <= len(one.facts) <= 4 for one in conversations)
    assert min(sum(one.half == half for one in conversations) for half in HALVES) >= 5


@pytest.mark.parametrize("one", read_conversations(), ids=lambda one: one.conversation_id)
def test_a_fact_is_said_early_and_neither_repeated_nor_given_away(one):
    early, later = one.messages[:FIRST_MESSAGES], one.messages[FIRST_MESSAGES:]
    for fact in one.facts:
        assert any(fact.is_in(text) for text in early), fact
        assert not any(fact.is_in(text) for text in (*later, *(f.question for f in one.facts)))


def test_a_number_is_not_found_inside_another_one():
    fact = Fact("?", ("4821",))
    assert fact.is_in("order ۴۸۲۱.")
    assert not fact.is_in("order 48213")
    assert fold("۴۸۲۱") == "4821"


@pytest.mark.slow
def test_the_report_has_every_figure(capsys: pytest.CaptureFixture[str]):
    assert memory.main(["--json", "--half", "development", "--lang", "en"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert all(one["messages"] == 40 for one in report["conversations"])
    assert all(len(one["revisions"]) >= 6 for one in report["conversations"])
    kept = report["kept"]["development, en"]
    assert kept["conversations"] == kept["whole"] == len(report["conversations"])
    assert kept["without_summary"] == 0
    assert report["max_summary_tokens"] <= 150


def test_a_group_without_conversations_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(memory, "read_conversations", tuple)
    with pytest.raises(SystemExit):
        memory.main(["--half", "held out"])
    assert "no conversation" in capsys.readouterr().err
