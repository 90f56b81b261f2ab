"""What the answer's benchmark measures, as values, and the same as lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bench._answer_asking import SENTENCES, Asked
from bench._turn_figures import Machine, Spread
from leanrag.abstention import LEAST_CHANCE
from leanrag.types import LANGUAGES

CHANCES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
GOAL_PERCENT = 10.0
HALVES = ("even", "odd")


@dataclass(frozen=True, slots=True)
class Containment:
    """Percent of questions with a gold answer in the prompt, and in 1, 2 and 3 quoted sentences."""

    questions: int
    in_prompt_percent: float
    quoted_percent: dict[int, float]
    tokens_mean: float


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Abstaining below one chance, in percent of the questions.

    Wrong: abstains though the document is there; `wrong_held`: though the quotes held the answer.
    Missed: answers though it is gone; `missed_held`: with a gold answer from another document.
    """

    least_chance: float
    wrong: float
    wrong_held: float
    missed: float
    missed_held: float


@dataclass(frozen=True, slots=True)
class Abstaining:
    """The curve, the operating point, and where both errors are equally frequent (percent).

    `calibration_error` is the mean distance (percent) of the chances from how often the sources
    answered, in ten bins of chance.
    """

    curve: tuple[CurvePoint, ...]
    operating_point: CurvePoint
    equal_error: float
    calibration_error: float


