"""What the turn's benchmark measures, as values, and the same as lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

MAX_PROMPT_TOKENS = 1_500


@dataclass(frozen=True, slots=True)
class Machine:
    """Where the figures come from."""

    cores: int
    python: str
    postgresql: str


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds until the services answer; importing the product comes before either of them."""

    import_seconds: float
    cold_seconds: float
    warm_seconds: float


@dataclass(frozen=True, slots=True)
class Spread:
    """The median and the 95th percentile, in milliseconds."""

    p50_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True)
class TurnTimes:
    """Times of whole turns, of their steps, and of the least that any such system must do.

    `baseline` is a brute-force dot product of the question with every passage in memory and one
    empty transaction (`SELECT 1`), measured after each turn; `ratio` is the turn's time over it.
    """

    turns: int
    total: Spread
    steps: dict[str, Spread]
    dot_product: Spread
    select_1: Spread
    baseline: Spread
    ratio_p50: float
    ratio_p95: float


@dataclass(frozen=True, slots=True)
class PromptTokens:
    """Prompt tokens of a set of questions, and those of the send-everything prompt for them."""

    questions: int
    min: int
    median: int
    max: int
    over_limit: int
    everything_median: int
    ratio: float


@dataclass(frozen=True, slots=True)
class Recall:
    """Questions whose known answer stands in the prompt's passages, and in the quoted answer."""

    questions: int
    in_prompt: int
    in_quotes: int
    abstained: int
    abstained_with_evidence: int


@dataclass(frozen=True, slots=True)
class LargeTenant:
    """The tenant with the 15,000-word manual; its send-everything prompt is built and counted."""

    manual_words: int
    passages: int
    everything_tokens_counted: int
    tokens: PromptTokens
    times: TurnTimes


@dataclass(frozen=True, slots=True)
class Report:
    """One run of the benchmark."""

    machine: Machine
    start: Start
    passages: int
    times: TurnTimes
    prompt_tokens: dict[str, PromptTokens]
    recall: dict[str, Recall]
    pdf_seconds: float
    large_tenant: LargeTenant


def spread(milliseconds: Sequence[float]) -> Spread:
    """Return the median and the 95th percentile of some times."""
    p50, p95 = np.percentile(milliseconds, [50, 95])
    return Spread(round(float(p50), 3), round(float(p95), 3))


def prompt_tokens(sent: Sequence[int], everything: Sequence[int]) -> PromptTokens:
    """Summarise the prompt tokens of questions, and what sending everything would have taken."""
    median = int(np.median(sent))
    everything_median = int(np.median(everything))
    return PromptTokens(
        questions=len(sent),
        min=min(sent),
        median=median,
        max=max(sent),
        over_limit=sum(tokens > MAX_PROMPT_TOKENS for tokens in sent),
        everything_median=everything_median,
        ratio=round(everything_median / median, 2),
    )


def lines(report: Report) -> Iterator[str]:
    """Yield the report as lines for people."""
    start, large = report.start, report.large_tenant
    yield (
        f"Machine: {report.machine.cores} cores, Python {report.machine.python},"
        f" PostgreSQL {report.machine.postgresql}"
    )
    yield (
        f"Start: import {start.import_seconds:.2f} s, cold {start.cold_seconds:.2f} s"
        f" (new database, demo tenant loaded), warm {start.warm_seconds:.2f} s"
    )
    yield f"PDF of two pages, accepted to processed: {report.pdf_seconds:.2f} s"
    yield ""
    yield f"Demo tenant, {report.passages} passages, no model"
    yield from _time_lines(report.times)
    for name, tokens in report.prompt_tokens.items():
        yield _token_line(name, tokens)
    for name, recall in report.recall.items():
        yield (
            f"  answers {name:>3}: {recall.in_prompt}/{recall.questions} in the prompt,"
            f" {recall.in_quotes}/{recall.questions} quoted, {recall.abstained} abstained"
            f" ({recall.abstained_with_evidence} of them with the answer in the prompt)"
        )
    yield ""
    yield (
        f"Large tenant, {large.passages} passages: a manual of {large.manual_words:,} words, 8 FAQ"
        " pairs, 6 products, 10 pages, 6 messages"
    )
    yield f"  the send-everything prompt, built and counted: {large.everything_tokens_counted:,}"
    yield from _time_lines(large.times)
    yield _token_line("all", large.tokens)


def _time_lines(times: TurnTimes) -> Iterator[str]:
    yield f"  {'':>12}  {'p50 ms':>8} {'p95 ms':>8}   ({times.turns} turns)"
    rows = {"turn": times.total, **times.steps}
    rows |= {"dot product": times.dot_product, "SELECT 1": times.select_1}
    for name, figure in rows.items():
        yield f"  {name:>12}  {figure.p50_ms:8.2f} {figure.p95_ms:8.2f}"
    yield (
        f"  turn / (dot product + SELECT 1): {times.ratio_p50:.1f} at p50,"
        f" {times.ratio_p95:.1f} at p95"
    )


def _token_line(name: str, tokens: PromptTokens) -> str:
    return (
        f"  tokens {name:>4}: {tokens.min}–{tokens.max}, median {tokens.median};"
        f" {tokens.over_limit} of {tokens.questions} over {MAX_PROMPT_TOKENS:,};"
        f" everything {tokens.everything_median:,} ({tokens.ratio:.1f} times)"
    )
