"""The rows of lists that operators keep, FAQ pairs and products, and what was found in a file."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from leanrag.types import Language

RecordKind = Literal["faq", "product"]

MAX_ROWS = 50_000
MAX_CELL_CHARACTERS = 100_000
MAX_COLUMNS = 500
MAX_ATTRIBUTES = 30


@dataclass(frozen=True, slots=True)
class FaqRow:
    """A question with its answer; `language` is None where it is to be told from the text."""

    question: str
    answer: str
    language: Language | None = None


@dataclass(frozen=True, slots=True)
class ProductRow:
    """A product as the tenant lists it.

    `price` is in units of `currency` (an ISO 4217 code or what the tenant writes), None where it is
    on request; `attributes` are pairs of name and value; an empty `url` is left out; `language` is
    None where it is to be told from the text.
    """

    title: str
    price: Decimal | None = None
    currency: str = ""
    description: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    url: str = ""
    language: Language | None = None


RecordRow = FaqRow | ProductRow


@dataclass(frozen=True, slots=True)
class RowProblem:
    """What is wrong in a row, in a sentence for whoever mends it.

    `row_number` counts the rows of the file (or grid) from 1, its header included; `column` is
    named as in the file, empty where the whole row is meant; `is_left_out`: it became no record.
    """

    row_number: int
    column: str
    sentence: str
    is_left_out: bool = False


@dataclass(frozen=True, slots=True)
class ImportedRecords:
    """What a file or grid holds: its good rows in order, its problems, the columns not taken.

    `row_numbers` says for each of `rows` in which row it began, as in `RowProblem`.
    """

    rows: tuple[RecordRow, ...]
    problems: tuple[RowProblem, ...] = ()
    ignored_columns: tuple[str, ...] = ()
    row_numbers: tuple[int, ...] = ()
