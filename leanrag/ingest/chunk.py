"""A document → passages of at most 320 tokens, cut by its structure.

The prompt takes single sentences out of passages, so a passage may be as long as it takes to tell
what it is about: 320 tokens find 0.5 to 0.9 points more answers than 200 in the same budget
(docs/benchmarks.md). Taken whole, as is common, 200 would be better, and 400 clearly worse.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, groupby, pairwise

from leanrag.errors import InvalidInput
from leanrag.ingest.extracted import Chunk, ExtractedDocument
from leanrag.ingest.passage import make_chunk
from leanrag.ingest.records import ProductRow, faq_chunks, product_chunks
from leanrag.ingest.row_label import row_label
from leanrag.ingest.split import Splitter
from leanrag.ingest.structure import Block, read_blocks
from leanrag.text.language import detect_language
from leanrag.text.sentences import split_sentences
from leanrag.text.tokens import TokenCounter
from leanrag.types import SourceKind

__all__ = ["ProductRow", "cut", "faq_chunks", "product_chunks"]

_LANGUAGE_SAMPLE_CHARACTERS = 5000
# Hears now and then the share of the work that is done, from 0 to 1.
OnShare = Callable[[float], None]
_QUESTION = re.compile(r"[?؟]\s*[*_]*\s*(?:\n|$)")


@dataclass(frozen=True, slots=True)
class _Piece:
    text: str
    heading: str
    page: int | None
    label: str = ""
    first_row: int = 0  # of a sheet; 0: it is of none
    last_row: int = 0

    def joined(self, piece: _Piece, joiner: str) -> _Piece:
        """Return this piece with another one below it."""
        first = min(filter(None, (self.first_row, piece.first_row)), default=0)
        last = max(self.last_row, piece.last_row)
        text = f"{self.text}{joiner}{piece.text}"
        return replace(self, text=text, first_row=first, last_row=last)

    def place(self) -> str:
        """Return what names the place of the piece where it has no page."""
        return row_label(self.first_row, self.last_row) if self.first_row else self.label


def cut(
    document: ExtractedDocument,
    *,
    kind: SourceKind,
    max_tokens: int = 320,
    overlap_tokens: int = 0,
    torn_overlap_tokens: int = 32,
    counter: TokenCounter,
    fallback_title: str,
    on_progress: OnShare = lambda _share: None,
) -> tuple[Chunk, ...]:
    """Cut a document into passages of at most `max_tokens` tokens; the same input, the same cut.

    A passage never spans two headings; in a document of kind "faq" it never spans two questions.
    With `overlap_tokens` it begins with the last sentences of the one before it; in any case it
    repeats up to `torn_overlap_tokens` words of a sentence that is longer than a passage. Extracts
    are made later (`tldr.with_extracts`). `on_progress` is told the share that is done.
    Raises InvalidInput where the overlap is more than half of a passage.
    """
    if overlap_tokens > max_tokens // 2:
        raise InvalidInput("The overlap of passages must be at most half of their size.")
    blocks = read_blocks(document)
    title = document.title.strip() or fallback_title
    sample = "\n".join(page.text for page in document.pages)[:_LANGUAGE_SAMPLE_CHARACTERS]
    language = detect_language(sample, default="en")
    room = max_tokens - overlap_tokens
    splitter = Splitter(counter, room, min(torn_overlap_tokens, room // 4))
    packed = count()

    def packing(block: Block) -> Block:
        on_progress(next(packed) / len(blocks) / 2)
        return block

    pieces = [
        piece for group in _group(blocks, kind) for piece in _pack(map(packing, group), splitter)
    ]
    if overlap_tokens:
        pieces = _overlap(pieces, splitter.with_limit(max_tokens), overlap_tokens)
    chunks = []
    for position, piece in enumerate(pieces):
        on_progress(0.5 + position / len(pieces) / 2)
        own_language = detect_language(piece.text, default=language)
        chunks.append(
            make_chunk(
                position,
                title=title,
                heading=_drop_title(piece.heading, title),
                text=piece.text,
                tldr="",
                language=own_language,
                counter=counter,
                page=piece.page,
                label=piece.place(),
            )
        )
    return tuple(chunks)


def _group(blocks: Sequence[Block], kind: SourceKind) -> Iterator[list[Block]]:
    """Yield runs of blocks that may share passages."""
    for _, run in groupby(blocks, key=lambda block: block.heading):
        group: list[Block] = []
        for block in run:
            if kind == "faq" and group and _QUESTION.search(block.text):
                yield group
                group = []
            group.append(block)
        yield group


def _pack(blocks: Iterable[Block], splitter: Splitter) -> list[_Piece]:
    """Split long blocks, then join small neighbours up to the limit."""
    packed: list[_Piece] = []
    kind_before = ""
    for block in blocks:
        for piece in _split(block, splitter):
            joiner = "\n" if block.kind == kind_before == "item" else "\n\n"
            joined = packed[-1].joined(piece, joiner) if packed else piece
            if packed and splitter.fits(joined.text):
                packed[-1] = joined
            else:
                packed.append(piece)
            kind_before = block.kind
    return packed


def _split(block: Block, splitter: Splitter) -> Iterator[_Piece]:
    whole = _Piece("", block.heading, block.page, block.label)
    if not block.rows:
        split = splitter.split_table if block.kind == "table" else splitter.split
        yield from (replace(whole, text=text) for text in split(block.text))
        return
    header_lines = 2 if block.kind == "table" else 0
    for piece in splitter.split_lines(block.text, header_lines=header_lines):
        rows = [row for row in block.rows[piece.first : piece.last + 1] if row]
        first, last = min(rows, default=0), max(rows, default=0)
        yield replace(whole, text=piece.text, first_row=first, last_row=last)


def _overlap(pieces: Sequence[_Piece], splitter: Splitter, overlap_tokens: int) -> list[_Piece]:
    """Put the last sentences of each passage before the next one under the same heading."""
    tails = splitter.with_limit(overlap_tokens)
    overlapped = list(pieces[:1])
    for before, piece in pairwise(pieces):
        tail = ""
        if before.heading == piece.heading:
            for sentence in reversed(split_sentences(before.text)):
                longer = f"{sentence.strip()} {tail}".strip()
                if not tails.fits(longer) or not splitter.fits(f"{longer}\n{piece.text}"):
                    break
                tail = longer
        overlapped.append(replace(piece, text=f"{tail}\n{piece.text}".strip()))
    return overlapped


def _drop_title(heading: str, title: str) -> str:
    """Return a heading path without a first heading that only repeats the title."""
    first, _, rest = heading.partition(" > ")
    return rest if first.casefold() == title.casefold() else heading
