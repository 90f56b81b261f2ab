"""A Word document → its headings, paragraphs, lists and tables as Markdown.

What a reader sees: deleted and hidden text, comments, page headers and footers are left out;
footnotes stand in brackets where they are referred to, text boxes after their paragraph.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

import docx
from docx.document import Document
from docx.opc.part import Part
from docx.oxml.ns import qn
from docx.oxml.parser import parse_xml

from leanrag.ingest.document_report import DocumentReport, TextPart
from leanrag.ingest.docx_styles import Element, Numbering, Styles, child, value
from leanrag.ingest.markdown_writer import MarkdownWriter
from leanrag.ingest.zip_guard import check_archive

_MATH_TEXT = "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"
_ALTERNATE = "{http://schemas.openxmlformats.org/markup-compatibility/2006}AlternateContent"
_CHOICE = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Choice"
_BOX = qn("w:txbxContent")
_LETTERS = {
    qn("w:tab"): " ",
    qn("w:br"): "\n",
    qn("w:cr"): "\n",
    qn("w:noBreakHyphen"): "\u2011",
}
_SKIPPED = frozenset(
    map(
        qn,
        ("w:del", "w:moveFrom", "w:pPr", "w:rPr", "w:instrText", "w:delText", "w:commentReference"),
    )
)
_NOTE_KINDS = {qn("w:footnoteReference"): "footnotes", qn("w:endnoteReference"): "endnotes"}
_MAX_REPEATED_COLUMNS = 100


def read_docx(data: bytes) -> DocumentReport:
    """Read a Word document. Raises Refused where it is hostile or too long."""
    check_archive(data)
    document = docx.Document(io.BytesIO(data))
    writer = MarkdownWriter()
    _Reader(document, writer).read(document.element.body)
    title = document.core_properties.title or ""
    return DocumentReport(title[:300], (TextPart(writer.text()),))


class _Reader:
    """Walks through the blocks of a document and writes them."""

    def __init__(self, document: Document, writer: MarkdownWriter) -> None:
        self._writer = writer
        self._styles = Styles(document)
        self._numbering = Numbering(document)
        self._notes = {kind: _read_notes(document, kind) for kind in _NOTE_KINDS.values()}
        # Below a title the first headings are its parts.
        paragraphs = document.element.body.iter(qn("w:p"))
        self._shift = int(any(self._styles.heading_level(p) == 0 for p in paragraphs))
        self._depth = -1  # of the list item before, -1 for none

    def read(self, container: Element) -> None:
        """Write every block below `container` in order."""
        for block in container:
            if block.tag == qn("w:p"):
                self._paragraph(block)
            elif block.tag == qn("w:tbl"):
                self._table(block)
            elif block.tag not in _SKIPPED and isinstance(block.tag, str):
                self.read(block)  # content controls, insertions, custom XML

    def _paragraph(self, paragraph: Element) -> None:
        if self._styles.is_contents(paragraph):
            return
        text = self._inline(paragraph).strip()
        level = self._styles.heading_level(paragraph)
        place = self._styles.list_place(paragraph)
        if text and level >= 0:
            self._writer.heading(level + self._shift, text)
        elif text and place is not None:
            mark = self._numbering.mark(*place)
            self._depth = min(place[1], self._depth + 1)
            self._writer.item(text, depth=self._depth, mark=mark)
        else:
            self._writer.paragraph(text)
        if text and (level >= 0 or place is None):
            self._depth = -1
        for box in _boxes(paragraph):
            self.read(box)

    def _inline(self, element: Element) -> str:
        """Return the text of a paragraph or a part of one, text boxes left out."""
        return "".join(self._pieces(element))

    def _pieces(self, element: Element) -> Iterator[str]:
        for part in element:
            if part.tag in (qn("w:t"), _MATH_TEXT):
                yield part.text or ""
            elif part.tag in _LETTERS:
                is_page_break = part.get(qn("w:type")) in ("page", "column")
                yield "" if is_page_break else _LETTERS[part.tag]
            elif part.tag in _NOTE_KINDS:
                yield self._note(_NOTE_KINDS[part.tag], part.get(qn("w:id")))
            elif (
                not isinstance(part.tag, str)
                or part.tag in _SKIPPED
                or part.tag == _BOX
                or (part.tag == qn("w:r") and self._styles.is_hidden(part))
            ):
                continue
            else:
                yield from self._pieces(part)

    def _note(self, kind: str, number: str | None) -> str:
        note = self._notes[kind].pop(number or "", None)  # each once, so that none holds itself
        text = "" if note is None else " ".join(self._inline(note).split())
        return f" ({text})" if text else ""

    # ---- tables ---------------------------------------------------------------------------------

    def _table(self, table: Element) -> None:
        rows = [
            list(_below(row, "w:tc"))
            for row in _below(table, "w:tr")
            if child(row, "w:trPr", "w:del") is None
        ]
        if max(map(len, rows), default=0) <= 1:  # a frame around text
            for cell in (cell for row in rows for cell in row):
                self.read(cell)
            return
        self._depth = -1
        self._writer.table(self._table_rows(rows))
        for box in (box for row in rows for cell in row for box in _boxes(cell)):
            self.read(box)

    def _table_rows(self, rows: Sequence[Sequence[Element]]) -> list[list[str]]:
        """Return the texts of the cells; one that spans rows says the same in each."""
        written: list[list[str]] = []
        for row in rows:
            texts: list[str] = []
            for cell in row:
                merge = child(cell, "w:tcPr", "w:vMerge")
                goes_on = merge is not None and value(cell, "w:tcPr", "w:vMerge") != "restart"
                above = written[-1] if written else []
                if goes_on and len(texts) < len(above):
                    texts.append(above[len(texts)])
                else:
                    texts.append(self._cell_text(cell))
                texts += [""] * (_span(cell) - 1)
            written.append(texts)
        return written

    def _cell_text(self, cell: Element) -> str:
        """Return the paragraphs of a cell, and of the tables inside it, a line each."""
        lines = [self._inline(paragraph) for paragraph in _paragraphs(cell)]
        return "\n".join(line.strip() for line in lines if line.strip())


def _below(element: Element, name: str) -> Iterator[Element]:
    """Yield the nearest `name` elements below, through content controls and the like."""
    for part in element:
        if part.tag == qn(name):
            yield part
        elif part.tag not in _SKIPPED and part.tag not in (qn("w:tc"), qn("w:tbl")):
            yield from _below(part, name)


def _paragraphs(element: Element) -> Iterator[Element]:
    """Yield the paragraphs below, those of text boxes left out."""
    for part in element:
        if part.tag == qn("w:p"):
            yield part
        elif part.tag not in _SKIPPED:
            yield from _paragraphs(part)


def _span(cell: Element) -> int:
    columns = value(cell, "w:tcPr", "w:gridSpan") or "1"
    return min(max(int(columns), 1), _MAX_REPEATED_COLUMNS) if columns.isdigit() else 1


def _boxes(element: Element) -> Iterator[Element]:
    """Yield the text boxes that are anchored in a paragraph, each of two versions once."""
    for part in element:
        if part.tag == _BOX:
            yield part
        elif part.tag == _ALTERNATE:
            yield from _boxes(_chosen(part))
        elif part.tag not in _SKIPPED:
            yield from _boxes(part)


def _chosen(alternate: Element) -> Element:
    """Return the first of two or more versions of the same content (ISO/IEC 29500-3)."""
    choice = alternate.find(_CHOICE)
    return alternate if choice is None else choice


def _read_notes(document: Document, kind: str) -> dict[str, Any]:
    """Return the footnotes or endnotes by their ids; separators are none."""
    relation = f"http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}"
    try:
        part: Part = document.part.part_related_by(relation)
    except KeyError:
        return {}
    notes = parse_xml(part.blob)
    return {
        note.get(qn("w:id"), ""): note
        for note in notes
        if note.get(qn("w:type"), "normal") == "normal"
    }
