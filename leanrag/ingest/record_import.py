"""A CSV or XLSX file, or an edited grid → records, checked row by row."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NoReturn

from leanrag.csv_export import disarm
from leanrag.errors import (
    EmptyFile,
    ExtractionFailed,
    FileRejected,
    FileTooLarge,
    InvalidInput,
    UnsupportedFileType,
)
from leanrag.ingest.child_limits import ChildLimits
from leanrag.ingest.child_process import run_child
from leanrag.ingest.record_checks import check_rows
from leanrag.ingest.record_columns import RECORD_COLUMNS, read_header
from leanrag.ingest.record_rows import (
    FaqRow,
    ImportedRecords,
    ProductRow,
    RecordKind,
    RecordRow,
    RowProblem,
)
from leanrag.ingest.record_tables import TableRow, check_row, check_size
from leanrag.ingest.record_texts import tidy
from leanrag.ingest.validate import CSV, MARKDOWN, PLAIN_TEXT, TSV, XLSX, identify
from leanrag.settings import Settings

_READ_FROM = "a list is read from CSV or from an Excel workbook (.xlsx)."
_ERRORS = {error.code: error for error in (FileRejected, EmptyFile, FileTooLarge, ExtractionFailed)}
_TOO_LARGE = ("too_many_parts", "unpacks_too_large", "too_many_cells", "too_much_text")


def read_records(
    data: bytes,
    filename: str,
    kind: RecordKind,
    *,
    settings: Settings,
    currency: str = "",
) -> ImportedRecords:
    """Read a list from a CSV or XLSX file, in a process of its own.

    `currency` is that of prices where neither they, their column nor one beside it names any.
    What is wrong with single rows is in the result. Raises FileRejected or below where there is no
    list: EmptyFile, FileTooLarge (bytes, rows, columns, letters), EncryptedFile,
    UnsupportedFileType, ExtractionFailed (broken, hostile, or over the limits of time and memory).
    """
    try:
        upload_type = identify(data, filename, max_bytes=settings.max_file_bytes)
    except UnsupportedFileType as exc:
        raise UnsupportedFileType(f"{exc.message.partition(';')[0]}; {_READ_FROM}") from exc
    if upload_type not in (XLSX, CSV, TSV, PLAIN_TEXT, MARKDOWN):
        raise UnsupportedFileType(f"This file is a document and no list; {_READ_FROM}")
    list_format = "xlsx" if upload_type == XLSX else "csv"
    limits = ChildLimits(
        memory_bytes=settings.extraction_memory_bytes,
        cpu_seconds=settings.extraction_cpu_seconds,
        wall_seconds=settings.extraction_wall_seconds,
        max_pages=settings.max_pdf_pages,
    )
    found = run_child(
        "leanrag.ingest.record_child", data, limits, list_format, kind, currency, noun="list"
    )
    if "refusal" in found:
        _refuse(*found["refusal"])
    return _unpack(found, kind)


def check_grid(
    cells: Sequence[Sequence[str]], kind: RecordKind, *, currency: str = ""
) -> ImportedRecords:
    """Check the rows of an edited grid, whose columns are `RECORD_COLUMNS[kind]`.

    Blank rows are passed over; a row's number is its place in the grid from 1. Prices may be
    written as people write them. Raises InvalidInput where a row has another number of cells, and
    FileTooLarge beyond the limits of a file.
    """
    columns = read_header(RECORD_COLUMNS[kind], kind, is_first=True)
    assert columns is not None
    # As in an export: an apostrophe that somebody typed stays when that of an export comes off.
    rows = [
        TableRow(number, tuple(disarm(tidy(cell)) for cell in row))
        for number, row in enumerate(cells, start=1)
    ]
    for row in rows:
        if len(row.cells) != len(columns.names):
            raise InvalidInput(f"Row {row.number} must have {len(columns.names)} cells.")
        check_row(row)
    rows = [row for row in rows if not row.is_blank()]
    check_size(len(rows), sum(len(cell) for row in rows for cell in row.cells))
    return check_rows(rows, columns, kind, currency, is_delimited=False)


def _refuse(code: str, sentence: str, details: dict[str, Any]) -> NoReturn:
    if code in _ERRORS:
        raise _ERRORS[code](sentence, **details)
    if code in _TOO_LARGE:
        raise FileTooLarge(
            "This workbook has more than 500,000 filled cells, 10 million letters or 100 MB"
            " unpacked; split it.",
            reason=code,
        )
    if code == "damaged":
        raise ExtractionFailed(
            "This list is damaged and cannot be read; save it again and upload the new file.",
            reason=code,
        )
    raise ExtractionFailed(
        "This workbook is packed as no ordinary one is; save it again and upload the new file.",
        reason=code,
    )


def _unpack(found: dict[str, Any], kind: RecordKind) -> ImportedRecords:
    rows: list[RecordRow]
    if kind == "faq":
        rows = [FaqRow(*row) for row in found["rows"]]
    else:
        rows = [_product(*row) for row in found["rows"]]
    return ImportedRecords(
        rows=tuple(rows),
        problems=tuple(RowProblem(*problem) for problem in found["problems"]),
        ignored_columns=tuple(found["ignored_columns"]),
        row_numbers=tuple(found["row_numbers"]),
    )


def _product(
    title: str,
    price: str | None,
    currency: str,
    description: str,
    attributes: list[list[str]],
    url: str,
    language: Any,
) -> ProductRow:
    return ProductRow(
        title=title,
        price=None if price is None else Decimal(price),
        currency=currency,
        description=description,
        attributes=tuple((name, value) for name, value in attributes),
        url=url,
        language=language,
    )
