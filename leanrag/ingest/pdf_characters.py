"""What pdfium says of the characters of a page, asked of all of them at once.

A page has thousands, and asking pdfium of each took more time than all that is made of the answers.
Here one `map` asks one question of every character, and pdfium writes the answers side by side.
"""

from __future__ import annotations

import ctypes
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import repeat
from typing import Any

import pypdfium2.raw as pdfium

_WHOLE = 1.5 * 2.0**52  # adding it to a number rounds that to a whole one, half to even
_HALVES = frozenset(range(0xD800, 0xE000))  # of characters beyond the first plane, in UTF-16
_LINE_HYPHEN = 0xFFFE
_STEP = 16  # bytes of a box, four floats


@dataclass(frozen=True, slots=True)
class Characters:
    """The characters of a page in pdfium's order.

    `codes` are code points; `objects` name the text object of each, None where pdfium added it;
    `left` and `right` are those of upright text, `boxes` left, top, right and bottom of each, all
    in points.
    """

    codes: Sequence[int]
    objects: list[int | None]
    left: list[float]
    right: list[float]
    boxes: Sequence[float]
    page: ctypes.c_void_p

    def baseline(self, index: int) -> float:
        """Return the baseline of an upright character."""
        return rounded(self.origin(index))[1]

    def place(self, index: int, quarter: int) -> tuple[float, float, float]:
        """Return left, right and baseline of a character after so many quarter turns."""
        if quarter == 0:
            return self.left[index], self.right[index], self.baseline(index)
        x, y = self.origin(index)
        left, top, right, bottom = self.boxes[4 * index : 4 * index + 4]
        turned = ((bottom, top, -x), (-right, -left, -y), (-top, -bottom, x))[quarter - 1]
        first, last, baseline = rounded(turned)
        return first, last, baseline

    def origin(self, index: int) -> tuple[float, float]:
        """Return x and y of where a character is set on its baseline, in points."""
        x, y = ctypes.c_double(), ctypes.c_double()
        _calls().origin(self.page, index, ctypes.byref(x), ctypes.byref(y))
        return x.value, y.value


def read_characters(raw: Any) -> Characters:
    """Return the characters of a text page, which is pdfium's own handle of it."""
    calls, handle = _calls(), ctypes.cast(raw, ctypes.c_void_p)
    count = pdfium.FPDFText_CountChars(raw)
    page, every = repeat(handle), range(count)
    boxes = (ctypes.c_float * (4 * count))()
    places = map(ctypes.byref, repeat(boxes), range(0, _STEP * count, _STEP))
    deque(map(calls.box, page, every, places), maxlen=0)
    return Characters(
        codes=_read_codes(raw, count),
        objects=list(map(calls.object, page, every)),
        left=rounded(boxes[0::4]),
        right=rounded(boxes[2::4]),
        boxes=boxes,
        page=handle,
    )


def _read_codes(raw: Any, count: int) -> Sequence[int]:
    """Return the code points, by one call where the text of the page has one unit for each.

    It has none for a character without a code point, two for one beyond the first plane, and
    another sign for a hyphen at the end of a line, which is asked for by itself.
    """
    code, page = _calls().code, ctypes.cast(raw, ctypes.c_void_p)
    units = (ctypes.c_ushort * (count + 1))()
    written = pdfium.FPDFText_GetText(raw, 0, count, units)
    codes: list[int] = units[:count]
    if written != count + 1 or not _HALVES.isdisjoint(codes):
        return list(map(code, repeat(page), range(count)))
    for index in range(count) if _LINE_HYPHEN in codes else ():
        if codes[index] == _LINE_HYPHEN:
            codes[index] = code(page, index)
    return codes


def rounded(points: Iterable[float]) -> list[float]:
    """Return `round(x, 2)` of each: exact for what was a 32-bit float, as all of pdfium's are."""
    return [(x * 100 + _WHOLE - _WHOLE) / 100 for x in points]


@dataclass(frozen=True, slots=True)
class _Calls:
    code: Callable[..., int]
    object: Callable[..., int | None]
    origin: Callable[..., int]
    box: Callable[..., int]


@cache
def _calls() -> _Calls:
    """Bind pdfium's functions again: without checks of types, which take longer than the answers.

    Numbers go in as 32-bit integers, and the interpreter is not let go of.
    """

    def bind(function: Any, result: Any) -> Any:
        return ctypes.PYFUNCTYPE(result)(ctypes.cast(function, ctypes.c_void_p).value or 0)

    return _Calls(
        code=bind(pdfium.FPDFText_GetUnicode, ctypes.c_uint),
        object=bind(pdfium.FPDFText_GetTextObject, ctypes.c_void_p),
        origin=bind(pdfium.FPDFText_GetCharOrigin, ctypes.c_int),
        box=bind(pdfium.FPDFText_GetLooseCharBox, ctypes.c_int),
    )
