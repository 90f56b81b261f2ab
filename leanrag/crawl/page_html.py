"""The HTML of a page → its title, language, links, marked questions and main text.

Runs in the reading process only (`page_child`): strangers wrote what is parsed here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import urljoin

from lxml import etree, html

from leanrag.crawl.crawled import PageContent, SuggestedPair
from leanrag.crawl.page_text import main_text
from leanrag.crawl.urls import join_url
from leanrag.ingest.decode import decode_text
from leanrag.text.normalize import clean

MAX_LINKS = 2_000
MAX_PAIRS = 200
_MAX_TITLE_CHARACTERS = 200
_MAX_ANSWER_CHARACTERS = 4_000
_MAX_JSON_DEPTH = 8
_META_CHARSET = re.compile(rb"(?i)<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})")
_LANGUAGE = re.compile(r"[a-zA-Z]{2,3}")
# <meta http-equiv="refresh" content="0; url=…">: at once, or nearly.
_REFRESH_PATH = "string((//meta[translate(@http-equiv,'REFSH','refsh')='refresh'])[1]/@content)"
_REFRESH = re.compile(r"(?i)\s*[0-3](?:\.\d*)?\s*[;,]\s*url\s*=\s*[\"']?([^\"'\s]{1,2000})")
_SITE_NAME = re.compile(r"\s+[|–—·»-]\s+[^|–—·»]*$")


def read_html(
    body: bytes, url: str, *, charset: str = "", robots_tag: str = "", language: str = ""
) -> PageContent:
    """Read a page; the last three are what the HTTP headers say.

    Raises ExtractionFailed where no encoding reads it, ValueError where it is no HTML at all.
    """
    source = clean(_decode(body, charset))
    if not source.strip():
        return PageContent()
    tree = _parse(source)
    rules = f"{robots_tag},{_meta_robots(tree)}"
    base = urljoin(url, tree.xpath("string(//base/@href)").strip()) or url
    return PageContent(
        title=_title(tree),
        language=_language(tree, language),
        canonical=_canonical(tree, base),
        links=() if _says(rules, "nofollow") else tuple(_links(tree, base)),
        is_indexable=not _says(rules, "noindex"),
        marked_pairs=tuple(_marked_pairs(tree))[:MAX_PAIRS],
        text=main_text(tree, url),  # last: it takes the tree apart
    )


def _decode(body: bytes, charset: str) -> str:
    """Decode by the header, the page's own word or, where neither holds, its letters."""
    declared = _META_CHARSET.search(body[:4096])
    for name in (charset, declared[1].decode("ascii") if declared else ""):
        try:
            if name:
                return body.decode(name).lstrip("\ufeff")
        except (UnicodeDecodeError, LookupError):
            continue
    return decode_text(body)


def _parse(text: str) -> html.HtmlElement:
    # A declaration would contradict the text, which is decoded already.
    text = re.sub(r"^\s*<\?xml[^>]{0,200}\?>", "", text)
    parser = html.HTMLParser(remove_comments=True, remove_pis=True, huge_tree=False)
    try:
        return html.document_fromstring(text, parser=parser)
    except etree.ParserError as error:
        raise ValueError("no HTML") from error


# ---- the head ---------------------------------------------------------------------------------


def _title(tree: html.HtmlElement) -> str:
    """Return the title without the site's name where the first heading is that title."""
    title = _one_line(tree.xpath("string(//head/title)")) or _one_line(
        tree.xpath("string(//meta[@property='og:title']/@content)")
    )
    heading = _one_line(tree.xpath("string((//h1)[1])"))
    if heading and (not title or _SITE_NAME.sub("", title) == heading):
        title = heading
    return title[:_MAX_TITLE_CHARACTERS]


def _language(tree: html.HtmlElement, header: str) -> str:
    for value in (tree.get("lang"), tree.get("xml:lang"), header.partition(",")[0]):
        if match := _LANGUAGE.match((value or "").strip()):
            return match[0].lower()
    return ""


def _canonical(tree: html.HtmlElement, base: str) -> str:
    """Return what the page calls its own address, or the one that it sends its visitors on to."""
    refresh = _REFRESH.match(tree.xpath(_REFRESH_PATH))
    canonical = tree.xpath("string((//link[@rel='canonical'])[1]/@href)").strip()
    reference = refresh[1] if refresh else canonical
    return (join_url(base, reference) or "") if reference else ""


