"""An accepted file → its title and the text of its pages, in reading order.

What needs a parser is read by a process of its own (`pdf_child`, `document_child`).
"""

from __future__ import annotations

import re
from typing import NoReturn

from leanrag.errors import (
    EmptyFile,
    EncryptedFile,
    ExtractionFailed,
    FileRejected,
    FileTooLarge,
    NoTextFound,
)
from leanrag.ingest.child_limits import ChildLimits
from leanrag.ingest.child_process import OnWait, run_child
from leanrag.ingest.decode import decode_text
from leanrag.ingest.document_report import DocumentFormat, Refusal
from leanrag.ingest.extracted import ExtractedDocument, ExtractedPage
from leanrag.ingest.pdf_report import ChildReport
from leanrag.ingest.validate import CSV, DOCX, HTML, PDF, SRT, TSV, VTT, XLSX, UploadType
from leanrag.settings import Settings
from leanrag.text.normalize import clean

_MAX_TITLE_CHARACTERS = 200
_HEADING = re.compile(r"^#{1,6}[ \t](.*)$", re.MULTILINE)
# What programs write as a title: file names, "Microsoft Word - …", "untitled".
_NO_TITLE = re.compile(
    r"(?i)(untitled|no title|(document|book|sheet)\d*|title|slide \d+|microsoft \w+ - .*"
    r"|(word|powerpoint) (document|presentation)|.*\.(docx?|pdf|pptx?|xlsx?|tex|dvi|indd|odt|rtf"
    r"|html?|txt|md|csv|tsv)|about:blank|https?://.*)"
)
_FORMATS: dict[UploadType, tuple[DocumentFormat, str]] = {
    DOCX: ("docx", "Word document"),
    XLSX: ("xlsx", "workbook"),
    CSV: ("csv", "table"),
    TSV: ("csv", "table"),
    HTML: ("html", "web page"),
    SRT: ("subtitles", "subtitle file"),
    VTT: ("subtitles", "subtitle file"),
}
_ERRORS = {error.code: error for error in (FileRejected, FileTooLarge, ExtractionFailed)}
_AGAIN = "export it again and upload the new file"
_REFUSALS: dict[Refusal, tuple[type[FileRejected], str]] = {  # all but "no_table"
    "encrypted": (EncryptedFile, "asks for a password; save it without one and upload it again"),
    "damaged": (ExtractionFailed, f"is damaged and cannot be read; {_AGAIN}"),
    "too_many_parts": (FileTooLarge, "is packed of more than 2,000 parts; split it"),
    "unpacks_too_large": (FileTooLarge, "unpacks to more than 100 MB; split it or shrink it"),
    "packed_too_tightly": (
        ExtractionFailed,
        f"unpacks to more than 200 times its size, as no ordinary file does; {_AGAIN}",
    ),
    "declares_entities": (
        ExtractionFailed,
        f"declares XML entities, which no ordinary file does; {_AGAIN}",
    ),
    "odd_part_names": (
        ExtractionFailed,
        f"names its parts as no ordinary file does; {_AGAIN}",
    ),
    "too_many_cells": (FileTooLarge, "has more than 500,000 filled cells; split it"),
    "too_much_text": (FileTooLarge, "holds more than 10 million letters; split it"),
    "no_cues": (
        ExtractionFailed,
        f"holds no line of speech with its time; {_AGAIN} as SRT or WebVTT",
    ),
}


def extract(
    data: bytes,
    upload_type: UploadType,
    *,
    settings: Settings,
    on_wait: OnWait | None = None,
) -> ExtractedDocument:
    """Read a file that `validate.identify` accepted; `on_wait` hears of the pages, and may stop it.

    Raises EncryptedFile, FileTooLarge (too many pages, cells or letters), NoTextFound (a scan, an
    empty sheet), EmptyFile (a text of white space) or ExtractionFailed (broken, hostile, or over
    the limits of time and memory).
    """
    if upload_type == PDF:
        return _extract_pdf(data, settings, on_wait)
    if upload_type in _FORMATS:
        document = _extract_document(data, upload_type, settings, on_wait)
        if document is not None:
            return document
    text = clean(decode_text(data))
    if not text.strip():
        raise EmptyFile("This file holds nothing but white space; choose a file with text.")
    return ExtractedDocument(_first_heading([text]), (ExtractedPage(None, text),))