@dataclass(frozen=True, slots=True)
class Demo:
    """The demo tenant: its questions; answered are also some that its sources do not answer."""

    questions: int
    quoted: int
    abstained: int
    abstained_held: int
    unanswered: int
    unanswered_answered: int
    off_topic: int
    off_topic_answered: int


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that one run measured, by language and half ("even", "odd", "all")."""

    machine: Machine
    passages: int
    containment: dict[str, dict[str, Containment]]
    abstaining: dict[str, dict[str, Abstaining]]
    demo: Demo
    choose: Spread


def containment(asked: Sequence[Asked]) -> dict[str, dict[str, Containment]]:
    """Summarise questions whose document is there."""
    return {
        language: {half: _containment(own) for half, own in _halves(of_language).items()}
        for language, of_language in _languages(asked).items()
    }


def abstaining(
    present: Sequence[Asked], absent: Sequence[Asked]
) -> dict[str, dict[str, Abstaining]]:
    """Compare the same questions with their documents and without."""
    without = _languages(absent)
    return {
        language: {
            half: _abstaining(own, _halves(without[language])[half])
            for half, own in _halves(of_language).items()
        }
        for language, of_language in _languages(present).items()
    }


def demo(
    answered: Sequence[Asked], unanswered: Sequence[Asked], off_topic: Sequence[Asked]
) -> Demo:
    """Summarise the demo tenant at the operating point."""
    silent = [one for one in answered if not one.answerability.is_answerable]
    return Demo(
        questions=len(answered),
        quoted=sum(one.answerability.is_answerable and one.is_held[2] for one in answered),
        abstained=len(silent),
        abstained_held=sum(one.is_held[2] for one in silent),
        unanswered=len(unanswered),
        unanswered_answered=sum(one.answerability.is_answerable for one in unanswered),
        off_topic=len(off_topic),
        off_topic_answered=sum(one.answerability.is_answerable for one in off_topic),
    )


def spread(milliseconds: Sequence[float]) -> Spread:
    """Return median and 95th percentile."""
    p50, p95 = np.percentile(milliseconds, (50, 95))
    return Spread(round(float(p50), 2), round(float(p95), 2))


def lines(report: Report) -> Iterator[str]:
    """Yield the report as lines for people."""
    yield f"Indexed: {report.passages:,} passages in one tenant; gold answer in the quoted text (%)"
    yield (
        f"{'':10}{'asked':>7}{'prompt':>8}"
        + "".join(f"{f'@{n}':>7}" for n in SENTENCES)
        + " tokens"
    )
    for language, halves in report.containment.items():
        for half, own in halves.items():
            yield (
                f"{language:4}{half:6}{own.questions:7d}{own.in_prompt_percent:8.1f}"
                + "".join(f"{own.quoted_percent[n]:7.1f}" for n in SENTENCES)
                + f"{own.tokens_mean:7.0f}"
            )
    yield "Abstaining, %: wrong (though the quotes held it) / missed (answered from elsewhere)"
    for half, found in report.abstaining["all"].items():
        for point in found.curve:
            mark = "  <- operating point" if point.least_chance == LEAST_CHANCE else ""
            yield f"  {half:5}{point.least_chance:5.2f}  {_errors(point)}{mark}"
    for language, by_half in report.abstaining.items():
        for half, found in by_half.items():
            yield f"  {language:4}{half:5} {_errors(found.operating_point)}" + (
                f"  equal error {found.equal_error:.1f}, calibration error"
                f" {found.calibration_error:.1f}"
            )
    yield _demo_line(report.demo)
    yield (
        f"Choosing quotes: {report.choose.p50_ms:.2f} ms p50, {report.choose.p95_ms:.2f} ms p95"
        " of processor time"
    )
    yield _summary(report)


def _summary(report: Report) -> str:
    at_two = ", ".join(
        f"{language} {halves['all'].quoted_percent[2]:.1f}"
        for language, halves in report.containment.items()
        if language != "all"
    )
    point = report.abstaining["all"]["all"].operating_point
    return (
        f"answer: {at_two} % held at 2 sentences; abstains wrongly {point.wrong:.1f} %, misses"
        f" {point.missed:.1f} % (goal {GOAL_PERCENT:.0f}/{GOAL_PERCENT:.0f}), demo"
        f" {report.demo.quoted}/{report.demo.questions} quoted; p95 {report.choose.p95_ms:.2f} ms"
    )


def _errors(point: CurvePoint) -> str:
    return (
        f"{point.wrong:5.1f} ({point.wrong_held:4.1f}) / {point.missed:5.1f}"
        f" ({point.missed_held:4.1f})"
    )


def _demo_line(own: Demo) -> str:
    return (
        f"Demo tenant: {own.quoted}/{own.questions} quoted, {own.abstained} abstained"
        f" ({own.abstained_held} of them with the answer in the quotes); answered"
        f" {own.unanswered_answered}/{own.unanswered} that its sources do not answer, and"
        f" {own.off_topic_answered}/{own.off_topic} about something else"
    )


def _languages(asked: Sequence[Asked]) -> dict[str, list[Asked]]:
    by_language = {
        language: [one for one in asked if one.item.language == language] for language in LANGUAGES
    }
    return {"all": list(asked), **{name: own for name, own in by_language.items() if own}}


def _halves(asked: Sequence[Asked]) -> dict[str, list[Asked]]:
    halves = {
        name: [one for one in asked if one.item.half == number]
        for number, name in enumerate(HALVES)
    }
    return {**{name: own for name, own in halves.items() if own}, "all": list(asked)}


def _containment(asked: Sequence[Asked]) -> Containment:
    return Containment(
        len(asked),
        _percent([one.is_in_prompt for one in asked]),
        {n: _percent([one.is_held[n] for one in asked]) for n in SENTENCES},
        round(float(np.mean([one.tokens for one in asked])), 1),
    )


def _abstaining(present: Sequence[Asked], absent: Sequence[Asked]) -> Abstaining:
    chances = sorted(one.answerability.chance for one in (*present, *absent))
    points = [_point(chance, present, absent) for chance in chances]
    nearest = min(points, key=lambda point: abs(point.wrong - point.missed))
    return Abstaining(
        tuple(_point(chance, present, absent) for chance in CHANCES),
        _point(LEAST_CHANCE, present, absent),
        round((nearest.wrong + nearest.missed) / 2, 1),
        _calibration_error(present, absent),
    )


def _point(least_chance: float, present: Sequence[Asked], absent: Sequence[Asked]) -> CurvePoint:
    silent = [one.answerability.chance < least_chance for one in present]
    spoken = [one.answerability.chance >= least_chance for one in absent]
    return CurvePoint(
        least_chance,
        _percent(silent),
        _percent([own and one.is_held[2] for own, one in zip(silent, present, strict=True)]),
        _percent(spoken),
        _percent([own and one.is_held[2] for own, one in zip(spoken, absent, strict=True)]),
    )


def _calibration_error(present: Sequence[Asked], absent: Sequence[Asked]) -> float:
    chances = np.array([one.answerability.chance for one in (*present, *absent)])
    truth = np.array([1.0] * len(present) + [0.0] * len(absent))
    bins = np.minimum((chances * 10).astype(int), 9)
    distances = [
        abs(chances[bins == n].mean() - truth[bins == n].mean()) * (bins == n).sum()
        for n in range(10)
        if (bins == n).any()
    ]
    return round(100 * float(sum(distances)) / len(chances), 1)


def _percent(hits: Sequence[bool]) -> float:
    return round(100 * sum(hits) / len(hits), 1) if hits else 0.0
