"""What the styles and lists of a Word document say: which paragraphs are headings, items, hidden.

Names of elements and properties: ISO/IEC 29500-1 (WordprocessingML), section 17.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

from docx.document import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml.ns import qn

Element = Any  # lxml is not typed

VALUE = qn("w:val")
_HEADING_NAME = re.compile(r"(?i)heading ([1-9])")
_CONTENTS_NAME = re.compile(r"(?i)toc [1-9]|table of figures")
_MAX_BASES = 20  # a chain of styles may be a circle
_OFF = ("0", "false", "off", "none")


def child(element: Element | None, *path: str) -> Element | None:
    """Return the first element at `path` ("w:pPr", "w:numPr"), or None."""
    for name in path:
        if element is None:
            return None
        element = element.find(qn(name))
    return element


def value(element: Element | None, *path: str) -> str | None:
    """Return the `w:val` of the element at `path`, or None."""
    found = child(element, *path)
    result: str | None = None if found is None else found.get(VALUE)
    return result


def is_on(element: Element | None, *path: str) -> bool:
    """Tell whether a property that is either on or off is there and on (17.17.4)."""
    found = child(element, *path)
    return found is not None and (found.get(VALUE) or "1").lower() not in _OFF


class Styles:
    """The styles of a document, by their ids."""

    def __init__(self, document: Document) -> None:
        self._styles: dict[str, Element] = {
            style.get(qn("w:styleId"), ""): style
            for style in document.styles.element.iterchildren(qn("w:style"))
        }

    def heading_level(self, paragraph: Element) -> int:
        """Return 1 to 9 for a heading, 0 for its title, -1 for any other paragraph."""
        own = value(paragraph, "w:pPr", "w:outlineLvl")
        if own is not None and own.isdigit():
            return int(own) + 1 if int(own) < 9 else -1
        for style in self._chain(value(paragraph, "w:pPr", "w:pStyle")):
            name = value(style, "w:name") or ""
            if name.lower() == "title":
                return 0
            if found := _HEADING_NAME.fullmatch(name):
                return int(found[1])
            level = value(style, "w:pPr", "w:outlineLvl")
            if level is not None and level.isdigit():
                return int(level) + 1 if int(level) < 9 else -1
        return -1

    def is_contents(self, paragraph: Element) -> bool:
        """Tell whether a paragraph is a line of the table of contents or of figures."""
        styles = self._chain(value(paragraph, "w:pPr", "w:pStyle"))
        return any(_CONTENTS_NAME.fullmatch(value(style, "w:name") or "") for style in styles)

    def list_place(self, paragraph: Element) -> tuple[str, int] | None:
        """Return the number of the list that a paragraph is an item of, and its depth, or None."""
        own = child(paragraph, "w:pPr", "w:numPr")
        styles = self._chain(value(paragraph, "w:pPr", "w:pStyle"))
        found = [own, *(child(style, "w:pPr", "w:numPr") for style in styles)]
        for numbering in found:
            number = value(numbering, "w:numId")
            if number is not None:
                depth = value(numbering, "w:ilvl") or "0"
                return (number, int(depth)) if number != "0" and depth.isdigit() else None
        return None

    def is_hidden(self, run: Element) -> bool:
        """Tell whether a run's text is set not to be seen."""
        if child(run, "w:rPr", "w:vanish") is not None:
            return is_on(run, "w:rPr", "w:vanish")
        styles = self._chain(value(run, "w:rPr", "w:rStyle"))
        return any(is_on(style, "w:rPr", "w:vanish") for style in styles)

    def _chain(self, style_id: str | None) -> list[Element]:
        chain: list[Element] = []
        while style_id in self._styles and len(chain) < _MAX_BASES:
            chain.append(self._styles[style_id])
            style_id = value(chain[-1], "w:basedOn")
        return chain


class Numbering:
    """Counts the items of the lists of a document, as they come."""

    def __init__(self, document: Document) -> None:
        self._formats = _read_formats(document)
        self._counts: defaultdict[str, dict[int, int]] = defaultdict(dict)

    def mark(self, number: str, depth: int) -> str:
        """Return the mark of the next item: "-", or its number with a dot, "3."."""
        kind, start = self._formats.get((number, depth), ("bullet", 1))
        counts = self._counts[number]
        for deeper in [level for level in counts if level > depth]:
            del counts[deeper]
        counts[depth] = counts.get(depth, start - 1) + 1
        return "-" if kind in ("bullet", "none") else f"{counts[depth]}."


def _read_formats(document: Document) -> dict[tuple[str, int], tuple[str, int]]:
    """Return the kind of number and the first number, by list and depth."""
    try:
        root = document.part.part_related_by(RELATIONSHIP_TYPE.NUMBERING).element  # type: ignore[attr-defined]
    except KeyError:
        return {}
    abstract = {
        element.get(qn("w:abstractNumId")): element
        for element in root.iterchildren(qn("w:abstractNum"))
    }
    formats: dict[tuple[str, int], tuple[str, int]] = {}
    for number in root.iterchildren(qn("w:num")):
        levels = abstract.get(value(number, "w:abstractNumId"))
        for level in () if levels is None else levels.iterchildren(qn("w:lvl")):
            depth, start = level.get(qn("w:ilvl")) or "", value(level, "w:start") or "1"
            if depth.isdigit() and start.isdigit():
                place = (number.get(qn("w:numId")) or "", int(depth))
                formats[place] = (value(level, "w:numFmt") or "bullet", int(start))
    return formats