def _limits(settings: Settings) -> ChildLimits:
    return ChildLimits(
        memory_bytes=settings.extraction_memory_bytes,
        cpu_seconds=settings.extraction_cpu_seconds,
        wall_seconds=settings.extraction_wall_seconds,
        max_pages=settings.max_pdf_pages,
    )


# ---- documents, sheets, web pages, subtitles ---------------------------------------------------


def _extract_document(
    data: bytes, upload_type: UploadType, settings: Settings, on_wait: OnWait | None
) -> ExtractedDocument | None:
    """Read a document in its process; None for a CSV file that is prose."""
    document_format, noun = _FORMATS[upload_type]
    report = run_child(
        "leanrag.ingest.document_child",
        data,
        _limits(settings),
        document_format,
        noun=noun,
        on_wait=on_wait,
    )
    if report["rejection"] is not None:
        code, sentence, details = report["rejection"]
        raise _ERRORS[code](sentence, **details)
    if report["refusal"] == "no_table":
        return None
    if report["refusal"] is not None:
        error, sentence = _REFUSALS[report["refusal"]]
        raise error(f"This {noun} {sentence}.", reason=report["refusal"])
    pages = [
        ExtractedPage(None, text, clean(part["label"]), tuple(part["rows"]))
        for part in report["parts"]
        if (text := clean(part["text"])).strip()
    ]
    if not pages:
        raise NoTextFound(f"This {noun} holds no text to read; choose a file with text.")
    title = _usable_title(clean(report["title"])) or _first_heading([page.text for page in pages])
    return ExtractedDocument(title, tuple(pages))


# ---- PDF --------------------------------------------------------------------------------------


def _extract_pdf(data: bytes, settings: Settings, on_wait: OnWait | None) -> ExtractedDocument:
    limits = _limits(settings)
    found = run_child("leanrag.ingest.pdf_child", data, limits, noun="PDF", on_wait=on_wait)
    report = ChildReport(**found)
    if report.outcome != "read":
        _refuse(report, limits)
    pages = tuple(
        ExtractedPage(number, clean(text)) for number, text in enumerate(report.pages, start=1)
    )
    if not any(page.text.strip() for page in pages):
        raise NoTextFound(
            "This PDF holds no text to read: it seems to be a scan. "
            "Run text recognition (OCR) on it and upload it again."
        )
    title = _usable_title(clean(report.title)) or _first_heading([page.text for page in pages])
    return ExtractedDocument(title, pages)


def _refuse(report: ChildReport, limits: ChildLimits) -> NoReturn:
    if report.outcome == "encrypted":
        raise EncryptedFile(
            "This PDF asks for a password; save it without one and upload it again."
        )
    if report.outcome == "too_many_pages":
        raise FileTooLarge(
            f"This PDF has {report.page_count} pages and the limit is {limits.max_pages}; "
            "split it and upload the parts.",
            pages=report.page_count,
            max_pages=limits.max_pages,
        )
    raise ExtractionFailed(
        "This PDF is damaged and cannot be read; export it again and upload the new file."
    )


# ---- titles -----------------------------------------------------------------------------------


def _usable_title(title: str) -> str:
    title = " ".join(title.split())
    if not re.search(r"[^\W\d_]{2}", title) or _NO_TITLE.fullmatch(title):
        return ""
    return title[:_MAX_TITLE_CHARACTERS]


def _first_heading(texts: list[str]) -> str:
    """Return the text of the first `#` heading, or nothing."""
    for text in texts:
        for heading in _HEADING.finditer(text):
            if usable := _usable_title(heading[1].rstrip(" \t#")):
                return usable
    return ""
