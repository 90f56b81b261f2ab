from __future__ import annotations

import json

import pytest

from bench import first_contact as bench
from leanrag.first_contact import ACTS
from leanrag.types import LANGUAGES


def test_every_language_has_twenty_messages_an_act_and_sixty_of_none() -> None:
    messages = bench.read_messages()
    for language in LANGUAGES:
        own = [m.act for m in messages if m.language == language]
        assert [own.count(act) for act in ACTS] == [20] * len(ACTS)
        assert own.count(bench.NO_ACT) == 60


def test_a_message_falls_in_one_half_by_its_hash() -> None:
    halves = [message.half for message in bench.read_messages()]
    assert set(halves) == set(bench.HALVES)
    assert 0.4 < halves.count("held out") / len(halves) < 0.6


def test_figures_count_what_is_taken_for_an_act() -> None:
    pairs = [("none", "none"), ("none", "thanks"), ("thanks", "thanks"), ("robot", "none")]
    figures = bench.figures_of("en", "development", pairs)
    by_act = {act.act: act for act in figures.acts}
    assert (figures.taken_for_act, figures.none_count) == (1, 2)
    assert (by_act["thanks"].precision, by_act["thanks"].recall) == (0.5, 1.0)
    assert by_act["robot"].f1 == 0.0
    assert by_act["none"].f1 == 0.5


def test_the_report_has_both_halves_of_every_language(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [f["language"] for f in report["figures"]] == [*LANGUAGES, *LANGUAGES]
    assert report["p95_microseconds"] > 0


def test_no_held_out_message_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["--errors"]) == 0
    printed = capsys.readouterr().out
    held_out = [m.text for m in bench.read_messages() if m.half == "held out" and len(m.text) > 25]
    assert held_out
    assert not any(text in printed for text in held_out)
