"""One address of a crawl → what became of it: allowed, fetched politely, read, compared."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from leanrag.crawl.crawled import (
    CrawledPage,
    CrawlRules,
    KnownPage,
    PageContent,
    PageStatus,
    StopSignal,
)
from leanrag.crawl.failures import FetchFailed, FetchRefused, NotAPage, SiteUnavailable
from leanrag.crawl.fetched import FetchedResource
from leanrag.crawl.frontier import Frontier, Visit
from leanrag.crawl.page_reader import PageReader
from leanrag.crawl.robots import RobotsPolicy, RobotsVerdict
from leanrag.crawl.safe_fetch import HTML_TYPES, SafeFetcher
from leanrag.crawl.urls import page_key, parse_web_address
from leanrag.errors import ExtractionFailed
from leanrag.ingest.decode import decode_text
from leanrag.text.language import detect_language
from leanrag.text.normalize import clean

_BUSY = frozenset({429, 503})
_BUSY_WAIT_SECONDS = 5.0  # where the server does not say how long
_NO_ENTRY = frozenset({401, 402, 403, 407, 451})

_Answer = CrawledPage | FetchedResource  # a page: its redirect is not followed


class Pace:
    """Keeps the time between two requests to one host."""

    def __init__(self, rules: CrawlRules, cancelled: StopSignal) -> None:
        self._rules = rules
        self._cancelled = cancelled
        self._last: dict[str, float] = {}

    def wait(self, url: str, asked_seconds: float = 0.0) -> bool:
        """Wait for the host's turn: the crawl's own delay, or the longer one the site asks for.

        Tells whether its turn has come; False where the crawl was cancelled.
        """
        host = parse_web_address(url).authority
        delay = min(max(self._rules.delay_seconds, asked_seconds), self._rules.max_delay_seconds)
        last = self._last.get(host)
        if last is not None:
            self._cancelled.wait(max(0.0, last + delay - time.monotonic()))
        self._last[host] = time.monotonic()
        return not self._cancelled.is_set()

    def done(self, url: str) -> None:
        """Count the delay from the end of a request."""
        self._last[parse_web_address(url).authority] = time.monotonic()


class Visitor:
    """Visits the addresses of one crawl, one at a time."""

    def __init__(
        self,
        fetcher: SafeFetcher,
        reader: PageReader,
        frontier: Frontier,
        rules: CrawlRules,
        *,
        known: Mapping[str, KnownPage],
        cancelled: StopSignal,
    ) -> None:
        self.robots = RobotsPolicy(fetcher)
        self.pace = Pace(rules, cancelled)
        self.failures_in_a_row = 0  # of the website, not of single pages
        self._fetcher = fetcher
        self._reader = reader
        self._frontier = frontier
        self._known = known
        self._rules = rules
        self._cancelled = cancelled

    def visit(self, visit: Visit) -> CrawledPage | None:
        """Visit an address. The page's `url` is where its redirects ended; None: cancelled."""
        known = self._known.get(page_key(visit.url))
        if known is not None and known.settled is not None:
            return known.settled
        try:
            verdict = self.robots.check(visit.url)
            if not verdict.is_allowed:
                return _not_allowed(visit, verdict)
            answer = self._fetch(visit, verdict.delay_seconds)
            if answer is None:
                return None
            self.failures_in_a_row = self.failures_in_a_row + 1 if _is_down(answer) else 0
            return self._settle(visit, answer)
        except FetchRefused as error:
            return _page(visit, visit.url, "refused", error.message)
        except NotAPage as error:
            return _page(visit, visit.url, "excluded", error.message)
        except SiteUnavailable as error:
            self.failures_in_a_row += 1
            return _page(visit, visit.url, "failed", error.message)
        except (FetchFailed, ExtractionFailed) as error:
            return _page(visit, visit.url, "failed", error.message)

    def _fetch(self, visit: Visit, asked_seconds: float) -> _Answer | None:
        """Fetch, and once more where the server is too busy. None where cancelled."""
        answer = self._fetch_once(visit, asked_seconds)
        if not isinstance(answer, FetchedResource) or answer.status not in _BUSY:
            return answer
        seconds = answer.retry_after.strip()
        wait = float(seconds) if seconds.isdecimal() else _BUSY_WAIT_SECONDS
        if wait > self._rules.max_delay_seconds or self._cancelled.is_set():
            return answer
        return self._fetch_once(visit, max(wait, asked_seconds))

    def _fetch_once(self, visit: Visit, asked_seconds: float) -> _Answer | None:
        known = self._known.get(page_key(visit.url))
        stopped: list[CrawledPage] = []

        def may_follow(target: str) -> bool:
            stopped.extend(self._obstacle(visit, target))
            return not stopped

        if not self.pace.wait(visit.url, asked_seconds):
            return None
        try:
            answer = self._fetcher.fetch(
                visit.url,
                etag=known.etag if known else "",
                last_modified=known.last_modified if known else "",
                may_follow=may_follow,
            )
        finally:
            self.pace.done(visit.url)
        return stopped[0] if stopped else answer

    def _obstacle(self, visit: Visit, target: str) -> list[CrawledPage]:
        """Return a page that says why a redirect is not followed; none where it is."""
        if page_key(target) == page_key(visit.url):
            return []
        if not self._frontier.is_in_scope(target):
            host = parse_web_address(target).host
            reason = f"The page leads to another website, {host}, which this crawl does not visit."
            return [_page(visit, visit.url, "excluded", reason)]
        if self._frontier.is_seen(target):
            page = _page(visit, visit.url, "duplicate", "The page leads to one known already.")
            return [replace(page, same_as=target)]
        verdict = self.robots.check(target)
        if not verdict.is_allowed:
            return [_not_allowed(visit, verdict)]
        self._frontier.mark_seen(target)
        return []

    # ---- what was answered ------------------------------------------------------------------

    def _settle(self, visit: Visit, answer: _Answer) -> CrawledPage:
        if isinstance(answer, CrawledPage):
            return answer
        known = self._known.get(page_key(answer.url))
        if answer.status == 304 and known is not None:
            page = _page(visit, answer.url, "unchanged")
            return replace(
                page,
                content=PageContent(links=known.links),
                content_hash=known.content_hash,
                etag=answer.etag or known.etag,
                last_modified=answer.last_modified or known.last_modified,
            )
        if not 200 <= answer.status < 300:
            return _page(visit, answer.url, *_status_reason(answer.status))
        return self._read(visit, answer, known)

    def _read(self, visit: Visit, answer: FetchedResource, known: KnownPage | None) -> CrawledPage:
        is_pdf = answer.media_type == "application/pdf"
        content = PageContent() if is_pdf else self._content(answer)
        page = replace(
            _page(visit, answer.url, "new"),
            content=content,
            media_type=answer.media_type,
            etag=answer.etag,
            last_modified=answer.last_modified,
        )
        if not content.is_indexable or _says_noindex(answer):
            reason = "The page asks not to be indexed."
            return replace(page, status="excluded", reason=reason, content=_links_only(content))
        if not content.text and not (is_pdf and answer.body):
            reason = "The page holds no text of its own; it may need scripts to show it."
            return replace(page, status="excluded", reason=reason)
        data = answer.body if is_pdf else " ".join(content.text.split()).encode()
        content_hash = hashlib.sha256(data).hexdigest()
        return replace(
            page,
            status=_compare(known, content_hash),
            file=answer.body if is_pdf else b"",
            content_hash=content_hash,
        )

    def _content(self, answer: FetchedResource) -> PageContent:
        if answer.media_type in HTML_TYPES:
            content = self._reader.read(
                answer.body,
                answer.url,
                charset=answer.charset,
                robots_tag=answer.robots_tag,
                language=answer.language,
            )
        else:
            content = PageContent(text=clean(decode_text(answer.body)).strip())
        if content.language or not content.text:
            return content
        return replace(content, language=detect_language(content.text))


