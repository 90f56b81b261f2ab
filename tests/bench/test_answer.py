"""The answer's benchmark: halves and parts, the curve, what is learned, and the whole."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench import _answer_data as data
from bench import _answer_figures as figures
from bench import answer
from bench._answer_asking import Asked
from bench._answer_learn import lines as lessons
from bench._answer_learn import logistic
from leanrag.abstention import WEIGHTS, Answerability, Signal

FACTS = {
    "en": (
        (
            "Lighthouse",
            "The lighthouse of Zelmira is 92 metres high.",
            "How high is Zelmira?",
            "92",
        ),
        ("Violins", "Ortrud has varnished violins since 1871.", "Who varnishes violins?", "Ortrud"),
        ("Salt", "Salt boils away in copper pans at Norma.", "Where does salt boil?", "Norma"),
        ("Geese", "Wild geese rest on the pond in October.", "When do geese rest?", "October"),
    ),
    "tr": (
        ("Fener", "Zerlina feneri 92 metre yüksekliktedir.", "Zerlina kaç metre?", "92"),
        ("Keman", "Kemanları 1871'den beri Ortrud cilalar.", "Kemanları kim cilalar?", "Ortrud"),
        ("Tuz", "Tuz, Norma'da bakır tavalarda kaynatılır.", "Tuz nerede kaynatılır?", "Norma"),
        ("Kazlar", "Yaban kazları ekimde gölde dinlenir.", "Kazlar ne zaman dinlenir?", "ekimde"),
    ),
}


def asked(chance: float, *, held: bool = True, half: int = 0, language="en") -> Asked:
    item = data.Item(language, "How high?", ("90",), "doc", half)
    signals = (Signal("constant", 1.0, 0.0),)
    return Asked(
        item,
        language,
        (),
        Answerability(chance, 0.5, "documents", signals, ()),
        {1: False, 2: held, 3: held},
        True,
        40,
        1.0,
    )


def test_a_question_keeps_its_half_and_a_document_its_part_on_every_machine(tmp_path: Path):
    rows = [
        {"lang": "en", "id": name, "question": "?", "answers": ["1"], "doc_id": name}
        for name in ("a", "b", "c", "d")
    ]
    file = tmp_path / "q.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    assert [item.half for item in data.read_items(file)] == [1, 1, 0, 0]
    assert [data.part_of(name) for name in ("a", "b", "c", "d")] == [19, 5, 18, 0]
    assert len(data.read_items(file, limit=2)) == 2
    assert data.read_items(file, language="tr") == []


def test_the_unanswered_questions_are_as_many_in_each_language():
    answered, unanswered = data.demo_items()
    assert len(answered) == 40
    counts = {name: sum(i.language == name for i in unanswered) for name in ("fa", "en", "ar")}
    assert set(counts.values()) == {10}
    assert len(unanswered) == 40
    assert not any(item.answers for item in unanswered)
    assert {item.language for item in data.demo_items(language="fa")[0]} == {"fa"}


def test_both_errors_are_counted_at_every_chance():
    present = [asked(0.9), asked(0.8, held=False), asked(0.4), asked(0.2, held=False)]
    absent = [asked(0.1, held=False), asked(0.6), asked(0.7, held=False), asked(0.3, held=False)]
    found = figures.abstaining(present, absent)["all"]["all"]
    point = found.operating_point
    assert (point.wrong, point.wrong_held) == (50.0, 25.0)
    assert (point.missed, point.missed_held) == (50.0, 25.0)
    assert [p.least_chance for p in found.curve] == list(figures.CHANCES)
    assert (found.curve[0].wrong, found.curve[0].missed) == (0.0, 100.0)
    assert (found.curve[-1].wrong, found.curve[-1].missed) == (100.0, 0.0)
    assert found.equal_error == 50.0


def test_chances_that_come_true_have_no_calibration_error():
    present = [asked(0.75)] * 3 + [asked(0.25)]
    absent = [asked(0.75)] + [asked(0.25)] * 3
    assert figures.abstaining(present, absent)["all"]["all"].calibration_error == 0.0
    wrong = figures.abstaining([asked(0.1)], [asked(0.9)])["all"]["all"]
    assert wrong.calibration_error == 90.0


def test_halves_and_languages_are_summarised_apart():
    found = figures.containment(
        [asked(0.9), asked(0.9, held=False, half=1), asked(0.9, language="tr")]
    )
    assert list(found) == ["all", "en", "tr"]
    assert found["all"]["all"].quoted_percent == {1: 0.0, 2: 66.7, 3: 66.7}
    assert found["all"]["even"].quoted_percent[2] == 100.0
    assert found["all"]["odd"].quoted_percent[2] == 0.0
    assert list(found["tr"]) == ["even", "all"]


def test_the_demo_is_quoted_only_where_it_is_answered():
    own = figures.demo(
        [asked(0.9), asked(0.3), asked(0.8, held=False)], [asked(0.9)], [asked(0.1)] * 4
    )
    assert (own.questions, own.quoted, own.abstained, own.abstained_held) == (3, 1, 1, 1)
    assert (own.unanswered, own.unanswered_answered) == (1, 1)
    assert (own.off_topic, own.off_topic_answered) == (4, 0)


def test_nothing_to_quote_is_an_abstention_at_any_chance():
    nothing = replace(asked(0.0), answerability=Answerability(0.0, 0.5, "own words", (), ()))
    found = figures.abstaining([nothing], [nothing])["all"]["all"]
    assert found.curve[0].wrong == 100.0
    assert found.curve[0].missed == 0.0


def test_the_fit_finds_the_weights_that_made_the_answers():
    chance = np.random.default_rng(5)
    truth = np.array([3.0, -2.0, -0.5])
    features = np.column_stack([chance.random((20_000, 2)), np.ones(20_000)])
    is_right = (chance.random(20_000) < 1 / (1 + np.exp(-features @ truth))).astype(float)
    own = logistic(features, is_right, l2=0.0)
    assert own[:2] == pytest.approx(truth[:2], abs=0.2)  # balanced: the constant moves


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A small public set: facts in two languages, each a document, and a question about each."""
    folder = tmp_path_factory.mktemp("facts")
    passages, questions = [], []
    for language, facts in FACTS.items():
        for title, text, question, gold in facts:
            own = {"lang": language, "doc_id": f"{language}:{title}"}
            passages.append(own | {"title": title, "text": text})
            questions.append(own | {"id": title, "question": question, "answers": [gold]})
    for file, rows in (("passages", passages), ("questions", questions)):
        lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        (folder / f"{file}.jsonl").write_text(lines, "utf-8")
    return folder / "passages.jsonl", folder / "questions.jsonl"


