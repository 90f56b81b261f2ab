"""Rows of a table → pairs of question and answer, each pair once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from leanrag.ingest.record_findings import Findings
from leanrag.ingest.record_rows import FaqRow
from leanrag.ingest.record_tables import TableRow
from leanrag.text.normalize import fold

_ASKS = ("?", "؟")


def read_pairs(rows: Iterable[TableRow], findings: Findings) -> list[tuple[int, FaqRow]]:
    """Return the good pairs with the numbers of their rows; what is wrong goes to `findings`."""
    pairs: list[tuple[int, FaqRow]] = []
    first_pair: dict[tuple[str, str], int] = {}
    first_question: dict[str, int] = {}
    for row in rows:
        pair = _read_pair(row, findings)
        if pair is None:
            continue
        question = " ".join(pair.question.split())
        known = first_pair.setdefault((question, " ".join(pair.answer.split())), row.number)
        if known != row.number:
            findings.leave_out(row, "", f"This pair is the same as in row {known}")
            continue
        asked = first_question.setdefault(fold(question), row.number)
        if asked != row.number:
            findings.add(
                row, "question", f"Row {asked} answers the same question otherwise; keep one."
            )
        pairs.append((row.number, pair))
    return pairs


def headless_start(rows: Sequence[TableRow]) -> int | None:
    """Return where the pairs begin in a list without a known header; None where that is unclear.

    Clear is: two columns, both filled in nine of ten rows; at least half of the first one ask with
    a question mark, and that is more than twice as many as of the second. A first row of a few
    words that asks nothing above rows that nearly all ask is a header in some other language.
    """
    cells = [tuple(cell.strip() for cell in row.cells) for row in rows]
    pairs = [row[:2] for row in cells if len(row) > 1 and all(row[:2]) and not any(row[2:])]
    asked, asked_second = (sum(pair[side].endswith(_ASKS) for pair in pairs) for side in (0, 1))
    if len(pairs) < 0.9 * len(rows) or asked < 0.5 * len(rows) or asked <= 2 * asked_second:
        return None
    is_header = not any(cell.endswith(_ASKS) or len(cell.split()) > 2 for cell in cells[0])
    return 1 if is_header and asked >= 0.8 * (len(rows) - 1) else 0


def _read_pair(row: TableRow, findings: Findings) -> FaqRow | None:
    question, answer = findings.text(row, "question"), findings.text(row, "answer")
    if question and answer:
        return FaqRow(question, answer, findings.language(row))
    missing = "question" if not question else "answer"
    what = f"There is no {missing}" if question or answer else "There is no question and no answer"
    findings.leave_out(row, missing, what)
    return None
