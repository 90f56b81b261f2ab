"""A start address → the pages of a website, one after the other, in an order that repeats."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from threading import Event

from leanrag.crawl.crawled import (
    CrawledPage,
    CrawlProgress,
    CrawlRules,
    KnownPage,
    StopSignal,
)
from leanrag.crawl.duplicates import Duplicates
from leanrag.crawl.failures import FetchFailed
from leanrag.crawl.frontier import Frontier, Visit
from leanrag.crawl.page_reader import PageReader, ReaderLimits
from leanrag.crawl.safe_fetch import SafeFetcher
from leanrag.crawl.sitemap import looks_like_sitemap, read_sitemaps
from leanrag.crawl.urls import page_key
from leanrag.crawl.visit import Visitor

MAX_FAILURES_IN_A_ROW = 5

ProgressCallback = Callable[[CrawlProgress], None]


class Crawler:
    """Crawls websites through one fetcher; each crawl has a reading process of its own."""

    def __init__(self, fetcher: SafeFetcher, *, reader_limits: ReaderLimits | None = None) -> None:
        self._fetcher = fetcher
        self._reader_limits = reader_limits

    def crawl(
        self,
        start: str,
        rules: CrawlRules,
        known: Iterable[KnownPage] = (),
        *,
        cancelled: StopSignal | None = None,
        on_progress: ProgressCallback | None = None,
    ) -> Generator[CrawledPage]:
        """Yield what became of each page, as soon as it is known.

        `start` is a page, whose links are followed, or a sitemap, whose pages are visited and no
        others. `known` pages are asked for conditionally, and those that no link leads to any more
        last; known ones that no page tells of were beyond the limits of this crawl. After
        `cancelled` is set the crawl ends with the request that is under way. Close the iterator
        where it is not read to its end. Raises FetchRefused at once for a `start`
        that must not be fetched; all later failures are pages.
        """
        address = self._fetcher.check(start)
        crawl = _Crawl(
            self._fetcher,
            PageReader(self._reader_limits),
            address.url,
            rules,
            {page_key(page.url): page for page in known},
            cancelled or Event(),
            on_progress or _ignore,
        )
        return crawl.run()


class _Crawl:
    """The state of one crawl."""

    def __init__(
        self,
        fetcher: SafeFetcher,
        reader: PageReader,
        start: str,
        rules: CrawlRules,
        known: dict[str, KnownPage],
        cancelled: StopSignal,
        on_progress: ProgressCallback,
    ) -> None:
        self._fetcher = fetcher
        self._reader = reader
        self._start = start
        self._rules = rules
        self._known = known
        self._revisits = deque(page.url for page in known.values())
        self._cancelled = cancelled
        self._on_progress = on_progress
        self._frontier = Frontier([start, *rules.hosts], max_depth=rules.max_depth)
        self._visitor = Visitor(
            fetcher, reader, self._frontier, rules, known=known, cancelled=cancelled
        )
        self._duplicates = Duplicates(self._frontier)
        self._is_sitemap = looks_like_sitemap(start)
        self._asked = 0

    def run(self) -> Generator[CrawledPage]:
        """Visit until nothing waits, a limit is met, or the crawl is cancelled."""
        with closing(self._reader):
            yield from self._seed()
            while self._goes_on() and (visit := self._next()):
                self._on_progress(CrawlProgress(self._asked, len(self._frontier), visit.url))
                self._asked += 1
                page = self._visitor.visit(visit)
                if page is None:
                    break
                yield from self._settle(visit, page)
            yield from self._duplicates.release()
            yield from self._stop_notice()

    def _goes_on(self) -> bool:
        return (
            not self._cancelled.is_set()
            and self._asked < self._rules.max_pages
            and self._visitor.failures_in_a_row < MAX_FAILURES_IN_A_ROW
        )

    def _seed(self) -> Iterator[CrawledPage]:
        """Queue the start, or the pages of a sitemap; a sitemap that cannot be read is a page."""
        if not self._is_sitemap:
            self._frontier.add(self._start, 0)
            return
        self._visitor.pace.wait(self._start)
        try:
            for url in read_sitemaps(self._start, self._fetcher, may_fetch=self._may_fetch):
                self._frontier.add(url, 0)
                if len(self._frontier) >= self._rules.max_pages or self._cancelled.is_set():
                    return
        except FetchFailed as error:
            yield CrawledPage(self._start, "failed", datetime.now(UTC), reason=error.message)

    def _may_fetch(self, sitemap: str) -> bool:
        """Tell whether a sitemap of an index may be fetched, and wait for its turn."""
        if self._cancelled.is_set() or not self._frontier.is_in_scope(sitemap):
            return False
        return self._visitor.pace.wait(sitemap)

    def _next(self) -> Visit | None:
        """Take the next address; behind the last link come known pages that none leads to."""
        visit = self._frontier.pop()
        while visit is None and self._revisits:
            if self._frontier.add(self._revisits.popleft(), self._rules.max_depth):
                visit = self._frontier.pop()
        return visit

    def _settle(self, visit: Visit, page: CrawledPage) -> Iterator[CrawledPage]:
        if page.url != visit.url and page_key(page.url) != page_key(visit.url):
            yield CrawledPage(
                visit.url,
                "duplicate",
                page.fetched_at,
                depth=visit.depth,
                reason="The page leads to another address.",
                same_as=page.url,
            )
        if page.same_as:  # told again after a break, which may have come before the other page
            self._frontier.add(page.same_as, visit.depth, first=True)
        final = self._duplicates.settle(page)
        is_copy = any(one.url == page.url and one.status == "duplicate" for one in final)
        if not self._is_sitemap and not is_copy:
            for link in page.links:
                self._frontier.add(link, visit.depth + 1)
        yield from final

    def _stop_notice(self) -> Iterator[CrawledPage]:
        """Say of the next page, and of all known ones, that the website keeps failing."""
        if self._visitor.failures_in_a_row < MAX_FAILURES_IN_A_ROW:
            return
        waiting = [visit.url for visit in iter(self._frontier.pop, None)]
        known = [url for url in waiting[1:] if page_key(url) in self._known]
        known += [url for url in self._revisits if not self._frontier.is_seen(url)]
        for url in [*waiting[:1], *known]:
            yield CrawledPage(
                url,
                "failed",
                datetime.now(UTC),
                reason=f"{MAX_FAILURES_IN_A_ROW} pages in a row failed, so the crawl stopped here; "
                "try again later.",
            )


def _ignore(progress: CrawlProgress) -> None:
    """Report to nobody."""
