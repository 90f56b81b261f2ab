"""The tree of a page → its main text as Markdown, which `leanrag.ingest.structure` cuts.

trafilatura leaves menus, footers and asides out. It also drops the zero-width letters that Persian
spelling needs, so they travel through it as letters that the page does not have.
"""

from __future__ import annotations

from collections.abc import Iterable
from configparser import ConfigParser
from copy import deepcopy

import trafilatura
import trafilatura.settings
from lxml import html

from leanrag.ingest.html_blocks import flatten_tables
from leanrag.ingest.html_text import extracted_markdown
from leanrag.text.normalize import clean

_ZERO_WIDTH = ("\u200c", "\u200d")  # non-joiner (Persian) and joiner (Persian, emoji)
# Letters of scripts that no website of ours is written in; printable, so that they are kept.
_STAND_INS = "ꙮꚘꚙꚈꚉꙬꙭ"
_UNSEEN_TAGS = (
    "script",
    "style",
    "template",
    "noscript",
    "iframe",
    "svg",
    "object",
    "select",
    "button",
)
_INLINE_TAGS = ("b", "strong", "em", "i", "u", "span", "font", "small", "mark", "big", "form")
_BOILERPLATE_TAGS = ("nav", "header", "footer", "aside")
_HIDDEN = "//*[@hidden and @hidden != 'until-found']"
_MAIN_PARTS = "//main | //article | //*[@role='main']"
_ENOUGH_TEXT = 0.5  # share of the page's letters that the first reading should hold


def main_text(tree: html.HtmlElement, url: str) -> str:
    """Return the main text with headings, lists and tables, or "" where there is none.

    Changes `tree`.
    """
    _drop_unseen(tree)
    stand_ins = _protect_zero_width(tree)
    text = _extract(tree, url)
    for letter, stand_in in stand_ins.items():
        text = text.replace(stand_in, letter)
    return clean(text).strip()


def _extract(tree: html.HtmlElement, url: str) -> str:
    """Read as the page is; where it names no main part, and little was found, all of its body.

    trafilatura keeps headings and lists only inside of what it takes for the main part.
    """
    text = _run_trafilatura(tree, url)
    letters = sum(len(text.strip()) for text in _texts(tree))
    body = tree.find(".//body")
    is_whole = len(text) >= _ENOUGH_TEXT * letters and ("#" in text or not _has_headings(tree))
    if body is None or is_whole or tree.xpath(_MAIN_PARTS):
        return text
    for element in list(body.iterdescendants(*_BOILERPLATE_TAGS)):
        element.drop_tree()
    body.tag = "main"
    other = _run_trafilatura(tree, url)
    return other if len(other) > len(text) else text


def _has_headings(tree: html.HtmlElement) -> bool:
    return any(True for _ in tree.iter("h1", "h2", "h3", "h4"))


def _run_trafilatura(tree: html.HtmlElement, url: str) -> str:
    config = ConfigParser()
    config.read_dict({"DEFAULT": {**trafilatura.settings.DEFAULT_CONFIG["DEFAULT"]}})
    # Short pages are pages: below its own 250 letters trafilatura gives structure up.
    config["DEFAULT"]["MIN_EXTRACTED_SIZE"] = "1"
    copied = deepcopy(tree)
    flatten_tables(copied)
    found = trafilatura.bare_extraction(
        copied,
        url=url,
        fast=True,  # its other readings know no headings
        include_comments=False,
        include_tables=True,
        include_formatting=True,
        favor_recall=True,
        config=config,
    )
    if found is None or isinstance(found, dict):
        return ""
    for bold in found.body.iter("hi"):  # what is left of these heads what follows
        bold.text = f"**{(bold.text or '').strip()}**"
    return extracted_markdown(found.body)


def _drop_unseen(tree: html.HtmlElement) -> None:
    for element in [*tree.iter(*_UNSEEN_TAGS), *tree.xpath(_HIDDEN)]:
        if element.getparent() is not None:
            element.drop_tree()
    for element in list(tree.iter(*_INLINE_TAGS)):
        if not _heads_what_follows(element):
            element.drop_tag()


def _heads_what_follows(element: html.HtmlElement) -> bool:
    """Tell whether a bold text is all that its block holds."""
    parent = element.getparent()
    return (
        element.tag in {"b", "strong"}
        and parent is not None
        and parent.tag in {"p", "div"}
        and len(parent) == 1
        and not (parent.text or "").strip()
        and not (element.tail or "").strip()
    )


def _protect_zero_width(tree: html.HtmlElement) -> dict[str, str]:
    """Write unused letters for zero-width ones; return what stands for what."""
    texts = list(_texts(tree))
    if not any(letter in text for text in texts for letter in _ZERO_WIDTH):
        return {}
    unused = [one for one in _STAND_INS if not any(one in text for text in texts)]
    stand_ins = dict(zip(_ZERO_WIDTH, unused, strict=False))
    table = str.maketrans(stand_ins)
    for element in tree.iter():
        if isinstance(element.tag, str):
            element.text = element.text and element.text.translate(table)
            element.tail = element.tail and element.tail.translate(table)
    return stand_ins


def _texts(tree: html.HtmlElement) -> Iterable[str]:
    return (text for element in tree.iter() for text in (element.text, element.tail) if text)
