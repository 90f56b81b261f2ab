"""Glyph boxes → lines of text in reading order, columns apart."""

from __future__ import annotations

import statistics
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from leanrag.ingest.pdf_bidi import RIGHT_TO_LEFT, to_logical
from leanrag.ingest.pdf_glyphs import Glyph

_SAME_LINE = 0.5  # baselines within this share of the type size are one line
_WORD_GAP = 0.15  # a gap over this share of the type size is a space
_ARABIC_GAPS = (0.2, 0.35)  # Arabic script: no font has a narrower space; wider is one in all
_WIDEST_LETTER_GAP = 0.22  # between letters of Arabic script that do not join
_SEEN_GAP = 0.03  # … and over this share where pdfium sees a space
_CELL_GAP = 1.5  # a gap over this share of the type size parts cells of a row
_GUTTER_GAP = 0.9  # a gap over this share of the type size may part two columns
_MIN_COLUMN_LINES = 8
_MIN_COLUMN_FILL = 0.6  # the lines of a text column are about this full; those of a table are not
_MAX_CROSSING = (
    0.35  # share of lines that may run across a gutter (titles, wide pictures' captions)
)


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


def read_lines(glyphs: Sequence[Glyph]) -> list[list[Line]]:
    """Return the lines of a page, top to bottom, in columns of reading order.

    A page of one column gives one list. Lines that run across both columns stand between them.
    """
    rows = _group_rows(glyphs)
    gutter = _find_gutter(rows)
    if gutter is None:
        return [_read_rows(rows)]
    columns: list[list[Line]] = []
    for crosses, band in groupby(rows, lambda row: _crosses(_find_spans(row), gutter)):
        banded = list(band)
        if crosses:
            columns.append(_read_rows(banded))
            continue
        placed = [glyph for row in banded for glyph in row]
        left = [glyph for glyph in placed if _center(glyph) < gutter]
        halves = [left, [glyph for glyph in placed if _center(glyph) >= gutter]]
        if _is_right_to_left(placed):
            halves.reverse()
        columns.extend(_read_rows(_group_rows(half)) for half in halves)
    return [column for column in columns if column]


def _center(glyph: Glyph) -> float:
    return (glyph.left + glyph.right) / 2


def _group_rows(glyphs: Iterable[Glyph]) -> list[list[Glyph]]:
    """Group glyphs by baseline, top to bottom; sub- and superscripts join their line."""
    rows: list[list[Glyph]] = []
    anchors: list[Glyph] = []
    for glyph in sorted(glyphs, key=lambda g: (-g.baseline, g.left)):
        for index in range(len(rows) - 1, max(-1, len(rows) - 4), -1):
            size = max(glyph.size, anchors[index].size)
            if abs(anchors[index].baseline - glyph.baseline) < _SAME_LINE * size:
                rows[index].append(glyph)
                break
        else:
            rows.append([glyph])
            anchors.append(glyph)
    return [sorted(row, key=_center) for row in rows]


def _read_rows(rows: Iterable[list[Glyph]]) -> list[Line]:
    lines = (_read_line(row) for row in rows)
    return [line for line in lines if line.text]


def _read_line(row: Sequence[Glyph]) -> Line:
    inked = [glyph for glyph in row if not glyph.text.isspace()]
    if not inked:
        return Line("", 0.0, 0.0, 0.0, 0.0, 0, False)
    return Line(
        text=" ".join(to_logical(_visual_text(_cluster(row))).split()),
        left=inked[0].left,
        right=max(glyph.right for glyph in inked),
        baseline=statistics.median_low(glyph.baseline for glyph in inked),
        size=statistics.median_low(glyph.size for glyph in inked),
        weight=statistics.mode(glyph.weight for glyph in inked),
        is_row=_has_cells(inked),
    )


def _has_cells(inked: Sequence[Glyph]) -> bool:
    """Tell whether wide gaps part a line; the gap behind a bullet or a list number is none."""
    return any(
        place > 3 and right.left - left.right > _CELL_GAP * right.size
        for place, (left, right) in enumerate(pairwise(inked), start=1)
        if place < len(inked) - 3
    )


