"""What the recall benchmark measures, as values, and the same as lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bench._turn_figures import Machine, Spread
from leanrag.types import LANGUAGES, Language


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: by budget, whether an answer was carried and the tokens that it took."""

    language: Language
    routed_language: Language
    is_found: dict[int, bool]
    tokens: dict[int, int]
    preview_ms: float
    pack_ms: dict[int, float]


@dataclass(frozen=True, slots=True)
class BudgetRecall:
    """Evidence recall in percent at one budget, and the evidence tokens that it took."""

    recall_percent: float
    tokens_median: int
    tokens_max: int
    pack: Spread


@dataclass(frozen=True, slots=True)
class LanguageRecall:
    """The recall of one language's questions, or of all."""

    questions: int
    language_detected_percent: float
    budgets: dict[int, BudgetRecall]
    preview: Spread


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that one run measured; `noise` is its seed, None for the questions as they are."""

    machine: Machine
    passages: int
    index_seconds: float
    noise: int | None
    router: bool
    languages: dict[str, LanguageRecall]


def by_language(asked: Sequence[Asked], budgets: Sequence[int]) -> dict[str, LanguageRecall]:
    """Summarise the questions of all languages together, and of each language that was asked."""
    summaries = {"all": _summary(asked, budgets)}
    for language in LANGUAGES:
        own = [one for one in asked if one.language == language]
        if own:
            summaries[language] = _summary(own, budgets)
    return summaries


def lines(report: Report) -> Iterator[str]:
    """Yield the report as lines for people."""
    machine = report.machine
    yield (
        f"Machine: {machine.cores} cores, Python {machine.python}, PostgreSQL {machine.postgresql}"
    )
    yield (
        f"Indexed: {report.passages:,} passages in one tenant,"
        f" {report.index_seconds:.1f} s; {'own router' if report.router else 'all kinds alike'};"
        f" {'questions as they are' if report.noise is None else f'noise {report.noise}'}"
    )
    budgets = list(report.languages["all"].budgets)
    recalls = "".join(f"{f'@{budget}':>8}" for budget in budgets)
    tokens = "".join(f"{f'tok@{budget}':>12}" for budget in budgets)
    yield f"{'':4}{'asked':>6}{'lang':>7}{recalls}{tokens}{'p50 ms':>9}{'p95 ms':>9}"
    for name, own in report.languages.items():
        yield (
            f"{name:4}{own.questions:6d}{own.language_detected_percent:7.1f}"
            + "".join(f"{at.recall_percent:8.1f}" for at in own.budgets.values())
            + "".join(f"{f'{at.tokens_median}/{at.tokens_max}':>12}" for at in own.budgets.values())
            + f"{own.preview.p50_ms:9.1f}{own.preview.p95_ms:9.1f}"
        )
    packs = ", ".join(
        f"@{budget} {at.pack.p50_ms:.1f}/{at.pack.p95_ms:.1f}"
        for budget, at in report.languages["all"].budgets.items()
    )
    yield f"budget alone, p50/p95 ms: {packs}"


def _summary(asked: Sequence[Asked], budgets: Sequence[int]) -> LanguageRecall:
    return LanguageRecall(
        questions=len(asked),
        language_detected_percent=_percent([a.routed_language == a.language for a in asked]),
        budgets={
            budget: BudgetRecall(
                recall_percent=_percent([one.is_found[budget] for one in asked]),
                tokens_median=int(np.median([one.tokens[budget] for one in asked])),
                tokens_max=max(one.tokens[budget] for one in asked),
                pack=_spread([one.pack_ms[budget] for one in asked]),
            )
            for budget in budgets
        },
        preview=_spread([one.preview_ms for one in asked]),
    )


def _percent(hits: Sequence[bool]) -> float:
    return round(100 * sum(hits) / len(hits), 1)


def _spread(milliseconds: Sequence[float]) -> Spread:
    p50, p95 = np.percentile(milliseconds, (50, 95))
    return Spread(round(float(p50), 2), round(float(p95), 2))
