"""The glyphs of one line → its text in logical order: marks, spaces, cells of a table."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from leanrag.ingest.pdf_bidi import RIGHT_TO_LEFT, to_logical, turn_stop
from leanrag.ingest.pdf_forms import LetterForms
from leanrag.ingest.pdf_glyphs import Glyph, is_mark
from leanrag.text.normalize import ZWNJ

_WORD_GAP = 0.15  # a gap over this share of the type size is a space
_SEEN_GAP = 0.03  # … and over this share where pdfium sees a space
_ARABIC_GAPS = (0.2, 0.35)  # Arabic script: no font has a narrower space; wider is one in all
_WIDEST_LETTER_GAP = 0.22  # between letters of Arabic script that do not join
_SEEN_ARABIC_GAP = 0.16  # … and the narrowest that pdfium is trusted to take for a space
_CELL_GAP = 1.5  # a gap over this share of the type size parts cells of a row
_NUMBER_GAP = 0.16  # between a number and a word: digits leave no gaps of their own
_TOUCHING = 0.05  # points: boxes are rounded
_SLIVER = 0.1  # no letter of Arabic script is narrower than this share of the type size
_SLIVER_REACH = 0.8  # the sign below a sliver, which has no name, is at most this wide
_KNOWN_TEXTS = 4096  # distinct texts of glyphs, a handful a page, that are looked up but once


def read_row(row: Sequence[Glyph], *, right_to_left: bool, forms: LetterForms) -> str:
    """Return the text of a line in logical order; `row` is sorted from left to right.

    `right_to_left` is the direction of the page: its tables have their first column at the right,
    and each cell is read by itself, for a number beside a Latin word is not of one run with it.
    """
    clusters = _cluster(row)
    cells = _split_cells(clusters) if right_to_left else [clusters]
    gap = _find_word_gap(clusters)
    texts = [
        " ".join(_write_word(word, forms) for word in _split_words(cell, gap))
        for cell in reversed(cells)
    ]
    if texts and right_to_left and not RIGHT_TO_LEFT.search("".join(texts)):
        texts[-1] = turn_stop(texts[-1])
    return forms.part_plural(" ".join(" ".join(map(to_logical, texts)).split()))


def find_words(row: Sequence[Glyph]) -> list[list[Glyph]]:
    """Return the words of a line from left to right, each with its glyphs from left to right."""
    clusters = _cluster(row)
    return _split_words(clusters, _find_word_gap(clusters))


def center(glyph: Glyph) -> float:
    """Return the x of a glyph's middle."""
    return (glyph.left + glyph.right) / 2


def nearest(middles: Sequence[float], x: float) -> int:
    """Return the index of what is nearest to `x` in a sorted sequence that is not empty."""
    after = bisect_left(middles, x)
    if after == 0 or (after < len(middles) and middles[after] - x < x - middles[after - 1]):
        return after
    return after - 1


def parts_cells(left: Glyph, right: Glyph) -> bool:
    """Tell whether the gap between two neighbours is as wide as between cells of a table."""
    return right.left - left.right > _CELL_GAP * right.size


def is_right_to_left(glyphs: Sequence[Glyph]) -> bool:
    """Tell whether most glyphs are of right-to-left letters."""
    return 2 * sum(map(is_arabic, [glyph.text for glyph in glyphs])) > len(glyphs)


def _split_cells(clusters: Sequence[Glyph]) -> list[list[Glyph]]:
    cells: list[list[Glyph]] = []
    before: Glyph | None = None
    for glyph in clusters:
        if glyph.text.isspace():
            if cells:
                cells[-1].append(glyph)
            continue
        if before is None or parts_cells(before, glyph):
            cells.append([])
        cells[-1].append(glyph)
        before = glyph
    return cells


# ---- marks and copies -------------------------------------------------------------------------


def _cluster(row: Sequence[Glyph]) -> list[Glyph]:
    """Return the glyphs from left to right, marks joined to the letter they stand on.

    A letter painted twice at one place (false bold) is kept once.
    """
    clusters: list[Glyph] = []
    marks: list[Glyph] = []
    before = None
    for glyph in row:
        if is_mark(glyph.text):
            marks.append(glyph)
        elif before is None or glyph.text != before.text or not _is_copy(before, glyph):
            clusters.append(glyph)
            before = glyph
    if not marks:
        return clusters
    letters = [index for index, glyph in enumerate(clusters) if _is_letter(glyph.text)]
    if not letters:
        return clusters or marks
    middles = sorted(center(clusters[index]) for index in letters)
    for mark in marks:
        place = nearest(middles, center(mark))
        near = letters[max(0, place - 1) : place + 2]
        own = next((index for index in near if _is_one_sign(clusters[index], mark)), letters[place])
        clusters[own] = _join_mark(clusters[own], mark)
    return clusters


