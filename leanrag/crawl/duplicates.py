"""Which pages of a crawl are another one again: by what they call their own address, or by text."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from urllib.parse import urlsplit

from leanrag.crawl.crawled import READ_STATUSES, CrawledPage, PageContent
from leanrag.crawl.frontier import Frontier
from leanrag.crawl.urls import page_key


class Duplicates:
    """Settles pages one after the other; a page whose canonical address comes later waits for it.

    Should that address fail, the page stands for itself, and so does one that claims to be the
    site's start page without having its text: a template's mistake that would empty a site.
    """

    def __init__(self, frontier: Frontier) -> None:
        self._frontier = frontier
        self._outcomes: dict[str, CrawledPage] = {}
        self._by_hash: dict[str, str] = {}
        self._held: defaultdict[str, list[CrawledPage]] = defaultdict(list)

    def settle(self, page: CrawledPage) -> tuple[CrawledPage, ...]:
        """Take in a visited page; return the pages that are final by it, itself or others."""
        target = _canonical(page)
        if not target or not self._frontier.is_in_scope(target):
            return self._finish(self._compare_text(page))
        key = page_key(target)
        if key in self._outcomes:
            return self._finish(self._judge(page, self._outcomes[key]))
        if self._frontier.add(target, page.depth, first=True) or self._frontier.is_waiting(target):
            self._held[key].append(page)
            return ()
        return self._finish(self._compare_text(page))

    def release(self) -> tuple[CrawledPage, ...]:
        """Return the pages that still wait, each standing for itself."""
        waiting = [page for pages in self._held.values() for page in pages]
        self._held.clear()
        return tuple(done for page in waiting for done in self._finish(self._compare_text(page)))

    def _finish(self, page: CrawledPage) -> tuple[CrawledPage, ...]:
        key = page_key(page.url)
        self._outcomes[key] = page
        final = [page]
        for held in self._held.pop(key, []):
            final.extend(self._finish(self._judge(held, page)))
        return tuple(final)

    def _judge(self, page: CrawledPage, canonical: CrawledPage) -> CrawledPage:
        """Make `page` a duplicate of the page it names, where that one was read."""
        target = canonical.same_as if canonical.status == "duplicate" else canonical.url
        is_read = canonical.status in READ_STATUSES or canonical.status == "duplicate"
        if not is_read or not target or page_key(target) == page_key(page.url):
            return self._compare_text(page)
        return _duplicate(page, target, "The page names another address as its own.")

    def _compare_text(self, page: CrawledPage) -> CrawledPage:
        if page.status not in READ_STATUSES or not page.content_hash:
            return page
        first = self._by_hash.setdefault(page.content_hash, page.url)
        if page_key(first) == page_key(page.url):
            return page
        return _duplicate(page, first, "Another page of the site holds the same text.")


def _canonical(page: CrawledPage) -> str:
    """Return the other address that a read page calls its own, or ""."""
    target = page.content.canonical
    if not target or page.status not in READ_STATUSES or page_key(target) == page_key(page.url):
        return ""
    return "" if _is_start_page(target) else target


def _is_start_page(url: str) -> bool:
    parts = urlsplit(url)
    return parts.path in {"", "/"} and not parts.query


def _duplicate(page: CrawledPage, target: str, reason: str) -> CrawledPage:
    content = PageContent(title=page.title, links=page.links)
    return replace(
        page, status="duplicate", same_as=target, reason=reason, content=content, file=b""
    )
