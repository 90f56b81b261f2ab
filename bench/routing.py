"""Measures the router: which intent a customer's message has, and how sure that is.

    python bench/routing.py [--json] [--errors] [--curve] [--learn] [--calibrate]

280 labelled messages a language, in two halves that a fixed hash decides. Keywords, weights and the
shipped model were made with the development half in sight; the held-out half gives figures alone,
and --errors shows messages of the development half only. --curve adds what a tenant's own labels
bring. --learn writes leanrag/intent_model.tsv again, and --calibrate prints the constants of
leanrag/confidence.py; both end without measuring.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

if __package__ in {None, ""}:  # run as a file: only its own directory is on the path
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import _routing_figures as figures
from bench._routing_figures import ConfidenceBin, LanguageFigures, MixedFigures, Routed
from bench._routing_learning import (
    LearningStep,
    default_router,
    fit_calibration,
    learn_shipped,
    learning_curve,
)
from bench._routing_messages import HALVES, Half, RoutingMessage, read_messages
from leanrag import keyword_match
from leanrag.intent_model import IntentModel, shipped_model
from leanrag.router import QueryRouter
from leanrag.routing_defaults import default_keywords, default_routings
from leanrag.types import DEFAULT_INTENTS, LANGUAGES, Intent

ROUNDS = 3  # the best of so many for each message: what the neighbours leave
GOAL = 0.90


@dataclass(frozen=True, slots=True)
class HalfFigures:
    """One half: accuracy by style, confusion, reliability, and messages with two intents."""

    half: Half
    styles: dict[str, float]
    confusion: dict[Intent, dict[Intent, int]]
    bins: tuple[ConfidenceBin, ...]
    calibration_error: float
    mixed: MixedFigures


@dataclass(frozen=True, slots=True)
class Ablation:
    """A router with less: macro-F1 by half and language."""

    router: str
    macro_f1: dict[Half, dict[str, float]]


@dataclass(frozen=True, slots=True)
class Report:
    """All figures; times in microseconds of CPU a message."""

    languages: tuple[LanguageFigures, ...]
    halves: tuple[HalfFigures, ...]
    ablation: tuple[Ablation, ...]
    curve: tuple[LearningStep, ...]
    p50_us: float
    p95_us: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and print its report."""
    options = _parse(arguments)
    development = read_messages("development")
    if options.learn:
        model = learn_shipped(development)
        print(f"Learned from {model.learned_from} messages.")
        return 0
    if options.calibrate:
        print(", ".join(f"{name}={value}" for name, value in fit_calibration().items()))
        return 0
    report = measure(development, curve=options.curve)
    print(json.dumps(asdict(report), indent=2) if options.json else "\n".join(_lines(report)))
    if options.errors:
        print("\n".join(_errors(default_router(), development)))
    return 0


def measure(development: Sequence[RoutingMessage], *, curve: bool) -> Report:
    """Measure everything on both halves."""
    messages: dict[Half, tuple[RoutingMessage, ...]] = {
        half: read_messages(half) for half in HALVES
    }
    router = default_router()
    routed = {half: figures.route_all(router, own) for half, own in messages.items()}
    p50, p95 = _times(router, development)
    return Report(
        languages=tuple(f for half, own in routed.items() for f in figures.by_language(half, own)),
        halves=tuple(_half(router, half, own) for half, own in routed.items()),
        ablation=tuple(_ablation(messages)),
        curve=tuple(learning_curve(development, messages["held out"])) if curve else (),
        p50_us=p50,
        p95_us=p95,
    )


def _half(router: QueryRouter, half: Half, routed: Sequence[Routed]) -> HalfFigures:
    bins = figures.confidence_bins(routed)
    mixed = figures.route_all(router, read_messages(half, mixed=True))
    return HalfFigures(
        half,
        figures.by_style(routed),
        figures.confusion(routed),
        bins,
        round(figures.calibration_error(bins), 3),
        figures.mixed_figures(half, mixed, routed),
    )


