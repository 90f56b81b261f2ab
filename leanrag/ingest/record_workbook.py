"""A workbook → the rows of its first sheet whose header is known."""

from __future__ import annotations

import re

from leanrag.errors import FileTooLarge
from leanrag.ingest.record_columns import read_header
from leanrag.ingest.record_rows import RecordKind
from leanrag.ingest.record_tables import HEADER_ROWS, Table, TableRow, check_row, check_size
from leanrag.ingest.xlsx_cells import CellReader
from leanrag.ingest.xlsx_workbook import Sheet, Workbook
from leanrag.ingest.zip_guard import check_archive

_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3})")
_MAX_PLACES = 5_000_000  # cells, the empty ones between filled ones included


def read_workbook(data: bytes, kind: RecordKind) -> Table:
    """Read the first visible sheet with a header, else the first that is filled.

    Raises FileTooLarge, or Refused where the workbook is hostile or too large.
    """
    check_archive(data)
    workbook = Workbook(data)
    reader = _PlainNumbers(workbook)
    first_filled = Table(())
    for sheet in workbook.sheets:
        table = _read_sheet(reader, sheet)
        heads = (row.cells for row in table.rows[:HEADER_ROWS])
        if any(read_header(cells, kind, is_first=not n) for n, cells in enumerate(heads)):
            return table
        first_filled = first_filled if first_filled.rows else table
    return first_filled


class _PlainNumbers(CellReader):
    """Reads a number without its marks of thousands, so that "1,250" cannot mean 1.25."""

    def _number(self, value: str, style: int) -> str:
        return _THOUSANDS.sub("", super()._number(value, style))


def _read_sheet(reader: CellReader, sheet: Sheet) -> Table:
    sparse = list(reader.rows(sheet))
    columns = sorted({column for row in sparse for column in row.cells})
    if len(columns) * len(sparse) > _MAX_PLACES:
        raise FileTooLarge("This list has too many columns for its rows; split it.")
    check_size(len(sparse), 0)
    rows = []
    for row in sparse:
        rows.append(TableRow(row.number, tuple(row.cells.get(column, "") for column in columns)))
        check_row(rows[-1])
    return Table(tuple(rows))
