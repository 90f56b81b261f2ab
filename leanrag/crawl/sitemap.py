"""A sitemap, an index of sitemaps or a list of addresses → the addresses in it (sitemaps.org)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lxml import etree

from leanrag.crawl.content_coding import gunzip_capped
from leanrag.crawl.failures import FetchFailed
from leanrag.crawl.safe_fetch import XML_TYPES, SafeFetcher
from leanrag.crawl.urls import join_url

SITEMAP_TYPES = XML_TYPES | {
    "text/plain",
    "application/gzip",
    "application/x-gzip",
    "application/octet-stream",
}
MAX_SITEMAP_BYTES = 10_000_000
MAX_SITEMAPS = 50
MAX_ADDRESSES = 50_000  # what one sitemap may hold; here of all together
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class SitemapEntries:
    """The addresses in one sitemap, in order; `is_index`: they are sitemaps themselves."""

    urls: tuple[str, ...]
    is_index: bool = False


def looks_like_sitemap(url: str) -> bool:
    """Tell by its address whether a start is a sitemap rather than a page."""
    path = url.partition("?")[0].partition("#")[0].lower()
    return path.endswith((".xml", ".xml.gz")) or path.rpartition("/")[2] == "sitemap.txt"


def read_sitemaps(
    start: str,
    fetcher: SafeFetcher,
    *,
    may_fetch: Callable[[str], bool],
    max_urls: int = MAX_ADDRESSES,
) -> Iterator[str]:
    """Yield the pages of a sitemap, and of those that an index names, in order, each once.

    `may_fetch` is asked before each sitemap behind the first. One of an index that fails is passed
    over. Raises FetchFailed where the first cannot be read.
    """
    waiting, asked, found = deque([start]), {start}, set[str]()
    while waiting:
        sitemap = waiting.popleft()
        try:
            entries = fetch_sitemap(sitemap, fetcher)
        except FetchFailed:
            if sitemap == start:
                raise
            continue
        for url in entries.urls:
            if not entries.is_index and url not in found:
                found.add(url)
                yield url
            elif entries.is_index and url not in asked and len(asked) < MAX_SITEMAPS:
                asked.add(url)
                waiting.extend([url] if may_fetch(url) else [])
            if len(found) >= max_urls:
                return


def fetch_sitemap(url: str, fetcher: SafeFetcher) -> SitemapEntries:
    """Fetch one sitemap. Raises FetchFailed where it is not one, or too large."""
    answer = fetcher.fetch(url, media_types=SITEMAP_TYPES, max_bytes=MAX_SITEMAP_BYTES)
    if not 200 <= answer.status < 300:
        raise FetchFailed(f"The sitemap {url} answers {answer.status}; check its address.")
    return read_sitemap(answer.body, answer.url)


def read_sitemap(body: bytes, url: str) -> SitemapEntries:
    """Read a sitemap's bytes, packed or not. Raises FetchFailed where they are none."""
    if body.startswith(_GZIP):
        body = gunzip_capped(body, max_bytes=MAX_SITEMAP_BYTES)
    if not body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<", b"\xff\xfe", b"\xfe\xff")):
        lines = body.decode("utf-8-sig", errors="replace").splitlines()
        return SitemapEntries(_addresses(lines, url))
    root = _parse(body, url)
    kind = etree.QName(root).localname
    if kind not in {"urlset", "sitemapindex"}:
        raise FetchFailed(f"{url} is not a sitemap; give the address of one, or of a page.")
    return SitemapEntries(_addresses(_locations(root), url), is_index=kind == "sitemapindex")


def _parse(body: bytes, url: str) -> etree._Element:
    """Parse without entities, files or network. Raises FetchFailed."""
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise FetchFailed(f"The sitemap {url} is damaged and cannot be read.") from error
    if root.getroottree().docinfo.doctype:
        raise FetchFailed(f"The sitemap {url} declares a document type, which no sitemap needs.")
    return root


def _locations(root: etree._Element) -> Iterator[str]:
    for entry in root.iterchildren("{*}url", "{*}sitemap"):
        for location in entry.iterchildren("{*}loc"):
            yield location.text or ""


def _addresses(texts: Iterator[str] | list[str], url: str) -> tuple[str, ...]:
    found = (join_url(url, text) for text in texts if "://" in text)
    return tuple(dict.fromkeys(address for address in found if address))[:MAX_ADDRESSES]