def _ablation(messages: dict[Half, tuple[RoutingMessage, ...]]) -> Iterator[Ablation]:
    """Yield the router with keywords alone, exactly spelt; with near ones; the model alone; all."""
    model = shipped_model()
    parts: tuple[tuple[str, bool, IntentModel | None, float], ...] = (
        ("keywords, exact", True, None, 0.0),
        ("keywords", True, None, keyword_match.NEAR_SHARE),
        ("model", False, model, 0.0),
        ("keywords and model", True, model, keyword_match.NEAR_SHARE),
    )
    for name, with_keywords, own, near in parts:
        keywords = default_keywords() if with_keywords else ()
        router = QueryRouter(keywords, default_routings(), own, near_share=near)
        scores: dict[Half, dict[str, float]] = {}
        for half, texts in messages.items():
            routed = figures.route_all(router, texts)
            scores[half] = {f.language: f.macro_f1 for f in figures.by_language(half, routed)}
        yield Ablation(name, scores)


def _times(router: QueryRouter, messages: Sequence[RoutingMessage]) -> tuple[float, float]:
    best = [float("inf")] * len(messages)
    for _ in range(ROUNDS):
        for place, message in enumerate(messages):
            started = time.thread_time()
            router.route(message.text)
            best[place] = min(best[place], time.thread_time() - started)
    best.sort()
    return round(1e6 * best[len(best) // 2], 1), round(1e6 * best[len(best) * 95 // 100], 1)


def _errors(router: QueryRouter, messages: Sequence[RoutingMessage]) -> Iterator[str]:
    yield "Wrong routes of the development half"
    for message in messages:
        route = router.route(message.text)
        if route.intent != message.intent:
            found = ", ".join(f"{m.typed} → {m.intent} {m.counted:g}" for m in route.matched)
            yield (
                f"  {message.language} {message.style:10} {message.intent} ≠ {route.intent} "
                f"{route.confidence:.2f}  {message.text}  [{found}]"
            )


def _lines(report: Report) -> Iterator[str]:
    held_out = [f.macro_f1 for f in report.languages if f.half == "held out"]
    yield "Macro-F1 and accuracy by half and language"
    for f in report.languages:
        yield f"  {f.half:11} {f.language}  {f.macro_f1:.3f}  {f.accuracy:.3f} of {f.messages}"
    for half in report.halves:
        yield from _half_lines(half)
    yield "Ablation: macro-F1 " + " ".join(LANGUAGES)
    for ablation in report.ablation:
        for name, scores in ablation.macro_f1.items():
            shown = " ".join(f"{scores[language]:.3f}" for language in LANGUAGES)
            yield f"  {ablation.router:18} {name:11} {shown}"
    for step in report.curve:
        yield f"Own labels {step.labels:3}: {step.accuracy:.3f}, model alone {step.model_alone:.3f}"
    yield (
        f"Held out: macro-F1 {min(held_out):.3f} to {max(held_out):.3f} "
        f"({sum(f >= GOAL for f in held_out)} of {len(held_out)} languages reach {GOAL:.2f}); "
        f"p50 {report.p50_us:.0f} µs, p95 {report.p95_us:.0f} µs a message"
    )


def _half_lines(half: HalfFigures) -> Iterator[str]:
    yield f"{half.half}: accuracy by style"
    yield "  " + ", ".join(f"{style} {share:.3f}" for style, share in half.styles.items())
    yield f"{half.half}: labelled as (rows), routed to " + " ".join(DEFAULT_INTENTS)
    for labelled, routed in half.confusion.items():
        yield f"  {labelled:8} " + " ".join(f"{routed[i]:4}" for i in DEFAULT_INTENTS)
    yield f"{half.half}: confidence, share right; expected error {half.calibration_error:.3f}"
    for b in half.bins:
        yield f"  {b.least:.1f}  {b.confidence:.3f}  {b.accuracy:.3f} of {b.messages}"
    m = half.mixed
    yield (
        f"{half.half}: two intents, both named {m.both}, one {m.one} of {m.messages}; "
        f"a second one named for {m.single_named_two} of {m.single_messages} messages with one"
    )


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the router.")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--errors", action="store_true", help="list the development half's errors")
    parser.add_argument("--curve", action="store_true", help="measure a tenant's own labels")
    parser.add_argument("--learn", action="store_true", help="learn the shipped model again")
    parser.add_argument("--calibrate", action="store_true", help="fit the confidence again")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
