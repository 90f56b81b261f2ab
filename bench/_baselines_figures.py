"""What the baselines' benchmark measures, as values, and the same as lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from bench._turn_figures import Spread, spread
from leanrag.types import LANGUAGES, Language

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: by budget, whether an answer was carried and the tokens that it took.

    *uncut* is all that the default top-k returned; None where top-k was enlarged for the budget.
    """

    language: Language
    is_found: dict[int, bool]
    tokens: dict[int, int]
    is_found_uncut: bool | None
    tokens_uncut: int | None
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Recall:
    """Evidence recall in percent, and the evidence tokens that it took."""

    recall_percent: float
    tokens_median: int
    tokens_max: int


@dataclass(frozen=True, slots=True)
class LanguageFigures:
    """The figures of one language's questions, or of all; `uncut` as in `Asked`."""

    questions: int
    budgets: dict[int, Recall]
    uncut: Recall | None
    search: Spread


@dataclass(frozen=True, slots=True)
class Measured:
    """One baseline; `top_k` is its default, None where it was enlarged until budgets are full."""

    description: str
    chunks: int
    top_k: int | None
    build_seconds: float
    languages: dict[str, LanguageFigures]


@dataclass(frozen=True, slots=True)
class Everything:
    """Sending no choice: the whole corpus, or the document that is known to hold the answer."""

    corpus_tokens: int
    own_document: dict[str, Recall]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that one run measured; `noise` is its seed, None for the questions as they are."""

    cores: int
    python: str
    packages: dict[str, str]
    documents: int
    noise: int | None
    baselines: dict[str, Measured]
    everything: Everything | None


def by_language(asked: Sequence[Asked], budgets: Sequence[int]) -> dict[str, LanguageFigures]:
    """Summarise the questions of all languages together, and of each language that was asked."""
    groups = _groups(asked, [one.language for one in asked])
    return {name: _figures(group, budgets) for name, group in groups.items()}


def everything_of(
    *,
    corpus_tokens: int,
    languages: Sequence[Language],
    document_tokens: Sequence[int],
    is_found: Sequence[bool],
) -> Everything:
    """Summarise what the answering documents take; one entry of each sequence a question."""
    rows = list(zip(is_found, document_tokens, strict=True))
    return Everything(
        corpus_tokens,
        {
            name: _recall([found for found, _ in group], [tokens for _, tokens in group])
            for name, group in _groups(rows, languages).items()
        },
    )


def lines(report: Report) -> Iterator[str]:
    """Yield the report as lines for people."""
    packages = ", ".join(f"{name} {version}" for name, version in report.packages.items())
    yield f"Machine: {report.cores} cores, Python {report.python}; {packages or 'no packages'}"
    noise = "questions as they are" if report.noise is None else f"noise {report.noise}"
    yield f"Corpus: {report.documents:,} documents of all languages in one index; {noise}"
    for name, measured in report.baselines.items():
        yield ""
        top_k = "enlarged" if measured.top_k is None else f"{measured.top_k} (default)"
        yield (
            f"{name}: {measured.description}; {measured.chunks:,} chunks,"
            f" {measured.build_seconds:.1f} s to build; top-k {top_k}"
        )
        yield from _table(measured.languages)
    if report.everything is not None:
        yield ""
        yield from _everything_lines(report.everything)


def _table(languages: dict[str, LanguageFigures]) -> Iterator[str]:
    everyone = languages["all"]
    recalls = "".join(f"{f'@{budget}':>8}" for budget in everyone.budgets)
    tokens = "".join(f"{f'tok@{budget}':>12}" for budget in everyone.budgets)
    uncut = "" if everyone.uncut is None else f"{'@uncut':>8}{'tok@uncut':>13}"
    yield f"{'':4}{'asked':>6}{recalls}{tokens}{uncut}{'p50 ms':>9}{'p95 ms':>9}"
    for name, own in languages.items():
        uncut = ""
        if own.uncut is not None:
            uncut = f"{own.uncut.recall_percent:8.1f}{_tokens(own.uncut):>13}"
        yield (
            f"{name:4}{own.questions:6d}"
            + "".join(f"{at.recall_percent:8.1f}" for at in own.budgets.values())
            + "".join(f"{_tokens(at):>12}" for at in own.budgets.values())
            + uncut
            + f"{own.search.p50_ms:9.1f}{own.search.p95_ms:9.1f}"
        )


def _everything_lines(everything: Everything) -> Iterator[str]:
    yield f"everything: the whole corpus is {everything.corpus_tokens:,} tokens with every question"
    yield "the whole document that is known to answer, median/largest tokens:"
    for name, own in everything.own_document.items():
        yield f"{name:4}{own.recall_percent:8.1f}{_tokens(own):>14}"


def _figures(asked: Sequence[Asked], budgets: Sequence[int]) -> LanguageFigures:
    found = [one.is_found_uncut for one in asked if one.is_found_uncut is not None]
    tokens = [one.tokens_uncut for one in asked if one.tokens_uncut is not None]
    return LanguageFigures(
        questions=len(asked),
        budgets={
            budget: _recall([a.is_found[budget] for a in asked], [a.tokens[budget] for a in asked])
            for budget in budgets
        },
        uncut=_recall(found, tokens) if found else None,
        search=spread([one.milliseconds for one in asked]),
    )


def _groups(rows: Sequence[Row], languages: Sequence[Language]) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {"all": list(rows)}
    for language in LANGUAGES:
        own = [row for row, name in zip(rows, languages, strict=True) if name == language]
        if own:
            groups[language] = own
    return groups


def _recall(is_found: Sequence[bool], tokens: Sequence[int]) -> Recall:
    percent = round(100 * sum(is_found) / len(is_found), 1)
    return Recall(percent, int(np.median(tokens)), max(tokens))


def _tokens(recall: Recall) -> str:
    return f"{recall.tokens_median}/{recall.tokens_max}"
