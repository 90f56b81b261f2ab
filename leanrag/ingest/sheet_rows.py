"""The rows of a sheet or of a CSV file → its tables, rows under their header."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from leanrag.ingest.document_report import Refused
from leanrag.ingest.markdown_writer import MAX_TABLE_CELLS, MarkdownWriter

MAX_CELLS = 500_000  # filled ones of a whole file


@dataclass(frozen=True, slots=True)
class SheetRow:
    """The filled cells of a row by their columns.

    `number` counts the rows from 1 that are seen: where it leaps, rows are empty. `place` is the
    row's number in the file, which is cited.
    """

    number: int
    cells: dict[int, str]
    has_number: bool
    place: int


def write_rows(rows: Sequence[SheetRow], writer: MarkdownWriter) -> None:
    """Write the rows of a sheet: an empty row ends a table, lines above its header are text.

    A part below an empty row goes on under the same header, unless it begins with one of its own:
    a row of words alone, below a table that has numbers.
    """
    header: SheetRow | None = None
    table: list[SheetRow] = []
    for block in _split_at_empty_rows(rows):
        body = list(_write_captions(block, writer))
        if not body:
            continue
        if header is None or _begins_anew(table, header, body):
            header, table = body[0], body
        else:
            table = [header, *body]
        _write_table(table, writer)


def _split_at_empty_rows(rows: Sequence[SheetRow]) -> Iterator[list[SheetRow]]:
    block: list[SheetRow] = []
    for row in rows:
        if block and row.number > block[-1].number + 1:
            yield block
            block = []
        block.append(row)
    if block:
        yield block


def _write_captions(block: Sequence[SheetRow], writer: MarkdownWriter) -> Iterator[SheetRow]:
    """Write the lines of one cell above a table; yield the rows of the table."""
    width = max(len(row.cells) for row in block)
    in_table = width == 1
    for row in block:
        in_table = in_table or len(row.cells) > 1
        if in_table and width > 1:
            yield row
        else:
            lines = " ".join(row.cells.values()).splitlines()
            writer.paragraph("\n".join(lines), row=row.place)


def _begins_anew(table: Sequence[SheetRow], header: SheetRow, body: Sequence[SheetRow]) -> bool:
    if not set(body[0].cells) <= set(header.cells):
        return True
    return not body[0].has_number and any(row.has_number for row in table)


def _write_table(table: Sequence[SheetRow], writer: MarkdownWriter) -> None:
    columns = sorted({column for row in table for column in row.cells})
    if len(columns) * len(table) > MAX_TABLE_CELLS:
        raise Refused("too_many_cells")
    cells = [[row.cells.get(column, "") for column in columns] for row in table]
    writer.table(cells, [row.place for row in table])
