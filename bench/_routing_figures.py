"""Figures of routes whose right intent is known: F1, confusion, calibration, mixed intents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench._routing_messages import Half, RoutingMessage
from leanrag.router import QueryRouter
from leanrag.types import DEFAULT_INTENTS, LANGUAGES, Intent, Language

BINS = 10


@dataclass(frozen=True, slots=True)
class Routed:
    """A message and what the router made of it."""

    message: RoutingMessage
    intent: Intent
    also: Intent | None
    confidence: float

    @property
    def is_right(self) -> bool:
        """Tell whether the intent is the labelled one."""
        return self.intent == self.message.intent


@dataclass(frozen=True, slots=True)
class LanguageFigures:
    """One language and half: the mean F1 of the intents, and the share of right routes."""

    half: Half
    language: Language
    messages: int
    macro_f1: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class ConfidenceBin:
    """Routes of about the same confidence: its mean, and the share that is right."""

    least: float
    messages: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class MixedFigures:
    """Messages that ask for two things: how many routes name both, either first; one; `also` at
    all; and how many messages with one intent are given a second one.
    """

    half: Half
    messages: int
    both: int
    one: int
    named_two: int
    single_messages: int
    single_named_two: int


def route_all(router: QueryRouter, messages: Sequence[RoutingMessage]) -> list[Routed]:
    """Route every message."""
    routed = []
    for message in messages:
        route = router.route(message.text)
        routed.append(Routed(message, route.intent, route.also, route.confidence))
    return routed


def macro_f1(routed: Sequence[Routed]) -> float:
    """Return the mean over the intents of the harmonic mean of precision and recall, 0 to 1."""
    scores = []
    for intent in DEFAULT_INTENTS:
        right = sum(r.intent == intent == r.message.intent for r in routed)
        named = sum(r.intent == intent for r in routed)
        labelled = sum(r.message.intent == intent for r in routed)
        scores.append(2 * right / (named + labelled) if named + labelled else 0.0)
    return sum(scores) / len(scores)


def accuracy(routed: Sequence[Routed]) -> float:
    """Return the share of right routes, 0 to 1."""
    return sum(r.is_right for r in routed) / len(routed) if routed else 0.0


def by_language(half: Half, routed: Sequence[Routed]) -> Iterator[LanguageFigures]:
    """Yield the figures of each language."""
    for language in LANGUAGES:
        own = [r for r in routed if r.message.language == language]
        yield LanguageFigures(
            half, language, len(own), round(macro_f1(own), 3), round(accuracy(own), 3)
        )


def by_style(routed: Sequence[Routed]) -> dict[str, float]:
    """Return the share of right routes by the style of the message."""
    styles = sorted({r.message.style for r in routed})
    return {
        style: round(accuracy([r for r in routed if r.message.style == style]), 3)
        for style in styles
    }


def confusion(routed: Sequence[Routed]) -> dict[Intent, dict[Intent, int]]:
    """Return how often each labelled intent (outside) was given each intent (inside)."""
    pairs = Counter((r.message.intent, r.intent) for r in routed)
    return {
        labelled: {intent: pairs[labelled, intent] for intent in DEFAULT_INTENTS}
        for labelled in DEFAULT_INTENTS
    }


def confidence_bins(routed: Sequence[Routed], bins: int = BINS) -> tuple[ConfidenceBin, ...]:
    """Return the reliability table: routes by confidence, in `bins` of equal width."""
    table = []
    for place in range(bins):
        own = [r for r in routed if min(int(r.confidence * bins), bins - 1) == place]
        if own:
            mean = sum(r.confidence for r in own) / len(own)
            table.append(
                ConfidenceBin(place / bins, len(own), round(mean, 3), round(accuracy(own), 3))
            )
    return tuple(table)


def calibration_error(table: Sequence[ConfidenceBin]) -> float:
    """Return the expected calibration error: the mean gap of the bins, weighed by messages."""
    messages = sum(b.messages for b in table)
    gaps = sum(b.messages * abs(b.confidence - b.accuracy) for b in table)
    return gaps / messages if messages else 0.0


def mixed_figures(half: Half, mixed: Sequence[Routed], single: Sequence[Routed]) -> MixedFigures:
    """Return how well two intents are named where there are two, and where there is one."""
    found = [{r.intent, r.also} & {r.message.intent, r.message.also} for r in mixed]
    return MixedFigures(
        half,
        len(mixed),
        both=sum(len(names) == 2 for names in found),
        one=sum(len(names) == 1 for names in found),
        named_two=sum(r.also is not None for r in mixed),
        single_messages=len(single),
        single_named_two=sum(r.also is not None for r in single),
    )
