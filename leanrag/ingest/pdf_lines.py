"""Glyph boxes → lines of text in reading order, columns apart."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby, pairwise, starmap
from operator import attrgetter

from leanrag.ingest.pdf_forms import PERSIAN_YEH, LetterForms, learn_forms
from leanrag.ingest.pdf_glyphs import Glyph, is_mark
from leanrag.ingest.pdf_rows import (
    center,
    find_words,
    is_arabic,
    is_right_to_left,
    is_sliver,
    nearest,
    parts_cells,
    read_row,
)

_SAME_LINE = 0.5  # baselines within this share of the type size are one line
_MARK_REACH = 0.9  # a mark stands within this share of the type size above or below its baseline
_GUTTER_GAP = 0.9  # a gap over this share of the type size may part two columns
_MIN_COLUMN_LINES = 8
_MIN_COLUMN_FILL = 0.6  # the lines of a text column are about this full; those of a table are not
_MAX_CROSSING = (
    0.35  # share of lines that may run across a gutter (titles, wide pictures' captions)
)


_FEW_GLYPHS = 3
_LEFT, _RIGHT, _BASELINE = attrgetter("left"), attrgetter("right"), attrgetter("baseline")
_SIZE, _WEIGHT = attrgetter("size"), attrgetter("weight")


@dataclass(frozen=True, slots=True)
class Line:
    """One line in logical order, with its place and type size in points.

    `weight` is that of most of its glyphs; `is_row` tells that wide gaps part it into cells.
    """

    text: str
    left: float
    right: float
    baseline: float
    size: float
    weight: int
    is_row: bool


@dataclass(frozen=True, slots=True)
class _Page:
    """What the lines of a page are read with."""

    right_to_left: bool
    forms: LetterForms


def read_lines(glyphs: Sequence[Glyph]) -> list[list[Line]]:
    """Return the lines of a page, top to bottom, in columns of reading order.

    A page of one column gives one list. Lines that run across both columns stand between them.
    """
    rows = _group_rows(glyphs)
    page = _Page(is_right_to_left(glyphs), _learn_forms(rows, glyphs))
    gutter = _find_gutter(rows)
    if gutter is None:
        return [_read_rows(rows, page)]
    columns: list[list[Line]] = []
    for crosses, band in groupby(rows, lambda row: _crosses(_find_spans(row), gutter)):
        banded = list(band)
        if crosses:
            columns.append(_read_rows(banded, page))
            continue
        placed = [glyph for row in banded for glyph in row]
        left = [glyph for glyph in placed if center(glyph) < gutter]
        halves = [left, [glyph for glyph in placed if center(glyph) >= gutter]]
        if is_right_to_left(placed):
            halves.reverse()
        columns.extend(_read_rows(_group_rows(half), page) for half in halves)
    return [column for column in columns if column]


def _learn_forms(rows: Iterable[Sequence[Glyph]], glyphs: Sequence[Glyph]) -> LetterForms:
    if PERSIAN_YEH not in {glyph.text for glyph in glyphs}:
        return LetterForms()
    return learn_forms(word for row in rows for word in find_words(row))


def _group_rows(glyphs: Sequence[Glyph]) -> list[list[Glyph]]:
    """Group glyphs by baseline, top to bottom; sub- and superscripts join their line."""
    rows: list[list[Glyph]] = []
    anchors: list[Glyph] = []
    marks: list[Glyph] = []
    may_hold_marks = any(is_mark(text) or is_arabic(text) for text in {g.text for g in glyphs})
    for level in _levels(glyphs):
        if may_hold_marks:
            marks += (glyph for glyph in level if is_mark(glyph.text) or is_sliver(glyph))
            level = [g for g in level if not (is_mark(g.text) or is_sliver(g))]
        for _, same in groupby(level, _SIZE):
            run = list(same)
            index = _find_row(run[0], anchors)
            if index is None:
                rows.append(run)
                anchors.append(run[0])
            else:
                rows[index] += run
    lines = [sorted(row, key=lambda g: g.left + g.right) for row in rows]
    return _place_marks(marks, lines, anchors) if marks else lines


def _levels(glyphs: Iterable[Glyph]) -> Iterator[list[Glyph]]:
    """Yield the glyphs of each baseline from left to right, the highest baseline first."""
    levels: dict[float, list[Glyph]] = defaultdict(list)
    for glyph in glyphs:
        levels[glyph.baseline].append(glyph)
    for baseline in sorted(levels, reverse=True):
        yield sorted(levels[baseline], key=_LEFT)


def _find_row(glyph: Glyph, anchors: Sequence[Glyph]) -> int | None:
    """Return the last of the three lowest lines that a glyph stands on."""
    for index in range(len(anchors) - 1, max(-1, len(anchors) - 4), -1):
        size = max(glyph.size, anchors[index].size)
        if abs(anchors[index].baseline - glyph.baseline) < _SAME_LINE * size:
            return index
    return None


def _place_marks(
    marks: Iterable[Glyph], rows: Sequence[list[Glyph]], anchors: Sequence[Glyph]
) -> list[list[Glyph]]:
    """Give each mark to the line of the letter above or below it, marks being raised or lowered."""
    heights = [-anchor.baseline for anchor in anchors]
    middles = [[center(glyph) for glyph in row] for row in rows]
    placed: list[list[Glyph]] = [[] for _ in rows]
    for mark in marks:
        reach = _MARK_REACH * mark.size
        first = bisect_left(heights, -mark.baseline - reach)
        last = bisect_right(heights, -mark.baseline + reach)
        candidates = [
            (not _stands_at(mark, middles[index]), abs(heights[index] + mark.baseline), index)
            for index in range(first, last)
        ]
        if candidates:
            placed[min(candidates)[2]].append(mark)
    return [
        sorted((*row, *own), key=center) if own else row
        for row, own in zip(rows, placed, strict=True)
    ]


def _stands_at(mark: Glyph, middles: Sequence[float]) -> bool:
    near = middles[nearest(middles, center(mark))]
    return abs(near - center(mark)) < _MARK_REACH * mark.size


def _read_rows(rows: Iterable[list[Glyph]], page: _Page) -> list[Line]:
    lines = (_read_line(row, page) for row in rows)
    return [line for line in lines if line.text]


def _read_line(row: Sequence[Glyph], page: _Page) -> Line:
    inked = [glyph for glyph in row if not glyph.text.isspace()]
    if not inked:
        return Line("", 0.0, 0.0, 0.0, 0.0, 0, False)
    return Line(
        text=read_row(row, right_to_left=page.right_to_left, forms=page.forms),
        left=inked[0].left,
        right=max(map(_RIGHT, inked)),
        baseline=middle(map(_BASELINE, inked)),
        size=middle(map(_SIZE, inked)),
        weight=Counter(map(_WEIGHT, inked)).most_common(1)[0][0],
        is_row=_has_cells(inked),
    )


def middle(values: Iterable[float]) -> float:
    """Return the lower median, as statistics.median_low does, which takes 10 ms to import."""
    ordered = sorted(values)
    return ordered[(len(ordered) - 1) // 2]


def _has_cells(inked: Sequence[Glyph]) -> bool:
    """Tell whether wide gaps part a line; the gap behind a bullet or a list number is none."""
    middle = inked[_FEW_GLYPHS:-_FEW_GLYPHS]
    return any(starmap(parts_cells, pairwise(middle)))


# ---- columns ----------------------------------------------------------------------------------


def _find_spans(row: Sequence[Glyph]) -> list[tuple[float, float]]:
    """Return the stretches of a line that no gap as wide as a gutter interrupts."""
    spans: list[list[float]] = []
    end = -math.inf
    for left, right, _, size, text, _, _, _ in row:
        if text.isspace():
            continue
        if left - end < _GUTTER_GAP * size:
            if right > end:
                spans[-1][1] = end = right
        else:
            spans.append([left, right])
            end = right
    return [(left, right) for left, right in spans]


def _crosses(spans: Iterable[tuple[float, float]], gutter: float) -> bool:
    return any(left < gutter < right for left, right in spans)


def _find_gutter(rows: Sequence[Sequence[Glyph]]) -> float | None:
    """Return the x between two columns of text, or None for a page of one column or of tables."""
    spans = [found for found in map(_find_spans, rows) if found]
    if len(spans) < _MIN_COLUMN_LINES:
        return None
    page_left = min(row[0][0] for row in spans)
    width = max(row[-1][1] for row in spans) - page_left
    candidates = [page_left + width * percent / 100 for percent in range(35, 66)]
    crossing = _count_crossing(spans, candidates)
    gutter = min(candidates, key=lambda x: (crossing[x], abs(x - page_left - width / 2)))
    if crossing[gutter] > _MAX_CROSSING * len(spans):
        return None
    parted = [row for row in spans if not _crosses(row, gutter)]
    left = [[span for span in row if span[0] < gutter] for row in parted]
    right = [[span for span in row if span[0] >= gutter] for row in parted]
    return gutter if _is_text_column(left) and _is_text_column(right) else None


def _count_crossing(
    spans: Iterable[Sequence[tuple[float, float]]], candidates: Sequence[float]
) -> dict[float, int]:
    """Return for each x, in rising order, how many lines run across it."""
    changes = [0] * (len(candidates) + 1)
    for left, right in (span for row in spans for span in row):
        first, last = bisect_right(candidates, left), bisect_left(candidates, right)
        if first < last:
            changes[first] += 1
            changes[last] -= 1
    return dict(zip(candidates, accumulate(changes[:-1]), strict=True))


def _is_text_column(rows: Iterable[Sequence[tuple[float, float]]]) -> bool:
    """Tell whether parts of lines on one side of a gutter are lines of a running text."""
    filled = [row for row in rows if row]
    if len(filled) < _MIN_COLUMN_LINES:
        return False
    widths = [row[-1][1] - row[0][0] for row in filled]
    column = max(row[-1][1] for row in filled) - min(row[0][0] for row in filled)
    return middle(widths) > _MIN_COLUMN_FILL * column
