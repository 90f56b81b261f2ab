from __future__ import annotations

from collections.abc import Sequence

import pytest

from leanrag.ingest.pdf_forms import LetterForms
from leanrag.ingest.pdf_glyphs import Glyph
from leanrag.ingest.pdf_rows import center, nearest, read_row

SIZE = 10.0


def painted(
    *texts: str, widths: float = 5.0, baseline: float = 100.0, spaced: Sequence[int] = ()
) -> list[Glyph]:
    """Set glyphs beside each other from left to right; a number of blanks is a gap in points.

    They are reported from right to left, as pdfium does in lines of Arabic script.
    """
    x = 50.0
    row: list[Glyph] = []
    for text in texts:
        if not text.strip():
            x += len(text)
            continue
        row.append(Glyph(x, x + widths, baseline, SIZE, text, 400, False, 0))
        x += widths
    count = len(row)
    return [
        glyph._replace(order=count - place, spaced=place in spaced)
        for place, glyph in enumerate(row)
    ]


def read(row: Sequence[Glyph], *, right_to_left: bool = True) -> str:
    return read_row(sorted(row, key=center), right_to_left=right_to_left, forms=LetterForms())


def test_cells_of_a_right_to_left_table_are_read_from_the_right() -> None:
    gap = " " * 40
    row = painted(*"۵۰", gap, *"FB-2", gap, "ب", "ا", "ت")
    assert read(row) == "تاب FB-2 ۵۰"


def test_cells_of_a_left_to_right_table_are_read_from_the_left() -> None:
    row = painted(*"Tea", " " * 40, *"FB-2", " " * 40, *"50")
    assert read(row, right_to_left=False) == "Tea FB-2 50"


def test_a_gap_that_pdfium_does_not_see_parts_no_letters() -> None:
    assert read(painted("ب", "  ", "ا", "ت")) == "تاب"


def test_a_gap_that_pdfium_sees_too_parts_words() -> None:
    assert read(painted("ب", "  ", "ا", "ت", spaced=[0])) == "تا ب"


def test_a_gap_between_a_number_and_a_word_is_a_space_without_being_seen() -> None:
    assert read(painted("ا", "ت", "  ", "۹")) == "۹ تا"


def test_a_mark_goes_to_the_letter_that_it_stands_on() -> None:
    row = painted("ب", "ا", "ت")
    mark = Glyph(61.5, 63.5, 103.0, SIZE, "\u064e", 400, False, 9)
    assert read([*row, mark]) == "ت\u064eاب"


def test_a_mark_that_shares_a_sign_with_its_letter_goes_to_that_letter() -> None:
    # One sign for meem and its mark, halved; the middle of the alef is nearer to that of the mark.
    alef = Glyph(50.0, 53.2, 100.0, SIZE, "ا", 400, False, 3)
    mark = Glyph(53.0, 57.0, 100.0, SIZE, "\u064b", 400, False, 2)
    meem = Glyph(57.0, 61.0, 100.0, SIZE, "م", 400, False, 0)
    assert read([alef, mark, meem]) == "م\u064bا"


def test_a_mark_that_is_named_by_the_letters_below_it_leaves_no_space_before_them() -> None:
    # The sign of lam and alef has no name; the mark on it is called "lam, alef, mark".
    waw = Glyph(60.0, 64.4, 100.0, SIZE, "و", 400, False, 0)
    slivers = [
        Glyph(53.5 + 0.7 * place, 54.2 + 0.7 * place, 102.0, SIZE, text, 400, place == 0, 9 + place)
        for place, text in enumerate(("\u064b", "ا", "ل"))
    ]
    assert read([*slivers, waw]) == "ولا\u064b"


def test_a_mark_without_any_letter_does_not_cost_the_rest_of_the_line() -> None:
    mark = Glyph(52.0, 53.0, 103.0, SIZE, "\u064e", 400, False, 9)
    assert read([*painted(*"12"), mark]) == "12"


def test_false_bold_is_read_once() -> None:
    row = painted(*"Tea")
    twice = [copy for glyph in row for copy in (glyph, glyph._replace(left=glyph.left + 0.3))]
    assert read(twice, right_to_left=False) == "Tea"


@pytest.mark.parametrize(("x", "place"), [(-5, 0), (0, 0), (1.4, 1), (0.4, 0), (9, 2), (2, 2)])
def test_the_nearest_of_a_sorted_row_is_found(x: float, place: int) -> None:
    assert nearest([0.0, 1.0, 2.0], x) == place
