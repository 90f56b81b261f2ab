"""A server that is slow, endless, deceitful or broken costs a bounded amount of time and memory."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

import brotli
import pytest

from leanrag.crawl.failures import FetchFailed, FetchRefused, NotAPage, SiteUnavailable
from leanrag.crawl.safe_fetch import FetchLimits, SafeFetcher
from tests.crawl.website import Answer, Website

LIMITS = FetchLimits(max_bytes=100_000, total_seconds=0.6, connect_seconds=0.3)
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


@pytest.fixture
def fetcher(site: Website) -> SafeFetcher:
    return SafeFetcher(limits=LIMITS, allowed_hosts=[site.host])


@pytest.fixture
def raw_server() -> Iterator[Callable[[Callable[[socket.socket], None]], str]]:
    """Serve one connection by hand: for what an HTTP server would not send."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def start(speak: Callable[[socket.socket], None]) -> str:
        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                try:
                    speak(connection)
                except OSError:
                    return  # the client hung up, as it should

        threads.append(threading.Thread(target=serve, daemon=True))
        threads[-1].start()
        return f"127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for thread in threads:
        thread.join(5)
    listener.close()


def trickle(piece: bytes) -> Callable[[BinaryIO, threading.Event], None]:
    def write(out: BinaryIO, stopping: threading.Event) -> None:
        while not stopping.wait(0.05):
            out.write(piece)
            out.flush()

    return write


def fetch_in_vain(fetcher: SafeFetcher, url: str) -> FetchFailed:
    with pytest.raises(FetchFailed) as caught:
        fetcher.fetch(url)
    return caught.value


def test_a_body_that_trickles_ends_at_the_deadline(site: Website, fetcher: SafeFetcher) -> None:
    site.add("/", trickle(b"x"))
    error = fetch_in_vain(fetcher, site.url())
    assert isinstance(error, SiteUnavailable)
    assert "within 0.6 seconds" in error.message


def test_headers_that_trickle_end_at_the_deadline(
    raw_server: Callable[[Callable[[socket.socket], None]], str],
) -> None:
    def speak(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        for _ in range(1_000):
            connection.sendall(b"X-Slow: 1\r\n")
            time.sleep(0.05)

    host = raw_server(speak)
    error = fetch_in_vain(SafeFetcher(limits=LIMITS, allowed_hosts=[host]), f"http://{host}/")
    assert isinstance(error, SiteUnavailable)
    assert "within 0.6 seconds" in error.message


def test_a_server_that_says_nothing_ends_at_the_deadline(
    raw_server: Callable[[Callable[[socket.socket], None]], str],
) -> None:
    host = raw_server(lambda connection: connection.recv(1))
    error = fetch_in_vain(SafeFetcher(limits=LIMITS, allowed_hosts=[host]), f"http://{host}/")
    assert isinstance(error, SiteUnavailable)


def test_a_name_server_that_says_nothing_ends_at_the_deadline() -> None:
    release = threading.Event()

    def resolve(host: str, port: int) -> Sequence[str]:
        release.wait(100)
        return ["93.184.216.34"]

    error = fetch_in_vain(SafeFetcher(limits=LIMITS, resolver=resolve), "http://slow.example/")
    release.set()
    assert "0.6 seconds" in error.message


@pytest.mark.parametrize(
    "answer",
    [
        b"220 mail.example ESMTP\r\n",
        b"HTTP/1.1 999999 Hm\r\n\r\n",
        OK + b"Content-Length: 10\r\n\r\nhalf",
        OK + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n",
        OK + b"X: " + b"y" * 200_000 + b"\r\n\r\n",
        OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"",
    ],
    ids=["mail", "status", "broken off", "chunk", "long header", "two lengths", "nothing"],
)
def test_an_answer_that_is_not_http_is_a_plain_failure(
    answer: bytes, raw_server: Callable[[Callable[[socket.socket], None]], str]
) -> None:
    host = raw_server(lambda connection: connection.sendall(answer))
    error = fetch_in_vain(SafeFetcher(limits=LIMITS, allowed_hosts=[host]), f"http://{host}/")
    assert isinstance(error, SiteUnavailable)
    assert error.message.endswith(".")


def test_a_closed_port_is_a_plain_failure(site: Website) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        host = f"127.0.0.1:{unused.getsockname()[1]}"
    error = fetch_in_vain(SafeFetcher(allowed_hosts=[host]), f"http://{host}/")
    assert "accepts no connection" in error.message


def test_an_endless_body_ends_at_the_limit(site: Website, fetcher: SafeFetcher) -> None:
    def write(out: BinaryIO, stopping: threading.Event) -> None:
        while not stopping.is_set():
            out.write(b"x" * 10_000)

    site.add("/", write)
    error = fetch_in_vain(fetcher, site.url())
    assert "larger than the limit of 100,000 bytes" in error.message


BOMB = bytes(50_000_000)


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(BOMB)),
        ("x-gzip", gzip.compress(bytes(60_000)) * 4),
        ("deflate", zlib.compress(BOMB)),
        ("deflate", zlib.compress(BOMB, wbits=-15)),
        ("br", brotli.compress(BOMB, quality=1)),
    ],
    ids=["gzip", "gzip members", "deflate", "raw deflate", "br"],
)
def test_a_bomb_is_met_at_the_limit(
    coding: str, body: bytes, site: Website, fetcher: SafeFetcher
) -> None:
    site.add("/", body, headers={"Content-Encoding": coding})
    error = fetch_in_vain(fetcher, site.url())
    assert "larger than the limit" in error.message


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(b"hello")),
        ("gzip", gzip.compress(b"hel") + gzip.compress(b"lo") + bytes(10)),
        ("deflate", zlib.compress(b"hello")),
        ("deflate", zlib.compress(b"hello", wbits=-15)),
        ("br", brotli.compress(b"hello")),
        ("identity", b"hello"),
        ("", b"hello"),
    ],
)
def test_compressed_pages_are_read(
    coding: str, body: bytes, site: Website, fetcher: SafeFetcher
) -> None:
    site.add("/", body, headers={"Content-Encoding": coding} if coding else {})
    assert fetcher.fetch(site.url()).body == b"hello"
    assert site.requests[0].headers["accept-encoding"] == "gzip, deflate, br"


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", b"not gzip"),
        ("gzip", gzip.compress(b"hello")[:-4]),
        ("deflate", b"\x00\xff\xff\xff"),
        ("br", b"\xff\xff\xff\xff"),
        ("br", brotli.compress(b"hello " * 100)[:-3]),
        ("gzip, gzip", gzip.compress(gzip.compress(b"hello"))),
        ("zstd", b"x"),
    ],
)
def test_damaged_or_unknown_compression_is_a_plain_failure(
    coding: str, body: bytes, site: Website, fetcher: SafeFetcher
) -> None:
    site.add("/", body, headers={"Content-Encoding": coding})
    error = fetch_in_vain(fetcher, site.url())
    assert error.message.endswith(".")


