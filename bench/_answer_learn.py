"""Learns the answerer's weights: which sentence answers, and whether anything does."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from bench._answer_asking import Asked
from bench._answer_figures import HALVES
from bench._learn_examples import folded
from bench._learn_logistic import fit_logistic
from bench._learn_softmax import Array, Choice, fit
from leanrag.abstention import WEIGHTS, Knowledge
from leanrag.extractive import LEAST_SENTENCE_CHANCE
from leanrag.quotes import quotables
from leanrag.text.answer_type import ExpectedAnswer
from leanrag.text.matching import QueryMatcher

Lessons = dict[str, dict[str, dict[str, float]]]  # model → half → name → weight

SENTENCE_WEIGHTS = ("CHANCE_WEIGHT", "MATCH_WEIGHT", "EXPECTED_WEIGHT")
# Of half the squared weights, beside the mean log-loss. The demo has few questions.
L2: dict[Knowledge, float] = {"documents": 1e-4, "own words": 1e-2}


def learn(
    present: Sequence[Asked],
    absent: Sequence[Asked],
    demo_answered: Sequence[Asked],
    demo_unanswered: Sequence[Asked],
) -> Lessons:
    """Fit the three models on each half.

    A question that is answered although its document is gone, by another document, teaches nothing.
    """
    gone = [one for one in absent if not one.is_held[3]]
    lessons: Lessons = {"sentences": {}, "documents": {}, "own words": {}}
    for number, half in enumerate(HALVES):
        own = [one for one in present if one.item.half == number]
        choices = [choice for one in own if (choice := _choice(one)) is not None]
        weights = fit(choices) if choices else np.zeros(len(SENTENCE_WEIGHTS))
        lessons["sentences"][half] = _named(SENTENCE_WEIGHTS, weights)
        lessons["documents"][half] = _answerability("documents", own, _of(gone, number))
        lessons["own words"][half] = _answerability(
            "own words", _of(demo_answered, number), _of(demo_unanswered, number)
        )
    return lessons


def lines(lessons: Lessons) -> Iterator[str]:
    """Yield the weights as lines for people; none where nothing was learned."""
    for model, halves in lessons.items():
        for half, weights in halves.items():
            named = ", ".join(f"{name} {weight:.2f}" for name, weight in weights.items())
            yield f"learned: {model}, {half} half: {named}"


def logistic(features: Array, is_right: Array, *, l2: float) -> Array:
    """Return the likeliest weights of a logistic model, both classes weighing alike."""
    share = is_right.mean()
    counts = np.where(is_right > 0, 0.5 / share, 0.5 / (1 - share)) / len(is_right)
    return fit_logistic(features, is_right, counts=counts, l2=l2)


def _choice(asked: Asked) -> Choice | None:
    """Return what could be quoted, with the right ones marked; None where nothing is to learn."""
    matcher = QueryMatcher(asked.item.text, asked.language)
    candidates = quotables(asked.decisions, matcher)
    shares = matcher.scores_in_context(
        [candidate.text for candidate in candidates],
        [candidate.context for candidate in candidates],
    )
    expected = ExpectedAnswer(asked.item.text, asked.language)
    answers = [folded(answer) for answer in asked.item.answers]
    texts = [folded(candidate.text) for candidate in candidates]
    is_right = np.array([any(a in text for a in answers) for text in texts], dtype=bool)
    if not is_right.any() or is_right.all():
        return None
    rows = [
        (
            math.log(candidate.chance + LEAST_SENTENCE_CHANCE),
            share,
            float(len(expected.kinds_in(candidate.text))),
        )
        for candidate, share in zip(candidates, shares, strict=True)
    ]
    return Choice(np.array(rows), is_right)


def _answerability(
    knowledge: Knowledge, answered: Sequence[Asked], unanswered: Sequence[Asked]
) -> dict[str, float]:
    rows, truth = [], []
    for group, is_answered in ((answered, 1.0), (unanswered, 0.0)):
        for one in group:
            if one.answerability.signals and one.answerability.knowledge == knowledge:
                rows.append([signal.value for signal in one.answerability.signals])
                truth.append(is_answered)
    names = tuple(WEIGHTS[knowledge])
    if not 0 < sum(truth) < len(truth):
        return dict.fromkeys(names, 0.0)
    return _named(names, logistic(np.array(rows), np.array(truth), l2=L2[knowledge]))


def _of(asked: Sequence[Asked], half: int) -> list[Asked]:
    return [one for one in asked if one.item.half == half]


def _named(names: Sequence[str], weights: Array) -> dict[str, float]:
    return {name: round(float(own), 2) for name, own in zip(names, weights, strict=True)}
