"""Lists of records in the form in which they are stored and exported, and cut to passages."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation

from leanrag.csv_export import export_csv
from leanrag.errors import ExtractionFailed, InvalidInput
from leanrag.ingest.extracted import Chunk
from leanrag.ingest.record_attributes import join_attributes, split_attributes
from leanrag.ingest.record_columns import RECORD_COLUMNS, REQUIRED
from leanrag.ingest.record_prices import MAX_PRICE, price_cell, short_price
from leanrag.ingest.record_rows import (
    MAX_CELL_CHARACTERS,
    MAX_ROWS,
    FaqRow,
    ProductRow,
    RecordKind,
    RecordRow,
)
from leanrag.ingest.records import faq_chunks, product_chunks
from leanrag.text.tokens import TokenCounter
from leanrag.types import LANGUAGES, Language, SourceKind

RECORDS_MEDIA_TYPE = "text/csv"
_UNREADABLE = "This list of records cannot be read; check its columns and prices."


def record_cells(row: RecordRow) -> tuple[str, ...]:
    """Return the cells of a row in the order of `RECORD_COLUMNS` of its kind, as a grid shows them.

    The language is empty where it is to be told from the text, the price where it is on request.
    """
    if isinstance(row, FaqRow):
        return (row.language or "", row.question, row.answer)
    price, attributes = price_cell(row.price), join_attributes(row.attributes)
    cells = (row.title, price, row.currency, row.description, attributes, row.url)
    return (row.language or "", *cells)


def write_records(rows: Sequence[RecordRow], kind: RecordKind) -> bytes:
    """Return a list as it is stored: CSV in UTF-8; `read_stored` gives exactly these rows again.

    Lone surrogates, which UTF-8 cannot hold, become question marks. Raises InvalidInput where the
    list is empty, of more than 50,000 rows, or a row lacks its question, answer or title, has
    another kind's fields, a price that is none, or a cell of more than 100,000 letters.
    """
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(RECORD_COLUMNS[kind])
    writer.writerows(_checked_cells(rows, kind))
    return file.getvalue().encode("utf-8", errors="replace")


def export_records(rows: Sequence[RecordRow], kind: RecordKind) -> bytes:
    """Return a list for a spreadsheet: with a byte order mark, and no cell that is a formula.

    `record_import.read_records` reads it back to the same rows. Raises as `write_records`.
    """
    cells = _checked_cells(rows, kind)
    return export_csv(RECORD_COLUMNS[kind], cells)


def read_stored(data: bytes, kind: SourceKind) -> tuple[RecordRow, ...]:
    """Return the rows of a stored list; columns beyond its own are passed over.

    Raises ExtractionFailed where a column, question, answer or title is missing, or a price is no
    number.
    """
    try:
        lines = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        header = next(lines)
        records = [dict(zip(header, line, strict=True)) for line in lines if line]
        read = _read_pair if kind == "faq" else _read_product
        return tuple(read(record, number) for number, record in enumerate(records, start=1))
    except (ValueError, csv.Error, KeyError, StopIteration, InvalidOperation) as exc:
        raise ExtractionFailed(_UNREADABLE) from exc


def cut_records(
    data: bytes, kind: SourceKind, *, title: str, counter: TokenCounter
) -> tuple[Chunk, ...]:
    """Return one passage for each row of a stored list; `title` is that of FAQ passages.

    Raises ExtractionFailed as `read_stored`.
    """
    rows = read_stored(data, kind)
    if kind == "faq":
        pairs = [(r.language, r.question, r.answer) for r in rows if isinstance(r, FaqRow)]
        return faq_chunks(pairs, title=title, counter=counter)
    products = [row for row in rows if isinstance(row, ProductRow)]
    return product_chunks(products, counter=counter)


# ---- writing ----------------------------------------------------------------------------------


def _checked_cells(rows: Sequence[RecordRow], kind: RecordKind) -> list[tuple[str, ...]]:
    if not rows:
        raise InvalidInput("This list is empty; fill in a row, or delete the list.")
    if len(rows) > MAX_ROWS:
        raise InvalidInput(f"This list has more than {MAX_ROWS:,} rows; split it.")
    return [_check_row(row, number, kind) for number, row in enumerate(rows, start=1)]


def _check_row(row: RecordRow, number: int, kind: RecordKind) -> tuple[str, ...]:
    if not isinstance(row, FaqRow if kind == "faq" else ProductRow):
        raise InvalidInput(f"Row {number} is not of this kind of list.", row_number=number)
    for name in REQUIRED[kind]:
        if not getattr(row, name).strip():
            raise InvalidInput(
                f"Row {number} has no {name}; fill it in or delete the row.", row_number=number
            )
    if isinstance(row, ProductRow) and row.price is not None and not _is_price(row.price):
        raise InvalidInput(
            f"Row {number} has a price that is none; write a number from 0, or leave it empty.",
            row_number=number,
        )
    cells = record_cells(row)
    if max(map(len, cells)) > MAX_CELL_CHARACTERS:
        raise InvalidInput(
            f"Row {number} has a cell of more than {MAX_CELL_CHARACTERS:,} letters; shorten it.",
            row_number=number,
        )
    return cells


def _is_price(price: Decimal) -> bool:
    return price.is_finite() and 0 <= price < MAX_PRICE


# ---- reading ----------------------------------------------------------------------------------


def _read_pair(record: Mapping[str, str], number: int) -> RecordRow:
    _require(record, number, "faq")
    return FaqRow(record["question"], record["answer"], _language(record["language"]))


def _read_product(record: Mapping[str, str], number: int) -> RecordRow:
    _require(record, number, "product")
    price = Decimal(record["price"]) if record["price"] else None
    if price is not None and not _is_price(price):
        raise InvalidOperation
    return ProductRow(
        title=record["title"],
        price=None if price is None else short_price(price),
        currency=record["currency"],
        description=record["description"],
        attributes=split_attributes(record["attributes"]),
        url=record["url"],
        language=_language(record.get("language", "")),
    )


def _require(record: Mapping[str, str], number: int, kind: RecordKind) -> None:
    for name in REQUIRED[kind]:
        if not record[name].strip():
            raise ExtractionFailed(
                f"Row {number} of this list has no {name}; fill it in or delete the row.",
                row_number=number,
            )


def _language(cell: str) -> Language | None:
    if cell and cell not in LANGUAGES:
        raise ValueError(cell)
    return cell or None
