"""What an uploaded file is, told by its content and not by its name."""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

import filetype  # type: ignore[import-untyped]

from leanrag.errors import EmptyFile, ExtractionFailed, FileTooLarge, UnsupportedFileType
from leanrag.ingest.decode import decode_text

MediaType = Literal["application/pdf", "text/plain", "text/markdown"]
ACCEPTED = "LeanRAG reads PDF, plain text (.txt) and Markdown (.md)"
MAX_NAME_CHARACTERS = 200

_PDF_MARKER = b"%PDF-"
_PDF_HEADER_BYTES = 1024  # readers accept junk before the marker (PDF 1.7, appendix H, note 13)
_SAMPLE_BYTES = 64 * 1024
_MIN_PRINTABLE = 0.95
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_MARKUP = (  # formats that are printable, yet whose characters are not what a reader sees
    (re.compile(rb"\{\\rtf"), "a rich text (RTF) document"),
    (re.compile(rb"%!PS"), "a PostScript file"),
    (re.compile(rb"(?i)<!doctype html|<html"), "a web page (HTML)"),
    (re.compile(rb"(?i)<\?xml|<svg"), "an XML file"),
)
_KINDS = {
    "application/x-msdownload": "a Windows program",
    "application/x-executable": "a program",
    "application/zip": "a ZIP archive or an office document",
}
_KIND_FAMILIES = {"image": "an image", "audio": "a sound file", "video": "a video"}


@dataclass(frozen=True, slots=True)
class UploadType:
    """The type of an accepted file and the extension that fits it, with its dot."""

    media_type: MediaType
    extension: str


PDF = UploadType("application/pdf", ".pdf")
PLAIN_TEXT = UploadType("text/plain", ".txt")
MARKDOWN = UploadType("text/markdown", ".md")


def identify(data: bytes, filename: str, *, max_bytes: int) -> UploadType:
    """Tell the type of an uploaded file from its bytes; the name tells Markdown from plain text.

    Raises EmptyFile, FileTooLarge or UnsupportedFileType.
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
    kind = filetype.guess(data[:8192])
    mime = str(kind.mime) if kind else ""
    if _PDF_MARKER in data[:_PDF_HEADER_BYTES] and mime in ("", PDF.media_type):
        return PDF
    markup = _name_markup(data)
    if markup or not _is_text(data):
        raise UnsupportedFileType(f"This file seems to be {markup or _name(mime)}; {ACCEPTED}.")
    return MARKDOWN if filename.lower().endswith((".md", ".markdown")) else PLAIN_TEXT


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


def _is_text(data: bytes) -> bool:
    """Tell whether `data` can be decoded, holds no NUL and is nearly all printable."""
    sample = data[:_SAMPLE_BYTES]
    if b"\0" in data and not data.startswith(_WIDE_MARKS):
        return False
    try:
        text = decode_text(sample)
    except ExtractionFailed:
        return False
    # Tab, newlines and format characters are text; so are the letters that a cut sample tears.
    readable = sum(c.isprintable() or c in "\t\n\r\f\v\ufffd" or _is_format(c) for c in text)
    return "\0" not in text and readable >= _MIN_PRINTABLE * len(text)


def _is_format(letter: str) -> bool:
    return unicodedata.category(letter) in ("Cf", "Zs", "Zl", "Zp")
