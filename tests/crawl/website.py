"""A website on this machine, over real sockets, whose every page a test decides."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from typing import Any, BinaryIO

Body = bytes | str | Callable[["BinaryIO", threading.Event], None]


@dataclass(frozen=True)
class Answer:
    """What a path answers; a callable writes the body itself until it is told to stop."""

    body: Body = b""
    status: int = 200
    content_type: str = "text/html; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def redirect(cls, location: str, status: int = 302) -> Answer:
        return cls(status=status, headers={"Location": location})


@dataclass(frozen=True)
class Seen:
    """A request as it came in; header names in lower case."""

    path: str
    headers: dict[str, str]
    at: float  # time.monotonic()


class Website:
    """Serves `pages` on 127.0.0.1; an ETag or Last-Modified of an answer is honoured."""

    def __init__(self, tls: SSLContext | None = None) -> None:
        self.pages: dict[str, Answer | list[Answer]] = {}
        self.requests: list[Seen] = []
        self.stopping = threading.Event()
        self._http = _Server(self)
        if tls is not None:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        self.port = self._http.server_address[1]
        self.scheme = "https" if tls is not None else "http"
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )

    def __enter__(self) -> Website:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stopping.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, path: str = "/") -> str:
        return f"{self.scheme}://{self.host}{path}"

    def asked(self) -> list[str]:
        """The paths asked for, in order, robots.txt apart."""
        return [seen.path for seen in self.requests if seen.path != "/robots.txt"]

    def add(self, path: str, body: Body = b"", **how: Any) -> None:
        self.pages[path] = Answer(body, **how)

    def add_page(self, path: str, text: str = "", links: Iterable[str] = (), **how: Any) -> None:
        """Add a page of ordinary make with a paragraph that no other page has."""
        anchors = "".join(f'<li><a href="{link}">{link}</a></li>' for link in links)
        paragraph = text or f"This paragraph of the page {path} tells of the item {path} at length."
        self.add(
            path,
            f'<html lang="en"><head><title>Page {path}</title></head><body><nav><ul>{anchors}</ul>'
            f"</nav><main><h1>Page {path}</h1><p>{paragraph}</p></main></body></html>",
            **how,
        )

    def answer(self, path: str) -> Answer:
        found = self.pages.get(path, Answer("not here", status=404))
        if isinstance(found, list):
            return found.pop(0) if len(found) > 1 else found[0]
        return found


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, site: Website) -> None:
        self.site = site
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients of these tests hang up in the middle."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        site = self.server.site
        headers = {name.lower(): value for name, value in self.headers.items()}
        site.requests.append(Seen(self.path, headers, time.monotonic()))
        answer = site.answer(self.path)
        etag, modified = answer.headers.get("ETag"), answer.headers.get("Last-Modified")
        is_known = (etag and headers.get("if-none-match") == etag) or (
            modified and headers.get("if-modified-since") == modified
        )
        self.send_response_only(304 if is_known else answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.content_type:
            self.send_header("Content-Type", answer.content_type)
        self.end_headers()
        if is_known:
            return
        if callable(answer.body):
            answer.body(self.wfile, site.stopping)
        else:
            body = answer.body.encode() if isinstance(answer.body, str) else answer.body
            self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Keep the tests' output clean."""