def _cluster(row: Sequence[Glyph]) -> list[Glyph]:
    """Return the glyphs from left to right, marks joined to the letter they stand on.

    A letter painted twice at one place (false bold) is kept once.
    """
    clusters: list[Glyph] = []
    marks: list[Glyph] = []
    for glyph in row:
        if all(unicodedata.category(letter) == "Mn" for letter in glyph.text):
            marks.append(glyph)
        elif not clusters or not _is_copy(clusters[-1], glyph):
            clusters.append(glyph)
    letters = [index for index, glyph in enumerate(clusters) if not glyph.text.isspace()]
    for mark in marks:
        if not letters:
            return marks
        place = min(letters, key=lambda index: abs(_center(clusters[index]) - _center(mark)))
        clusters[place] = clusters[place]._replace(text=clusters[place].text + mark.text)
    return clusters


def _is_copy(glyph: Glyph, other: Glyph) -> bool:
    near = abs(glyph.left - other.left) < 0.2 * (other.right - other.left)
    return near and glyph.text == other.text and not other.text.isspace()


def _visual_text(clusters: Sequence[Glyph]) -> str:
    """Write clusters from left to right, with a space where there is a gap.

    A cluster of right-to-left letters is written backwards, since its line is reversed later.
    """
    word_gap = _find_word_gap(clusters)
    written: list[str] = []
    edge: float | None = None
    for glyph in clusters:
        if glyph.text.isspace():
            written.append(" ")
            continue
        right_to_left = RIGHT_TO_LEFT.search(glyph.text)
        space = _SEEN_GAP if glyph.spaced and not right_to_left else word_gap
        if edge is not None and glyph.left - edge > space * glyph.size:
            written.append(" ")
        written.append(glyph.text[::-1] if right_to_left else glyph.text)
        edge = glyph.right if edge is None else max(edge, glyph.right)
    return "".join(written)


def _find_word_gap(clusters: Sequence[Glyph]) -> float:
    """Return the gap between words, as a share of the type size.

    Letters of Arabic script that do not join leave gaps of their own: there the gap is found where
    the gaps of the line jump from narrow to wide.
    """
    if not _is_right_to_left(clusters):
        return _WORD_GAP
    inked = [glyph for glyph in clusters if not glyph.text.isspace()]
    gaps = sorted((right.left - left.right) / right.size for left, right in pairwise(inked))
    least, most = _ARABIC_GAPS
    jumps = [
        (min(wide, most) - narrow, (min(wide, most) + narrow) / 2)
        for narrow, wide in pairwise(gaps)
        if wide >= least and narrow <= _WIDEST_LETTER_GAP
    ]
    return max(jumps)[1] if jumps else _WORD_GAP


def _is_right_to_left(glyphs: Sequence[Glyph]) -> bool:
    return 2 * sum(bool(RIGHT_TO_LEFT.search(glyph.text)) for glyph in glyphs) > len(glyphs)


# ---- columns ----------------------------------------------------------------------------------


def _find_spans(row: Sequence[Glyph]) -> list[tuple[float, float]]:
    """Return the stretches of a line that no gap as wide as a gutter interrupts."""
    spans: list[tuple[float, float]] = []
    for glyph in row:
        if glyph.text.isspace():
            continue
        if spans and glyph.left - spans[-1][1] < _GUTTER_GAP * glyph.size:
            spans[-1] = (spans[-1][0], max(spans[-1][1], glyph.right))
        else:
            spans.append((glyph.left, glyph.right))
    return spans


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
    crossing = {x: sum(_crosses(row, x) for row in spans) for x in candidates}
    gutter = min(candidates, key=lambda x: (crossing[x], abs(x - page_left - width / 2)))
    if crossing[gutter] > _MAX_CROSSING * len(spans):
        return None
    parted = [row for row in spans if not _crosses(row, gutter)]
    left = [[span for span in row if span[0] < gutter] for row in parted]
    right = [[span for span in row if span[0] >= gutter] for row in parted]
    return gutter if _is_text_column(left) and _is_text_column(right) else None


def _is_text_column(rows: Iterable[Sequence[tuple[float, float]]]) -> bool:
    """Tell whether parts of lines on one side of a gutter are lines of a running text."""
    filled = [row for row in rows if row]
    if len(filled) < _MIN_COLUMN_LINES:
        return False
    widths = [row[-1][1] - row[0][0] for row in filled]
    column = max(row[-1][1] for row in filled) - min(row[0][0] for row in filled)
    return statistics.median(widths) > _MIN_COLUMN_FILL * column
