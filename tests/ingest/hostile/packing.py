"""Office documents made and packed by code, and archives that are hostile or broken."""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Callable, Iterable

import docx
import openpyxl

Case = tuple[str, str, Callable[[], bytes], str, str]  # name, outcomes, build, holds, hides

DOCUMENT = "word/document.xml"
SHEET = "xl/worksheets/sheet1.xml"
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]>"
)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


def docx_bytes(*paragraphs: str) -> bytes:
    document = docx.Document()
    for text in paragraphs or ("A plain line.",):
        document.add_paragraph(text)
    output = io.BytesIO()
    document.save(output)
    return output.getvalue()


def xlsx_bytes(rows: Iterable[Iterable[object]] = (("Item", "Price"), ("Pot", 90))) -> bytes:
    workbook = openpyxl.Workbook()
    for row in rows:
        workbook.active.append(list(row))
    output = io.BytesIO()
    workbook.save(output)
    return output.getvalue()


def repack(
    data: bytes,
    changed: dict[str, bytes | Callable[[bytes], bytes] | None],
    method: int = zipfile.ZIP_DEFLATED,
) -> bytes:
    """Write an archive again with some parts added, changed or (None) left out."""
    output = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(output, "w", method) as new:
        parts: dict[str, bytes] = {name: old.read(name) for name in old.namelist()}
        for name, change in changed.items():
            if change is None:
                del parts[name]
            else:
                parts[name] = change(parts[name]) if callable(change) else change
        for name, content in parts.items():
            new.writestr(name, content)
    return output.getvalue()


def word(body: str, before: str = "", encoding: str = "UTF-8") -> bytes:
    """Return a Word document of this XML."""
    xml = f'<?xml version="1.0" encoding="{encoding}"?>{before}<w:document xmlns:w="{W}"><w:body>'
    content = f"{xml}{body}</w:body></w:document>".encode(encoding, "surrogatepass")
    return repack(docx_bytes(), {DOCUMENT: content})


def line(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def sheet(rows: str, before: str = "", strings: bytes | None = None) -> bytes:
    """Return a workbook whose sheet has this XML for rows."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    xml = f'<worksheet xmlns="{main}">{before}<sheetData>{rows}</sheetData></worksheet>'
    changes: dict[str, bytes | Callable[[bytes], bytes] | None] = {SHEET: xml.encode()}
    if strings is not None:
        changes["xl/sharedStrings.xml"] = strings
    return repack(xlsx_bytes(), changes)


def cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def shared(text: str, before: str = "") -> bytes:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'{before}<sst xmlns="{main}"><si><t>{text}</t></si></sst>'.encode()


def bomb_of_many_parts() -> bytes:
    """Pack 120 MB a hundred times smaller: less than what looks like a bomb at once."""
    page = "".join(map(str, range(2000))) + " " * 250_000
    return repack(docx_bytes(), {f"word/x{n}.xml": page.encode() * 12 for n in range(40)})


def many_parts(count: int) -> bytes:
    return repack(docx_bytes(), {f"word/x{n}.bin": b"" for n in range(count)}, zipfile.ZIP_STORED)


def nested_archive() -> bytes:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", bytes(50 * 2**20))
    return repack(docx_bytes("Outer text."), {"word/embeddings/inner.zip": inner.getvalue()})


def overlapping_parts() -> bytes:
    """Point a hundred entries of the directory at the same data."""
    data = repack(docx_bytes(), {"word/big.bin": bytes(900_000)})
    end = data.rfind(b"PK\x05\x06")
    start = struct.unpack_from("<L", data, end + 16)[0]
    directory = data[start:end]
    entry = directory[directory.rfind(b"PK\x01\x02") :]
    copies = b"".join(entry.replace(b"word/big.bin", b"word/b%02d.bin" % n) for n in range(100))
    directory += copies
    count = directory.count(b"PK\x01\x02")
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(directory), start, 0)
    return data[:start] + directory + tail


def encrypted_entries() -> bytes:
    data = bytearray(docx_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        for found in re.finditer(re.escape(mark), bytes(data)):
            data[found.start() + offset] |= 1
    return bytes(data)


def damaged_directory() -> bytes:
    data = docx_bytes()
    start = data.find(b"PK\x01\x02")
    return data[:start] + b"XX" + data[start + 2 :]


def macros(data: bytes, plain: bytes, with_macros: bytes) -> bytes:
    return repack(data, {"[Content_Types].xml": lambda types: types.replace(plain, with_macros)})


def archive(parts: dict[str, bytes]) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return output.getvalue()
