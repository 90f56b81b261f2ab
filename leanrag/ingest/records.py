"""Records that need no cutting → passages: one FAQ pair, one product, one passage each."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import unquote

from leanrag.ingest.extracted import Chunk
from leanrag.ingest.passage import make_chunk
from leanrag.ingest.record_rows import FaqRow, ProductRow
from leanrag.text.language import detect_language
from leanrag.text.tokens import TokenCounter
from leanrag.types import Language

__all__ = ["FaqRow", "ProductRow", "faq_chunks", "product_chunks"]


def faq_chunks(
    rows: Sequence[tuple[Language | None, str, str]],
    *,
    title: str,
    counter: TokenCounter,
    default_language: Language = "en",
) -> tuple[Chunk, ...]:
    """Return one passage for each (language, question, answer); its extract is the question.

    A language of None is told from the text.
    """
    return tuple(
        make_chunk(
            position,
            title=title,
            text=f"{question.strip()}\n{answer.strip()}",
            tldr=" ".join(question.split()),
            language=language or detect_language(f"{question} {answer}", default=default_language),
            counter=counter,
        )
        for position, (language, question, answer) in enumerate(rows)
    )


def product_chunks(
    rows: Sequence[ProductRow], *, counter: TokenCounter, default_language: Language = "en"
) -> tuple[Chunk, ...]:
    """Return one passage for each product, titled by it; its extract is name and price."""
    return tuple(
        make_chunk(
            position,
            title=" ".join(row.title.split()),
            text=_describe(row),
            tldr=_name_and_price(row),
            language=row.language
            or detect_language(f"{row.title} {row.description}", default=default_language),
            counter=counter,
        )
        for position, row in enumerate(rows)
    )


def _name_and_price(row: ProductRow) -> str:
    name = " ".join(row.title.split())
    return name if row.price is None else f"{name}: {row.price:f} {row.currency}".rstrip()


def _describe(row: ProductRow) -> str:
    lines = [_name_and_price(row), row.description.strip()]
    lines += [f"{name.strip()}: {value.strip()}" for name, value in row.attributes if value.strip()]
    lines.append(_readable_url(row.url.strip()))
    return "\n".join(line for line in lines if line)


def _readable_url(url: str) -> str:
    """Return an address with its percent-encoded letters as letters, if it stays one word."""
    readable = unquote(url, errors="replace")
    if readable.isprintable() and " " not in readable and "\ufffd" not in readable:
        return readable
    return url
