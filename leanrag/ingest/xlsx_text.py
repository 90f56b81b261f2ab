"""A workbook → its sheets as tables, rows under their header, as a reader sees them.

Formulas give the values that were saved with them. Hidden sheets, rows and columns are left out:
what a price list hides is not for customers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from leanrag.ingest.document_report import DocumentReport, Refused, TextPart
from leanrag.ingest.markdown_writer import MAX_TABLE_CELLS, MarkdownWriter
from leanrag.ingest.xlsx_cells import CellReader, SheetRow
from leanrag.ingest.xlsx_workbook import Workbook
from leanrag.ingest.zip_guard import check_archive

_GENERIC_SHEET = re.compile(r"(?i)(?:sheet|sayfa|ورقة|برگه|feuil|tabelle|tablo) ?\d*")


def read_xlsx(data: bytes) -> DocumentReport:
    """Read a workbook. Raises Refused where it is hostile or too large."""
    check_archive(data)
    workbook = Workbook(data)
    reader = CellReader(workbook)
    writer = MarkdownWriter()
    for sheet in workbook.sheets:
        rows = list(reader.rows(sheet))
        if rows and (len(workbook.sheets) > 1 or not _GENERIC_SHEET.fullmatch(sheet.name)):
            writer.heading(1, sheet.name)
        write_rows(rows, writer)
    return DocumentReport(workbook.title()[:300], (TextPart(writer.text()),))


# ---- tables -----------------------------------------------------------------------------------


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
            writer.paragraph(" ".join(row.cells.values()))


def _begins_anew(table: Sequence[SheetRow], header: SheetRow, body: Sequence[SheetRow]) -> bool:
    if not set(body[0].cells) <= set(header.cells):
        return True
    return not body[0].has_number and any(row.has_number for row in table)


def _write_table(table: Sequence[SheetRow], writer: MarkdownWriter) -> None:
    columns = sorted({column for row in table for column in row.cells})
    if len(columns) * len(table) > MAX_TABLE_CELLS:
        raise Refused("too_many_cells")
    writer.table([[row.cells.get(column, "") for column in columns] for row in table])
