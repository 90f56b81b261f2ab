"""The frozen values of a crawl: its rules, what is known, and what was found on each page."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

# new: not known before; unchanged: the server says so (304), or the text is the same; duplicate:
# another address has the same page; excluded: it asks not to be indexed, or holds no text; gone:
# 404 or 410; refused: robots.txt, or its address, does not allow it; failed: `reason` says why.
PageStatus = Literal[
    "new", "changed", "unchanged", "duplicate", "excluded", "gone", "refused", "failed"
]
READ_STATUSES: frozenset[PageStatus] = frozenset({"new", "changed", "unchanged"})


@dataclass(frozen=True, slots=True)
class CrawlRules:
    """How far a crawl goes and how gently.

    `hosts` are visited beside the start's own; `max_depth` counts links from the start (0: the
    start alone); `max_pages` counts requests for pages. `delay_seconds` passes between two requests
    to one host; a longer Crawl-delay is kept up to `max_delay_seconds`.
    """

    hosts: tuple[str, ...] = ()
    max_depth: int = 3
    max_pages: int = 200
    delay_seconds: float = 1.0
    max_delay_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class SuggestedPair:
    """A question with its answer, found on a page, for a person to approve."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class PageContent:
    """What a page says.

    `text` is the main text as Markdown; `language` a primary subtag such as "fa", or "";
    `canonical` the address the page calls its own, or ""; `links` absolute, normalised and in
    order, empty where the page says nofollow; `marked_pairs` what its HTML marks as questions.
    """

    title: str = ""
    text: str = ""
    language: str = ""
    canonical: str = ""
    links: tuple[str, ...] = ()
    is_indexable: bool = True
    marked_pairs: tuple[SuggestedPair, ...] = ()


@dataclass(frozen=True, slots=True)
class CrawledPage:
    """What became of one address.

    `reason` is a plain sentence wherever `status` is not new, changed or unchanged. `same_as` is
    the address that a duplicate leads to. `content` has links alone after a 304; `file` holds the
    bytes of a PDF, whose text is read elsewhere. `content_hash` is the SHA-256 of the text, white
    space apart, or of the PDF.
    """

    url: str
    status: PageStatus
    fetched_at: datetime
    depth: int = 0
    reason: str = ""
    same_as: str = ""
    content: PageContent = field(default_factory=PageContent)
    media_type: str = ""
    file: bytes = b""
    content_hash: str = ""
    etag: str = ""
    last_modified: str = ""

    @property
    def title(self) -> str:
        """The page's title."""
        return self.content.title

    @property
    def text(self) -> str:
        """The page's main text as Markdown."""
        return self.content.text

    @property
    def links(self) -> tuple[str, ...]:
        """The addresses that the page links to."""
        return self.content.links


@dataclass(frozen=True, slots=True)
class KnownPage:
    """A page as an earlier crawl found it; `links` lead on where the server answers 304.

    `settled` is what this very crawl found before it broke off: it is told again, not asked for.
    """

    url: str
    etag: str = ""
    last_modified: str = ""
    content_hash: str = ""
    links: tuple[str, ...] = ()
    settled: CrawledPage | None = None


class StopSignal(Protocol):
    """Tells a crawl to end; `threading.Event` is one."""

    def is_set(self) -> bool:
        """Tell whether the crawl is to end."""

    def wait(self, timeout: float) -> object:
        """Return after `timeout` seconds, or as soon as the crawl is to end."""


@dataclass(frozen=True, slots=True)
class CrawlProgress:
    """How far a crawl is: pages asked for, addresses waiting, and the one asked for now."""

    done: int
    waiting: int
    url: str
