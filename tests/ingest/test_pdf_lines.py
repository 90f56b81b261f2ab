from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from leanrag.ingest.pdf_glyphs import Glyph
from leanrag.ingest.pdf_layout import write_pages
from leanrag.ingest.pdf_lines import read_lines

SIZE = 10.0
LETTERS = "ab-.()1۲ابیهمن\u064b\u064e\u0654\u200c•لا \u200f[»،%/@\u0301א"


def line_of(logical: str, baseline: float) -> list[Glyph]:
    """Set letters of Arabic script from right to left."""
    return [
        Glyph(490 - 5 * n, 495 - 5 * n, baseline, SIZE, letter, 400, False, n)
        for n, letter in enumerate(logical)
    ]


def test_a_mark_far_below_its_letter_does_not_become_a_line_of_its_own() -> None:
    glyphs = [*line_of("مرتخ", 100.0), *line_of("ذلك", 80.0)]
    raised = Glyph(491.0, 493.0, 102.9, SIZE, "\u064e", 400, False, 90)
    lowered = Glyph(476.0, 478.0, 93.0, SIZE, "\u064d", 400, False, 91)
    [lines] = read_lines([*glyphs, raised, lowered])
    assert [line.text for line in lines] == ["م\u064eرتخ\u064d", "ذلك"]


def test_a_line_knows_its_place_without_its_marks() -> None:
    [[line]] = read_lines(line_of("تاب", 100.0))
    assert (line.left, line.right, line.baseline) == (480.0, 495.0, 100.0)


glyphs = st.builds(
    lambda x, y, width, size, text, spaced, order: Glyph(
        x, x + width, y, size, text, 400, spaced, order
    ),
    st.floats(-50, 600).map(lambda x: round(x, 2)),
    st.sampled_from([100.0, 100.5, 103.0, 96.0, 85.0, 70.0, -3.0]),
    st.floats(0, 30).map(lambda x: round(x, 2)),
    st.sampled_from([1.0, 10.0, 40.0]),
    st.text(LETTERS, min_size=1, max_size=3),
    st.booleans(),
    st.integers(0, 60),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(glyphs, max_size=60))
def test_glyphs_in_any_place_are_read_without_an_error(page: list[Glyph]) -> None:
    columns = read_lines(page)
    written = "".join(write_pages([columns]))
    painted = "".join(glyph.text for glyph in page)
    for letter in "ab1":  # copies may go, inventions may not
        assert written.count(letter) <= painted.count(letter)
