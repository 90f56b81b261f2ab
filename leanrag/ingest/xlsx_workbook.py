"""The parts of a workbook that its sheets refer to: their names, number formats, shared strings.

Elements: ISO/IEC 29500-1 (SpreadsheetML), section 18; matched by local name, so that the strict and
the usual form of the format are read alike. The archive must have passed `zip_guard`.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree

Element = Any  # lxml's stubs would make every attribute optional twice

_WORKBOOK = "xl/workbook.xml"
_RELATION_ID = (
    "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id",
    "{http://purl.oclc.org/ooxml/officeDocument/relationships}id",
)
_TRUE = ("1", "true", "on")
_LOCAL_DATE = "mm-dd-yy"
# ISO/IEC 29500-1, 18.8.30; what depends on where the reader is
# (the order of a date, the currency) is left out or written as in ISO 8601.
_TIMES = ("h:mm AM/PM", "h:mm:ss AM/PM", "h:mm", "h:mm:ss", _LOCAL_DATE)
_BUILT_IN = {
    **dict(enumerate(("0", "0.00", "#,##0", "#,##0.00"), start=1)),
    **dict(enumerate(("0%", "0.00%", "0.00E+00"), start=9)),
    **dict(enumerate((_LOCAL_DATE, "d-mmm-yy", "d-mmm", "mmm-yy", *_TIMES), start=14)),
    **dict.fromkeys((5, 6, 41, 42), "#,##0"),
    **dict.fromkeys((7, 8, 43, 44), "#,##0.00"),
    **dict.fromkeys((37, 38), "#,##0;(#,##0)"),
    **dict.fromkeys((39, 40), "#,##0.00;(#,##0.00)"),
    **dict(enumerate(("mm:ss", "[h]:mm:ss", "mm:ss", "##0.0E+0", "@"), start=45)),
    **dict.fromkeys([*range(27, 37), *range(50, 59)], _LOCAL_DATE),
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A visible sheet: its name and the part of the archive that holds it."""

    name: str
    part: str


class Workbook:
    """An opened workbook. Raises KeyError or XMLSyntaxError where a part is missing or broken."""

    def __init__(self, data: bytes) -> None:
        self._archive = zipfile.ZipFile(io.BytesIO(data))
        root = self._parse(_WORKBOOK)
        self.sheets = tuple(self._visible_sheets(root))
        self.counts_from_1904 = any(
            settings.get("date1904") in _TRUE for settings in root.iter("{*}workbookPr")
        )
        self.strings = tuple(self._read_strings())
        self._formats = tuple(self._read_formats())

    def open(self, part: str) -> Any:
        """Open a part of the archive as a stream of bytes."""
        return self._archive.open(part)

    def number_format(self, style: int) -> str:
        """Return the number format of a cell's style. Raises IndexError for no style."""
        if style == 0 and not self._formats:
            return "General"
        return self._formats[style]

    def title(self) -> str:
        """Return the title in the core properties, if there is one."""
        if "docProps/core.xml" not in self._archive.namelist():
            return ""
        title = next(self._parse("docProps/core.xml").iter("{*}title"), None)
        return "" if title is None else title.text or ""

    def _parse(self, part: str) -> Element:
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        return etree.fromstring(self._archive.read(part), parser)

    def _visible_sheets(self, root: Element) -> Iterator[Sheet]:
        targets = {
            relation.get("Id"): posixpath.normpath(posixpath.join("/xl", relation.get("Target")))[
                1:
            ]
            for relation in self._parse("xl/_rels/workbook.xml.rels")
            if relation.get("Type", "").endswith("/worksheet")
        }
        for sheet in root.iter("{*}sheet"):
            relation = next((i for name in _RELATION_ID if (i := sheet.get(name))), "")
            if sheet.get("state", "visible") == "visible" and relation in targets:
                yield Sheet(sheet.get("name", ""), targets[relation])

    def _read_strings(self) -> Iterator[str]:
        """Yield the shared strings; readings of Asian words are not part of them."""
        if "xl/sharedStrings.xml" not in self._archive.namelist():
            return
        with self.open("xl/sharedStrings.xml") as stream:
            for item in stream_elements(stream, "{*}si"):
                yield string_text(item)

    def _read_formats(self) -> Iterator[str]:
        if "xl/styles.xml" not in self._archive.namelist():
            return
        root = self._parse("xl/styles.xml")
        own = {n.get("numFmtId"): n.get("formatCode", "") for n in root.iter("{*}numFmt")}
        for styles in root.iter("{*}cellXfs"):
            for style in styles.iterchildren("{*}xf"):
                number = style.get("numFmtId", "0")
                built_in = _BUILT_IN.get(int(number), "General")
                yield own.get(number, built_in)


def stream_elements(stream: Any, tag: str | tuple[str, ...]) -> Iterator[Element]:
    """Yield each element of a name as it ends, and free it when the next is asked for."""
    element: Element
    for _, element in etree.iterparse(
        stream, events=("end",), tag=tag, resolve_entities=False, no_network=True
    ):
        yield element
        element.clear()
        parent = element.getparent()
        while parent is not None and parent[0] is not element:
            del parent[0]


def string_text(item: Element) -> str:
    """Return the text of a string with or without formatting (18.4.8, 18.3.1.53)."""
    texts = (
        part.findtext("{*}t") if part.tag.endswith("}r") else part.text
        for part in item.iterchildren("{*}t", "{*}r")
    )
    return "".join(text or "" for text in texts)
