"""A text that is too long for one passage → pieces that fit, cut where it hurts least.

Lines before sentences, sentences before words, words before graphemes (what a reader takes for one
letter). A grapheme of more tokens than a whole passage may hold is the one that is cut inside.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import regex  # type: ignore[import-untyped]

from leanrag.text.sentences import split_sentences
from leanrag.text.tokens import TokenCounter

_MAX_TOKEN_CHARACTERS = 16  # a text of more letters a token is divided without being counted whole
_SMALL_TAIL = 0.3  # a last piece below this share of the limit makes the pieces even out
_GRAPHEME = regex.compile(r"\X")


@dataclass(frozen=True, slots=True)
class LinePiece:
    """A piece of a text and the lines that it holds, from `first` to `last`, counted from 0."""

    text: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Splitter:
    """Splits texts to at most `max_tokens` tokens of `counter`'s encoding.

    Where a sentence is torn, the next piece repeats up to `torn_overlap_tokens` of its words.
    """

    counter: TokenCounter
    max_tokens: int
    torn_overlap_tokens: int = 0

    def fits(self, text: str) -> bool:
        """Tell whether `text` is within the limit."""
        if len(text) > _MAX_TOKEN_CHARACTERS * self.max_tokens:
            return False
        return self.counter.count(text) <= self.max_tokens

    def with_limit(self, max_tokens: int) -> Splitter:
        """Return the same splitter with another limit."""
        return Splitter(self.counter, max_tokens, min(self.torn_overlap_tokens, max_tokens // 4))

    def split(self, text: str) -> list[str]:
        """Return `text` in pieces within the limit; only white space between pieces is lost."""
        return self._split_at(text.strip(), 0)

    def split_table(self, text: str) -> list[str]:
        """Return a Markdown table by rows, its header repeated on top of every piece."""
        lines = text.strip().split("\n")
        header = "\n".join(lines[:2])
        room = self.max_tokens - self.counter.count(f"{header}\n")
        if self.fits(text) or len(lines) < 3 or room < self.max_tokens // 2:
            return self.split(text)
        inner = self.with_limit(room - 1)  # one token to spare where header and rows meet
        rows = [piece for row in lines[2:] for piece in inner.split(row)]
        return [f"{header}\n{piece}" for piece in inner.pack(rows, "\n")]

    def split_lines(self, text: str, *, header_lines: int) -> list[LinePiece]:
        """Return `text` cut between lines, as `split_table` does, and say where each piece is from.

        The first `header_lines` lines are repeated on top of every piece, unless they are long.
        """
        lines = text.split("\n")
        header = "".join(f"{line}\n" for line in lines[:header_lines])
        room = self.max_tokens - self.counter.count(header) - 1 if header else self.max_tokens
        if self.fits(text):
            return [LinePiece(text, 0, len(lines) - 1)]
        if room < self.max_tokens // 2:
            header, header_lines, room = "", 0, self.max_tokens
        inner = self.with_limit(room)
        packed: list[LinePiece] = []
        for number, line in enumerate(lines[header_lines:], start=header_lines):
            for piece in inner.split(line):
                before = packed[-1] if packed else LinePiece("", number, number)
                joined = f"{before.text}\n{piece}"
                if packed and inner.fits(joined):
                    packed[-1] = LinePiece(joined, before.first, number)
                else:
                    packed.append(LinePiece(piece, number, number))
        return [LinePiece(f"{header}{piece.text}", piece.first, piece.last) for piece in packed]

    def pack(self, pieces: Sequence[str], joiner: str) -> list[str]:
        """Join neighbours as long as they fit; each piece must fit by itself."""
        packed: list[str] = []
        for piece in pieces:
            joined = f"{packed[-1]}{joiner}{piece}" if packed else piece
            if packed and self.fits(joined):
                packed[-1] = joined
            else:
                packed.append(piece)
        return packed

    def _split_at(self, text: str, level: int) -> list[str]:
        if not text or self.fits(text):
            return [text] if text else []
        if level == len(_LEVELS):
            return self._split_graphemes(text)
        divide, joiner = _LEVELS[level]
        units = divide(text)
        if len(units) == 1:
            return self._split_at(text, level + 1)
        if divide is _split_words and self.torn_overlap_tokens:
            return self._split_torn(units)
        pieces = [piece for unit in units for piece in self._split_at(unit, level + 1)]
        return self._pack_evenly(pieces, joiner)

    def _split_torn(self, words: Sequence[str]) -> list[str]:
        """Split one sentence; what follows a tear begins with the words before it."""
        overlap = self.torn_overlap_tokens
        inner = Splitter(self.counter, self.max_tokens - overlap - 1)
        whole = inner.split(" ".join(words))
        torn = whole[:1]
        for before, piece in pairwise(whole):
            repeated = inner.with_limit(overlap).last_words(before)
            torn.append(f"{repeated} {piece}" if repeated else piece)
        return torn

    def last_words(self, text: str) -> str:
        """Return the last words of `text` that fit; none where the last one does not."""
        words = text.split()
        start = len(words)
        while start and self.fits(" ".join(words[start - 1 :])):
            start -= 1
        return " ".join(words[start:])

    def _pack_evenly(self, pieces: Sequence[str], joiner: str) -> list[str]:
        """Pack so that no crumb is left at the end, where that takes no more pieces."""
        packed = self.pack(pieces, joiner)
        last = self.counter.count(packed[-1])
        if len(packed) == 1 or len(packed) > 8 or last > _SMALL_TAIL * self.max_tokens:
            return packed
        total = sum(self.counter.count(piece) for piece in packed)
        even = self.with_limit(min(self.max_tokens, math.ceil(1.1 * total / len(packed))))
        evened = even.pack(pieces, joiner)
        return evened if len(evened) <= len(packed) else packed

    def _split_graphemes(self, text: str) -> list[str]:
        pieces: list[str] = []
        window = _MAX_TOKEN_CHARACTERS * self.max_tokens
        start = 0
        while start < len(text):
            piece = self._longest_start(text[start : start + window])
            pieces.append(piece)
            start += len(piece)
        return pieces

    def _longest_start(self, text: str) -> str:
        """Return the longest start of `text` that fits and ends between two graphemes."""
        fitting = self.counter.truncate(text, self.max_tokens)
        if len(fitting) == len(text):
            return text
        end = 0
        for grapheme in _GRAPHEME.finditer(text):
            if grapheme.end() > len(fitting):
                break
            end = grapheme.end()
        return text[:end] or fitting or text[:1]


def _split_lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.strip()]


def _split_words(text: str) -> list[str]:
    return text.split()


_LEVELS: tuple[tuple[Callable[[str], Sequence[str]], str], ...] = (
    (_split_lines, "\n"),
    (split_sentences, " "),
    (_split_words, " "),
)
