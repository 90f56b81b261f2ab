"""Sitemaps, their indexes and plain lists, packed or not, and those that mean harm."""

from __future__ import annotations

import gzip

import pytest

from leanrag.crawl import sitemap
from leanrag.crawl.failures import FetchFailed
from leanrag.crawl.safe_fetch import SafeFetcher
from leanrag.crawl.sitemap import looks_like_sitemap, read_sitemap, read_sitemaps
from tests.crawl.website import Website

URL = "http://shop.example/sitemap.xml"
NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


def urlset(*urls: str) -> str:
    entries = "".join(f"<url><loc> {url} </loc><priority>1</priority></url>" for url in urls)
    return f'<?xml version="1.0" encoding="UTF-8"?><urlset {NAMESPACE}>{entries}</urlset>'


def index(*urls: str) -> str:
    entries = "".join(f"<sitemap><loc>{url}</loc></sitemap>" for url in urls)
    return f"<sitemapindex {NAMESPACE}>{entries}</sitemapindex>"


@pytest.mark.parametrize(
    "body",
    [
        urlset("http://shop.example/a", "http://shop.example/b?x=1&amp;y=2", "/relative").encode(),
        gzip.compress(
            urlset("http://shop.example/a", "http://shop.example/b?x=1&amp;y=2").encode()
        ),
        urlset("http://shop.example/a", "http://shop.example/b?x=1&amp;y=2")
        .replace('encoding="UTF-8"', "")
        .replace(NAMESPACE, "")
        .encode("utf-16"),
        b"\xef\xbb\xbfhttp://shop.example/a\r\nhttp://shop.example/b?x=1&y=2\r\n\r\nnonsense\r\n",
    ],
    ids=["xml", "gzip", "utf-16 without namespace", "text"],
)
def test_addresses_are_read_in_order(body: bytes) -> None:
    entries = read_sitemap(body, URL)
    assert entries.urls == ("http://shop.example/a", "http://shop.example/b?x=1&y=2")
    assert not entries.is_index


BILLION_LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + f"]><urlset {NAMESPACE}><url><loc>http://x.example/&i;</loc></url></urlset>"
)
READS_A_FILE = (
    '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
    f"<urlset {NAMESPACE}><url><loc>http://x.example/&f;</loc></url></urlset>"
)


@pytest.mark.parametrize(
    "body",
    [
        BILLION_LAUGHS.encode(),
        READS_A_FILE.encode(),
        READS_A_FILE.encode("utf-16"),
        b"<urlset><url>",
        b"<html><body>Not found</body></html>",
        b"<" * 1_000,
        b"<a>" * 100_000,
        gzip.compress(bytes(20_000_000)),
        b"\x1f\x8bbroken",
    ],
    ids=["laughs", "file", "file utf-16", "cut", "html", "signs", "deep", "bomb", "no gzip"],
)
def test_a_sitemap_that_is_none_or_means_harm_is_a_plain_failure(body: bytes) -> None:
    with pytest.raises(FetchFailed) as caught:
        read_sitemap(body, URL)
    assert caught.value.message.endswith(".")


def test_an_index_leads_to_its_sitemaps(site: Website, fetcher: SafeFetcher) -> None:
    xml = "application/xml"
    site.add(
        "/sitemap.xml",
        index(*(site.url(f"/map-{n}.xml.gz") for n in (1, 2, 3)), site.url("/sitemap.xml")),
        content_type=xml,
    )
    first = urlset(site.url("/a"), site.url("/b")).encode()
    site.add("/map-1.xml.gz", gzip.compress(first), content_type="application/x-gzip")
    site.add("/map-3.xml.gz", urlset(site.url("/b"), site.url("/c")), content_type=xml)
    found = list(read_sitemaps(site.url("/sitemap.xml"), fetcher, may_fetch=lambda url: True))
    assert found == [site.url("/a"), site.url("/b"), site.url("/c")]


def test_indexes_that_breed_are_bounded(
    site: Website, fetcher: SafeFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sitemap, "MAX_SITEMAPS", 5)
    for n in range(30):
        children = [site.url(f"/map-{2 * n + 1}.xml"), site.url(f"/map-{2 * n + 2}.xml")]
        site.add(f"/map-{n}.xml", index(*children), content_type="text/xml")
    assert list(read_sitemaps(site.url("/map-0.xml"), fetcher, may_fetch=lambda url: True)) == []
    assert len(site.asked()) == 5


def test_the_number_of_addresses_is_bounded(site: Website, fetcher: SafeFetcher) -> None:
    pages = urlset(*(site.url(f"/{n}") for n in range(100)))
    site.add("/sitemap.xml", pages, content_type="text/xml")
    found = read_sitemaps(
        site.url("/sitemap.xml"), fetcher, may_fetch=lambda url: True, max_urls=10
    )
    assert len(list(found)) == 10


def test_a_start_that_is_missing_is_a_plain_failure(site: Website, fetcher: SafeFetcher) -> None:
    with pytest.raises(FetchFailed, match="answers 404"):
        list(read_sitemaps(site.url("/sitemap.xml"), fetcher, may_fetch=lambda url: True))


def test_a_sitemap_is_told_by_its_address() -> None:
    assert looks_like_sitemap("http://shop.example/sitemap.xml")
    assert looks_like_sitemap("http://shop.example/Sitemap_index.XML.gz?x=1")
    assert looks_like_sitemap("http://shop.example/sitemap.txt")
    assert not looks_like_sitemap("http://shop.example/sitemap")
    assert not looks_like_sitemap("http://shop.example/")
