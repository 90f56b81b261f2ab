"""A website → the passages of its pages: crawled, kept one by one, then cut by structure."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any
from uuid import UUID

from db.tenancy import Database
from leanrag.crawl.crawl import Crawler
from leanrag.crawl.crawled import READ_STATUSES, CrawledPage, CrawlProgress, CrawlRules
from leanrag.crawl.failures import NoPageRead
from leanrag.crawl.faq_pairs import suggest_pairs
from leanrag.crawl.safe_fetch import FetchLimits, SafeFetcher
from leanrag.errors import FileRejected
from leanrag.ingest.chunk import cut
from leanrag.ingest.extract import extract
from leanrag.ingest.extracted import Chunk, ExtractedDocument, ExtractedPage
from leanrag.ingest.progress import Progress
from leanrag.ingest.validate import PDF
from leanrag.settings import Settings
from leanrag.site_pages import PageText, SitePages
from leanrag.sources import SourceView
from leanrag.text.tokens import TokenCounter

_LOOK_SECONDS = 0.5  # how often a crawl that waits for its turn hears whether it is to stop


@dataclass(frozen=True, slots=True)
class ReadSite:
    """The passages of a website, in the order of its pages, and how many pages hold them."""

    chunks: tuple[Chunk, ...]
    page_count: int


def site_fetcher(settings: Settings) -> SafeFetcher:
    """Return what fetches pages. Raises ConfigurationError for an allowed host that is none."""
    limits = FetchLimits(
        max_bytes=settings.crawl_page_bytes, total_seconds=settings.crawl_page_seconds
    )
    return SafeFetcher(limits=limits, allowed_hosts=settings.crawl_allowed_hosts)


class SiteReader:
    """Reads websites; each `read` is one crawl, or the rest of one that broke off."""

    def __init__(self, counter: TokenCounter, settings: Settings, database: Database) -> None:
        self._counter = counter
        self._settings = settings
        self._database = database
        self._fetcher: SafeFetcher | None = None
        self._making = Lock()

    def read(
        self, tenant_id: UUID, view: SourceView, progress: Progress, *, chunk_tokens: int | None
    ) -> ReadSite:
        """Crawl a website and return its passages; unchanged pages keep the text that is stored.

        Raises NoPageRead where not one page could be read this time, ProcessingStopped.
        """
        pages = SitePages(self._database, tenant_id, view.source_id)
        self._crawl(pages, view, progress)
        return self._cut(pages, view, progress, chunk_tokens)

    # ---- the crawl ----------------------------------------------------------------------------

    def _crawl(self, pages: SitePages, view: SourceView, progress: Progress) -> None:
        since = pages.begin()
        rules = crawl_rules(view.origin, self._settings)
        listener = _Listener(progress, rules.max_pages)
        crawl = Crawler(self._shared_fetcher()).crawl(
            str(view.origin["url"]),
            rules,
            pages.known(since),
            cancelled=listener,
            on_progress=listener.hear,
        )
        told: dict[str, CrawledPage] = {}
        with closing(crawl):
            for found in crawl:
                page, text = self._text(found, progress)
                pairs = () if text is None else suggest_pairs(page)
                pages.keep(page, len(told), text, pairs)
                told[page.url] = page
        if not any(page.status in READ_STATUSES for page in told.values()):
            raise NoPageRead(_why_none(told))
        pages.finish(told)

    def _text(self, page: CrawledPage, progress: Progress) -> tuple[CrawledPage, PageText | None]:
        """Return what a page says; None where it says nothing, or was not sent again."""
        if page.status not in READ_STATUSES:
            return page, None
        if page.file and page.status != "unchanged":
            return self._read_pdf(page, progress)
        return page, PageText(page.url, page.title, (page.text,)) if page.text else None

    def _read_pdf(
        self, page: CrawledPage, progress: Progress
    ) -> tuple[CrawledPage, PageText | None]:
        try:
            document = extract(
                page.file, PDF, settings=self._settings, on_wait=lambda _done, _all: progress.wait()
            )
        except FileRejected as exc:
            return replace(page, status="excluded", reason=exc.message), None
        title = document.title or page.url.rpartition("/")[2]
        parts = tuple(part.text for part in document.pages)
        return page, PageText(page.url, title, parts, is_pdf=True)

    def _shared_fetcher(self) -> SafeFetcher:
        """Return the fetcher, made with the first crawl: most instances never crawl."""
        with self._making:
            if self._fetcher is None:
                self._fetcher = site_fetcher(self._settings)
            return self._fetcher

    # ---- what the pages say -------------------------------------------------------------------

    def _cut(
        self, pages: SitePages, view: SourceView, progress: Progress, chunk_tokens: int | None
    ) -> ReadSite:
        progress.begin("cutting")
        chunks: list[Chunk] = []
        count = 0
        for count, page in enumerate(pages.texts(), start=1):
            progress.advance(count)
            for chunk in self._cut_page(page, view, chunk_tokens):
                chunks.append(replace(chunk, position=len(chunks), url=page.url))
        return ReadSite(tuple(chunks), count)

    def _cut_page(
        self, page: PageText, view: SourceView, chunk_tokens: int | None
    ) -> Iterator[Chunk]:
        parts = tuple(
            ExtractedPage(number if page.is_pdf else None, text)
            for number, text in enumerate(page.parts, start=1)
        )
        yield from cut(
            ExtractedDocument(page.title, parts),
            kind=view.kind,
            max_tokens=chunk_tokens or self._settings.chunk_tokens,
            overlap_tokens=self._settings.chunk_overlap_tokens,
            counter=self._counter,
            fallback_title=view.title,
        )


def crawl_rules(origin: Any, settings: Settings) -> CrawlRules:
    """Return how far a website's crawl goes: as was asked for, within what the instance allows."""
    return CrawlRules(
        hosts=tuple(origin.get("hosts", ())),
        max_depth=min(origin.get("max_depth", settings.crawl_max_depth), settings.crawl_max_depth),
        max_pages=min(origin.get("max_pages", settings.crawl_max_pages), settings.crawl_max_pages),
        delay_seconds=settings.crawl_delay_seconds,
        max_delay_seconds=settings.crawl_max_delay_seconds,
    )


class _Listener:
    """Writes how far a crawl is; what ends the crawl is raised by its waits and its progress."""

    def __init__(self, progress: Progress, max_pages: int) -> None:
        self._progress = progress
        self._max_pages = max_pages

    def hear(self, crawl: CrawlProgress) -> None:
        self._progress.advance(crawl.done, min(crawl.done + crawl.waiting + 1, self._max_pages))

    def is_set(self) -> bool:
        return False

    def wait(self, timeout: float) -> None:
        """Wait for the turn of a host. Raises ProcessingStopped."""
        end = time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0:
            self._progress.wait()
            time.sleep(min(left, _LOOK_SECONDS))


def _why_none(told: dict[str, CrawledPage]) -> str:
    """Return why no page was read: what is said of the first one, the start."""
    reasons = [page.reason for page in told.values() if page.reason]
    if not reasons:
        return "No page of this website could be read: its sitemap names none of its pages."
    return f"No page of this website could be read: {_lower_first(reasons[0])}"


def _lower_first(sentence: str) -> str:
    """Return a sentence as the end of another one, names apart."""
    is_article = sentence.startswith(("The ", "This ", "An ", "A ", "Reading "))
    return f"{sentence[0].lower()}{sentence[1:]}" if is_article else sentence
