"""A table of tested questions: one row each, the shares of them that were found, and a CSV file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from leanrag.csv_export import CsvCell, export_csv
from leanrag.retrieval_look import RetrievalLook, RetrievedPassage
from leanrag.retrieval_questions import RetrievalQuestion
from leanrag.types import Fate, Intent, Language

RECALL_RANKS = (1, 3, 5, 10, 20)
TABLE_COLUMNS = (
    "number",
    "question",
    "expected",
    "source",
    "hit",
    "rank",
    "in_prompt",
    "language",
    "intent",
    "confidence",
    "chance",
    "answers",
    "best_source",
    "best_place",
    "best_score",
    "found",
    "kept",
    "trimmed",
    "dropped",
    "prompt_tokens",
    "error",
)


@dataclass(frozen=True, slots=True)
class RetrievalRow:
    """What one test question found; `error` says why nothing could be tried, and all else is empty.

    `rank` is that of the first right passage, from 1: None where none was found, or nothing is
    expected. `in_prompt`: what the prompt carries of some passage is right. `chance` (0 to 1) is
    the one that what may be quoted answers; `answers`: it is enough to answer. `is_fixed`: a fixed
    text answers this message.
    """

    number: int
    asked: RetrievalQuestion
    language: Language | None = None
    intent: Intent = ""
    confidence: float = 0.0
    rank: int | None = None
    in_prompt: bool = False
    chance: float = 0.0
    answers: bool = False
    is_fixed: bool = False
    best: RetrievedPassage | None = None
    found: int = 0
    kept: int = 0
    trimmed: int = 0
    dropped: int = 0
    prompt_tokens: int = 0
    error: str = ""

    @property
    def is_hit(self) -> bool | None:
        """Whether a right passage was found; None where nothing is expected, or nothing tried."""
        return None if self.error or not self.asked.expects else self.rank is not None


@dataclass(frozen=True, slots=True)
class RetrievalSummary:
    """What a table of questions comes to; shares are 0 to 1.

    Of `expecting` questions that say what is right, `recall` gives for each rank the share whose
    right passage stands that high, and `in_prompt` the share whose prompt carries it. `failed`
    could not be tried; `answering` of the others are likely enough to be answered.
    """

    questions: int
    failed: int
    expecting: int
    recall: tuple[tuple[int, float], ...]
    in_prompt: float
    answering: float
    mean_prompt_tokens: float


def row_of(number: int, asked: RetrievalQuestion, look: RetrievalLook) -> RetrievalRow:
    """Return the row of a question that was tried."""
    fates: list[Fate] = [found.decision.fate for found in look.passages]
    right = (found.rank for found in look.passages if asked.is_met_by(found.decision.passage))
    return RetrievalRow(
        number=number,
        asked=asked,
        language=look.route.language,
        intent=look.route.intent,
        confidence=look.route.confidence,
        rank=next(right, None),
        in_prompt=any(asked.is_met_by(d.passage, d.text) for d in look.prompt.carried()),
        chance=look.answerability.chance,
        answers=look.answerability.is_answerable,
        is_fixed=look.is_fixed,
        best=look.passages[0] if look.passages else None,
        found=len(fates),
        kept=fates.count("kept"),
        trimmed=fates.count("trimmed"),
        dropped=fates.count("dropped"),
        prompt_tokens=look.prompt.total_tokens,
    )


def summarise(rows: Sequence[RetrievalRow]) -> RetrievalSummary:
    """Return the shares of a table; 0 where there is nothing to take a share of."""
    tried = [row for row in rows if not row.error]
    expecting = [row for row in tried if row.asked.expects]

    def found_by(rank: int) -> float:
        return _share(row.rank is not None and row.rank <= rank for row in expecting)

    return RetrievalSummary(
        questions=len(rows),
        failed=len(rows) - len(tried),
        expecting=len(expecting),
        recall=tuple((rank, found_by(rank)) for rank in RECALL_RANKS),
        in_prompt=_share(row.in_prompt for row in expecting),
        answering=_share(row.answers for row in tried),
        mean_prompt_tokens=sum(row.prompt_tokens for row in tried) / max(1, len(tried)),
    )


def table_csv(rows: Iterable[RetrievalRow], names: Mapping[str, str] | None = None) -> bytes:
    """Return the table as CSV, as `export_csv` writes it; `names` are the columns' headings."""
    names = names or {}
    header = [names.get(column, column) for column in TABLE_COLUMNS]
    return export_csv(header, (_cells(row) for row in rows))


def _cells(row: RetrievalRow) -> tuple[CsvCell, ...]:
    passage = row.best.decision.passage if row.best is not None else None
    place = (passage.heading, passage.label or passage.page) if passage is not None else ()
    tried = not row.error
    return (
        row.number,
        row.asked.question,
        row.asked.expected,
        row.asked.source,
        row.is_hit,
        row.rank,
        row.in_prompt if row.asked.expects and tried else None,
        row.language,
        row.intent,
        round(row.confidence, 3) if tried else None,
        round(row.chance, 3) if tried else None,
        row.answers if tried else None,
        passage.source_title if passage is not None else None,
        " · ".join(str(part) for part in place if part),
        round(passage.score, 3) if passage is not None else None,
        *((row.found, row.kept, row.trimmed, row.dropped, row.prompt_tokens) if tried else _NONE),
        row.error,
    )


_NONE = (None,) * 5


def _share(flags: Iterable[bool]) -> float:
    counted = list(flags)
    return sum(counted) / len(counted) if counted else 0.0
