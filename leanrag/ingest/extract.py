"""An accepted file → its title and the text of its pages, in reading order."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, NoReturn

from leanrag.errors import EmptyFile, EncryptedFile, ExtractionFailed, FileTooLarge, NoTextFound
from leanrag.ingest.decode import decode_text
from leanrag.ingest.pdf_report import ChildLimits, ChildReport
from leanrag.ingest.validate import PDF, UploadType
from leanrag.settings import Settings
from leanrag.text.normalize import clean
from leanrag.types import ExtractedDocument, ExtractedPage

_SOURCE_ROOT = Path(__file__).resolve().parents[2]
_MAX_TITLE_CHARACTERS = 200
_HEADING = re.compile(r"^#{1,6}[ \t]+(.*?)[ \t]*#*$", re.MULTILINE)
# What programs write into a PDF's title: file names, "Microsoft Word - …", "untitled".
_NO_TITLE = re.compile(
    r"(?i)(untitled|no title|document\d*|title|slide \d+|microsoft \w+ - .*"
    r"|.*\.(docx?|pdf|pptx?|xlsx?|tex|dvi|indd|odt|rtf|html?|txt|md)|about:blank|https?://.*)"
)


def extract(data: bytes, upload_type: UploadType, *, settings: Settings) -> ExtractedDocument:
    """Read a file that `validate.identify` accepted.

    Raises EncryptedFile, FileTooLarge (too many pages), NoTextFound (a scan), EmptyFile (a text of
    white space) or ExtractionFailed (broken, or over the limits of time and memory).
    """
    if upload_type == PDF:
        return _extract_pdf(data, settings)
    text = clean(decode_text(data))
    if not text.strip():
        raise EmptyFile("This file holds nothing but white space; choose a file with text.")
    return ExtractedDocument(_first_heading([text]), (ExtractedPage(None, text),))


def _extract_pdf(data: bytes, settings: Settings) -> ExtractedDocument:
    limits = ChildLimits(
        memory_bytes=settings.extraction_memory_bytes,
        cpu_seconds=settings.extraction_cpu_seconds,
        wall_seconds=settings.extraction_wall_seconds,
        max_pages=settings.max_pdf_pages,
    )
    report = _run_child(data, limits)
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


def _usable_title(title: str) -> str:
    title = " ".join(title.split())
    if not re.search(r"[^\W\d_]{2}", title) or _NO_TITLE.fullmatch(title):
        return ""
    return title[:_MAX_TITLE_CHARACTERS]


def _first_heading(texts: list[str]) -> str:
    """Return the text of the first `#` heading, or nothing."""
    for text in texts:
        for heading in _HEADING.finditer(text):
            if usable := _usable_title(heading[1]):
                return usable
    return ""


# ---- the child process ------------------------------------------------------------------------


def _run_child(data: bytes, limits: ChildLimits) -> ChildReport:
    """Run the reading process to its end. Raises ExtractionFailed where it does not end well."""
    # Files instead of pipes: the kernel bounds what the process may write, and nothing can block.
    with tempfile.TemporaryFile() as pdf, tempfile.TemporaryFile() as output:
        pdf.write(data)
        pdf.seek(0)
        process = subprocess.Popen(
            [sys.executable, "-s", "-E", "-m", "leanrag.ingest.pdf_child", limits.to_argument()],
            stdin=pdf,
            stdout=output,
            stderr=subprocess.DEVNULL,
            cwd=_SOURCE_ROOT,
            env={"LC_ALL": "C.UTF-8"},  # no secrets for a process that reads strangers' files
            start_new_session=True,
        )
        _await(process, limits.wall_seconds)
        return _read_report(output, process.returncode)


def _await(process: subprocess.Popen[bytes], wall_seconds: float) -> None:
    try:
        process.wait(timeout=wall_seconds)
    except subprocess.TimeoutExpired:
        raise ExtractionFailed(
            f"Reading this PDF took longer than {wall_seconds} seconds; "
            "split it or export it again, and upload the new file."
        ) from None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _read_report(output: IO[bytes], return_code: int) -> ChildReport:
    if return_code == -signal.SIGXCPU or return_code == -signal.SIGKILL:
        raise ExtractionFailed(
            "Reading this PDF took more computing time than allowed; "
            "split it or export it again, and upload the new file."
        )
    if return_code != 0:
        raise ExtractionFailed(
            "This PDF is damaged or needs more memory than allowed; "
            "export it again and upload the new file."
        )
    output.seek(0)
    return ChildReport(**json.load(output))
