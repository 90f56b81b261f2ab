"""The place of a passage in a table, as it is kept and cited: "rows 12-20" of its file or sheet."""

from __future__ import annotations

import re

_LABEL = re.compile(r"rows? (\d{1,18})(?:-(\d{1,18}))?")


def row_label(first: int, last: int) -> str:
    """Return the label of some rows, counted from 1 as a spreadsheet does: "row 12", "rows 2-9"."""
    return f"row {first}" if first == last else f"rows {first}-{last}"


def read_row_label(label: str) -> tuple[int, int] | None:
    """Return the first and the last row that a label names, None where it names another place."""
    found = _LABEL.fullmatch(label)
    return None if found is None else (int(found[1]), int(found[2] or found[1]))
