"""How well routes agree with labels: precision, recall and F1 by language and intent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from leanrag.types import LANGUAGES, Intent, Language


@dataclass(frozen=True, slots=True)
class LabelledRoute:
    """The intent that a person gave a message of a language, and the one that it is routed to."""

    language: Language
    label: Intent
    routed: Intent


@dataclass(frozen=True, slots=True)
class IntentFigures:
    """One intent of one language, shares from 0 to 1; `count` messages are labelled with it."""

    intent: Intent
    count: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class LanguageFigures:
    """One language: `macro_f1` is the mean over the intents that its labels name."""

    language: Language
    count: int
    accuracy: float
    macro_f1: float
    intents: tuple[IntentFigures, ...]


def figures_of(routes: Iterable[LabelledRoute]) -> tuple[LanguageFigures, ...]:
    """Return the figures of every language that has a labelled message.

    F1 as in van Rijsbergen, "Information Retrieval" (1979), with equal weights. An intent that
    nothing was routed to has precision 0.
    """
    routes = tuple(routes)
    return tuple(
        _language_figures(language, own)
        for language in LANGUAGES
        if (own := [route for route in routes if route.language == language])
    )


def _language_figures(language: Language, routes: list[LabelledRoute]) -> LanguageFigures:
    labelled = Counter(route.label for route in routes)
    routed = Counter(route.routed for route in routes)
    right = Counter(route.label for route in routes if route.label == route.routed)
    intents = tuple(
        _intent_figures(intent, labelled[intent], routed[intent], right[intent])
        for intent in sorted(labelled)
    )
    return LanguageFigures(
        language=language,
        count=len(routes),
        accuracy=right.total() / len(routes),
        macro_f1=sum(figures.f1 for figures in intents) / len(intents),
        intents=intents,
    )


def _intent_figures(intent: Intent, labelled: int, routed: int, right: int) -> IntentFigures:
    return IntentFigures(
        intent=intent,
        count=labelled,
        precision=right / routed if routed else 0.0,
        recall=right / labelled,
        f1=2 * right / (labelled + routed),
    )
