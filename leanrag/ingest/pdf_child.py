"""Reads one PDF in a process of its own: `python -m leanrag.ingest.pdf_child LIMITS`.

Files made by strangers are parsed here, where a crash, a bomb or an endless loop ends nothing but
this process. The PDF comes in through standard input, one JSON object goes out through standard
output. Only the PDF libraries are imported, to start quickly: pdfium, which read 98 % of 4,005
public PDFs in an eighth of pypdf's time, and pypdf for those that pdfium refuses.
"""

from __future__ import annotations

import gc
import io
import json
import logging
import sys
import warnings
from collections.abc import Sequence
from dataclasses import asdict

import pypdfium2
import pypdfium2.raw as pdfium

from leanrag.ingest.child_limits import ChildLimits, limit_process
from leanrag.ingest.child_progress import write_progress
from leanrag.ingest.pdf_glyphs import read_glyphs
from leanrag.ingest.pdf_layout import write_pages
from leanrag.ingest.pdf_lines import Line, read_lines
from leanrag.ingest.pdf_report import ChildReport
from leanrag.ingest.two_readers import read_parts

_MAX_TITLE_CHARACTERS = 300
_OBJECTS_A_COLLECTION = 100_000  # glyphs form no cycles: looking for some took 6 % of the time


def main() -> None:
    """Read standard input as a PDF within the limits given and write a ChildReport."""
    limits = ChildLimits.from_argument(sys.argv[1])
    limit_process(limits)
    logging.disable(logging.CRITICAL)  # pypdf logs each flaw of a file
    warnings.simplefilter("ignore")
    gc.set_threshold(_OBJECTS_A_COLLECTION)
    data = sys.stdin.buffer.read()
    report = read_pdf(data, limits.max_pages, copy_seconds=limits.wall_seconds)
    json.dump(asdict(report), sys.stdout)  # ASCII: even lone surrogates pass


def read_pdf(data: bytes, max_pages: int, *, copy_seconds: int | None = None) -> ChildReport:
    """Read a PDF with pdfium, and with pypdf where pdfium finds nothing it can read.

    With `copy_seconds` a copy of this process, which must be of one thread, helps with long ones.
    """
    report = _read_with_pdfium(data, max_pages, copy_seconds)
    if report.outcome == "broken":
        report = _read_with_pypdf(data, max_pages)
    return report


def _read_with_pdfium(data: bytes, max_pages: int, copy_seconds: int | None) -> ChildReport:
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        locked = error.err_code in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY)
        return ChildReport("encrypted" if locked else "broken")
    if len(document) > max_pages:
        return ChildReport("too_many_pages", page_count=len(document))
    title = str(document.get_metadata_value("Title"))
    pages = read_parts(
        lambda index: _read_page(document, index),
        len(document),
        copy_seconds=copy_seconds,
        on_part=write_progress,
    )
    if None in pages and not any(pages):
        return ChildReport("broken")
    return _report_pages(title, write_pages([page or [] for page in pages]))


def _read_page(document: pypdfium2.PdfDocument, index: int) -> list[list[Line]] | None:
    """Return the columns of a page; None for a broken one, which does not cost the others."""
    try:
        page = document[index]
        try:
            return [column for glyphs in read_glyphs(page) for column in read_lines(glyphs)]
        finally:
            page.close()
    except pypdfium2.PdfiumError:
        return None


def _read_with_pypdf(data: bytes, max_pages: int) -> ChildReport:
    from pypdf import PdfReader  # 0.1 s to import, and seldom needed

    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            return ChildReport("encrypted")
        count = len(reader.pages)
        if count > max_pages:
            return ChildReport("too_many_pages", page_count=count)
        title = str(reader.metadata.title or "") if reader.metadata else ""
        return _report_pages(title, [page.extract_text() for page in reader.pages])
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - a broken file makes pypdf raise TypeError, KeyError and more
        return ChildReport("broken")


def _report_pages(title: str, pages: Sequence[str]) -> ChildReport:
    return ChildReport(
        outcome="read",
        title=title[:_MAX_TITLE_CHARACTERS],
        page_count=len(pages),
        pages=tuple(_join_surrogates(text) for text in pages),
    )


def _join_surrogates(text: str) -> str:
    """Make one letter of a surrogate pair, which pdfium reports as two; a lone half is lost."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")


if __name__ == "__main__":
    main()
