"""Crawl a website of a test and look at what became of its pages."""

from __future__ import annotations

from collections.abc import Iterable

from leanrag.crawl.crawl import Crawler
from leanrag.crawl.crawled import CrawledPage, CrawlRules, KnownPage
from tests.crawl.website import Website

FAST = CrawlRules(delay_seconds=0.0, max_delay_seconds=0.2)


def crawl(
    crawler: Crawler,
    site: Website,
    *,
    start: str = "/",
    rules: CrawlRules = FAST,
    known: Iterable[KnownPage] = (),
) -> dict[str, CrawledPage]:
    """Return the pages by path; each address is told of once."""
    pages = list(crawler.crawl(site.url(start), rules, known))
    by_path = {page.url.removeprefix(site.url("")): page for page in pages}
    assert len(by_path) == len(pages)
    return by_path


def statuses(pages: dict[str, CrawledPage]) -> dict[str, str]:
    return {path: page.status for path, page in pages.items()}


def remember(pages: dict[str, CrawledPage]) -> list[KnownPage]:
    return [
        KnownPage(page.url, page.etag, page.last_modified, page.content_hash, page.links)
        for page in pages.values()
        if page.content_hash
    ]
