"""The glyphs of a PDF page with their boxes, as pdfium places them."""

from __future__ import annotations

import ctypes
import math
import re
from collections import defaultdict
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium

_UNKNOWN_SIZE = 10.0  # points, where a font states none
_NOT_TEXT = frozenset("\r\n\0\ufffe\uffff")
_BACKWARD_LAM_ALEF = re.compile("^([\u0622\u0623\u0625\u0627])(\u0644)$")
_LINE_END_HYPHEN = "\x02"  # how pdfium reports a hyphen that it takes for a line break's


class Glyph(NamedTuple):
    """Letters that share one box, in points: x to the right, `baseline` upwards, `size` an em.

    `weight` is the font's, about 400 for regular and 700 for bold; -1 where it is unknown.
    `spaced` tells that pdfium sees a space before it, where the page paints none.
    """

    left: float
    right: float
    baseline: float
    size: float
    text: str
    weight: int
    spaced: bool


class _Style(NamedTuple):
    """What the glyphs of one text object share."""

    quarter: int
    size: float
    weight: int


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
    """Reads one text page; buffers and styles are kept, for a page has thousands of glyphs."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self._x, self._y = ctypes.c_double(), ctypes.c_double()
        self._box = pdfium.FS_RECTF()
        self._styles: dict[int, _Style] = {}

    def read(self) -> list[list[Glyph]]:
        by_quarter: dict[int, list[Glyph]] = defaultdict(list)
        spaced = False
        for index in range(pdfium.FPDFText_CountChars(self._raw)):
            letter = chr(pdfium.FPDFText_GetUnicode(self._raw, index))
            if letter in _NOT_TEXT:
                continue
            style = self._find_style(index)
            if style is None:  # of no text object: a space that pdfium adds, with no place
                spaced = True
                continue
            glyph = self._read_glyph(index, letter, style, spaced)
            _append(by_quarter[style.quarter], glyph)
            spaced = False
        return sorted(by_quarter.values(), key=len, reverse=True)

    def _find_style(self, index: int) -> _Style | None:
        text_object = pdfium.FPDFText_GetTextObject(self._raw, index)
        if not text_object:
            return None
        address = ctypes.addressof(text_object.contents)
        style = self._styles.get(address)
        if style is None:
            self._styles[address] = style = self._read_style(index)
        return style

    def _read_style(self, index: int) -> _Style:
        angle = pdfium.FPDFText_GetCharAngle(self._raw, index)
        matrix = pdfium.FS_MATRIX()
        pdfium.FPDFText_GetMatrix(self._raw, index, matrix)
        size = pdfium.FPDFText_GetFontSize(self._raw, index) * math.hypot(matrix.c, matrix.d)
        weight = pdfium.FPDFText_GetFontWeight(self._raw, index)
        return _Style(round(angle / (math.pi / 2)) % 4, round(size, 2) or _UNKNOWN_SIZE, weight)

    def _read_glyph(self, index: int, letter: str, style: _Style, spaced: bool) -> Glyph:
        pdfium.FPDFText_GetCharOrigin(self._raw, index, self._x, self._y)
        pdfium.FPDFText_GetLooseCharBox(self._raw, index, self._box)
        x, y, box = self._x.value, self._y.value, self._box
        if style.quarter == 0:
            left, right, baseline = box.left, box.right, y
        elif style.quarter == 1:
            left, right, baseline = box.bottom, box.top, -x
        elif style.quarter == 2:
            left, right, baseline = -box.right, -box.left, -y
        else:
            left, right, baseline = -box.top, -box.bottom, x
        text = "-" if letter == _LINE_END_HYPHEN else letter
        place = round(left, 2), round(right, 2), round(baseline, 2)
        return Glyph(*place, style.size, text, style.weight, spaced)


def _append(glyphs: list[Glyph], glyph: Glyph) -> None:
    """Add a glyph; letters in one box are a ligature, which comes in logical order."""
    if glyphs and glyphs[-1][:4] == glyph[:4] and not glyph.text.isspace():
        # Lam and alef join into one sign, alef and lam never do: some fonts name it backwards.
        letters = _BACKWARD_LAM_ALEF.sub(r"\2\1", glyphs[-1].text + glyph.text)
        glyphs[-1] = glyphs[-1]._replace(text=letters)
    else:
        glyphs.append(glyph)
