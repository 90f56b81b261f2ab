"""Where a passage stands that has no page: its rows in a table, or its time stamp."""

from __future__ import annotations

from leanrag.ingest.row_label import read_row_label
from pages._locale import number, t


def label_text(label: str) -> str:
    """Return a passage's label as text, rows in the interface's language."""
    rows = read_row_label(label)
    if rows is None:
        return label
    first, last = map(number, rows)
    if first == last:
        return t("documents.place_row", row=first)
    return t("documents.place_rows", first=first, last=last)