def run(sets: tuple[Path, Path], *more: str) -> None:
    assert answer.main(["--passages", str(sets[0]), "--questions", str(sets[1]), *more]) == 0


@pytest.mark.slow
def test_facts_are_quoted_with_their_documents_and_not_without(
    sets, capsys: pytest.CaptureFixture[str]
):
    run(sets, "--json", "--learn")
    report = json.loads(capsys.readouterr().out)
    assert report["passages"] == 8
    own = report["containment"]["all"]["all"]
    assert own["questions"] == 8
    assert own["quoted_percent"] == {"1": 100.0, "2": 100.0, "3": 100.0}
    point = report["abstaining"]["all"]["all"]["operating_point"]
    assert point["wrong"] == 0.0
    assert point["missed"] == 0.0
    assert report["demo"]["questions"] == 40
    assert list(report["learned"]) == ["sentences", *WEIGHTS]


@pytest.mark.slow
def test_one_language_gives_lines_for_people_that_end_in_one_of_all(
    sets, capsys: pytest.CaptureFixture[str]
):
    run(sets, "--lang", "tr", "--limit", "3")
    printed = capsys.readouterr().out.splitlines()
    assert printed[-1].startswith("answer: tr 100.0 % held at 2 sentences; abstains wrongly 0.0 %")
    assert any(line.endswith("<- operating point") for line in printed)
    assert any(line.startswith("Demo tenant: ") and "/10 quoted" in line for line in printed)


def test_what_was_not_learned_is_not_printed():
    assert list(lessons({})) == []
    assert list(lessons({"documents": {"even": {"match": 1.0}}})) == [
        "learned: documents, even half: match 1.00"
    ]


def test_a_missing_file_is_named(sets, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        answer.main(["--passages", "nowhere.jsonl", "--questions", str(sets[1])])
    assert "nowhere.jsonl" in capsys.readouterr().err