def _is_down(answer: _Answer) -> bool:
    return isinstance(answer, FetchedResource) and (answer.status >= 500 or answer.status in _BUSY)


def _page(visit: Visit, url: str, status: PageStatus, reason: str = "") -> CrawledPage:
    return CrawledPage(url, status, datetime.now(UTC), depth=visit.depth, reason=reason)


def _not_allowed(visit: Visit, verdict: RobotsVerdict) -> CrawledPage:
    """Return a page that robots.txt forbids, or that it fails to speak of this time."""
    status: PageStatus = "failed" if verdict.is_unknown else "refused"
    return _page(visit, visit.url, status, verdict.reason)


def _status_reason(status: int) -> tuple[PageStatus, str]:
    if status in {404, 410}:
        return "gone", f"The page does not exist any more ({status})."
    if status in _NO_ENTRY:
        return "failed", f"The website does not let programs without a sign-in read it ({status})."
    if status in _BUSY:
        return "failed", f"The website is too busy ({status}); try again later."
    return "failed", f"The website answers with status {status} instead of the page."


def _compare(known: KnownPage | None, content_hash: str) -> PageStatus:
    if known is None:
        return "new"
    return "unchanged" if known.content_hash == content_hash else "changed"


def _links_only(content: PageContent) -> PageContent:
    return PageContent(title=content.title, links=content.links)


def _says_noindex(answer: FetchedResource) -> bool:
    """Tell whether the header of a PDF or a text asks not to be indexed."""
    tag = answer.robots_tag.lower()
    return answer.media_type not in HTML_TYPES and ("noindex" in tag or "none" in tag)
