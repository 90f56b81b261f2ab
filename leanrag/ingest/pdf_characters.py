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
_STEP = 16  # bytes of an origin, two doubles, and of a box, four floats


@dataclass(frozen=True, slots=True)
class Characters:
    """The characters of a page in pdfium's order.

    `codes` are code points; `objects` name the text object of each, None where pdfium added it;
    `left`, `right` and `baseline` are those of upright text, `origins` x and y of each, `boxes`
    left, top, right and bottom, all in points.
    """

    codes: list[int]
    objects: list[int | None]
    left: list[float]
    right: list[float]
    baseline: list[float]
    origins: Sequence[float]
    boxes: Sequence[float]

    def place(self, index: int, quarter: int) -> tuple[float, float, float]:
        """Return left, right and baseline of a character after so many quarter turns."""
        if quarter == 0:
            return self.left[index], self.right[index], self.baseline[index]
        x, y = self.origins[2 * index : 2 * index + 2]
        left, top, right, bottom = self.boxes[4 * index : 4 * index + 4]
        turned = ((bottom, top, -x), (-right, -left, -y), (-top, -bottom, x))[quarter - 1]
        first, last, baseline = rounded(turned)
        return first, last, baseline


def read_characters(raw: Any) -> Characters:
    """Return the characters of a text page, which is pdfium's own handle of it."""
    calls, page = _calls(), repeat(ctypes.cast(raw, ctypes.c_void_p))
    count = pdfium.FPDFText_CountChars(raw)
    every = range(count)
    origins, boxes = (ctypes.c_double * (2 * count))(), (ctypes.c_float * (4 * count))()
    steps = range(0, _STEP * count, _STEP)
    x = map(ctypes.byref, repeat(origins), steps)
    y = map(ctypes.byref, repeat(origins), range(8, 8 + _STEP * count, _STEP))
    _exhaust(map(calls.origin, page, every, x, y))
    _exhaust(map(calls.box, page, every, map(ctypes.byref, repeat(boxes), steps)))
    return Characters(
        codes=list(map(calls.code, page, every)),
        objects=list(map(calls.object, page, every)),
        left=rounded(boxes[0::4]),
        right=rounded(boxes[2::4]),
        baseline=rounded(origins[1::2]),
        origins=origins,
        boxes=boxes,
    )


def _exhaust(answers: Iterable[int]) -> None:
    deque(answers, maxlen=0)


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
