"""The text of a document → its blocks, each under its path of headings.

Markdown and plain text are read by markdown-it, PDF pages line by line (see `pdf_layout`): there a
digit and a dot begin a numbered heading more often than a list. So are sheets, whose lines say of
which rows they are: markdown-it needs 14 s and 600 MB for a table of 500,000 cells. Blocks are
slices of the text itself, so nothing but white space, rules and heading marks is lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, zip_longest
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token

from leanrag.ingest.extracted import ExtractedDocument, ExtractedPage

BlockKind = Literal["heading", "paragraph", "item", "table", "code"]

_MAX_HEADING_CHARACTERS = 200
_MAX_TITLE_CHARACTERS = 80
_MAX_TITLE_WORDS = 10
_MARKED_HEADING = re.compile(r"(#{1,6})[ \t]+(\S.*)")
_NUMBERED_HEADING = re.compile(r"(\d{1,2}(?:\.\d{1,2}){0,3})[.)]?[ \t]+[^\W\d_]")
_SENTENCE_END = re.compile(r"[.!?…:;,،؛؟۔|]$")
_GOES_ON = re.compile(r"[^\W\d_,]$")
_ESCAPED_MARK = re.compile(r"(?m)^\\(?=#|`{3}|~{3})")  # as markdown_writer escapes them
_LIST_MARK = re.compile(r"(?:[•●▪◦‣·*+–—-]|\d{1,3}[.)])[ \t]")
_BLOCK_KINDS: dict[str, BlockKind] = {
    "table_open": "table",
    "fence": "code",
    "code_block": "paragraph",  # an indented paragraph of a plain text, far more often than code
}


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, a list item, a table or a piece of code, and where it stands.

    `heading` is its path of headings joined by " > "; `page` the page on which it begins, `label`
    what names its place where there is no page (a time stamp); `rows` has the row of a sheet that
    each line of `text` is from, 0 for the header of a table.
    """

    kind: BlockKind
    heading: str
    text: str
    page: int | None
    label: str = ""
    rows: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Part:
    """A block whose headings are not resolved yet; `level` counts for headings alone."""

    kind: BlockKind
    text: str
    page: int | None
    level: int = 0
    label: str = ""
    rows: tuple[int, ...] = ()


def read_blocks(document: ExtractedDocument) -> tuple[Block, ...]:
    """Return the blocks of a document in order; a heading with nothing under it is a block too."""
    parts = [part for page in document.pages for part in _read_page(page)]
    parts = _join_across_pages(parts)
    if not any(part.kind == "heading" for part in parts):
        parts = _guess_headings(parts)
    return tuple(_resolve_headings(parts))


def _read_page(page: ExtractedPage) -> Iterable[_Part]:
    if page.rows:
        parts = _read_sheet(page)
    else:
        parts = _read_markdown(page) if page.number is None else _read_paragraphs(page)
    return (replace(part, label=page.label) for part in parts) if page.label else parts


# ---- pages of a PDF ---------------------------------------------------------------------------


def _read_paragraphs(page: ExtractedPage) -> Iterator[_Part]:
    for paragraph in re.split(r"\n\s*\n", page.text):
        text = paragraph.strip()
        marked = _MARKED_HEADING.fullmatch(text)
        if marked:
            yield _Part("heading", marked[2].strip(), page.number, len(marked[1]))
        elif text:
            yield _Part("paragraph", re.sub(r"(?m)^\\#", "#", text), page.number)


def _join_across_pages(parts: Iterable[_Part]) -> list[_Part]:
    """Join a paragraph that a page break cuts in the middle of a sentence."""
    joined: list[_Part] = []
    for part in parts:
        before = joined[-1] if joined else None
        if before is not None and _is_continuation(before, part):
            joined[-1] = _Part("paragraph", f"{before.text} {part.text}", before.page)
        else:
            joined.append(part)
    return joined


def _is_continuation(before: _Part, part: _Part) -> bool:
    return (
        before.kind == part.kind == "paragraph"
        and before.page is not None
        and part.page != before.page
        and part.text[:1].islower()
        and bool(_GOES_ON.search(before.text) or before.text.endswith(","))
    )


# ---- sheets -----------------------------------------------------------------------------------


