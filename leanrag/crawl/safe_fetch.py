"""One web address → what it answers, without ever reaching into a private network.

Each request, a redirect's too, is checked anew: its form, its port, and every address that its
host resolves to; the connection goes to an address that was checked, so that a second answer of
the name server changes nothing. No proxy or credential is taken from the environment, no cookie is
kept, and size, time and the number of redirects are bounded.
"""

from __future__ import annotations

import ipaddress
import re
import ssl
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import certifi
import httpcore2

from leanrag.crawl.addresses import is_metadata, is_public
from leanrag.crawl.content_coding import ACCEPTED_CODINGS
from leanrag.crawl.failures import FetchFailed, FetchRefused, SiteUnavailable
from leanrag.crawl.fetched import FetchedResource, read_answer
from leanrag.crawl.pinned import (
    Deadline,
    PinnedBackend,
    Resolver,
    resolve_addresses,
    resolve_within,
)
from leanrag.crawl.urls import WebAddress, parse_web_address
from leanrag.errors import ConfigurationError

USER_AGENT = "LeanRAG/1.0 (support knowledge; honours robots.txt)"
WEB_PORTS = frozenset({80, 443, 8080, 8443})
HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
PAGE_TYPES = HTML_TYPES | {"text/plain", "text/markdown", "application/pdf"}
XML_TYPES = frozenset({"application/xml", "text/xml"})

# Names of a local network or of the machine itself, whatever a name server says of them.
_LOCAL_NAMES = (".localhost", ".local", ".internal", ".intranet", ".lan", ".home.arpa")


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """What one fetch may take, its redirects together; the connection's part of it is smaller."""

    max_bytes: int = 5_000_000
    total_seconds: float = 20.0
    connect_seconds: float = 5.0
    max_redirects: int = 5


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a caller asks of each request of a fetch."""

    media_types: Collection[str]
    max_bytes: int
    etag: str = ""
    last_modified: str = ""


class SafeFetcher:
    """Fetches public addresses; threads may share it.

    `allowed_hosts` are names (or "name:port") whose addresses may be private: on the usual ports,
    or on the port named. A cloud's metadata service stays refused. Raises ConfigurationError for
    an entry that is no host.
    """

    def __init__(
        self,
        *,
        limits: FetchLimits | None = None,
        allowed_hosts: Collection[str] = (),
        user_agent: str = USER_AGENT,
        resolver: Resolver = resolve_addresses,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self.limits = limits or FetchLimits()
        self._allowed_hosts = frozenset(map(_read_allowed_host, allowed_hosts))
        self._user_agent = user_agent
        self._resolver = resolver
        self._ssl_context = ssl_context or _trusting_context()

    def fetch(
        self,
        url: str,
        *,
        media_types: Collection[str] = PAGE_TYPES,
        etag: str = "",
        last_modified: str = "",
        max_bytes: int | None = None,
        may_follow: Callable[[str], bool] | None = None,
    ) -> FetchedResource:
        """Fetch an address by GET; any status is an answer.

        `etag` and `last_modified` of an earlier answer make the request conditional (304). Empty
        `media_types` take everything. `may_follow` is asked before each redirect; where it says
        no, the redirect itself is returned. Raises FetchRefused, SiteUnavailable, NotAPage and,
        for what is damaged, too large or redirects in a circle, FetchFailed.
        """
        deadline = Deadline(self.limits.total_seconds)
        wish = _Wish(media_types, max_bytes or self.limits.max_bytes, etag, last_modified)
        for _ in range(self.limits.max_redirects + 1):
            address = parse_web_address(url)
            with _plain_failures(address, self.limits):
                answer = self._request(address, wish, deadline)
            if not answer.location:
                return answer
            url = parse_web_address(answer.location).url
            if may_follow is not None and not may_follow(url):
                return answer
            wish = _Wish(media_types, wish.max_bytes)
        raise FetchFailed(
            f"{address.host} redirects more than {self.limits.max_redirects} times, or in a circle."
        )

    def check(self, url: str) -> WebAddress:
        """Read an address and check its port and host's name. Raises FetchRefused."""
        address = parse_web_address(url)
        if not self._is_port_allowed(address):
            raise FetchRefused(
                f"Port {address.port} of {address.host} is not one of a website; "
                f"ask the owner to allow {address.host}:{address.port}."
            )
        name = f".{address.host}"
        if name.endswith(_LOCAL_NAMES) and not self._is_host_allowed(address):
            raise _not_public(address)
        if _is_literal(address.host):
            self._check_reached(address, [address.host])
        return address

    def _is_host_allowed(self, address: WebAddress) -> bool:
        """Tell whether the owner lets this host be at a private address."""
        return (address.host, address.port) in self._allowed_hosts or (
            (address.host, None) in self._allowed_hosts and address.port in WEB_PORTS
        )

    def _is_port_allowed(self, address: WebAddress) -> bool:
        return address.port in WEB_PORTS or self._is_host_allowed(address)

    def _resolve(self, address: WebAddress, deadline: Deadline) -> Sequence[str]:
        """Return the addresses of a host, all of them checked. Raises FetchRefused, OSError."""
        found = (
            (address.host,)
            if _is_literal(address.host)
            else resolve_within(self._resolver, address.host, address.port, deadline)
        )
        if not found:
            raise OSError("no address")
        self._check_reached(address, found)
        return found

    def _check_reached(self, address: WebAddress, reached: Sequence[str]) -> None:
        """Check every IP address that a host stands for. Raises FetchRefused."""
        if any(is_metadata(one) for one in reached):
            raise FetchRefused(
                f"{address.host} leads to a cloud's metadata service: never fetched."
            )
        if not self._is_host_allowed(address) and not all(is_public(one) for one in reached):
            raise _not_public(address)

    def _request(self, address: WebAddress, wish: _Wish, deadline: Deadline) -> FetchedResource:
        self.check(address.url)
        addresses = self._resolve(address, deadline)
        origin = httpcore2.Origin(address.scheme.encode(), address.host.encode(), address.port)
        backend = PinnedBackend(addresses, deadline)
        with (
            httpcore2.HTTPConnection(
                origin, ssl_context=self._ssl_context, network_backend=backend
            ) as connection,
            connection.stream(
                "GET",
                httpcore2.URL(
                    scheme=origin.scheme,
                    host=origin.host,
                    port=origin.port,
                    target=address.target.encode("ascii"),
                ),
                headers=self._headers(address, wish),
                extensions={"timeout": {"connect": self.limits.connect_seconds}},
            ) as response,
        ):
            return read_answer(
                address.url, response, media_types=wish.media_types, max_bytes=wish.max_bytes
            )

    def _headers(self, address: WebAddress, wish: _Wish) -> list[tuple[str, str]]:
        headers = [
            ("Host", address.authority),
            ("User-Agent", self._user_agent),
            ("Accept", ", ".join([*sorted(wish.media_types), "*/*;q=0.1"])),
            ("Accept-Encoding", ACCEPTED_CODINGS),
            ("Connection", "close"),
        ]
        if wish.etag and _is_header_value(wish.etag):
            headers.append(("If-None-Match", wish.etag))
        if wish.last_modified and _is_header_value(wish.last_modified):
            headers.append(("If-Modified-Since", wish.last_modified))
        return headers


