"""Bytes of a web page → its tree without what a reader never sees."""

from __future__ import annotations

import codecs
import re
from typing import Any

from lxml import etree, html

from leanrag.ingest.decode import decode_text
from leanrag.ingest.document_report import Refused

Element = Any  # lxml is not typed

_NEVER_TEXT = frozenset(
    {
        "script",
        "style",
        "template",
        "noscript",
        "head",
        "svg",
        "math",
        "iframe",
        "frame",
        "frameset",
    }
    | {"object", "embed", "applet", "canvas", "audio", "video", "map", "button", "input", "select"}
    | {"textarea", "datalist", "option", "dialog"}
)
_DECLARED = re.compile(
    rb"(?i)<(?:meta|\?xml)\b[^>]{0,300}?(?:charset|encoding)\s*=\s*[\"']?([\w.:-]+)"
)
_HEAD_BYTES = 4096  # far beyond the 1,024 bytes in which HTML wants the declaration to stand
_HIDING = re.compile(
    r"(?i)display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|font-size\s*:\s*0(?:\D|$)|opacity\s*:\s*0(?:[^.\d]|$)"
)
_TAG_START = re.compile("<[a-zA-Z]")
_LONG_TAG_CHARACTERS = 20_000
_MAX_ATTRIBUTES = 5000
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


def read_tree(data: bytes) -> Element:
    """Parse a web page. Raises Refused where there is nothing to parse."""
    text = _CONTROLS.sub("", decode_page(data))
    if any(_is_overloaded(tag) for tag in text.split(">")):
        raise Refused("damaged")
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        root = html.document_fromstring(text.encode("utf-8", "ignore"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError) as exc:
        raise Refused("damaged") from exc
    if root is None:
        raise Refused("damaged")
    return root


def _is_overloaded(tag: str) -> bool:
    """Tell whether a tag has so many attributes that parsing it takes minutes (it is quadratic)."""
    if len(tag) < _LONG_TAG_CHARACTERS:
        return False
    start = _TAG_START.search(tag)
    return start is not None and len(tag[start.start() :].split()) > _MAX_ATTRIBUTES


def decode_page(data: bytes) -> str:
    """Decode a page: its byte order mark, UTF-8, the encoding it declares, then a guess.

    UTF-8 comes before the declaration, which is wrong oftener than UTF-8 comes about by chance.
    """
    marks = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    declared = _DECLARED.search(data[:_HEAD_BYTES])
    if declared and not data.startswith(marks):
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            name = declared[1].decode("ascii", "ignore")
            if _is_text_encoding(name):
                return data.decode(name, errors="replace")
    return decode_text(data)


def page_title(root: Element) -> str:
    """Return the title: the first heading where the `<title>` holds it, else the `<title>`."""
    title = " ".join(root.findtext(".//title", "").split())
    heading = root.find(".//h1")
    words = "" if heading is None else " ".join("".join(heading.itertext()).split())
    return words if words and words.casefold() in title.casefold() else title


def drop_unseen(root: Element) -> None:
    """Remove scripts, styles, forms' controls and every element that is hidden."""
    for element in list(root.iter(etree.Element)):
        if element is not root and (element.tag in _NEVER_TEXT or _is_hidden(element)):
            _remove(element)


def _is_text_encoding(name: str) -> bool:
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        return False
    # UTF-16 and UTF-7 without a mark would show what no browser shows.
    return getattr(found, "_is_text_encoding", True) and not found.name.startswith("utf")


def _is_hidden(element: Element) -> bool:
    if element.get("hidden") is not None or element.get("aria-hidden", "").lower() == "true":
        return True
    return bool(_HIDING.search(element.get("style", "")[:2000]))


def _remove(element: Element) -> None:
    """Remove an element and keep the text that follows it."""
    parent, before = element.getparent(), element.getprevious()
    if parent is None:  # inside one that is gone already
        return
    if element.tail:
        if before is None:
            parent.text = (parent.text or "") + element.tail
        else:
            before.tail = (before.tail or "") + element.tail
    parent.remove(element)
