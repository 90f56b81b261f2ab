"""Hostile and broken PDFs, made by code."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterator, Sequence

from pypdf import PdfReader, PdfWriter
from reportlab.pdfgen.canvas import Canvas

Case = tuple[str, str, Callable[[], bytes], str, str]  # name, outcomes, build, holds, hides


def written(pages: int = 1) -> bytes:
    output = io.BytesIO()
    canvas = Canvas(output)
    for number in range(pages):
        canvas.drawString(72, 700, f"Page number {number + 1}.")
        canvas.showPage()
    canvas.save()
    return output.getvalue()


def encrypted() -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(written())))
    writer.encrypt("secret", algorithm="AES-256")
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()


def assemble(objects: Sequence[bytes]) -> bytes:
    output, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(output))
        output += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    return (
        output
        + b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R>>\n"
        % (
            size,
            table,
            size,
        )
        + b"startxref\n%d\n%%%%EOF" % len(output)
    )


def with_content(stream: bytes, kids: bytes = b"3 0 R") -> bytes:
    return assemble(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[%s]/Count 1>>" % kids,
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R"
            b"/Resources<</Font<</T 5 0 R>>>>>>",
            stream,
            b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        ]
    )


def packed(content: bytes, times: int = 1) -> bytes:
    for _ in range(times):
        content = zlib.compress(content, 9)
    filters = b"/FlateDecode " * times
    return b"<</Length %d/Filter[%s]>>stream\n%s\nendstream" % (len(content), filters, content)


def pdf_cases() -> Iterator[Case]:
    broken = "extraction_failed no_text"
    yield "pdf-password", "encrypted_file", encrypted, "", ""
    yield "pdf-10000-pages", "file_too_large", lambda: written(10_000), "", ""
    yield "pdf-truncated", f"read {broken}", lambda: written()[:-600], "", ""
    yield "pdf-marker-alone", "extraction_failed", lambda: b"%PDF-1.7\n", "", ""
    yield "pdf-bomb-400-MB", broken, lambda: with_content(packed(bytes(400 * 2**20))), "", ""
    yield (
        "pdf-bomb-packed-twice",
        broken,
        lambda: with_content(packed(bytes(400 * 2**20), times=2)),
        "",
        "",
    )
    yield "pdf-pages-in-a-circle", f"read {broken}", lambda: with_content(b"null", b"2 0 R"), "", ""
    yield (
        "pdf-nested-arrays",
        f"read {broken}",
        lambda: with_content(packed(b"[" * 500_000 + b"]" * 500_000)),
        "",
        "",
    )
    yield (
        "pdf-million-words",
        f"read {broken}",
        lambda: with_content(
            packed(b"BT /T 9 Tf " + b"1 0 0 1 9 9 Tm (word) Tj " * 200_000 + b"ET")
        ),
        "",
        "",
    )
    yield "pdf-named.docx", "read", written, "Page number 1.", ""