@pytest.mark.parametrize(
    "content_type", ["image/png", "application/octet-stream", "video/mp4", "text/css", "", "x" * 99]
)
def test_what_is_no_page_is_not_taken(
    content_type: str, site: Website, fetcher: SafeFetcher
) -> None:
    site.add("/", b"x", content_type=content_type)
    with pytest.raises(NotAPage):
        fetcher.fetch(site.url())


def test_the_declared_type_and_charset_are_read(site: Website, fetcher: SafeFetcher) -> None:
    site.add("/", b"x", content_type='Text/HTML; Charset="Windows-1256"; a=b')
    answer = fetcher.fetch(site.url())
    assert (answer.media_type, answer.charset) == ("text/html", "windows-1256")


def test_a_circle_of_redirects_ends(site: Website, fetcher: SafeFetcher) -> None:
    site.pages |= {"/a": Answer.redirect("/b"), "/b": Answer.redirect("/a")}
    error = fetch_in_vain(fetcher, site.url("/a"))
    assert "redirects more than 5 times" in error.message
    assert len(site.asked()) == 6


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed_to_where_they_end(
    status: int, site: Website, fetcher: SafeFetcher
) -> None:
    site.pages["/a"] = Answer.redirect("b/../c?x=1#part", status=status)
    site.add_page("/c?x=1")
    answer = fetcher.fetch(site.url("/a"))
    assert (answer.url, answer.status) == (site.url("/c?x=1"), 200)


def test_a_redirect_in_another_script_is_followed(site: Website, fetcher: SafeFetcher) -> None:
    site.pages["/a"] = Answer.redirect("/سلام".encode().decode("latin-1"))
    site.add_page("/%D8%B3%D9%84%D8%A7%D9%85")
    assert fetcher.fetch(site.url("/a")).status == 200


def test_a_caller_may_decline_a_redirect(site: Website, fetcher: SafeFetcher) -> None:
    site.pages["/a"] = Answer.redirect("/b")
    answer = fetcher.fetch(site.url("/a"), may_follow=lambda url: False)
    assert (answer.status, answer.location) == (302, site.url("/b"))
    assert site.asked() == ["/a"]


def test_no_cookie_is_ever_sent_back(site: Website, fetcher: SafeFetcher) -> None:
    site.pages["/a"] = Answer(status=302, headers={"Location": "/b", "Set-Cookie": "id=1; Path=/"})
    site.add_page("/b")
    fetcher.fetch(site.url("/a"))
    fetcher.fetch(site.url("/b"))
    assert not any("cookie" in seen.headers for seen in site.requests)


def test_a_page_that_has_not_changed_is_not_sent_again(site: Website, fetcher: SafeFetcher) -> None:
    modified = "Wed, 21 Oct 2026 07:28:00 GMT"
    site.add_page("/", headers={"ETag": '"v1"', "Last-Modified": modified})
    first = fetcher.fetch(site.url())
    assert (first.etag, first.last_modified) == ('"v1"', modified)
    again = fetcher.fetch(site.url(), etag=first.etag, last_modified=first.last_modified)
    assert (again.status, again.body) == (304, b"")
    assert fetcher.fetch(site.url(), etag='"v0"').status == 200


def test_a_stored_etag_cannot_smuggle_a_header(site: Website, fetcher: SafeFetcher) -> None:
    site.add_page("/")
    fetcher.fetch(site.url(), etag='"a"\r\nX-Evil: 1', last_modified="é")
    assert not {"x-evil", "if-none-match", "if-modified-since"} & set(site.requests[0].headers)


def test_an_error_page_is_an_answer_without_a_body(site: Website, fetcher: SafeFetcher) -> None:
    site.add("/", "<h1>Sorry</h1>", status=500)
    answer = fetcher.fetch(site.url())
    assert (answer.status, answer.body) == (500, b"")


def test_a_redirect_to_no_address_is_refused(site: Website, fetcher: SafeFetcher) -> None:
    site.pages["/"] = Answer.redirect("http://[broken")
    with pytest.raises(FetchRefused):
        fetcher.fetch(site.url())
