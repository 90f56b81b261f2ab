"""A CSV or TSV file that is a document → its tables, rows under their header, as in a sheet.

Lists of FAQ pairs and products are read elsewhere (`record_child`), with the same reader of rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from leanrag.ingest.document_report import DocumentReport, Refused, TextPart, check_length
from leanrag.ingest.markdown_writer import MarkdownWriter
from leanrag.ingest.record_tables import DelimitedText, TableRow, open_delimited
from leanrag.ingest.record_texts import read_own
from leanrag.ingest.sheet_rows import MAX_CELLS, SheetRow, write_rows

NOUN = "table"
_PROSE_BLANKS = 0.8  # share of commas that a blank follows
_MAX_NUMBER_CHARACTERS = 40
_NUMBER = re.compile(r"[^\w]*\d[\d.,'٬٫/: -]*[^\w]*")  # a price, a share or a date too
_SENTENCE = re.compile(r"\S+\s+\S+\s+\S.*[.!?…؟۔]\s*", re.DOTALL)


def read_csv(data: bytes) -> DocumentReport:
    """Read the tables of a CSV file; their names and titles are lines above them.

    Raises Refused: "no_table" where the file is a text of which no delimiter makes columns, or too
    large; FileTooLarge and ExtractionFailed as `record_tables`, with the row in their sentences.
    """
    opened = open_delimited(data, None)
    if not opened.delimiter or not is_table(opened.sample(), is_declared=opened.is_declared):
        raise Refused("no_table")
    rows = [row for row in map(_sheet_row, _checked(opened)) if row.cells]
    writer = MarkdownWriter()
    write_rows(_without_double_spacing(rows), writer)
    return DocumentReport(parts=(TextPart(writer.text(), rows=writer.rows()),))


def is_table(rows: Sequence[Sequence[str]], *, is_declared: bool = False) -> bool:
    """Tell whether the first filled rows of a file are a table, or prose that has commas in it.

    A table has a header above another row, and at least half of its rows have several cells. Where
    a blank follows nearly every comma, as in prose, all rows must be of one width.
    """
    wide = [row for row in rows if sum(bool(cell.strip()) for cell in row) > 1]
    if len(wide) < 2 or is_declared:
        return len(wide) > 1
    if any(_SENTENCE.fullmatch(cell) for cell in wide[0]):
        return False
    after = [cell for row in wide for cell in row[1:] if cell]
    if sum(map(str.isspace, (cell[0] for cell in after))) >= _PROSE_BLANKS * len(after):
        return len({len(row) for row in rows}) == 1
    return 2 * len(wide) >= len(rows)


def _checked(opened: DelimitedText) -> Iterator[TableRow]:
    """Yield the rows as long as the whole file has no more cells and letters than are taken."""
    cells = characters = 0
    for row in opened.rows(NOUN):
        cells += sum(map(bool, row.cells))
        characters += sum(map(len, row.cells))
        if cells > MAX_CELLS:
            raise Refused("too_many_cells")
        check_length(characters)
        yield row


def _sheet_row(row: TableRow) -> SheetRow:
    texts = enumerate(map(read_own, row.cells), start=1)
    cells = {column: text for column, text in texts if text}
    has_number = any(map(_is_number, cells.values()))
    return SheetRow(row.number, cells, has_number, row.number)


def _is_number(cell: str) -> bool:
    return len(cell) <= _MAX_NUMBER_CHARACTERS and _NUMBER.fullmatch(cell) is not None


def _without_double_spacing(rows: Sequence[SheetRow]) -> Sequence[SheetRow]:
    """Take empty rows for nothing where most rows have one below: line ends were written twice."""
    gaps = sum(below.number > row.number + 1 for row, below in pairwise(rows))
    if 2 * gaps < len(rows):
        return rows
    return [replace(row, number=number) for number, row in enumerate(rows, start=1)]