def _is_one_sign(letter: Glyph, mark: Glyph) -> bool:
    """Tell a sign for a letter with its mark: pdfium gives each an equal part of its box."""
    difference = (letter.right - letter.left) - (mark.right - mark.left)
    touching = min(abs(mark.right - letter.left), abs(mark.left - letter.right)) < _TOUCHING
    return touching and abs(difference) < _TOUCHING and mark.baseline == letter.baseline


@lru_cache(maxsize=_KNOWN_TEXTS)
def _is_letter(text: str) -> bool:
    return unicodedata.category(text[0]).startswith("L")


@lru_cache(maxsize=_KNOWN_TEXTS)
def is_arabic(text: str) -> bool:
    """Tell whether a glyph is of a right-to-left script."""
    return RIGHT_TO_LEFT.search(text) is not None


def _join_mark(letter: Glyph, mark: Glyph) -> Glyph:
    if mark.text in letter.text:
        return letter
    joined = letter._replace(text=letter.text + mark.text)
    if _is_one_sign(letter, mark):
        left, right = min(letter.left, mark.left), max(letter.right, mark.right)
        return joined._replace(left=left, right=right)
    return joined


def _is_copy(glyph: Glyph, other: Glyph) -> bool:
    if glyph.text != other.text or other.text.isspace():
        return False
    if is_sliver(glyph) or is_sliver(other):
        return abs(center(glyph) - center(other)) < _SLIVER * other.size
    return abs(glyph.left - other.left) < 0.2 * (other.right - other.left)


def is_sliver(glyph: Glyph) -> bool:
    """Tell a mark that a font names by the letters below it, which it has no name for."""
    narrow = 0 < glyph.right - glyph.left < _SLIVER * glyph.size * len(glyph.text)
    return narrow and is_arabic(glyph.text) and _is_letter(glyph.text)


# ---- spaces -----------------------------------------------------------------------------------


def _split_words(clusters: Sequence[Glyph], word_gap: float) -> list[list[Glyph]]:
    """Split clusters where there is a space or a gap."""
    words: list[list[Glyph]] = [[]]
    before: Glyph | None = None
    edge = 0.0
    for glyph in clusters:
        left, right, _, size, text, _, _, _ = glyph
        if text.isspace():
            words.append([])
            continue
        if before is None:
            edge = right
        elif (
            (left - edge) / size > _SEEN_GAP  # less is never a space
            and _is_spaced(before, glyph, left - edge, word_gap)
        ):
            words.append([])
        words[-1].append(glyph)
        if right > edge:
            edge = right
        before = glyph
    return [word for word in words if word]


def _write_word(word: Sequence[Glyph], forms: LetterForms) -> str:
    """Write a word from left to right.

    A cluster of right-to-left letters is written backwards, since its line is reversed later.
    """
    if not forms.endings:
        return "".join([_backwards(glyph.text) for glyph in word])
    written = _backwards(word[0].text)
    for left, right in pairwise(word):
        if forms.ends_early(right, left):
            written += ZWNJ
        written += _backwards(right.text)
    return written


def _backwards(text: str) -> str:
    return text[::-1] if len(text) > 1 and is_arabic(text) else text


def _is_spaced(left: Glyph, right: Glyph, width: float, word_gap: float) -> bool:
    """Tell whether a gap of `width` points between neighbours is a space."""
    gap = width / right.size
    if not is_arabic(right.text):
        return gap > (_SEEN_GAP if right.spaced else word_gap)
    if is_sliver(left):
        return gap > _SLIVER_REACH
    if left.text.isdigit() or right.text.isdigit():
        return gap > _NUMBER_GAP
    if not (_is_letter(left.text) and _is_letter(right.text)):
        return gap > word_gap
    if abs(left.order - right.order) == 1 and gap < _ARABIC_GAPS[1]:
        # Read one after the other: there pdfium tells a space from the gap of letters apart.
        return gap > _SEEN_ARABIC_GAP and (left if left.order > right.order else right).spaced
    return gap > word_gap


def _find_word_gap(clusters: Sequence[Glyph]) -> float:
    """Return the gap between words, as a share of the type size.

    Letters of Arabic script that do not join leave gaps of their own: there the gap is found where
    the gaps of the line jump from narrow to wide.
    """
    if not is_right_to_left(clusters):
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
