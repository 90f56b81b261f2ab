"""Draws one page of a PDF in a process of its own: `… -m …pdf_picture_child LIMITS PAGE WIDTH`.

As in `pdf_child`, the PDF comes in through standard input and one JSON object goes out through
standard output. An image of any size may hide in a page: its pixels count towards the memory limit.
"""

from __future__ import annotations

import base64
import io
import json
import math
import sys
from dataclasses import asdict
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from leanrag.ingest.child_limits import ChildLimits, limit_process
from leanrag.ingest.pdf_report import PictureReport

_MAX_SCALE = 4.0  # pixels a point (288 dpi): a page as small as a label is not blown up further
_MAX_PNG_BYTES = (
    400_000  # a page of text is far smaller; a photograph is larger, and better as JPEG
)
_JPEG_QUALITY = 82
_PNG_LEVEL = 4  # of zlib: 6, the default, takes a third longer for a few percent of the size
_ROUNDING = 1 - 1e-9  # keeps pypdfium2's rounding up from adding a pixel


def main() -> None:
    """Read standard input as a PDF within the limits given and write a PictureReport."""
    limit_process(ChildLimits.from_argument(sys.argv[1]))
    report = draw_page(sys.stdin.buffer.read(), int(sys.argv[2]), int(sys.argv[3]))
    json.dump(asdict(report), sys.stdout)


def draw_page(data: bytes, page: int, width: int) -> PictureReport:
    """Draw page number `page`, counted from 1, at most `width` pixels wide and twice as high."""
    try:
        document = pypdfium2.PdfDocument(data)
        document.init_forms()  # else what was filled into a form stays unseen
        count = len(document)
        if not 1 <= page <= count:
            return PictureReport("no_such_page", page_count=count)
        picture = _render(document[page - 1], width)
    except pypdfium2.PdfiumError as error:
        locked = error.err_code in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY)
        return PictureReport("encrypted" if locked else "broken")
    if picture is None:
        return PictureReport("broken", page_count=count)
    return PictureReport("drawn", count, base64.b64encode(_encode(picture)).decode("ascii"))


def _render(page: Any, width: int) -> Any:
    """Return the page as a Pillow image, or None where it states no size that can be drawn."""
    page_width, page_height = page.get_size()
    if not (0 < page_width < math.inf and 0 < page_height < math.inf):
        return None
    scale = min(_MAX_SCALE, width / page_width, 2 * width / page_height) * _ROUNDING
    return page.render(scale=scale, rev_byteorder=True).to_pil()


def _encode(picture: Any) -> bytes:
    output = io.BytesIO()
    picture = _drop_colour(picture)
    picture.save(output, "PNG", compress_level=_PNG_LEVEL)
    if output.tell() > _MAX_PNG_BYTES:
        photograph = io.BytesIO()
        picture.save(photograph, "JPEG", quality=_JPEG_QUALITY)
        output = min(output, photograph, key=lambda written: written.tell())
    return output.getvalue()


def _drop_colour(picture: Any) -> Any:
    """Return a picture of greys, as most pages of text are, with one byte a pixel."""
    from PIL import ImageChops  # a process that refuses its file needs no Pillow

    red, green, blue = picture.split()
    grey = not any(ImageChops.difference(red, other).getbbox() for other in (green, blue))
    return red if grey else picture


if __name__ == "__main__":
    main()
