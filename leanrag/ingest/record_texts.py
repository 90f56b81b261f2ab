"""A cell of a list → the text that is kept: no markup, no controls, no apostrophe of an export."""

from __future__ import annotations

import html
import re

from leanrag.csv_export import rearm
from leanrag.ingest.document_report import Refused
from leanrag.text.normalize import clean

_TAG = re.compile(
    r"(?i)<!--|</?(?:a|article|b|blockquote|br|center|code|dd|div|dl|dt|em|figure|font|form|h[1-6]"
    r"|hr|i|iframe|img|input|label|li|link|meta|object|ol|p|pre|s|script|section|small|span|strong"
    r"|style|sub|sup|svg|t(?:able|body|d|foot|h|head|r)|u|ul|video)\b[^<>]*>"
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_HEADING_MARK = re.compile(r"^(?:#{1,6} |\\(?=[#`~]))", re.MULTILINE)
_EMPTY_LINES = re.compile(r"\n\s*\n")
_EXCERPT_CHARACTERS = 40


def tidy(text: str) -> str:
    """Return a text as it is kept: without controls and outer blanks; safe to repeat."""
    if text.isascii() and text.isprintable():  # half a million cells: there is nothing to clean
        return text.strip()
    return clean(text).strip()


def read_own(cell: str) -> str:
    """Return the text of a cell that LeanRAG wrote; the apostrophe of an export is taken off."""
    return rearm(tidy(cell)).strip()


def read_foreign(cell: str) -> str | None:
    """Return the text of a cell that another program wrote; None for HTML that cannot be read.

    HTML and its entities become text, a line for each block; what a page hides is left out.
    """
    text = read_own(cell)
    if _TAG.search(text):
        return _read_html(text)
    return tidy(html.unescape(text).replace("\u00a0", " ")) if _ENTITY.search(text) else text


def excerpt(text: str) -> str:
    """Return the start of a text on one line, in quotation marks, for a sentence about it."""
    words = " ".join(text.split())
    is_long = len(words) > _EXCERPT_CHARACTERS
    return f"“{words[:_EXCERPT_CHARACTERS].rstrip()}{'…' if is_long else ''}”"


def _read_html(text: str) -> str | None:
    # Only here: 0.1 s to import, and most lists hold no HTML.
    from leanrag.ingest.html_blocks import BlockReader
    from leanrag.ingest.html_tree import drop_unseen, read_tree
    from leanrag.ingest.markdown_writer import MarkdownWriter

    writer = MarkdownWriter()
    try:
        root = read_tree(text.encode())
        drop_unseen(root)
        BlockReader(writer).read(root)
    except Refused:
        return None
    return tidy(_EMPTY_LINES.sub("\n", _HEADING_MARK.sub("", writer.text())))
