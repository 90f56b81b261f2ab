"""Lists of records as CSV files → passages: FAQ pairs and products, one passage each."""

from __future__ import annotations

import csv
import io
from decimal import Decimal, InvalidOperation
from typing import cast

from leanrag.errors import ExtractionFailed
from leanrag.ingest.extracted import Chunk
from leanrag.ingest.records import ProductRow, faq_chunks, product_chunks
from leanrag.text.tokens import TokenCounter
from leanrag.types import Language, SourceKind

RECORDS_MEDIA_TYPE = "text/csv"


def cut_records(
    data: bytes, kind: SourceKind, *, title: str, counter: TokenCounter
) -> tuple[Chunk, ...]:
    """Return one passage for each row of a UTF-8 CSV file with a header.

    FAQ: language, question, answer. Products: title, price, currency, description, attributes
    (`name=value; …`), url. Raises ExtractionFailed where a column is missing or a price no number.
    """
    try:
        rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig")), strict=True))
        if kind == "faq":
            return faq_chunks([_pair(row) for row in rows], title=title, counter=counter)
        return product_chunks([_product(row) for row in rows], counter=counter)
    except (UnicodeDecodeError, csv.Error, KeyError, InvalidOperation) as exc:
        raise ExtractionFailed(
            "This list of records cannot be read; check its columns and prices."
        ) from exc


def _pair(row: dict[str, str]) -> tuple[Language, str, str]:
    return cast(Language, row["language"]), row["question"], row["answer"]


def _product(row: dict[str, str]) -> ProductRow:
    return ProductRow(
        title=row["title"],
        price=Decimal(row["price"]),
        currency=row["currency"],
        description=row["description"],
        attributes=_attributes(row["attributes"]),
        url=row["url"],
    )


def _attributes(text: str) -> tuple[tuple[str, str], ...]:
    pairs = (part.partition("=") for part in text.split(";") if "=" in part)
    return tuple((name.strip(), value.strip()) for name, _, value in pairs)