@contextmanager
def _plain_failures(address: WebAddress, limits: FetchLimits) -> Iterator[None]:
    """Turn what goes wrong on the network into sentences."""
    try:
        yield
    except (httpcore2.TimeoutException, TimeoutError) as error:
        raise SiteUnavailable(
            f"{address.host} did not answer completely within {limits.total_seconds:g} seconds."
        ) from error
    except httpcore2.ConnectError as error:
        raise SiteUnavailable(
            f"{address.host} accepts no connection; {_tls_reason(error)}"
        ) from error
    except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
        raise SiteUnavailable(f"{address.host} broke off, or did not speak HTTP.") from error
    except OSError as error:
        raise SiteUnavailable(f"{address.host} is not known to the name server.") from error


def _tls_reason(error: BaseException) -> str:
    is_tls = "certificate" in str(error).lower() or "ssl" in str(error).lower()
    return "its certificate is not valid for it." if is_tls else "check the address."


def _not_public(address: WebAddress) -> FetchRefused:
    return FetchRefused(
        f"{address.host} is not on the public internet; ask the owner to allow it by name."
    )


def _read_allowed_host(entry: str) -> tuple[str, int | None]:
    """Return a host as addresses have it, and the port where one is named."""
    entry = entry.strip()
    if _is_literal(entry) and ":" in entry:
        entry = f"[{entry}]"
    try:
        address = parse_web_address(f"http://{entry}/")
    except FetchRefused as error:
        raise ConfigurationError(
            f"“{entry}” among the allowed hosts is not a host or host:port; correct it."
        ) from error
    if address.target != "/":
        raise ConfigurationError(f"Write the allowed host “{entry}” without a path.")
    return address.host, address.port if re.search(r":\d+$", entry) else None


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_header_value(value: str) -> bool:
    return value.isascii() and value.isprintable()


def _trusting_context() -> ssl.SSLContext:
    """Trust the system's authorities, and certifi's where the system has none."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
