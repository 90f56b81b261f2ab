"""A table → its records, checked row by row; the table's own form and that of other programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from leanrag.errors import EmptyFile, FileRejected
from leanrag.ingest.record_columns import REQUIRED, Columns, read_header
from leanrag.ingest.record_findings import Findings
from leanrag.ingest.record_pairs import headless_start, read_pairs
from leanrag.ingest.record_products import ProductReader
from leanrag.ingest.record_rows import MAX_ATTRIBUTES, ImportedRecords, RecordKind, RecordRow
from leanrag.ingest.record_tables import HEADER_ROWS, Table, TableRow
from leanrag.ingest.record_texts import excerpt, tidy

_HEADLESS = Columns(("question", "answer"), {"question": 0, "answer": 1})
_NEEDED = {
    "faq": "a column of questions and one of answers; name them “question” and “answer”",
    "product": "a column with the names of products; name it “title”",
}


def check_table(table: Table, kind: RecordKind, *, currency: str) -> ImportedRecords:
    """Return the records of a table with its problems.

    Raises EmptyFile for a table without a row to read, FileRejected where no header is known.
    """
    if not table.rows:
        raise EmptyFile("This list has no filled row; choose a file with rows.")
    start, columns = _find_header(table.rows, kind)
    if start == len(table.rows):
        raise EmptyFile("This list has a header and no row below it; choose a file with rows.")
    return check_rows(table.rows[start:], columns, kind, currency, is_delimited=table.is_delimited)


def check_rows(
    rows: Sequence[TableRow],
    columns: Columns,
    kind: RecordKind,
    currency: str,
    *,
    is_delimited: bool,
) -> ImportedRecords:
    """Return the records of the rows below a header with their problems, in the rows' order."""
    findings = Findings(columns)
    filled = {c for row in rows for c, cell in enumerate(row.cells) if cell.strip()}
    others = [column for column in columns.others() if column in filled]
    good = list(_good_rows(rows, findings, is_delimited))
    read: Sequence[tuple[int, RecordRow]]
    if kind == "faq":
        read, attributes = read_pairs(good, findings), list[int]()
    else:
        attributes = [c for c in others if columns.names[c]][:MAX_ATTRIBUTES]
        read = ProductReader(findings, attributes, currency=currency).read(good)
    not_taken = sorted((set(others) - set(attributes)) | (columns.ignored & filled))
    return ImportedRecords(
        rows=tuple(row for _, row in read),
        problems=tuple(sorted(findings.problems, key=lambda problem: problem.row_number)),
        ignored_columns=tuple(columns.name(column) for column in not_taken),
        row_numbers=tuple(number for number, _ in read),
    )


def _find_header(rows: Sequence[TableRow], kind: RecordKind) -> tuple[int, Columns]:
    """Return where the rows below the header begin, and its columns."""
    for place, row in enumerate(rows[:HEADER_ROWS]):
        columns = read_header(row.cells, kind, is_first=place == 0)
        if columns is not None:
            return place + 1, columns
    start = headless_start(rows) if kind == "faq" else None
    if start is not None:
        return start, _HEADLESS
    found = ", ".join(name for cell in rows[0].cells if (name := tidy(cell)))
    raise FileRejected(
        f"This list has no row that names {_NEEDED[kind]}. The first row says {excerpt(found)}",
        required=REQUIRED[kind],
    )


def _good_rows(
    rows: Sequence[TableRow], findings: Findings, is_delimited: bool
) -> Iterator[TableRow]:
    """Yield the rows for customers; note those with more or fewer cells than the header."""
    columns = findings.columns
    width = len(columns.names)
    for row in rows:
        if row.cells[:width] == columns.names:  # the header again, where files were joined
            continue
        surplus = [cell for cell in row.cells[width:] if cell.strip()]
        if surplus:
            more = f"There are {len(row.cells)} cells for {width} columns"
            findings.leave_out(row, "", f"{more}: put texts with commas in quotation marks")
            continue
        if is_delimited and len(row.cells) < width:
            less = (
                f"There are {len(row.cells)} cells for {width} columns; the rest counts as empty."
            )
            findings.add(row, "", less)
        hiding = findings.hiding_column(row)
        if hiding is not None:
            said = f"{excerpt(row.cells[hiding])} keeps it from customers"
            findings.leave_out(row, columns.name(hiding), said)
            continue
        yield row
