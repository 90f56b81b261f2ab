"""The rows of a grid: as they are stored, as the editor began with them, and as they are now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leanrag.ingest.record_columns import RECORD_COLUMNS
from leanrag.ingest.record_files import record_cells
from leanrag.ingest.record_rows import RecordKind, RecordRow, RowProblem

ROWS_PER_PAGE = 500
BLANK_ROWS = 5
Cells = tuple[str, ...]


@dataclass(slots=True)
class GridRows:
    """The rows of one grid in one browser, page by page.

    `saved` are those that it began with, `shown` those of all pages when the editor was last
    filled, `now` the same with the edits since; `generation` counts the fillings. `dropped` are
    rows that were thrown away and can be brought back.
    """

    kind: RecordKind
    saved: tuple[Cells, ...]
    shown: tuple[Cells, ...]
    now: tuple[Cells, ...]
    page: int = 1
    generation: int = 0
    problems: tuple[RowProblem, ...] = ()
    error: str = ""
    dropped: tuple[Cells, ...] = ()

    @property
    def pages(self) -> int:
        """Return how many pages the editor has, at least one."""
        return max(1, -(-len(self.shown) // ROWS_PER_PAGE))

    @property
    def start(self) -> int:
        """Return the place of the first row of the open page, from 0."""
        return (self.page - 1) * ROWS_PER_PAGE

    def on_page(self) -> tuple[Cells, ...]:
        """Return the rows that the editor began with on the open page."""
        return self.shown[self.start : self.start + ROWS_PER_PAGE]

    def take(self, edits: Mapping[str, Any]) -> None:
        """Take over what the editor says has changed on the open page since it was filled."""
        edited = apply_edits(self.on_page(), RECORD_COLUMNS[self.kind], edits)
        now = (*self.shown[: self.start], *edited, *self.shown[self.start + ROWS_PER_PAGE :])
        if now != self.now:
            self.now, self.problems, self.error = now, (), ""

    def refill(self, rows: Sequence[Cells] | None = None, *, page: int | None = None) -> None:
        """Fill the editor anew: with other rows where they are given, and at another page."""
        self.now = self.shown = self.now if rows is None else tuple(rows)
        self.page = min(page or self.page, self.pages)
        self.generation += 1

    def is_unsaved(self) -> bool:
        """Tell whether anything differs from what is stored, blank rows aside."""
        return filled(self.now) != filled(self.saved)


def new_rows(kind: RecordKind, rows: Sequence[RecordRow]) -> GridRows:
    """Return a grid that begins with these rows, or with blank ones where there are none."""
    cells = tuple(record_cells(row) for row in rows)
    blank = ("",) * len(RECORD_COLUMNS[kind])
    shown = cells or (blank,) * BLANK_ROWS
    return GridRows(kind, saved=cells, shown=shown, now=shown)


def filled(rows: Sequence[Cells]) -> list[Cells]:
    """Return the rows in which something is written."""
    return [row for row in rows if any(cell.strip() for cell in row)]


def apply_edits(
    rows: Sequence[Cells], columns: Sequence[str], edits: Mapping[str, Any]
) -> list[Cells]:
    """Return rows after the edits of Streamlit's editor, which counts places as before them."""
    changed = list(rows)
    for place, changes in edits["edited_rows"].items():
        if place < len(changed):
            before = dict(zip(columns, changed[place], strict=True))
            changed[place] = _cells({**before, **changes}, columns)
    deleted = set(edits["deleted_rows"])
    kept = [row for place, row in enumerate(changed) if place not in deleted]
    return kept + [_cells(added, columns) for added in edits["added_rows"]]


def _cells(values: Mapping[str, Any], columns: Sequence[str]) -> Cells:
    return tuple("" if values.get(name) is None else str(values[name]) for name in columns)
