"""A source's passages → their TL;DRs in their own words: 40, or 80 to 120 of long instructions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from leanrag.ingest.extracted import Chunk
from leanrag.ingest.reading import ReadSource
from leanrag.ingest.tldr import summarize, with_extracts

MIN_WORDS, MAX_WORDS = 80, 120  # of a long TL;DR


def extracted(
    read: ReadSource, on_progress: Callable[[int], None] | None = None
) -> tuple[Chunk, ...]:
    """Return the passages of a source with their own sentences as TL;DR; no model is asked."""
    if not read.has_long_tldrs:
        return with_extracts(read.chunks, on_progress)
    long = (replace(chunk, tldr=long_extract(chunk)) for chunk in read.chunks)
    return with_extracts(long, on_progress)


def long_extract(chunk: Chunk) -> str:
    """Return 80 to 120 words of a passage; one of up to 120 words is its own TL;DR."""
    if not is_long(chunk):
        return " ".join(chunk.text.split())
    return summarize(chunk.text, chunk.language, max_words=MAX_WORDS, min_words=MIN_WORDS)


def is_long(chunk: Chunk) -> bool:
    """Tell whether a passage has more words than its TL;DR may have."""
    return len(chunk.text.split()) > MAX_WORDS
