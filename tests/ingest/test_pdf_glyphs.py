from __future__ import annotations

import zlib

import pypdfium2
import pytest

from leanrag.ingest.pdf_glyphs import Glyph, _append, is_mark, read_glyphs

FIRST = 0x41  # the code of the first letter of a font made here


def written(letters: list[str], content: str) -> bytes:
    """Assemble a page whose codes A, B, C, … mean `letters`, each half an em wide."""
    names = "".join(
        f"<{FIRST + n:02x}> <{letter.encode('utf-16-be').hex()}>\n"
        for n, letter in enumerate(letters)
    )
    meaning = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /M def\n"
        "1 begincodespacerange <00> <ff> endcodespacerange\n"
        f"{len(letters)} beginbfchar\n{names}endbfchar endcmap end end"
    )
    last = FIRST + len(letters) - 1
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 4 0 R"
        b"/Resources<</Font<</T 5 0 R>>>>>>",
        stream(content.encode()),
        f"<</Type/Font/Subtype/Type1/BaseFont/Made/FirstChar {FIRST}/LastChar {last}"
        f"/Widths[{'500 ' * len(letters)}]/ToUnicode 6 0 R>>".encode(),
        stream(meaning.encode()),
    ]
    body = b"".join(b"%d 0 obj\n%s\nendobj\n" % item for item in enumerate(objects, start=1))
    return b"%%PDF-1.4\n%strailer<</Size %d/Root 1 0 R>>\n" % (body, len(objects) + 1)


def stream(content: bytes) -> bytes:
    packed = zlib.compress(content)
    return b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(packed), packed)


def glyphs_of(letters: list[str], content: str) -> list[Glyph]:
    page = pypdfium2.PdfDocument(written(letters, content))[0]
    return [glyph for direction in read_glyphs(page) for glyph in direction]


@pytest.mark.parametrize(
    ("private", "sign"), [("\uf0b7", "•"), ("\uf0a7", "▪"), ("\uf0d8", "‣"), ("\uf02d", "–")]
)
def test_bullets_of_symbol_fonts_become_bullets(private: str, sign: str) -> None:
    [bullet, letter] = glyphs_of([private, "x"], "BT /T 12 Tf 20 200 Td (A) Tj 30 0 Td (B) Tj ET")
    assert (bullet.text, letter.text) == (sign, "x")


@pytest.mark.parametrize(
    ("letters", "text"),
    [("\u0654ه", "ه\u0654"), ("ه\u0654", "ه\u0654"), ("ال", "لا"), ("لا", "لا"), ("fi", "fi")],
)
def test_letters_in_one_box_are_one_sign_with_its_marks_behind_it(letters: str, text: str) -> None:
    glyphs: list[Glyph] = []
    for order, letter in enumerate(letters):
        _append(glyphs, Glyph(20.0, 25.0, 200.0, 12.0, letter, 400, False, order))
    assert [glyph.text for glyph in glyphs] == [text]


def test_glyphs_are_counted_in_the_order_of_the_page() -> None:
    glyphs = glyphs_of(["x", "y"], "BT /T 12 Tf 20 200 Td (AB) Tj 0 -20 Td (BA) Tj ET")
    assert [(glyph.text, glyph.order) for glyph in glyphs] == [
        ("x", 0),
        ("y", 1),
        ("y", 2),
        ("x", 3),
    ]


@pytest.mark.parametrize(
    ("matrix", "baselines"),
    [
        ("1 0 0 1 20 200", [200.0, 200.0, 200.0]),
        ("1 0.1 -0.1 1 20 200", [200.0, 200.6, 201.2]),  # a sloping line: half an em is 6 points
        ("1 0 0.3 1 20 200", [200.0, 200.0, 200.0]),  # slanted letters on a level line
    ],
    ids=["level", "sloping", "slanted"],
)
def test_each_letter_of_a_sloping_line_has_its_own_baseline(
    matrix: str, baselines: list[float]
) -> None:
    glyphs = glyphs_of(["x", "y", "z"], f"BT /T 12 Tf {matrix} Tm (ABC) Tj ET")
    assert [glyph.baseline for glyph in glyphs] == pytest.approx(baselines, abs=0.011)


def test_only_what_stands_on_a_letter_is_a_mark() -> None:
    assert [is_mark(text) for text in ("\u064b", "\u0654\u064e", "ب\u064b", "a", "\u200c")] == [
        True,
        True,
        False,
        False,
        False,
    ]
