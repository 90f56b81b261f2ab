"""The tree of a web page → headings, paragraphs, lists and tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from leanrag.ingest.markdown_writer import MarkdownWriter, join_lines

Element = Any  # lxml is not typed

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LISTS = frozenset({"ul", "ol", "menu", "dir"})
_INLINE = frozenset(
    {"a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em"}
    | {"font", "i", "img", "ins", "kbd", "label", "mark", "meter", "nobr", "output", "picture"}
    | {"progress", "q", "rp", "rt", "ruby", "s", "samp", "small", "source", "span", "strike"}
    | {"strong", "sub", "sup", "time", "tt", "u", "var", "wbr"}
)
_CELLS = ("td", "th")
_MAX_SPAN = 100
_MAX_REPEATED_CELLS = 100_000
_BLANKS = re.compile(r"[ \t\r\n\f\v]+")
_MAX_LIST_DEPTH = 6


class BlockReader:
    """Writes the blocks of a tree in order; never recursive, however deep the tree is."""

    def __init__(self, writer: MarkdownWriter) -> None:
        self._writer = writer
        self._words: list[str] = []
        self._lists: list[int | None] = []  # the number of the last item, None for bullets
        self._mark = ""  # of an item that has no text yet
        self._term = ""  # of a definition list
        self._heading = 0
        self._pre = 0

    def read(self, root: Element) -> None:
        """Write every block of `root`."""
        walker = etree.iterwalk(root, events=("start", "end"))
        skipped: Element | None = None
        for event, element in walker:
            if event == "start":
                if element.tag == "table" and is_data_table(element):
                    self._flush()
                    self._writer.table(table_rows(element))
                    walker.skip_subtree()
                    skipped = element
                else:
                    self._open(element)
            else:
                if element is skipped:
                    skipped = None
                else:
                    self._close(element)
                if element is not root and element.tail:
                    self._words.append(element.tail)
        self._flush()

    def _open(self, element: Element) -> None:
        tag = element.tag
        if tag == "br":
            self._words.append("\n" if self._pre else "\0")
        elif tag not in _INLINE:
            self._flush()
            self._enter(tag)
        if element.text:
            self._words.append(element.text)

    def _enter(self, tag: str) -> None:
        if tag in _HEADINGS:
            self._heading = _HEADINGS[tag]
        elif tag in _LISTS:
            self._lists.append(0 if tag == "ol" else None)
            self._mark = ""
        elif tag == "li":
            self._mark = "-"
            if self._lists and (last := self._lists[-1]) is not None:
                self._lists[-1] = last + 1
                self._mark = f"{last + 1}."
        elif tag == "pre":
            self._pre += 1

    def _close(self, element: Element) -> None:
        tag = element.tag
        if tag in _INLINE or tag == "br":
            return
        if tag == "dt":
            self._term = " ".join("".join(self._words).split())
            self._words = []
        elif tag == "dd" and self._term and "".join(self._words).strip():
            self._words.insert(0, f"{self._term}: ")
            self._term = ""
        elif tag == "dl":
            self._words.insert(0, self._term)
            self._term = ""
        self._flush()
        if tag in _HEADINGS:
            self._heading = 0
        elif tag in _LISTS and self._lists:
            self._lists.pop()
        elif tag == "pre":
            self._pre -= 1

    def _flush(self) -> None:
        """Write the words so far as what they are."""
        raw, self._words = "".join(self._words), []
        if self._pre and raw.strip():
            self._writer.code(raw)
            return
        text = _BLANKS.sub(" ", raw).replace("\0", "\n").strip()
        if not text:
            return
        if self._heading:
            self._writer.heading(self._heading, text)
        elif self._mark:
            depth = min(max(len(self._lists) - 1, 0), _MAX_LIST_DEPTH)
            self._writer.item(text, depth=depth, mark=self._mark)
            self._mark = ""
        else:
            self._writer.paragraph(text)


def is_data_table(table: Element) -> bool:
    """Tell a table of data from one that only arranges a page."""
    if table.get("role") in ("presentation", "none"):
        return False
    if next(table.iterdescendants("table", *_HEADINGS), None) is not None:
        return False
    rows = [sum(1 for _ in _cells(row)) for row in _rows(table)]
    return len(rows) > 1 and max(rows) > 1


def table_rows(table: Element) -> list[list[str]]:
    """Return the texts of a table's cells; one that spans rows says the same in each."""
    rows: list[list[str]] = []
    below: dict[int, tuple[int, str]] = {}  # column → rows that are still covered, and their text
    repeated = 0
    for row in _rows(table):
        texts: list[str] = []
        for cell in _cells(row):
            repeated += _fill_covered(texts, below)
            text = _cell_text(cell)
            columns, covered = _span(cell, "colspan"), _span(cell, "rowspan") - 1
            if covered > 0 and repeated < _MAX_REPEATED_CELLS:
                below[len(texts)] = (covered, text)
            texts += [text, *[""] * (columns - 1)]
        repeated += _fill_covered(texts, below)
        rows.append(texts)
    return rows


def flatten_tables(root: Element) -> None:
    """Rewrite every table of data with plain cells, for readers that know nothing of spans."""
    for table in list(root.iter("table")):
        if is_data_table(table):
            rows = table_rows(table)
            tail = table.tail
            table.clear()
            table.tail = tail
            for number, texts in enumerate(rows):
                row = etree.SubElement(table, "tr")
                for text in texts:
                    etree.SubElement(row, "td" if number else "th").text = join_lines(
                        text.split("\n")
                    )


def _fill_covered(texts: list[str], below: dict[int, tuple[int, str]]) -> int:
    """Add the cells that reach down from above into the next columns; return how many."""
    filled = 0
    while (column := len(texts)) in below:
        left, text = below.pop(column)
        if left > 1:
            below[column] = (left - 1, text)
        texts.append(text)
        filled += 1
    return filled


def _rows(table: Element) -> Iterator[Element]:
    for part in table:
        if part.tag == "tr":
            yield part
        elif part.tag in ("thead", "tbody", "tfoot"):
            yield from part.iterchildren("tr")


def _cells(row: Element) -> Iterator[Element]:
    return (part for part in row if part.tag in _CELLS)


def _span(cell: Element, name: str) -> int:
    number = cell.get(name, "1").strip()
    return min(max(int(number), 1), _MAX_SPAN) if number.isdecimal() and len(number) < 9 else 1


def _cell_text(cell: Element) -> str:
    """Return the text of a cell, a line for each block inside it."""
    pieces: list[str] = []
    for event, element in etree.iterwalk(cell, events=("start", "end")):
        is_block = element is not cell and element.tag not in _INLINE
        if is_block:
            pieces.append("\n")
        if event == "start":
            pieces.append(_BLANKS.sub(" ", element.text or ""))
        elif element is not cell:
            pieces.append(_BLANKS.sub(" ", element.tail or ""))
    return "".join(pieces).strip()
