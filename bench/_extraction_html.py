"""Prints a source text from HTML, with Chromium."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from bench._extraction_fonts import Font
from bench._extraction_programs import find_program, run_program
from bench._extraction_texts import Block, SourceText

_TAGS = {"title": "h1", "heading": "h2", "paragraph": "p"}
_STYLE = """
@page { size: A4; margin: 2cm }
body, h1, h2, p, li, td { font-family: '%s' }
p, li, td { font-size: 11pt; line-height: 1.5 }
h1 { font-size: 20pt } h2 { font-size: 15pt }
table { width: 100%% } ul { list-style-type: '• ' }
"""
_CHROMIUM_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--no-pdf-header-footer",
)


def print_with_chromium(text: SourceText, font: Font, directory: Path) -> bytes:
    """Return the text as Chromium prints it. Raises Unavailable without Chromium."""
    program = find_program("chromium", "google-chrome", package="chromium")
    page = _write_html(text, font, directory)
    target = page.with_suffix(".pdf")
    profile = f"--user-data-dir={directory / 'chromium'}"
    run_program([program, *_CHROMIUM_FLAGS, profile, f"--print-to-pdf={target}", str(page)], font)
    return target.read_bytes()


def _write_html(text: SourceText, font: Font, directory: Path) -> Path:
    direction = "rtl" if text.is_right_to_left else "ltr"
    head = f"<meta charset=utf-8><style>{_STYLE % font.family}</style>"
    groups = groupby(text.blocks, lambda block: block.kind)
    body = "\n".join(_write_group(kind, list(blocks)) for kind, blocks in groups)
    page = directory / f"{text.language}.html"
    page.write_text(
        f'<!DOCTYPE html><html lang="{text.language}" dir="{direction}"><head>{head}</head>'
        f"<body>\n{body}\n</body></html>",
        encoding="utf-8",
    )
    return page


def _write_group(kind: str, blocks: Sequence[Block]) -> str:
    if kind == "item":
        return "<ul>" + "".join(f"<li>{html.escape(b.cells[0])}</li>" for b in blocks) + "</ul>"
    if kind == "row":
        rows = ("".join(f"<td>{html.escape(cell)}</td>" for cell in b.cells) for b in blocks)
        return "<table>" + "".join(f"<tr>{row}</tr>" for row in rows) + "</table>"
    return "\n".join(_write_elements(_TAGS[kind], blocks))


def _write_elements(tag: str, blocks: Sequence[Block]) -> Iterator[str]:
    for block in blocks:
        style = ' style="page-break-before: always"' if block.starts_page else ""
        yield f"<{tag}{style}>{html.escape(block.cells[0])}</{tag}>"
