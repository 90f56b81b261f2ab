"""What an address answered, as a value: status, headers that matter, and the decoded body."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urljoin

import httpcore2

from leanrag.crawl.content_coding import read_capped
from leanrag.crawl.failures import FetchRefused, NotAPage

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class FetchedResource:
    """What an address answered; `body` is decoded, and empty unless `status` is 2xx.

    `url` is where the redirects ended; `location` is set where one was not to be followed.
    `media_type` is lower-case without parameters; `charset` is what the server declares, or "".
    """

    url: str
    status: int
    media_type: str = ""
    charset: str = ""
    body: bytes = b""
    etag: str = ""
    last_modified: str = ""
    robots_tag: str = ""
    language: str = ""
    retry_after: str = ""
    location: str = ""


def read_answer(
    url: str, response: httpcore2.Response, *, media_types: Collection[str], max_bytes: int
) -> FetchedResource:
    """Read status, headers and, of an answer that is wanted, the body.

    An empty `media_types` wants everything. Raises FetchFailed, and FetchRefused for a redirect to
    what is no address.
    """
    headers: dict[str, str] = {}
    for raw_name, raw_value in response.headers:
        name, value = raw_name.decode("ascii").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    media_type, charset = _read_content_type(headers.get("content-type", ""))
    location = headers.get("location", "") if response.status in _REDIRECTS else ""
    body = b""
    if 200 <= response.status < 300:
        _check_type(media_type, media_types)
        body = read_capped(
            response.iter_stream(), headers.get("content-encoding", ""), max_bytes=max_bytes
        )
    return FetchedResource(
        url=url,
        status=response.status,
        media_type=media_type,
        charset=charset,
        body=body,
        etag=headers.get("etag", "")[:500],
        last_modified=headers.get("last-modified", "")[:100],
        robots_tag=headers.get("x-robots-tag", ""),
        language=headers.get("content-language", ""),
        retry_after=headers.get("retry-after", ""),
        location=_absolute_location(url, location),
    )


def _absolute_location(url: str, location: str) -> str:
    try:
        # Servers send UTF-8 here although HTTP/1.1 has Latin-1.
        readable = location.encode("latin-1").decode("utf-8", errors="replace")
        return urljoin(url, readable.strip().replace(" ", "%20")) if location else ""
    except ValueError as error:
        raise FetchRefused("The page redirects to what is not a web address.") from error


def _read_content_type(header: str) -> tuple[str, str]:
    media_type, _, parameters = header.partition(";")
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return media_type.strip().lower(), value.strip(" \"'").lower()[:40]
    return media_type.strip().lower(), ""


def _check_type(media_type: str, wanted: Collection[str]) -> None:
    if wanted and media_type not in wanted:
        shown = f"of type {media_type[:60]}" if media_type else "of no declared type"
        raise NotAPage(f"The answer is {shown}: not a page, a text or a PDF.")
