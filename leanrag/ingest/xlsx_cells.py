"""A sheet → its filled rows as text, read as a stream.

The size that a sheet claims for itself is never believed, and no empty cell is ever made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from leanrag.ingest.document_report import Refused, check_length
from leanrag.ingest.sheet_rows import MAX_CELLS, SheetRow
from leanrag.ingest.xlsx_values import from_serial, is_time_format, show
from leanrag.ingest.xlsx_workbook import Sheet, Workbook, stream_elements, string_text

_LAST_COLUMN = 16_384
_COLUMN = re.compile("[A-Z]{1,3}")
_TRUE = ("1", "true", "on")

Element = Any  # lxml's stubs would make every attribute optional twice


class CellReader:
    """Reads the filled cells of sheets and counts them over the whole workbook."""

    def __init__(self, workbook: Workbook) -> None:
        self._workbook = workbook
        self._cells = 0
        self._characters = 0

    def rows(self, sheet: Sheet) -> Iterator[SheetRow]:
        """Yield the rows that are filled and not hidden. Raises Refused for too many cells."""
        with self._workbook.open(sheet.part) as stream:
            hidden = _hidden_columns(stream)
        number = unseen = 0
        with self._workbook.open(sheet.part) as stream:
            for row in stream_elements(stream, "{*}row"):
                number = int(row.get("r") or number + 1)
                if row.get("hidden") in _TRUE:
                    unseen += 1
                elif len(row) and (read := self._row(number, unseen, row, hidden)).cells:
                    yield read

    def _row(self, place: int, unseen: int, row: Element, hidden: Sequence[range]) -> SheetRow:
        cells: dict[int, str] = {}
        has_number = False
        column = 0
        for cell in row:
            column = _column_number(cell.get("r")) or column + 1
            text, is_number = self._read(cell)
            if text and column <= _LAST_COLUMN and not any(column in span for span in hidden):
                cells[column] = text
                has_number = has_number or is_number
                self._count(text)
        return SheetRow(place - unseen, cells, has_number, place)

    def _read(self, cell: Element) -> tuple[str, bool]:
        """Return what a cell shows, and whether that is a number or a date."""
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            inline = cell.find("{*}is")
            return ("" if inline is None else string_text(inline).strip(), False)
        value = cell.findtext("{*}v")
        if not value or kind == "e":  # "#N/A" tells a customer nothing
            return "", False
        if kind == "s":
            return self._workbook.strings[int(value)].strip(), False
        if kind == "n":
            return self._number(value, int(cell.get("s") or 0)).strip(), True
        return (show(value == "1", "General") if kind == "b" else value.strip()), False

    def _number(self, value: str, style: int) -> str:
        number_format = self._workbook.number_format(style)
        number = int(value) if value.isdecimal() and len(value) < 16 else float(value)
        if is_time_format(number_format):
            moment = from_serial(number, number_format, self._workbook.counts_from_1904)
            return show(moment, number_format)
        return show(number, number_format)

    def _count(self, text: str) -> None:
        self._cells += 1
        self._characters += len(text)
        if self._cells > MAX_CELLS:
            raise Refused("too_many_cells")
        check_length(self._characters)


def _hidden_columns(stream: Any) -> list[range]:
    """Return the hidden columns; they are declared before the first row."""
    hidden: list[range] = []
    for element in stream_elements(stream, ("{*}col", "{*}row")):
        if element.tag.endswith("}row"):
            break
        if element.get("hidden") in _TRUE:
            last = min(int(element.get("max", "0")), _LAST_COLUMN)
            hidden.append(range(int(element.get("min", "1")), last + 1))
    return hidden


def _column_number(place: str | None) -> int:
    """Return the column of "BC12", counted from 1; 0 where a cell does not say."""
    if not place:
        return 0
    letters = _COLUMN.match(place)
    if letters is None:
        raise Refused("damaged")
    number = 0
    for letter in letters[0]:
        number = 26 * number + ord(letter) - 64
    return number