def _meta_robots(tree: html.HtmlElement) -> str:
    path = "//meta[translate(@name,'ROBTSLEANG','robtsleang')='{}']/@content"
    return ",".join(
        value for name in ("robots", "leanrag") for value in tree.xpath(path.format(name))
    )


def _says(rules: str, directive: str) -> bool:
    """Tell whether robots directives hold one, for all robots or for this one by name."""
    for item in rules.lower().split(","):
        robot, colon, value = item.rpartition(":")
        if colon and robot.strip() not in {"leanrag", "*", "robots"}:
            continue
        if value.strip() in {directive, "none"}:
            return True
    return False


# ---- links ------------------------------------------------------------------------------------


def _links(tree: html.HtmlElement, base: str) -> Iterator[str]:
    seen: set[str] = set()
    for element in tree.iter("a", "area"):
        if "nofollow" in (element.get("rel") or "").lower().split():
            continue
        url = join_url(base, element.get("href") or "") if element.get("href") else None
        if url and url not in seen:
            seen.add(url)
            yield url
        if len(seen) >= MAX_LINKS:
            return


# ---- marked questions -------------------------------------------------------------------------


def _marked_pairs(tree: html.HtmlElement) -> Iterator[SuggestedPair]:
    """Yield what FAQPage JSON-LD and <details> mark as a question with its answer."""
    for script in tree.iterfind(".//script[@type='application/ld+json']"):
        try:
            data = json.loads(script.text or "")
        except (ValueError, RecursionError):
            continue  # a broken block says nothing; the page itself does
        yield from _linked_data_pairs(data, _MAX_JSON_DEPTH)
    for details in tree.iter("details"):
        summary = details.find("summary")
        if summary is not None:
            question = _block_text(summary)
            parts = [_block_text(child) for child in details if child is not summary]
            answer = "\n".join(part for part in [summary.tail or "", *parts] if part.strip())
            yield from _pair(question, answer)


def _linked_data_pairs(data: object, depth: int) -> Iterator[SuggestedPair]:
    if depth == 0:
        return
    if isinstance(data, list):
        for item in data:
            yield from _linked_data_pairs(item, depth - 1)
    elif isinstance(data, dict):
        answer = data.get("acceptedAnswer")
        answer = answer[0] if isinstance(answer, list) and answer else answer
        if data.get("@type") == "Question" and isinstance(answer, dict):
            yield from _pair(_strip_tags(data.get("name")), _strip_tags(answer.get("text")))
            return
        for key in ("mainEntity", "@graph", "hasPart", "itemListElement"):
            yield from _linked_data_pairs(data.get(key), depth - 1)


def _strip_tags(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        return ""
    try:
        return _block_text(html.fragment_fromstring(value, create_parent="div"))
    except etree.ParserError:
        return ""


def _pair(question: str, answer: str) -> Iterator[SuggestedPair]:
    question, answer = _one_line(question), clean(answer).strip()[:_MAX_ANSWER_CHARACTERS]
    if question and answer:
        yield SuggestedPair(question[:_MAX_TITLE_CHARACTERS], answer)


_LINE_ENDS = frozenset({"p", "div", "li", "br", "tr", "h1", "h2", "h3", "h4", "dt", "dd", "ul"})


def _block_text(element: html.HtmlElement) -> str:
    """Return the text of an element, a line for each block in it, without scripts."""
    pieces: list[str] = []
    for event, node in etree.iterwalk(element, events=("start", "end")):
        if event == "start" and node.tag not in {"script", "style"}:
            pieces.append(re.sub(r"\s+", " ", node.text or ""))
        elif event == "end":
            pieces.append("\n" if node.tag in _LINE_ENDS else "")
            if node is not element:
                pieces.append(re.sub(r"\s+", " ", node.tail or ""))
    lines = (" ".join(line.split(" ")).strip() for line in "".join(pieces).split("\n"))
    return "\n".join(line for line in lines if line)


def _one_line(text: str) -> str:
    return " ".join(clean(text).split())
