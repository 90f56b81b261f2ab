"""Collects what is wrong in the rows of a list while they are read."""

from __future__ import annotations

from leanrag.ingest.record_columns import Columns, is_hidden, read_language
from leanrag.ingest.record_rows import RowProblem
from leanrag.ingest.record_tables import TableRow
from leanrag.ingest.record_texts import excerpt, read_foreign, read_own
from leanrag.types import Language

LEFT_OUT = "the row is left out"


class Findings:
    """The problems so far, in the order of their rows."""

    def __init__(self, columns: Columns) -> None:
        self.columns = columns
        self.problems: list[RowProblem] = []

    def add(self, row: TableRow, field: str, sentence: str) -> None:
        """Note what is wrong with a field of a row that is kept."""
        self.problems.append(RowProblem(row.number, self._name(field), sentence))

    def leave_out(self, row: TableRow, field: str, sentence: str) -> None:
        """Note why a row becomes no record; `field` is empty where the whole row is meant."""
        full = f"{sentence}; {LEFT_OUT}."
        self.problems.append(RowProblem(row.number, self._name(field), full, is_left_out=True))

    def raw(self, row: TableRow, field: str) -> str:
        """Return a cell without outer blanks, empty where the list has no such column."""
        column = self.columns.fields.get(field, -1)
        return read_own(row.cells[column]) if 0 <= column < len(row.cells) else ""

    def text(self, row: TableRow, field: str) -> str:
        """Return the text of a field; HTML of other programs becomes text."""
        column = self.columns.fields.get(field, -1)
        return self.cell(row, column, field) if 0 <= column < len(row.cells) else ""

    def cell(self, row: TableRow, column: int, field: str = "") -> str:
        """Return the text of a cell; noted where it is HTML that cannot be read."""
        if column >= len(row.cells):
            return ""
        if self.columns.is_own:
            return read_own(row.cells[column])
        text = read_foreign(row.cells[column])
        if text is None:
            name = self._name(field) if field else self.columns.name(column)
            sentence = "The HTML here cannot be read; write it as text."
            self.problems.append(RowProblem(row.number, name, sentence))
            return ""
        return text

    def hiding_column(self, row: TableRow) -> int | None:
        """Return the column that keeps a row from customers (a draft, not published), if any."""
        columns = (c for c in self.columns.visibility if c < len(row.cells))
        return next((column for column in columns if is_hidden(row.cells[column])), None)

    def language(self, row: TableRow) -> Language | None:
        """Return the language that a row names; noted where it is none of the four."""
        written = self.raw(row, "language")
        language = read_language(written)
        if written and language is None:
            self.add(
                row,
                "language",
                f"{excerpt(written)} is none of fa, en, ar and tr; the text will tell.",
            )
        return language

    def _name(self, field: str) -> str:
        column = self.columns.fields.get(field)
        return field if column is None else self.columns.name(column)
