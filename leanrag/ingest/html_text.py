"""A web page → its main text as Markdown.

Where a page has the frame of a website (menus, a footer), trafilatura tells the main text from it;
a page without one, as word processors export it, is read whole.
"""

from __future__ import annotations

import copy
from typing import Any

from leanrag.ingest.document_report import DocumentReport, TextPart, check_length
from leanrag.ingest.html_blocks import BlockReader, flatten_tables
from leanrag.ingest.html_tree import drop_unseen, page_title, read_tree
from leanrag.ingest.markdown_writer import MarkdownWriter

Element = Any  # lxml is not typed

_FRAME = ("nav", "aside", "footer")
_FRAME_ROLES = ("navigation", "banner", "contentinfo", "complementary", "search")
_MIN_FRAME_LINKS = 0.3  # share of letters inside links above which a page is one of a website
_MIN_MAIN_CHARACTERS = 200
_MIN_MAIN_SHARE = 0.5  # of what is left without menus and footers
_MAX_ELEMENTS = 100_000  # beyond, trafilatura takes minutes
# trafilatura's elements (after TEI) → those of HTML.
_NAMES = {"list": "ul", "item": "li", "lb": "br", "row": "tr", "cell": "td", "quote": "blockquote"}
_LIST_NAMES = {"ol": "ol", "dl": "dl"}


def read_html(data: bytes) -> DocumentReport:
    """Read a web page. Raises Refused where it is too long or holds nothing to parse."""
    root = read_tree(data)
    title = page_title(root)
    drop_unseen(root)
    check_length(sum(map(len, root.itertext())))
    if not _has_frame(root):
        return DocumentReport(title[:300], (TextPart(_write(root)),))
    main = _main_text(root)
    for element in list(root.iter(*_FRAME)):
        if element.getparent() is not None:
            element.drop_tree()
    rest = _write(root)
    is_enough = len(main) >= max(_MIN_MAIN_CHARACTERS, _MIN_MAIN_SHARE * len(rest))
    return DocumentReport(title[:300], (TextPart(main if is_enough else rest),))


def _has_frame(root: Element) -> bool:
    if next(root.iter(*_FRAME), None) is not None:
        return True
    if any(element.get("role") in _FRAME_ROLES for element in root.iter("div", "section", "ul")):
        return True
    linked = sum(len(text) for link in root.iter("a") for text in link.itertext())
    return linked > _MIN_FRAME_LINKS * sum(map(len, root.itertext()))


def _main_text(root: Element) -> str:
    """Return what trafilatura takes for the main text; nothing where it finds none."""
    if sum(1 for _ in root.iter()) > _MAX_ELEMENTS:
        return ""
    from trafilatura import bare_extraction  # 0.4 s to import, and not for every page

    flatten_tables(root)
    found = bare_extraction(
        copy.deepcopy(root),
        include_comments=False,
        include_tables=True,
        include_formatting=True,  # keeps list items and code apart
        favor_recall=True,
    )
    if found is None or isinstance(found, dict):
        return ""
    return extracted_markdown(found.body)


def extracted_markdown(body: Element) -> str:
    """Return what trafilatura found as Markdown, with its blocks of code. Changes `body`."""
    return _write(_to_html(body))


def _to_html(body: Element) -> Element:
    """Give the elements of trafilatura's result the names that HTML has for them."""
    for element in body.iter():
        if element.tag == "code" and _is_block_of_code(element):
            element.tag = "pre"
        elif element.tag == "head":
            level = element.get("rend", "h2")
            element.tag = level if level in ("h1", "h2", "h3", "h4", "h5", "h6") else "h2"
        elif element.tag == "list":
            element.tag = _LIST_NAMES.get(element.get("rend", ""), "ul")
        elif element.tag == "item" and element.get("rend", "")[:2] in ("dt", "dd"):
            element.tag = element.get("rend")[:2]
        elif element.tag in ("hi", "ref", "del", "code"):
            element.tag = "span"
        else:
            element.tag = _NAMES.get(element.tag, element.tag)
    return body


def _is_block_of_code(element: Element) -> bool:
    return element.find("code") is not None or "\n" in "".join(element.itertext()).strip()


def _write(root: Element) -> str:
    writer = MarkdownWriter()
    BlockReader(writer).read(root)
    return writer.text()