def _read_sheet(page: ExtractedPage) -> Iterator[_Part]:
    """Read what `sheet_rows` wrote: a block that begins with no row is a heading or a table."""
    lines = page.text.split("\n")
    for is_filled, run in groupby(range(len(lines)), key=lambda number: bool(lines[number])):
        numbers = list(run)
        begin, end = numbers[0], numbers[-1] + 1
        heading = None if page.rows[begin] else _MARKED_HEADING.fullmatch(lines[begin])
        if heading:
            yield _Part("heading", heading[2].strip(), None, len(heading[1]))
        elif is_filled:
            kind: BlockKind = "paragraph" if page.rows[begin] else "table"
            for part in _lines_part(kind, lines[begin:end]):
                yield replace(part, rows=page.rows[begin:end])


# ---- Markdown and plain text ------------------------------------------------------------------


def _read_markdown(page: ExtractedPage) -> Iterator[_Part]:
    """Read the top-level blocks; lines that belong to none (link definitions) are paragraphs."""
    lines = page.text.split("\n")
    parser = MarkdownIt("commonmark").enable("table")
    parser.core.ruler.disable("inline")  # the marks inside a paragraph stay as they are
    done = 0
    for token in _top_tokens(parser.parse(page.text)):
        if token.map is None:
            continue
        begin, end = max(done, token.map[0]), token.map[1]
        yield from _lines_part("paragraph", lines[done:begin])
        heading = _heading_text(lines[begin:end]) if token.type == "heading_open" else ""
        if 0 < len(heading) <= _MAX_HEADING_CHARACTERS:
            yield _Part("heading", heading, None, int(token.tag[1:]))
        elif token.type != "hr":
            yield from _lines_part(_BLOCK_KINDS.get(token.type, "paragraph"), lines[begin:end])
        done = end
    yield from _lines_part("paragraph", lines[done:])


def _top_tokens(tokens: Sequence[Token]) -> Iterator[Token]:
    """Yield the tokens that open a block: the top level's, and each item of a top-level list."""
    inside_list = False
    for token in tokens:
        if token.level == 0 and token.type.endswith("_list_open"):
            inside_list = True
        elif token.level == 0 and token.type.endswith("_list_close"):
            inside_list = False
        elif (inside_list and token.level == 1 and token.type == "list_item_open") or (
            not inside_list and token.level == 0 and token.nesting >= 0
        ):
            yield token


def _lines_part(kind: BlockKind, lines: Sequence[str]) -> Iterator[_Part]:
    text = "\n".join(lines).strip("\n").rstrip()
    if text.strip():
        text = text if kind == "code" else _ESCAPED_MARK.sub("", text)
        item = kind == "paragraph" and _LIST_MARK.match(text.lstrip())
        yield _Part("item" if item else kind, text, None)


def _heading_text(lines: Sequence[str]) -> str:
    """Return a heading without its own marks, `#` before or a line of `=` or `-` below."""
    text = " ".join(line.strip() for line in lines if not re.fullmatch(r"\s*(=+|-+)\s*", line))
    return re.sub(r"[*_`]{1,3}(\S.*?\S|\S)[*_`]{1,3}", r"\1", text.strip("# \t"))


# ---- headings ---------------------------------------------------------------------------------


def _guess_headings(parts: Sequence[_Part]) -> list[_Part]:
    """Take short lines that stand alone above a text for headings, where nothing else marks any."""
    guessed: list[_Part] = []
    for part, below in zip_longest(parts, parts[1:]):
        level = _guess_level(part.text) if below is not None else 0
        if level and below is not None and not _guess_level(below.text):
            guessed.append(_Part("heading", part.text.strip(), part.page, level))
        else:
            guessed.append(part)
    return guessed


def _guess_level(text: str) -> int:
    """Return the level of a line that looks like a title, 0 for any other text."""
    text = text.strip()
    if "\n" in text or len(text) > _MAX_TITLE_CHARACTERS or _SENTENCE_END.search(text):
        return 0
    if len(text.split()) > _MAX_TITLE_WORDS or not re.search(r"[^\W\d_]{2}", text):
        return 0
    numbered = _NUMBERED_HEADING.match(text)
    if numbered:
        return 1 + numbered[1].count(".")
    return 0 if _LIST_MARK.match(text) or text[0].islower() else 1


def _resolve_headings(parts: Sequence[_Part]) -> Iterator[Block]:
    path: list[_Part] = []
    for part, below in zip_longest(parts, parts[1:]):
        if part.kind != "heading":
            yield Block(part.kind, _join_path(path), part.text, part.page, part.label, part.rows)
            continue
        while path and path[-1].level >= part.level:
            path.pop()
        if below is None or (below.kind == "heading" and below.level <= part.level):
            yield Block("heading", _join_path(path), part.text, part.page, part.label)
        path.append(part)


def _join_path(path: Iterable[_Part]) -> str:
    return " > ".join(heading.text for heading in path)
