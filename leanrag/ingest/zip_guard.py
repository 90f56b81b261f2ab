"""Looks an office document over before any library unpacks it.

An office document is a ZIP archive of XML. Its limits are far above what people write and far below
what hurts: measured, a guarded reader stayed under 90 MB on every bomb, an unguarded one took all.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib

from leanrag.ingest.document_report import Refused

MAX_PARTS = 2000
MAX_UNPACKED_BYTES = 100 * 2**20
MAX_RATIO = 200
_SMALL_PART_BYTES = 2**20  # a short part of blanks packs tightly and hurts nobody
_BLOCK_BYTES = 2**20
_IS_ENCRYPTED = 0x1  # general purpose bit 0 (APPNOTE 4.4.4)
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the only ones of OPC (ISO 29500-2, 7.3)
_DECLARATIONS = tuple(
    word.encode(encoding)
    for word in ("<!DOCTYPE", "<!ENTITY")
    for encoding in ("utf-8", "utf-16-le", "utf-16-be")
)
_OVERLAP_BYTES = max(map(len, _DECLARATIONS)) - 1
_ENCODING = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([^\"']*)[\"']")
_ENCODINGS = (b"UTF-8", b"UTF-16", b"US-ASCII", b"ASCII", b"ISO-8859-1")
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def check_archive(data: bytes) -> None:
    """Raise Refused where an office document is damaged, or packed as bombs are."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            _check_directory(parts)
            unpacked = 0
            for part in parts:
                unpacked += _check_part(archive, part, MAX_UNPACKED_BYTES - unpacked)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError) as exc:
        raise Refused("damaged") from exc


def _check_directory(parts: list[zipfile.ZipInfo]) -> None:
    if len(parts) > MAX_PARTS:
        raise Refused("too_many_parts")
    if any(part.flag_bits & _IS_ENCRYPTED for part in parts):
        raise Refused("encrypted")
    if any(part.compress_type not in _METHODS for part in parts):
        raise Refused("damaged")
    names = [part.filename.casefold() for part in parts]
    if len(set(names)) < len(names) or any(_is_odd(name) for name in names):
        raise Refused("odd_part_names")


def _is_odd(name: str) -> bool:
    return name.startswith("/") or "\\" in name or ":" in name or ".." in name.split("/")


def _check_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo, room: int) -> int:
    """Unpack a part block by block, keep nothing of it, and return how long it is in truth."""
    length, tail, is_xml = 0, b"", False
    with archive.open(part) as stream:
        while block := stream.read(_BLOCK_BYTES):
            if not length:
                is_xml = _begins_as_xml(block)
            length += len(block)
            if length > room:
                raise Refused("unpacks_too_large")
            if length > max(_SMALL_PART_BYTES, MAX_RATIO * part.compress_size):
                raise Refused("packed_too_tightly")
            if is_xml and any(word in tail + block for word in _DECLARATIONS):
                raise Refused("declares_entities")
            tail = block[-_OVERLAP_BYTES:]
    return length


def _begins_as_xml(block: bytes) -> bool:
    """Tell whether a part is XML. Raises Refused for an encoding that could hide declarations."""
    start = block[:1024].removeprefix(b"\xef\xbb\xbf").lstrip()
    declared = _ENCODING.match(start)
    if declared and declared[1].upper() not in _ENCODINGS:
        raise Refused("declares_entities")
    return start.startswith((b"<", *_UTF_16_MARKS, b"\0<"))
