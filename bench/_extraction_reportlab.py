"""Prints a source text with reportlab, as Python programs print Persian and Arabic.

reportlab neither joins letters nor orders them: arabic-reshaper picks the joined forms, and
python-bidi puts each line into the order in which it is seen. Both lay down what they made of the
text, presentation forms from left to right; the text as it was written is not in the file.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from bench._extraction_fonts import Font, Unavailable, load_optional, missing_letters
from bench._extraction_texts import BULLET, Block, SourceText

_PAGE_WIDTH, _PAGE_HEIGHT, _MARGIN = 595.0, 842.0, 62.0
_INDENT = 16.0
_SIZES = {"title": 20.0, "heading": 15.0}
_BODY_SIZE = 11.0
_LEADING = 1.5

Shape = Callable[[str], str]


def print_with_reportlab(text: SourceText, font: Font) -> bytes:
    """Return the text as a PDF. Raises Unavailable without the packages or letters it needs."""
    if missing := missing_letters(font, "".join(text.lines).replace("\u200c", "")):
        raise Unavailable(f"{font.family} has no sign for {missing}")
    join, order = _find_shapers() if text.is_right_to_left else (str, str)
    output = io.BytesIO()
    _Writer(output, font, text.is_right_to_left, join, order).write(text)
    return output.getvalue()


def _find_shapers() -> tuple[Shape, Shape]:
    reshaper = load_optional("arabic_reshaper", "arabic-reshaper")
    bidi = load_optional("bidi.algorithm", "python-bidi")
    # Marks are dropped unless it is told to keep them.
    join = reshaper.ArabicReshaper({"delete_harakat": False}).reshape
    return join, lambda line: bidi.get_display(line, base_dir="R")


class _Writer:
    """Lays blocks out below each other, lines broken at spaces."""

    def __init__(
        self, output: io.BytesIO, font: Font, right_to_left: bool, join: Shape, order: Shape
    ) -> None:
        self._canvas = Canvas(output, pagesize=(_PAGE_WIDTH, _PAGE_HEIGHT))
        self._right_to_left, self._join, self._order = right_to_left, join, order
        self._regular, self._bold = f"{font.family} Regular", f"{font.family} Bold"
        for name, file in ((self._regular, font.regular), (self._bold, font.bold)):
            # Shaping would need uharfbuzz and leaves letters without their code in the file.
            pdfmetrics.registerFont(TTFont(name, str(file), shapable=False))
        self._y = _PAGE_HEIGHT - _MARGIN

    def write(self, text: SourceText) -> None:
        previous: Block | None = None
        for block in text.blocks:
            if block.starts_page:
                self._turn_page()
            elif previous and (block.kind, previous.kind) not in {("item",) * 2, ("row",) * 2}:
                self._y -= _BODY_SIZE
            self._write_block(block)
            previous = block
        self._canvas.showPage()
        self._canvas.save()

    def _turn_page(self) -> None:
        self._canvas.showPage()
        self._y = _PAGE_HEIGHT - _MARGIN

    def _write_block(self, block: Block) -> None:
        size = _SIZES.get(block.kind, _BODY_SIZE)
        font = self._bold if block.kind in _SIZES else self._regular
        if block.kind == "row":
            self._write_row(block, font, size)
            return
        indent = _INDENT if block.kind == "item" else 0.0
        for number, line in enumerate(self._break_lines(block.cells[0], font, size, indent)):
            self._next_line(font, size)
            if block.kind == "item" and number == 0:
                self._draw(BULLET, 0.0)
            self._draw(self._order(line), indent)

    def _write_row(self, block: Block, font: str, size: float) -> None:
        self._next_line(font, size)
        column = (_PAGE_WIDTH - 2 * _MARGIN) / len(block.cells)
        for place, cell in enumerate(block.cells):
            self._draw(self._order(self._join(cell)), place * column)

    def _next_line(self, font: str, size: float) -> None:
        self._y -= _LEADING * size
        if self._y < _MARGIN:
            self._turn_page()
            self._y -= _LEADING * size
        self._canvas.setFont(font, size)

    def _draw(self, visual: str, indent: float) -> None:
        if self._right_to_left:
            self._canvas.drawRightString(_PAGE_WIDTH - _MARGIN - indent, self._y, visual)
        else:
            self._canvas.drawString(_MARGIN + indent, self._y, visual)

    def _break_lines(self, text: str, font: str, size: float, indent: float) -> Iterator[str]:
        """Yield lines in logical order, letters already joined."""
        room = _PAGE_WIDTH - 2 * _MARGIN - indent
        line = ""
        for word in self._join(text).split(" "):
            longer = f"{line} {word}" if line else word
            if line and pdfmetrics.stringWidth(longer, font, size) > room:
                yield line
                line = word
            else:
                line = longer
        yield line
