from __future__ import annotations

import json

import pytest

from bench import cache
from bench.cache import HALVES, KINDS, Pair, read_pairs
from leanrag.types import LANGUAGES

LEAST_PRECISION = 0.99


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_enough_pairs_of_every_kind_in_both_halves(language: str):
    own = [pair for pair in read_pairs() if pair.language == language]
    assert len({(pair.first, pair.second) for pair in own}) == len(own) >= 120
    assert sum(not pair.same for pair in own) >= len(own) / 2
    for half in HALVES:
        assert {pair.kind for pair in own if pair.half == half} == set(KINDS)


def test_only_different_questions_are_named_different():
    assert all(pair.same == (pair.kind != "different") for pair in read_pairs())


def test_the_half_of_a_pair_does_not_depend_on_its_order():
    for pair in read_pairs():
        turned = Pair(pair.language, pair.second, pair.first, pair.same, pair.kind)
        assert turned.half == pair.half


def test_hits_are_right_on_both_halves_and_what_is_exactly_the_same_is_found():
    report = cache.measure(read_pairs(), HALVES, with_database=False)
    for figures in report.figures:
        assert figures.precision >= LEAST_PRECISION, figures
        exact = next(share for share in figures.shares if share.kind == "exact")
        assert exact.hits == exact.pairs, figures


def test_a_false_hit_is_counted_and_listed():
    wrong = Pair("en", "Is it red?", "is it red", same=False, kind="different")
    right = Pair("en", "Is it blue?", "is it blue", same=True, kind="exact")
    hits = {wrong: True, right: True}
    half = wrong.half
    figures = cache.figures_of("en", half, {p: h for p, h in hits.items() if p.half == half})
    assert figures.false_hits == 1
    assert figures.precision == 1 - 1 / figures.hits
    shown = cache.Report((figures,), (wrong,), (), cache.spread([0.1]), ())
    assert any("false hit  en  Is it red? | is it red" in line for line in cache.lines(shown))


def test_the_report_is_one_json_object(capsys: pytest.CaptureFixture[str]):
    assert cache.main(["--no-database", "--json", "--half", "development"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert {row["half"] for row in report["figures"]} == {"development"}
    assert [row["language"] for row in report["figures"]] == [*LANGUAGES, "all"]


@pytest.mark.slow
def test_a_look_up_takes_little_beside_thousands_of_answers(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(cache, "LOOKUPS", 40)
    assert cache.main(["--json", "--half", "development"]) == 0
    times = json.loads(capsys.readouterr().out)["times"]
    assert [row["entries"] for row in times] == list(cache.STORED_ENTRIES)
    assert times[0]["hit_ms"] is None
    # Generous: other work on the machine counts too.
    assert all(row["miss_ms"]["p50_ms"] < 5 for row in times)
