"""What kind of office document some bytes are, told without unpacking more than a list of parts."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from typing import Literal

OfficeKind = Literal["docx", "xlsx", "macros", "encrypted", "other", "damaged"]

ZIP_MARKS = (b"PK\x03\x04", b"PK\x05\x06")
OLE_MARK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # [MS-CFB] 2.2: passwords, and Office before 2007

_OFFICE_PARTS = (b"[Content_Types].xml", b"word/", b"xl/")
_MAX_DIRECTORY_BYTES = 2**20  # far more than the 2,000 parts that `zip_guard` lets pass need
_MAX_TYPES_BYTES = 2**20
_DIRECTORY_END = struct.Struct("<4s4H2LH")  # APPNOTE 4.3.16
_IS_ENCRYPTED = 0x1  # general purpose bit 0 (APPNOTE 4.4.4)
_ZIP64_LOCATOR_BYTES = 20
_MAIN_PART = re.compile(rb"ContentType\s*=\s*[\"']([^\"']*?\.main\+xml)[\"']")
_MAIN_TYPES: dict[bytes, OfficeKind] = {
    b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml": "docx",
    b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml": "xlsx",
    b"application/vnd.ms-word.document.macroEnabled.main+xml": "macros",
    b"application/vnd.ms-excel.sheet.macroEnabled.main+xml": "macros",
}


def office_kind(data: bytes) -> OfficeKind:
    """Tell from the list of content types what a ZIP archive is; "other" where it has none."""
    if not any(name in data for name in _OFFICE_PARTS):
        return "other"
    if not _has_short_directory(data):
        return "damaged"
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if "[Content_Types].xml" not in archive.namelist():
                return "other"
            if archive.getinfo("[Content_Types].xml").flag_bits & _IS_ENCRYPTED:
                return "encrypted"
            with archive.open("[Content_Types].xml") as part:
                types = part.read(_MAX_TYPES_BYTES)
    except (
        zipfile.BadZipFile,
        zlib.error,
        RuntimeError,
        NotImplementedError,
        ValueError,
        EOFError,
    ):
        return "damaged"
    kinds = [_MAIN_TYPES[name] for name in _MAIN_PART.findall(types) if name in _MAIN_TYPES]
    return kinds[0] if kinds else "other"


def is_password_protected(data: bytes) -> bool:
    """Tell whether an OLE file is an encrypted office document ([MS-OFFCRYPTO] 2.3.2)."""
    return "EncryptedPackage".encode("utf-16-le") in data


def _has_short_directory(data: bytes) -> bool:
    """Tell whether the list of parts is short enough to be read: each costs memory."""
    end = data.rfind(b"PK\x05\x06", max(0, len(data) - 2**16 - _DIRECTORY_END.size))
    if end < 0 or end + _DIRECTORY_END.size > len(data):
        return False
    if data[max(0, end - _ZIP64_LOCATOR_BYTES) :].startswith(b"PK\x06\x07"):
        return False  # ZIP64: made for what is larger than any upload
    directory_bytes: int = _DIRECTORY_END.unpack_from(data, end)[5]
    return directory_bytes <= _MAX_DIRECTORY_BYTES
