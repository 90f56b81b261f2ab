"""The addresses that a crawl still has to visit: in scope, each page once, traps bounded."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass

from leanrag.crawl.urls import page_key, site_of

MAX_SEGMENTS = 15
MAX_REPEATED_SEGMENT = 2  # /a/b/a/b/a/b comes of relative links that lead nowhere
MAX_QUERY_VARIANTS = 50  # of one path with two parameters or more: filters and sort orders
MAX_ONE_PARAMETER = 500  # of one path with a single parameter, which often names the page
MAX_CALENDAR_PAGES = 24  # of one calendar: its links never end
MAX_WAITING = 50_000

_DIGITS = re.compile(r"\d+")
# Years of the Persian and the Islamic calendar, too; a parameter that names or holds a date.
_YEAR = re.compile(r"(?<!\d)(?:1[34]|19|20|21)\d\d(?!\d)")
_DATE = re.compile(
    r"(?i)(?:^|&)(?:year|month|day|week|date|cal\w*)=|=(?:1[34]|19|20|21)\d\d(?:-|%2F)?\d\d?(?!\d)"
)
_NO_PAGE = re.compile(
    r"(?i)\.(?:jpe?g|png|gif|webp|avif|svg|ico|bmp|tiff?|css|m?js|json|woff2?|ttf|eot|otf|mp[34]|m4[av]"
    r"|webm|avi|mov|mkv|wav|ogg|zip|rar|7z|t?gz|tar|bz2|exe|dmg|apk|iso|msi|docx?|xlsx?|pptx?|csv|rss"
    r"|atom|xml|ics|eps|psd)\Z"
)


@dataclass(frozen=True, slots=True)
class Visit:
    """An address to visit and the number of links that led to it."""

    url: str
    depth: int


class Frontier:
    """A queue of addresses, first found, first visited."""

    def __init__(self, hosts: Iterable[str], *, max_depth: int) -> None:
        self._sites = {site_of(host) for host in hosts}
        self._max_depth = max_depth
        self._waiting: deque[Visit] = deque()
        self._waiting_keys: set[str] = set()
        self._seen: set[str] = set()
        self._patterns: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._waiting)

    def is_in_scope(self, url: str) -> bool:
        """Tell whether an address belongs to one of the hosts of this crawl."""
        return site_of(url) in self._sites

    def is_seen(self, url: str) -> bool:
        """Tell whether the page was queued or visited, under any of its spellings."""
        return page_key(url) in self._seen

    def is_waiting(self, url: str) -> bool:
        """Tell whether the page is queued and not yet visited."""
        return page_key(url) in self._waiting_keys

    def mark_seen(self, url: str) -> None:
        """Keep the page from being queued."""
        self._seen.add(page_key(url))

    def add(self, url: str, depth: int, *, first: bool = False) -> bool:
        """Queue an address behind all others, or before them; tell whether it was."""
        if depth > self._max_depth or len(self._waiting) >= MAX_WAITING:
            return False
        if not self.is_in_scope(url) or self.is_seen(url) or self._is_trap(url):
            return False
        self.mark_seen(url)
        self._waiting_keys.add(page_key(url))
        visit = Visit(url, depth)
        if first:
            self._waiting.appendleft(visit)
        else:
            self._waiting.append(visit)
        return True

    def pop(self) -> Visit | None:
        """Take the next address, or None where none is left."""
        if not self._waiting:
            return None
        visit = self._waiting.popleft()
        self._waiting_keys.discard(page_key(visit.url))
        return visit

    def _is_trap(self, url: str) -> bool:
        """Tell whether an address is no page, or one too many of an endless family."""
        path, _, query = url.partition("?")
        path = path.partition("://")[2]
        segments = path.split("/")[1:]
        if _NO_PAGE.search(path) or len(segments) > MAX_SEGMENTS:
            return True
        repeats = Counter(segment for segment in segments if segment)
        if repeats and max(repeats.values()) > MAX_REPEATED_SEGMENT:
            return True
        return self._is_too_many(path, query)

    def _is_too_many(self, path: str, query: str) -> bool:
        families: list[tuple[str, int]] = []
        if query:
            most = MAX_QUERY_VARIANTS if "&" in query else MAX_ONE_PARAMETER
            families.append((f"query {most} {path}", most))
        if _DATE.search(query):
            families.append((f"dates {path}", MAX_CALENDAR_PAGES))
        elif _YEAR.search(path) and not re.search(r"[^\W\d_]", path.rpartition("/")[2]):
            families.append((f"dates {_DIGITS.sub('0', path)}", MAX_CALENDAR_PAGES))
        if any(self._patterns[name] >= most for name, most in families):
            return True
        self._patterns.update(name for name, _ in families)
        return False
