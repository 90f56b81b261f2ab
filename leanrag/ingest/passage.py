"""The one place where a passage gets its exact token count and its content hash."""

from __future__ import annotations

import hashlib

from leanrag.ingest.extracted import Chunk
from leanrag.text.tokens import TokenCounter
from leanrag.types import Language


def make_chunk(
    position: int,
    *,
    title: str,
    text: str,
    tldr: str,
    language: Language,
    counter: TokenCounter,
    heading: str = "",
    page: int | None = None,
    label: str = "",
) -> Chunk:
    """Return a passage, `text` counted in `counter`'s encoding and hashed with its headings."""
    return Chunk(
        position=position,
        title=title,
        heading=heading,
        text=text,
        tldr=tldr,
        language=language,
        token_count=counter.count(text),
        content_hash=content_hash(title, heading, text),
        page=page,
        label=label,
    )


def embedding_text(title: str, heading: str, text: str) -> str:
    """Return what of a passage is embedded: wherever this is done, it must be the same."""
    return f"{title}\n{heading}\n{text}"


def content_hash(title: str, heading: str, text: str) -> str:
    """Return the SHA-256 (hex) of what a passage says, white space aside."""
    parts = (" ".join(part.split()) for part in (title, heading, text))
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
