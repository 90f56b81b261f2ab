from __future__ import annotations

import hashlib
import json
import tomllib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from bench import _routing_figures as figures
from bench import _routing_learning as learning
from bench import routing
from bench._learn_logistic import fit_logistic
from bench._routing_examples import read_examples
from bench._routing_figures import Routed
from bench._routing_messages import HALVES, Half, RoutingMessage, half_of, read_messages
from leanrag.text.normalize import fold
from leanrag.types import DEFAULT_INTENTS, LANGUAGES


def _routed(labelled: str, routed: str, confidence: float = 0.5, also: str | None = None) -> Routed:
    message = RoutingMessage(f"{labelled} {routed}", labelled, "en", "plain")
    return Routed(message, routed, also, confidence)


def test_every_language_has_forty_messages_and_more_of_each_intent() -> None:
    messages = [m for half in HALVES for m in read_messages(half)]
    counts = Counter((m.language, m.intent) for m in messages)
    assert set(counts) == {(name, intent) for name in LANGUAGES for intent in DEFAULT_INTENTS}
    assert min(counts.values()) >= 40
    assert len({m.text for m in messages}) == len(messages)


def test_the_halves_share_nothing_and_are_about_as_large() -> None:
    halves = {half: {m.text for m in read_messages(half)} for half in HALVES}
    assert not halves["development"] & halves["held out"]
    sizes = sorted(len(texts) for texts in halves.values())
    assert sizes[0] > 0.9 * sizes[1]


def test_the_first_byte_of_the_hash_decides_the_half() -> None:
    assert hashlib.sha256(b"hello").hexdigest().startswith("2c")
    assert half_of("hello") == "development"
    assert hashlib.sha256("قیمت".encode()).hexdigest()[1] in "13579bdf"
    assert half_of("قیمت") == "held out"


def test_messages_of_two_intents_name_two() -> None:
    mixed = [m for half in HALVES for m in read_messages(half, mixed=True)]
    assert len(mixed) == 16 * len(LANGUAGES)
    assert all(m.also in DEFAULT_INTENTS and m.also != m.intent for m in mixed)


def test_no_message_to_learn_from_is_in_the_benchmark() -> None:
    benchmark = {
        fold(m.text).strip()
        for half in HALVES
        for mixed in (False, True)
        for m in read_messages(half, mixed=mixed)
    }
    assert not [e.text for e in read_examples() if fold(e.text).strip() in benchmark]


def test_a_missing_file_of_messages_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_messages("development", directory=tmp_path)


def test_macro_f1_is_the_mean_of_the_intents() -> None:
    routed = [_routed(intent, intent) for intent in DEFAULT_INTENTS]
    assert figures.macro_f1(routed) == 1
    # pricing: precision 1/2, recall 1; product: 0; the other three: 1
    routed = [_routed(i, "pricing" if i == "product" else i) for i in DEFAULT_INTENTS]
    assert figures.macro_f1(routed) == pytest.approx((2 / 3 + 0 + 3) / 5)


def test_confusion_counts_labelled_by_routed() -> None:
    table = figures.confusion([_routed("pricing", "howto"), _routed("pricing", "pricing")])
    assert (table["pricing"]["howto"], table["pricing"]["pricing"]) == (1, 1)
    assert sum(table["howto"].values()) == 0


def test_the_calibration_error_is_the_mean_gap() -> None:
    routed = [_routed("howto", "howto", 0.95)] * 3 + [_routed("howto", "pricing", 0.95)]
    routed += [_routed("howto", "howto", 0.55), _routed("howto", "general", 0.55)]
    bins = figures.confidence_bins(routed)
    assert [(b.least, b.messages, b.accuracy) for b in bins] == [(0.5, 2, 0.5), (0.9, 4, 0.75)]
    assert figures.calibration_error(bins) == pytest.approx((2 * 0.05 + 4 * 0.2) / 6)


def test_full_confidence_falls_into_the_last_bin() -> None:
    (own,) = figures.confidence_bins([_routed("howto", "howto", 1.0)])
    assert own.least == 0.9


def test_two_intents_count_in_either_order() -> None:
    message = RoutingMessage("price and address", "pricing", "en", "short", "contact")
    mixed = [
        Routed(message, "contact", "pricing", 0.9),
        Routed(message, "pricing", None, 0.9),
        Routed(message, "howto", "general", 0.9),
    ]
    found = figures.mixed_figures("development", mixed, [_routed("howto", "howto", also="contact")])
    assert (found.both, found.one, found.named_two, found.single_named_two) == (1, 1, 2, 1)


def test_the_report_has_every_figure_and_no_held_out_message(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert routing.main(["--json"]) == 0
    shown = capsys.readouterr().out
    report = json.loads(shown)
    assert [(f["half"], f["language"]) for f in report["languages"]] == [
        (half, language) for half in HALVES for language in LANGUAGES
    ]
    assert [a["router"] for a in report["ablation"]][-1] == "keywords and model"
    assert {half["half"] for half in report["halves"]} == set(HALVES)
    assert 0 < report["p50_us"] <= report["p95_us"]
    assert not [m for m in read_messages("held out") if len(m.text) > 12 and m.text in shown]


def test_errors_are_shown_of_the_development_half_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    wrong = RoutingMessage("what does it cost", "contact", "en", "plain")
    lines = list(routing._errors(learning.default_router(), [wrong]))
    assert len(lines) == 2
    assert "contact ≠ pricing" in lines[1]
    assert routing.main(["--errors"]) == 0
    shown = capsys.readouterr().out
    assert not [m for m in read_messages("held out") if len(m.text) > 12 and m.text in shown]


@pytest.mark.parametrize("half", HALVES)
def test_the_shipped_router_finds_the_intent_of_most_messages(half: Half) -> None:
    router = learning.default_router()
    for language in LANGUAGES:
        own = [m for m in read_messages(half) if m.language == language]
        assert figures.macro_f1(figures.route_all(router, own)) >= 0.84


def test_the_logistic_regression_finds_known_odds() -> None:
    rows = np.array([[1.0, x] for x in (0.0, 1.0) for _ in range(1_000)])
    right = np.array([n < 500 for n in range(1_000)] + [n < 881 for n in range(1_000)], dtype=float)
    offset, slope = fit_logistic(rows, right, counts=np.ones(len(right)), l2=learning._RIDGE)
    assert offset == pytest.approx(0.0, abs=0.05)
    assert slope == pytest.approx(2.0, abs=0.05)  # log-odds of 0.881


def test_the_examples_are_spread_over_languages_and_intents() -> None:
    directory = Path(routing.__file__).with_name("routing_examples")
    for language in LANGUAGES:
        texts = tomllib.loads((directory / f"{language}.toml").read_text(encoding="utf-8"))
        assert set(texts) == set(DEFAULT_INTENTS)
        assert min(len(lines.strip().splitlines()) for lines in texts.values()) >= 100
