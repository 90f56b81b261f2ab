"""What an uploaded file is, told by its content and not by its name."""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal, NoReturn

import filetype  # type: ignore[import-untyped]

from leanrag.errors import (
    EmptyFile,
    EncryptedFile,
    ExtractionFailed,
    FileTooLarge,
    UnsupportedFileType,
)
from leanrag.ingest.decode import decode_text
from leanrag.ingest.validate_office import (
    OLE_MARK,
    ZIP_MARKS,
    OfficeKind,
    is_password_protected,
    office_kind,
)

MediaType = Literal[
    "application/pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "text/csv; header=present",
    "text/tab-separated-values",
    "text/html",
    "application/x-subrip",
    "text/vtt",
    "text/plain",
    "text/markdown",
]
ACCEPTED = (
    "LeanRAG reads PDF, Word (.docx), Excel (.xlsx), CSV (.csv, .tsv), web pages (.html),"
    " subtitles (.srt, .vtt), plain text (.txt) and Markdown (.md)"
)
MAX_NAME_CHARACTERS = 200

_PDF_MARKER = b"%PDF-"
_PDF_HEADER_BYTES = 1024  # readers accept junk before the marker (PDF 1.7, appendix H, note 13)
_SAMPLE_BYTES = 64 * 1024
_MIN_PRINTABLE = 0.95
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_MARKUP = (  # formats that are printable, yet whose characters are not what a reader sees
    (re.compile(rb"\{\\rtf"), "a rich text (RTF) document"),
    (re.compile(rb"%!PS"), "a PostScript file"),
    (re.compile(rb"(?i)<\?xml|<svg"), "an XML file"),
)
_PAGE_START = re.compile(
    r"(?is)[\s\ufeff]*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--(?:(?!-->).){0,2000}-->\s*)*"
    r"<(?:!doctype\s+html|html|head|body)\b"
)
_PAGE_TAG = re.compile(
    r"(?i)<!--|<(?:p|div|h[1-6]|ul|ol|table|article|section|main|span|a|br)\b[^<>]*>"
)
_CUE_TIMES = re.compile(
    r"^\s*-?\d{1,4}:\d{1,2}:\d{1,2}[,.]\d{1,3}[ \t]*-->[ \t]*-?\d{1,4}:\d{1,2}:\d{1,2}",
    re.MULTILINE,
)
_CUE_FILE_START = re.compile(r"\s*\d+[ \t]*\r?\n")
_KINDS = {
    "application/x-msdownload": "a Windows program",
    "application/x-executable": "a program",
    "application/zip": "a ZIP archive",
}
_LOCKED = "This office document asks for a password; save it without one and upload it again."
_KIND_FAMILIES = {"image": "an image", "audio": "a sound file", "video": "a video"}


@dataclass(frozen=True, slots=True)
class UploadType:
    """The type of an accepted file and the extension that fits it, with its dot."""

    media_type: MediaType
    extension: str


PDF = UploadType("application/pdf", ".pdf")
DOCX = UploadType(
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx"
)
XLSX = UploadType("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx")
# With the parameter of RFC 4180: "text/csv" alone is a list of records, in our own columns.
CSV = UploadType("text/csv; header=present", ".csv")
TSV = UploadType("text/tab-separated-values", ".tsv")
HTML = UploadType("text/html", ".html")
SRT = UploadType("application/x-subrip", ".srt")
VTT = UploadType("text/vtt", ".vtt")
PLAIN_TEXT = UploadType("text/plain", ".txt")
MARKDOWN = UploadType("text/markdown", ".md")
_NAMED = {".md": MARKDOWN, ".markdown": MARKDOWN, ".csv": CSV, ".tsv": TSV}


