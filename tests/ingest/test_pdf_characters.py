"""What pdfium says of all characters at once is what it says of each."""

from __future__ import annotations

import ctypes
import io
import struct

import pypdfium2
import pypdfium2.raw as pdfium
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reportlab.pdfgen.canvas import Canvas

from leanrag.demo.loader import DEMO_DIRECTORY
from leanrag.ingest.pdf_characters import read_characters, rounded


def turned_text() -> bytes:
    output = io.BytesIO()
    canvas = Canvas(output, pagesize=(400, 400))
    canvas.translate(200, 200)
    for _ in range(4):
        canvas.drawString(10, 10, "Turned text, (1) & 2.5 €")
        canvas.rotate(90)
    canvas.showPage()
    canvas.save()
    return output.getvalue()


def hyphenated_text() -> bytes:
    """Return lines that end with a hyphen, which pdfium writes otherwise in the text of a page."""
    output = io.BytesIO()
    canvas = Canvas(output, pagesize=(400, 400))
    for number, line in enumerate(("A word of many letters is hyphen-", "ated here.")):
        canvas.drawString(10, 300 - 14 * number, line)
    canvas.showPage()
    canvas.save()
    return output.getvalue()


def one_by_one(raw: object, index: int) -> tuple[object, ...]:
    x, y, box = ctypes.c_double(), ctypes.c_double(), pdfium.FS_RECTF()
    pdfium.FPDFText_GetCharOrigin(raw, index, x, y)
    pdfium.FPDFText_GetLooseCharBox(raw, index, box)
    text_object = pdfium.FPDFText_GetTextObject(raw, index)
    return (
        pdfium.FPDFText_GetUnicode(raw, index),
        ctypes.addressof(text_object.contents) if text_object else None,
        (x.value, y.value),
        (box.left, box.top, box.right, box.bottom),
    )


@pytest.mark.parametrize(
    "data",
    [
        (DEMO_DIRECTORY / "price-list.pdf").read_bytes(),
        turned_text(),
        hyphenated_text(),
    ],
    ids=["demo", "turned", "hyphenated"],
)
def test_characters_at_once_are_those_asked_one_by_one(data: bytes):
    document = pypdfium2.PdfDocument(data)
    for number in range(len(document)):
        text_page = document[number].get_textpage()
        characters = read_characters(text_page.raw)
        assert len(characters.codes) == text_page.count_chars() > 20
        for index in range(len(characters.codes)):
            code, text_object, origin, box = one_by_one(text_page.raw, index)
            assert characters.codes[index] == code
            assert characters.objects[index] == text_object
            assert characters.origin(index) == origin
            assert tuple(characters.boxes[4 * index : 4 * index + 4]) == box
        text_page.close()
    document.close()


def test_a_place_is_turned_upright():
    text_page = pypdfium2.PdfDocument(turned_text())[0].get_textpage()
    characters = read_characters(text_page.raw)
    index = characters.codes.index(ord("T"))
    left, top, right, bottom = characters.boxes[4 * index : 4 * index + 4]
    x, y = characters.origin(index)
    assert characters.place(index, 0) == (round(left, 2), round(right, 2), round(y, 2))
    assert characters.place(index, 1) == (round(bottom, 2), round(top, 2), round(-x, 2))
    assert characters.place(index, 2) == (round(-right, 2), round(-left, 2), round(-y, 2))
    assert characters.place(index, 3) == (round(-top, 2), round(-bottom, 2), round(x, 2))
    text_page.close()


@given(st.floats(-20_000, 20_000, width=32))
def test_points_are_rounded_as_python_rounds_them(x: float):
    assert rounded([x]) == [round(x, 2)]
    assert struct.unpack("<f", struct.pack("<f", x)) == (x,)
