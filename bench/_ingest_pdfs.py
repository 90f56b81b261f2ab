"""PDFs of many pages, printed as programs print Persian and Arabic: joined signs, as they are seen.

reportlab neither joins letters nor orders them. The joined forms are those of Unicode's own tables,
and a line is turned around but for its numbers and Latin words.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice
from pathlib import Path

from pypdf import PdfReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from bench._extraction_fonts import find_font
from bench._ingest_texts import Paragraph, Writer
from leanrag.types import RIGHT_TO_LEFT, Language

_FAMILY = "DejaVu Sans"
_WIDTH, _HEIGHT, _MARGIN = 595.0, 842.0, 68.0
_SIZES = (10.5, 18.0, 13.5)  # of a paragraph and of headings of level 1 and 2
_LEADING = 1.45
_LEFT_TO_RIGHT = re.compile(
    r"[A-Za-z0-9\u00c0-\u024f\u0660-\u0669\u06f0-\u06f9]"
    r"(?:[-A-Za-z0-9\u00c0-\u024f\u0660-\u0669\u06f0-\u06f9@.:/%+]*"
    r"[A-Za-z0-9\u00c0-\u024f\u0660-\u0669\u06f0-\u06f9%])?"
)
_MIRRORED = str.maketrans("()[]«»", ")(][»«")
_ZWNJ = "\u200c"
_FORMS = ("<isolated>", "<final>", "<initial>", "<medial>")


def print_pdf(language: Language, pages: int, *, seed: int) -> bytes:
    """Return a PDF of exactly so many full pages. Raises Unavailable without its font."""
    output = io.BytesIO()
    canvas = Canvas(output, pagesize=(_WIDTH, _HEIGHT), pageCompression=1)
    canvas.setTitle(Writer(language, seed).heading())
    fonts = _fonts()
    right_to_left = language in RIGHT_TO_LEFT
    for number, page in enumerate(islice(_pages(language, fonts, seed), pages), start=1):
        for y, line, font, size in page:
            canvas.setFont(font, size)
            if right_to_left:
                canvas.drawRightString(_WIDTH - _MARGIN, y, as_seen(line))
            else:
                canvas.drawString(_MARGIN, y, line)
        canvas.setFont(fonts[0], 8)
        canvas.drawCentredString(_WIDTH / 2, _MARGIN / 2, str(number))
        canvas.showPage()
    canvas.save()
    return output.getvalue()


@cache
def _fonts() -> tuple[str, str]:
    font = find_font(_FAMILY, Path())
    for name, file in (("Feeding Regular", font.regular), ("Feeding Bold", font.bold)):
        # Shaping would need uharfbuzz and leaves letters without their code in the file.
        pdfmetrics.registerFont(TTFont(name, str(file), shapable=False))
    return "Feeding Regular", "Feeding Bold"


def _pages(
    language: Language, fonts: Sequence[str], seed: int
) -> Iterator[list[tuple[float, str, str, float]]]:
    """Yield pages of lines: height, joined text in logical order, font, size."""
    page: list[tuple[float, str, str, float]] = []
    y = _HEIGHT - _MARGIN
    for paragraph in Writer(language, seed).paragraphs():
        size = _SIZES[paragraph.level]
        font = fonts[paragraph.level > 0]
        y -= 0.6 * size
        for line in _break_lines(paragraph, font, size):
            y -= _LEADING * size
            if y < _MARGIN:
                yield page
                page, y = [], _HEIGHT - _MARGIN - _LEADING * size
            page.append((y, line, font, size))


def _break_lines(paragraph: Paragraph, font: str, size: float) -> Iterator[str]:
    line, width = "", 0.0
    space = pdfmetrics.stringWidth(" ", font, size)
    for word in joined(paragraph.text).split():
        wide = pdfmetrics.stringWidth(word, font, size)
        if line and width + space + wide > _WIDTH - 2 * _MARGIN:
            yield line
            line, width = word, wide
        else:
            line, width = f"{line} {word}".strip(), width + space + wide
    yield line


def as_seen(line: str) -> str:
    """Return a right-to-left line from left to right."""
    turned = line[::-1].translate(_MIRRORED)
    return _LEFT_TO_RIGHT.sub(lambda run: run[0][::-1], turned)


def joined(text: str) -> str:
    """Return Arabic letters in the forms in which they stand beside their neighbours."""
    if not any("\u0600" <= letter <= "\u06ff" for letter in text):
        return text
    letters = [letter for letter in text if unicodedata.category(letter) != "Mn"]
    shaped = []
    for place, letter in enumerate(letters):
        before = letters[place - 1] if place else " "
        after = letters[place + 1] if place + 1 < len(letters) else " "
        from_before = _joins_on(before) and _joins_back(letter)
        to_after = _joins_on(letter) and _joins_back(after)
        shaped.append(_form(letter, from_before + 2 * to_after))
    return "".join(shaped).replace(_ZWNJ, "")


def _joins_on(letter: str) -> bool:
    """Tell whether a letter joins the one behind it."""
    return letter == "ـ" or "<initial>" in _forms().get(letter, {})


def _joins_back(letter: str) -> bool:
    """Tell whether a letter joins the one before it."""
    return letter == "ـ" or "<final>" in _forms().get(letter, {})


def _form(letter: str, number: int) -> str:
    return _forms().get(letter, {}).get(_FORMS[number], letter)


@cache
def _forms() -> dict[str, dict[str, str]]:
    """Return the presentation forms of each letter by their names in Unicode's decompositions."""
    forms: dict[str, dict[str, str]] = {}
    for code in (*range(0xFB50, 0xFC00), *range(0xFE80, 0xFEF5)):
        name, *letters = unicodedata.decomposition(chr(code)).split() or ("",)
        if name in _FORMS and len(letters) == 1:
            forms.setdefault(chr(int(letters[0], 16)), {}).setdefault(name, chr(code))
    return forms


def count_pages(data: bytes) -> int:
    """Return how many pages a PDF has."""
    return len(PdfReader(io.BytesIO(data)).pages)
