"""Prints a source text from a Word document, with LibreOffice Writer."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import docx
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Pt

from bench._extraction_fonts import Font
from bench._extraction_programs import find_program, run_program
from bench._extraction_texts import Block, SourceText

_STYLES = {"title": "Heading 1", "heading": "Heading 2", "item": "List Bullet"}
_SIZES = {"title": 20, "heading": 15}
_BODY_SIZE = 11


def print_with_libreoffice(text: SourceText, font: Font, directory: Path) -> bytes:
    """Return the text as LibreOffice Writer exports it. Raises Unavailable without LibreOffice."""
    program = find_program("soffice", package="libreoffice-writer-nogui")
    source = directory / f"{text.language}.docx"
    _Writer(font.family, text.is_right_to_left).write(text, source)
    profile = f"-env:UserInstallation=file://{directory / 'libreoffice'}"
    command = [program, profile, "--headless", "--convert-to", "pdf:writer_pdf_Export"]
    run_program([*command, "--outdir", str(directory), str(source)], font)
    return source.with_suffix(".pdf").read_bytes()


class _Writer:
    """Writes blocks as paragraphs and tables in one font."""

    def __init__(self, family: str, right_to_left: bool) -> None:
        self._document = docx.Document()
        self._family, self._right_to_left = family, right_to_left

    def write(self, text: SourceText, target: Path) -> None:
        for kind, group in groupby(text.blocks, lambda block: block.kind):
            blocks = list(group)
            if kind == "row":
                self._write_table(blocks)
            else:
                for block in blocks:
                    self._write_paragraph(block)
        self._document.save(str(target))

    def _write_paragraph(self, block: Block) -> None:
        paragraph = self._document.add_paragraph(style=_STYLES.get(block.kind))
        paragraph.paragraph_format.page_break_before = block.starts_page
        self._write_run(paragraph, block.cells[0], _SIZES.get(block.kind, _BODY_SIZE))

    def _write_table(self, rows: Sequence[Block]) -> None:
        table = self._document.add_table(len(rows), len(rows[0].cells), style="Table Grid")
        if self._right_to_left:
            table._tblPr.append(OxmlElement("w:bidiVisual"))
        for row, block in zip(table.rows, rows, strict=True):
            for cell, value in zip(row.cells, block.cells, strict=True):
                self._write_run(cell.paragraphs[0], value, _BODY_SIZE)

    def _write_run(self, paragraph: Any, value: str, size: int) -> None:
        """Set the font for both kinds of script, and the direction of the paragraph."""
        run = paragraph.add_run(value)
        run.font.size = Pt(size)
        run.font.name = self._family
        properties = run._element.get_or_add_rPr()
        properties.rFonts.set(qn("w:cs"), self._family)
        complex_size = OxmlElement("w:szCs")
        complex_size.set(qn("w:val"), str(2 * size))  # in half points
        properties.append(complex_size)
        if self._right_to_left:
            properties.append(OxmlElement("w:rtl"))
            paragraph._p.get_or_add_pPr().append(OxmlElement("w:bidi"))
