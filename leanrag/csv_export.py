"""Tables as CSV files that a spreadsheet opens as text, never as formulas."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime

CsvCell = str | int | float | bool | datetime | None

# OWASP, "CSV Injection": what makes a spreadsheet read a cell as a formula, with the full-width
# forms that some of them fold to ASCII first.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def export_csv(header: Sequence[str], rows: Iterable[Sequence[CsvCell]]) -> bytes:
    """Return the table as CSV (RFC 4180) in UTF-8 with a byte order mark, which Excel asks for.

    Texts that a spreadsheet would run as a formula get a leading apostrophe; numbers stay numbers,
    times are written in ISO 8601, and None is an empty cell. Raises ValueError where a row is not
    as long as the header.
    """
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow([_write(name) for name in header])
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"A row has {len(row)} cells and the header {len(header)}.")
        writer.writerow([_write(cell) for cell in row])
    return file.getvalue().encode("utf-8-sig")


def disarm(text: str) -> str:
    """Return `text` with a leading apostrophe where a spreadsheet would take it for a formula.

    A text that has apostrophes before such a start gets one more, so that `rearm` loses nothing.
    """
    return f"'{text}" if _begins_like_formula(text) else text


def rearm(text: str) -> str:
    """Return `text` without the apostrophe that `disarm`, or another shop's export, put there."""
    return text[1:] if text.startswith("'") and _begins_like_formula(text) else text


def _begins_like_formula(text: str) -> bool:
    return text.lstrip("'").startswith(FORMULA_STARTS)


def _write(cell: CsvCell) -> str | int | float:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.isoformat()
    return disarm(cell) if isinstance(cell, str) else cell
