"""A small PDF that takes long to read: all of its pages show the same crowded text."""

from __future__ import annotations

import io

from reportlab.pdfgen.canvas import Canvas


def slow_pdf(pages: int = 400, lines: int = 12) -> bytes:
    """Write a PDF of which each page takes some 40 ms or more to read."""
    output = io.BytesIO()
    canvas = Canvas(output, pagesize=(842, 842), pageCompression=1)
    canvas.beginForm("crowd")
    canvas.setFont("Helvetica", 4)
    for line in range(lines):
        canvas.drawString(10, 10 + 4.5 * line, f"Line {line}: " + "delivery of lids and jars " * 9)
    canvas.endForm()
    for page in range(pages):
        canvas.doForm("crowd")
        canvas.drawString(10, 830, f"Page {page}")
        canvas.showPage()
    canvas.save()
    return output.getvalue()
