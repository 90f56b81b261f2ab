"""A text file of delimited values → its rows, whatever stands between the values."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from leanrag.errors import ExtractionFailed, FileRejected, FileTooLarge
from leanrag.ingest.decode import decode_text
from leanrag.ingest.document_report import MAX_TEXT_CHARACTERS
from leanrag.ingest.record_columns import read_header
from leanrag.ingest.record_rows import MAX_CELL_CHARACTERS, MAX_COLUMNS, MAX_ROWS, RecordKind

DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_CHARACTERS = 64 * 1024
_SAMPLE_ROWS = 30
_DECLARED = re.compile(r"(?i)\ufeff?sep=(.)\r?\n")
_MAX_LINES = 2**20  # as many rows as a sheet of Excel has, blank ones included
HEADER_ROWS = 20  # a header stands below titles and notes at most that many rows down


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row of a table; `number` counts from 1 as a spreadsheet does, blank rows included."""

    number: int
    cells: tuple[str, ...]

    def is_blank(self) -> bool:
        """Tell whether nothing is written in the row."""
        return not any(cell.strip() for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Table:
    """The filled rows of a table in order; `is_delimited`: a row has as many cells as it wrote."""

    rows: tuple[TableRow, ...]
    is_delimited: bool = False


@dataclass(frozen=True, slots=True)
class DelimitedText:
    """A text and what stands between its values; `is_declared`: its first line said so."""

    text: str
    delimiter: str
    is_declared: bool = False

    def sample(self) -> Sequence[tuple[str, ...]]:
        """Return the cells of the first filled rows, at most 30; the last may be cut off."""
        return _sample_rows(self.text[:_SAMPLE_CHARACTERS], self.delimiter)

    def rows(self, noun: str = "list") -> Iterator[TableRow]:
        """Yield the filled rows; `noun` names the file in the sentences of errors.

        Raises FileTooLarge for a row or a cell beyond the limits, ExtractionFailed for a row that
        cannot be read.
        """
        for row in _parse(self.text, self.delimiter, noun):
            check_row(row)
            if not row.is_blank():
                yield row


def open_delimited(data: bytes, kind: RecordKind | None) -> DelimitedText:
    """Decode a file of values between commas, semicolons, tabs or bars, in any encoding.

    With a `kind`, the delimiter that gives its header is taken first. The delimiter is empty where
    none of them divides the first rows into columns. Raises ExtractionFailed for an encoding that
    nothing reads.
    """
    text = decode_text(data).removeprefix("\ufeff")
    if declared := _DECLARED.match(text):
        return DelimitedText(text[declared.end() :], declared[1], is_declared=True)
    return DelimitedText(text, _find_delimiter(text[:_SAMPLE_CHARACTERS], kind))


def read_delimited(data: bytes, kind: RecordKind) -> Table:
    """Read a list of records as a table, whatever stands between its values.

    Raises FileTooLarge for a list or a cell beyond the limits, ExtractionFailed for an encoding
    that nothing reads.
    """
    opened = open_delimited(data, kind)
    opened = replace(opened, delimiter=opened.delimiter or DELIMITERS[0])
    characters = 0
    rows: list[TableRow] = []
    for row in opened.rows():
        rows.append(row)
        characters += sum(map(len, row.cells))
        check_size(len(rows), characters)
    return Table(tuple(rows), is_delimited=True)


def check_row(row: TableRow) -> None:
    """Raise FileTooLarge where a row has too many cells, or one of them too many letters."""
    if len(row.cells) > MAX_COLUMNS:
        raise FileTooLarge(
            f"Row {row.number} has {len(row.cells)} columns and the limit is {MAX_COLUMNS};"
            " leave out what is not for customers.",
            row_number=row.number,
        )
    if any(len(cell) > MAX_CELL_CHARACTERS + 1 for cell in row.cells):  # 1: an export's apostrophe
        raise _long_cell(row.number)


def check_size(rows: int, characters: int) -> None:
    """Raise FileTooLarge where a list has too many filled rows or letters."""
    if rows > MAX_ROWS + 1:  # 1: the header
        raise FileTooLarge(f"This list has more than {MAX_ROWS:,} rows; split it.")
    if characters > MAX_TEXT_CHARACTERS:
        raise FileTooLarge("This list holds more than 10 million letters; split it.")


def _long_cell(row_number: int) -> FileRejected:
    return FileTooLarge(
        f"A cell that begins in row {row_number} has more than {MAX_CELL_CHARACTERS:,} letters;"
        " shorten it, or close the quotation mark that it begins with.",
        row_number=row_number,
    )


def _parse(text: str, delimiter: str, noun: str) -> Iterator[TableRow]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    number = 0
    try:
        for cells in reader:
            number += 1
            if number > _MAX_LINES:
                raise FileTooLarge(f"This {noun} has more than a million lines; delete blank ones.")
            yield TableRow(number, tuple(cells))
    except csv.Error as exc:
        if "field larger" in str(exc):
            raise _long_cell(number + 1) from exc
        raise ExtractionFailed(
            f"Row {number + 1} of this {noun} cannot be read; save it again as CSV in UTF-8."
        ) from exc


def _find_delimiter(sample: str, kind: RecordKind | None) -> str:
    """Return the delimiter that gives a header, else the one that gives the most even rows."""
    best, best_score = "", (0, 0)
    for delimiter in DELIMITERS:
        rows = _sample_rows(sample, delimiter)
        if kind and any(read_header(r, kind, is_first=not n) for n, r in enumerate(rows)):
            return delimiter
        widths = Counter(map(len, rows))
        width, count = widths.most_common(1)[0] if widths else (0, 0)
        if width > 1 and (count, width) > best_score:
            best, best_score = delimiter, (count, width)
    return best


def _sample_rows(sample: str, delimiter: str) -> Sequence[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    try:
        for row in _parse(sample, delimiter, "list"):
            if not row.is_blank():
                rows.append(row.cells[:MAX_COLUMNS])
            if len(rows) == _SAMPLE_ROWS:
                break
    except FileRejected:
        return rows  # the whole file will say the same, with the right delimiter
    return rows
