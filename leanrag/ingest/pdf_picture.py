"""One page of a stored PDF → a picture, to be shown beside the passages cut from it."""

from __future__ import annotations

import base64
from typing import NoReturn

from leanrag.errors import EncryptedFile, ExtractionFailed, InvalidInput, NotFound
from leanrag.ingest.child_limits import ChildLimits
from leanrag.ingest.child_process import run_child
from leanrag.ingest.pdf_report import PictureReport
from leanrag.settings import Settings

MAX_PICTURE_WIDTH = 2_400  # pixels; with twice the height, 35 MB while it is drawn
_MODULE = "leanrag.ingest.pdf_picture_child"
_MAX_WALL_SECONDS = 30  # somebody waits for the picture, other than for the reading of a file


def picture(data: bytes, page: int, *, width: int, settings: Settings) -> bytes:
    """Return page number `page`, counted from 1, as a PNG, or as a JPEG where that is smaller.

    At most `width` pixels wide and twice as high, whatever size the page claims. `data` is a PDF,
    drawn by a process within the limits of extraction. Raises InvalidInput (a width that is not
    from 1 to MAX_PICTURE_WIDTH), NotFound (no such page), EncryptedFile or ExtractionFailed
    (broken, hostile, or over the limits of time and memory).
    """
    if not 1 <= width <= MAX_PICTURE_WIDTH:
        raise InvalidInput(
            f"A picture of a page is 1 to {MAX_PICTURE_WIDTH:,} pixels wide; ask for such a width."
        )
    arguments = str(page), str(width)
    found = run_child(_MODULE, data, _limits(settings), *arguments, noun="PDF page")
    report = PictureReport(**found)
    if report.outcome != "drawn":
        _refuse(report, page)
    return base64.b64decode(report.picture)


def _limits(settings: Settings) -> ChildLimits:
    return ChildLimits(
        memory_bytes=settings.extraction_memory_bytes,
        cpu_seconds=settings.extraction_cpu_seconds,
        wall_seconds=min(settings.extraction_wall_seconds, _MAX_WALL_SECONDS),
        max_pages=settings.max_pdf_pages,
    )


def _refuse(report: PictureReport, page: int) -> NoReturn:
    if report.outcome == "no_such_page":
        raise NotFound(
            f"This PDF has no page {page}; choose a page from 1 to {report.page_count}.",
            page=page,
            page_count=report.page_count,
        )
    if report.outcome == "encrypted":
        raise EncryptedFile(
            "This PDF asks for a password; save it without one and upload it again."
        )
    raise ExtractionFailed(
        "This PDF page is damaged and cannot be shown; export it again and upload the new file."
    )
