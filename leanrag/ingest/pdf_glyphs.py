"""The glyphs of a PDF page with their boxes, as pdfium places them."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache, partial
from itertools import chain, count, groupby, repeat
from operator import eq, sub
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium

from leanrag.ingest.pdf_characters import Characters, read_characters

_UNKNOWN_SIZE = 10.0  # points, where a font states none
_NOT_TEXT = frozenset(map(ord, "\r\n\0\ufffe\uffff"))
_BACKWARD_LAM_ALEF = re.compile("^([\u0622\u0623\u0625\u0627])(\u0644)$")
# What pdfium reports otherwise than it is meant: a hyphen that it takes for a line break's, and the
# signs of Symbol and Wingdings, which word processors begin the items of lists with.
_SIGNS = {"\x02": "-", "\uf0b7": "•", "\uf0a7": "▪", "\uf0a8": "▪", "\uf0d8": "‣", "\uf02d": "–"}
_KNOWN_TEXTS = 4096  # distinct texts of glyphs, a handful a page, that are looked up but once
_NO_WIDTH = 0.02  # a space narrower than this share of the type size is a remainder of typesetting


class Glyph(NamedTuple):
    """Letters that share one box, in points: x to the right, `baseline` upwards, `size` an em.

    `weight` is the font's, about 400 for regular and 700 for bold; -1 where it is unknown.
    `spaced` tells that pdfium sees a space before it, where the page paints none; `order` counts
    the glyphs in the order in which pdfium reports them, which is mostly that of reading.
    """

    left: float
    right: float
    baseline: float
    size: float
    text: str
    weight: int
    spaced: bool
    order: int


class _Style(NamedTuple):
    """What the glyphs of one text object share; `is_level`: also their baseline."""

    quarter: int
    size: float
    weight: int
    is_level: bool


def read_glyphs(page: Any) -> list[list[Glyph]]:
    """Return a pypdfium2 page's glyphs by direction of writing, the most used first.

    Turned text (a sideways table, a stamp in the margin) is turned upright, each direction apart.
    """
    text_page = page.get_textpage()
    try:
        return _PageReader(text_page.raw).read()
    finally:
        text_page.close()


class _PageReader:
    """Reads one text page; styles are kept, for a text object has many glyphs."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self._styles: dict[int, _Style] = {}
        self._by_quarter: dict[int, list[Glyph]] = defaultdict(list)
        self._spaced = False  # whether pdfium sees a space before the next glyph

    def read(self) -> list[list[Glyph]]:
        page, start = read_characters(self._raw), 0
        for text_object, run in groupby(page.objects):
            end = start + len(list(run))
            if text_object is None:  # line breaks and spaces that pdfium adds, with no place
                self._spaced = self._spaced or not _NOT_TEXT.issuperset(page.codes[start:end])
            else:
                style = self._find_style(start, text_object)
                if style.quarter or not self._take_run(page, start, end, style):
                    for index in range(start, end):
                        self._take(page, index, style)
            start = end
        return sorted(filter(None, self._by_quarter.values()), key=len, reverse=True)

    def _take_run(self, page: Characters, start: int, end: int, style: _Style) -> bool:
        """Take upright glyphs of which none needs a second look at once; false where one does."""
        glyphs, codes = self._by_quarter[0], page.codes[start:end]
        left, right = page.left[start:end], page.right[start:end]
        narrowest = min(map(sub, right, left))
        if narrowest < _NO_WIDTH * style.size or not _NOT_TEXT.isdisjoint(codes):
            return False
        before = glyphs[-1].left if glyphs else None
        if left[0] == before or any(map(eq, left, left[1:])):
            return False
        baselines: Iterable[float] = repeat(page.baseline(start))
        if not style.is_level:
            baselines = map(page.baseline, range(start, end))
        spaced = chain((self._spaced,), repeat(False))
        sizes, weights = repeat(style.size), repeat(style.weight)
        texts, order = map(_text_of, codes), count(len(glyphs))
        # What Glyph(…) does, in a third of its time.
        glyphs += map(_new, zip(left, right, baselines, sizes, texts, weights, spaced, order))  # noqa: B905 - the lists decide
        self._spaced = False
        return True

    def _take(self, page: Characters, index: int, style: _Style) -> None:
        if page.codes[index] in _NOT_TEXT:
            return
        glyphs, text = self._by_quarter[style.quarter], _text_of(page.codes[index])
        place = page.place(index, style.quarter)
        if text.isspace() and place[1] - place[0] < _NO_WIDTH * style.size:
            self._spaced = True
            return
        glyph = Glyph(*place, style.size, text, style.weight, self._spaced, len(glyphs))
        _append(glyphs, glyph)
        self._spaced = False

    def _find_style(self, index: int, text_object: int) -> _Style:
        style = self._styles.get(text_object)
        if style is None:
            style = self._styles[text_object] = self._read_style(index)
        return style

    def _read_style(self, index: int) -> _Style:
        angle = pdfium.FPDFText_GetCharAngle(self._raw, index)
        matrix = pdfium.FS_MATRIX()
        pdfium.FPDFText_GetMatrix(self._raw, index, matrix)
        size = pdfium.FPDFText_GetFontSize(self._raw, index) * math.hypot(matrix.c, matrix.d)
        weight = pdfium.FPDFText_GetFontWeight(self._raw, index)
        quarter, size = round(angle / (math.pi / 2)) % 4, round(size, 2) or _UNKNOWN_SIZE
        return _Style(quarter, size, weight, is_level=matrix.b == 0)


_new = partial(tuple.__new__, Glyph)


@lru_cache(maxsize=_KNOWN_TEXTS)
def _text_of(code: int) -> str:
    return _SIGNS.get(chr(code), chr(code))


def _append(glyphs: list[Glyph], glyph: Glyph) -> None:
    """Add a glyph; letters in one box are a ligature, which comes in logical order."""
    if glyphs and glyphs[-1][:4] == glyph[:4] and not glyph.text.isspace():
        # Lam and alef join into one sign, alef and lam never do: some fonts name it backwards.
        letters = _BACKWARD_LAM_ALEF.sub(r"\2\1", glyphs[-1].text + glyph.text)
        if is_mark(glyphs[-1].text):  # a mark is written after the letter that it stands on
            letters = glyph.text + glyphs[-1].text
        glyphs[-1] = glyphs[-1]._replace(text=letters)
    else:
        glyphs.append(glyph)


@lru_cache(maxsize=_KNOWN_TEXTS)
def is_mark(text: str) -> bool:
    """Tell whether `text` is nothing but marks that stand on a letter, as vowel marks do."""
    return all(unicodedata.category(letter) == "Mn" for letter in text)
