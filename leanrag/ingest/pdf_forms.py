"""The ZWNJ that Persian words are spelt with and most PDFs lack, told from the forms of letters.

A letter before a ZWNJ is painted as at the end of a word although its word goes on. pdfium gives
the letter without its form, but the forms differ in width: what is as wide as at the ends of words,
and not as at their beginnings, is followed by a ZWNJ.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from leanrag.ingest.pdf_glyphs import Glyph
from leanrag.text.normalize import ZWNJ

_JOINING = frozenset("بپتثجچحخسشصضطظعغفقکگلمنهیئ")  # on both sides: only these change their form
# Those whose last form ends in a long stroke or bowl, in every font much wider than the others. In
# some fonts heh, meem, jeem and their like are as wide between two letters as at the end.
_TAILED = frozenset("بپتثسشصضفقکگلنیئ")
_PLURAL_AFTER_HEH = re.compile("ه(?=ها)")  # no Persian word has heh twice before alef otherwise
PERSIAN_YEH, _ARABIC_YEH = "\u06cc", "\u064a"
_UNITS = 100  # widths are compared in so many parts of an em

Width = tuple[str, int, int]  # letter, font weight, width


@dataclass(frozen=True, slots=True)
class LetterForms:
    """How wide letters are at the ends of words and not elsewhere, on a page in Persian or not."""

    is_persian: bool = False
    endings: frozenset[Width] = frozenset()

    def ends_early(self, letter: Glyph, after: Glyph) -> bool:
        """Tell whether `letter` is painted as a word's last one although `after` follows."""
        return (
            bool(self.endings)
            and letter.text[0] in _TAILED
            and sum(map(str.isalpha, letter.text)) == 1
            and after.text[0].isalpha()
            and _width(letter) in self.endings
        )

    def part_plural(self, text: str) -> str:
        """Return `text` with a ZWNJ before the plural ending of words that end in heh."""
        return _PLURAL_AFTER_HEH.sub(f"ه{ZWNJ}", text) if self.is_persian else text


def learn_forms(words: Iterable[Sequence[Glyph]]) -> LetterForms:
    """Learn from a page's words, each with its glyphs from left to right.

    A letter teaches nothing whose form between two others cannot be told from its last form. Words
    in another spelling than the Persian one have no ZWNJ.
    """
    ends: set[Width] = set()
    starts: set[Width] = set()
    middles: set[Width] = set()
    yehs: Counter[str] = Counter()
    for after, glyph, before in (place for word in words for place in _neighbours(word)):
        letter = glyph.text[0]
        if letter in (PERSIAN_YEH, _ARABIC_YEH):
            yehs[letter] += 1
        if letter not in _JOINING:
            continue
        if after is None or not after.text[0].isalpha():
            ends.add(_width(glyph))
        elif before is None or not before.text[0].isalpha():
            starts.add(_width(glyph))
        elif before.text[0] in _JOINING:
            middles.add(_width(glyph))
    if yehs[PERSIAN_YEH] <= yehs[_ARABIC_YEH]:
        return LetterForms()
    endings = ends - _with_neighbours(starts)
    distinct = {width[:2] for width in middles - _with_neighbours(ends)}
    return LetterForms(True, frozenset(width for width in endings if width[:2] in distinct))


def _with_neighbours(widths: Iterable[Width]) -> set[Width]:
    """Return widths and those that differ by no more than rounding."""
    steps = (-1, 0, 1)
    return {(letter, weight, width + step) for letter, weight, width in widths for step in steps}


def _neighbours(word: Sequence[Glyph]) -> Iterable[tuple[Glyph | None, Glyph, Glyph | None]]:
    """Yield each glyph with the one read after it, at its left, and the one read before it."""
    last = len(word) - 1
    for place, glyph in enumerate(word):
        after = word[place - 1] if place > 0 else None
        yield after, glyph, word[place + 1] if place < last else None


def _width(glyph: Glyph) -> Width:
    width = round(_UNITS * (glyph.right - glyph.left) / glyph.size)
    return glyph.text[0], glyph.weight, width