def identify(data: bytes, filename: str, *, max_bytes: int) -> UploadType:
    """Tell the type of an uploaded file from its bytes.

    The name only tells Markdown, CSV, and a web page that lacks its `<html>`, from plain text.
    Raises EmptyFile, FileTooLarge, EncryptedFile, ExtractionFailed (a broken archive) or
    UnsupportedFileType.
    """
    if not data:
        raise EmptyFile("This file is empty (0 bytes); choose a file with content.")
    if len(data) > max_bytes:
        size, limit = len(data) / 2**20, max_bytes / 2**20
        raise FileTooLarge(
            f"This file has {size:.1f} MB and the limit is {limit:.1f} MB; split it or shrink it.",
            bytes=len(data),
            max_bytes=max_bytes,
        )
    if data.startswith(ZIP_MARKS):
        return _identify_archive(office_kind(data))
    if data.startswith(OLE_MARK):
        _refuse_ole(data)
    kind = filetype.guess(data[:8192])
    mime = str(kind.mime) if kind else ""
    if _PDF_MARKER in data[:_PDF_HEADER_BYTES] and mime in ("", PDF.media_type):
        return PDF
    text = _read_sample(data)
    if text is not None and (found := _identify_text(text, filename)):
        return found
    markup = _name_markup(data)
    if markup or text is None:
        raise UnsupportedFileType(f"This file seems to be {markup or _name(mime)}; {ACCEPTED}.")
    return _NAMED.get(PurePosixPath(filename.lower()).suffix, PLAIN_TEXT)


def _identify_archive(kind: OfficeKind) -> UploadType:
    if kind == "docx":
        return DOCX
    if kind == "xlsx":
        return XLSX
    if kind == "damaged":
        raise ExtractionFailed(
            "This office document or archive is damaged; save it again and upload the new file."
        )
    if kind == "encrypted":
        raise EncryptedFile(_LOCKED)
    if kind == "macros":
        raise UnsupportedFileType(
            "This office document holds macros; save it as .docx or .xlsx and upload it again."
        )
    raise UnsupportedFileType(f"This file seems to be {_KINDS['application/zip']}; {ACCEPTED}.")


def _refuse_ole(data: bytes) -> NoReturn:
    if is_password_protected(data):
        raise EncryptedFile(_LOCKED)
    raise UnsupportedFileType(
        "This file seems to be of an Office before 2007; save it as .docx or .xlsx and upload it"
        " again."
    )


def _identify_text(text: str, filename: str) -> UploadType | None:
    """Tell subtitles and web pages from their first characters; None for any other text."""
    if re.match(r"\s*WEBVTT(?:[ \t\r\n]|$)", text):
        return VTT
    if _CUE_TIMES.search(text[:2000]) and _CUE_FILE_START.match(text):
        return SRT
    is_named_page = filename.lower().endswith((".html", ".htm", ".xhtml"))
    if _PAGE_START.match(text) or (is_named_page and _PAGE_TAG.search(text)):
        return HTML
    return None


def safe_filename(name: str) -> str:
    """Return `name` without path, control or bidi characters: 1 to 200 characters, to be shown."""
    name = re.split(r"[/\\]", name)[-1]
    kept = "".join(c for c in name if unicodedata.category(c)[0] != "C" or c == "\u200c")
    kept = " ".join(kept.split()).strip(" .\u200c")
    stem, dot, extension = kept.rpartition(".")
    if len(kept) > MAX_NAME_CHARACTERS and dot and len(extension) <= 10:
        kept = stem[: MAX_NAME_CHARACTERS - len(extension) - 1] + dot + extension
    return kept[:MAX_NAME_CHARACTERS].strip() or "file"


def _name(mime: str) -> str:
    """Describe a media type in words."""
    family = mime.partition("/")[0]
    if mime in _KINDS:
        return _KINDS[mime]
    if family in _KIND_FAMILIES:
        return f"{_KIND_FAMILIES[family]} ({mime})"
    return f"of the type {mime}" if mime else "binary data"


def _name_markup(data: bytes) -> str:
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    return next((name for pattern, name in _MARKUP if pattern.match(start)), "")


def _read_sample(data: bytes) -> str | None:
    """Return the start of a text, or None where it cannot be decoded, holds a NUL or is noise."""
    sample = data[:_SAMPLE_BYTES]
    if b"\0" in data and not data.startswith(_WIDE_MARKS):
        return None
    try:
        text = decode_text(sample)
    except ExtractionFailed:
        return None
    # Tab, newlines and format characters are text; so are the letters that a cut sample tears.
    readable = sum(c.isprintable() or c in "\t\n\r\f\v\ufffd" or _is_format(c) for c in text)
    return text if "\0" not in text and readable >= _MIN_PRINTABLE * len(text) else None


def _is_format(letter: str) -> bool:
    return unicodedata.category(letter) in ("Cf", "Zs", "Zl", "Zp")
