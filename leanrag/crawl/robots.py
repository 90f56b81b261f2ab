"""What a website's robots.txt allows (RFC 9309), read once for each site of a crawl."""

from __future__ import annotations

from dataclasses import dataclass

from protego import Protego

from leanrag.crawl.failures import FetchFailed, FetchRefused
from leanrag.crawl.safe_fetch import SafeFetcher

ROBOT_NAME = "LeanRAG"  # what robots.txt calls this crawler
MAX_ROBOTS_BYTES = 512 * 1024  # RFC 9309, section 2.5: at least 500 KiB are read
_TOO_MANY_REQUESTS = 429


@dataclass(frozen=True, slots=True)
class RobotsVerdict:
    """Whether an address may be fetched, why not, and the delay that the site asks for.

    `is_unknown`: robots.txt could not be had this time, so nothing is fetched.
    """

    is_allowed: bool
    reason: str = ""
    delay_seconds: float = 0.0
    is_unknown: bool = False


@dataclass(frozen=True, slots=True)
class _SiteRules:
    """The rules of one site; `closed_because` is set where nothing of it may be fetched.

    `is_unknown`: because robots.txt could not be had, not because of what it says.
    """

    rules: Protego | None = None
    closed_because: str = ""
    is_unknown: bool = False


class RobotsPolicy:
    """Asks each site for its robots.txt at most once."""

    def __init__(self, fetcher: SafeFetcher) -> None:
        self._fetcher = fetcher
        self._sites: dict[str, _SiteRules] = {}

    def check(self, url: str) -> RobotsVerdict:
        """Tell whether `url` may be fetched. Raises FetchRefused where it is no allowed address.

        A missing robots.txt allows everything; one that fails (5xx, 429, no answer) forbids
        everything for this crawl.
        """
        address = self._fetcher.check(url)
        origin = f"{address.scheme}://{address.authority}"
        if origin not in self._sites:
            self._sites[origin] = self._read(f"{origin}/robots.txt", address.host)
        site = self._sites[origin]
        if site.closed_because:
            return RobotsVerdict(False, site.closed_because, is_unknown=site.is_unknown)
        if site.rules is None:
            return RobotsVerdict(True)
        delay = site.rules.crawl_delay(ROBOT_NAME) or 0.0
        if not site.rules.can_fetch(url, ROBOT_NAME):
            return RobotsVerdict(False, "The site's robots.txt does not allow this page.", delay)
        return RobotsVerdict(True, delay_seconds=max(0.0, float(delay)))

    def _read(self, url: str, host: str) -> _SiteRules:
        try:
            answer = self._fetcher.fetch(url, media_types=(), max_bytes=MAX_ROBOTS_BYTES)
        except FetchRefused as error:
            return _SiteRules(closed_because=error.message)
        except FetchFailed as error:
            reason = f"robots.txt could not be read: {error.message}"
            return _SiteRules(closed_because=reason, is_unknown=True)
        if answer.status >= 500 or answer.status == _TOO_MANY_REQUESTS:
            return _SiteRules(
                closed_because=f"{host} answers {answer.status} to a request for robots.txt, so "
                "it is left alone; try again later.",
                is_unknown=True,
            )
        if not 200 <= answer.status < 300:
            return _SiteRules()
        text = answer.body.decode("utf-8", errors="replace").removeprefix("\ufeff")
        return _SiteRules(Protego.parse(text))
