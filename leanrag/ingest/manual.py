"""A tenant's instructions (the "manual prompt") → one passage, or its paragraphs where it is long.

A short manual is read as a whole by people, and stays whole: the prompt takes single sentences out
of it all the same, and every sentence of it is found (`text.lexical` weighs a long passage by its
parts). A long one is cut as any document is, by headings, paragraphs and sentences.
"""

from __future__ import annotations

import re

from leanrag.ingest.chunk import cut
from leanrag.ingest.extracted import Chunk, ExtractedDocument, ExtractedPage
from leanrag.ingest.passage import make_chunk
from leanrag.text.language import detect_language
from leanrag.text.tokens import TokenCounter

WHOLE_BELOW_WORDS = 1_000
# What an embedding model reads (text-embedding-3: 8,191). 999 words of the four languages take a
# quarter of it; scripts without spaces between words, and addresses without end, go beyond.
MAX_WHOLE_TOKENS = 8_000

_EMPTY_LINES = re.compile(r"\n{3,}")


def is_whole(text: str, counter: TokenCounter) -> bool:
    """Tell whether a manual stays one passage: under 1,000 words, and not beyond 8,000 tokens."""
    return count_words(text) < WHOLE_BELOW_WORDS and counter.count(text) <= MAX_WHOLE_TOKENS


def count_words(text: str) -> int:
    """Count what stands between white space and holds a letter or a digit."""
    return sum(any(map(str.isalnum, word)) for word in text.split())


def cut_manual(
    text: str,
    *,
    title: str,
    counter: TokenCounter,
    max_tokens: int = 320,
    overlap_tokens: int = 0,
) -> tuple[Chunk, ...]:
    """Return the passages of a manual in plain text or Markdown; the same text, the same cut.

    Under 1,000 words it is one passage, else it is cut at `max_tokens` tokens (see `chunk.cut`):
    a passage never spans two headings, short paragraphs under one heading are joined, and a longer
    one is cut by sentences. Nothing where the text is blank. Extracts are made later. Raises
    InvalidInput where the overlap is more than half of a passage.
    """
    if not text.strip():
        return ()
    if is_whole(text, counter):
        return (_whole(text, title, counter),)
    return cut(
        ExtractedDocument(title, (ExtractedPage(None, text),)),
        kind="manual",
        max_tokens=max_tokens,
        overlap_tokens=overlap_tokens,
        counter=counter,
        fallback_title=title,
    )


def _whole(text: str, title: str, counter: TokenCounter) -> Chunk:
    lines = "\n".join(line.rstrip() for line in text.strip().splitlines())
    return make_chunk(
        0,
        title=title,
        text=_EMPTY_LINES.sub("\n\n", lines),
        tldr="",
        language=detect_language(text),
        counter=counter,
    )
