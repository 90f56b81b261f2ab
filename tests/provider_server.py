"""A stand-in for the model provider: a real HTTP server on this machine that speaks OpenAI's API.

    with ProviderServer() as server:
        server.script(Reply(status=429, retry_after="1"), Reply(text="Yes."))
        ...  # the first request is refused, the second answered "Yes.", later ones by the default

By default it answers with the first sentence of the prompt's first numbered passage and its marker.
By hand: python -m tests.provider_server --port 9999
"""

from __future__ import annotations

import argparse
import json
import select
import socket
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.provider_replies import Completion, Reply, embeddings

__all__ = ["ProviderServer", "RecordedRequest", "Reply"]

_ERROR_TYPES = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}


@dataclass(frozen=True)
class RecordedRequest:
    """A request as it came in."""

    path: str
    body: dict[str, Any]
    headers: dict[str, str]  # names in lower case
    received_at: float  # time.monotonic()


class ProviderServer:
    """The server; `start` and `stop` it, or use it as a context manager."""

    def __init__(self, *, api_key: str | None = None, port: int = 0, piece_delay: float = 0.0):
        self.api_key = api_key  # None: any key is good
        self.default = Reply(piece_delay=piece_delay)
        self.requests: list[RecordedRequest] = []
        self.hang_ups = 0  # clients that went away in the middle of a reply
        self.stopping = threading.Event()
        self._port = port
        self._replies: deque[Reply] = deque()
        self._lock = threading.Lock()
        self._http: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def base_url(self) -> str:
        assert self._http is not None, "start the server first"
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def script(self, *replies: Reply) -> None:
        """Serve the next requests by these replies, in order; then by `default` again."""
        with self._lock:
            self._replies.extend(replies)

    def forget_script(self) -> None:
        """Drop what was scripted and not asked for, so that it answers no later test."""
        with self._lock:
            self._replies.clear()

    def next_reply(self) -> Reply:
        with self._lock:
            return self._replies.popleft() if self._replies else self.default

    def prompts(self) -> list[list[dict[str, str]]]:
        """Return the messages of every chat request so far."""
        return [r.body["messages"] for r in self.requests if r.path.endswith("/chat/completions")]

    def wait_for_hang_up(self, timeout: float = 2.0) -> bool:
        """Wait until a client has gone away in the middle of a reply."""
        end = time.monotonic() + timeout
        while not self.hang_ups and time.monotonic() < end:
            time.sleep(0.01)
        return self.hang_ups > 0

    def start(self) -> ProviderServer:
        self.stopping.clear()
        self._http = _Server(self, self._port)
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, name="provider-server"
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Break every open connection, and wait for every thread."""
        if self._http is None or self._thread is None:
            return
        self.stopping.set()
        self._http.shutdown()
        self._thread.join()
        self._http.break_connections()
        self._http.server_close()
        self._http = self._thread = None

    def __enter__(self) -> ProviderServer:
        return self.start()

    def __exit__(self, *exc_info: object) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # server_close waits for them

    def __init__(self, provider: ProviderServer, port: int) -> None:
        self.provider = provider
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def break_connections(self) -> None:
        for connection in tuple(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it has just closed

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _HungUp(ConnectionError):
    """The client went away, or the server is stopping."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        models = [{"id": "gpt-4o-mini", "object": "model", "created": 0, "owned_by": "leanrag"}]
        if self.path != "/v1/models":
            self._error(404, "Unknown address.")
        elif self._key_is_good():
            self._json(200, {"object": "list", "data": models})

    def do_POST(self) -> None:
        provider = self.server.provider
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = RecordedRequest(self.path, body, headers, time.monotonic())
        provider.requests.append(request)
        if not self._key_is_good():
            return
        reply = provider.next_reply()
        try:
            self._wait(reply.silence_before)
            self._serve(body, reply)
        except ConnectionError:
            provider.hang_ups += 1
            self.close_connection = True

    def _serve(self, body: dict[str, Any], reply: Reply) -> None:
        refused = reply.refused_parameter
        if reply.status != 200:
            self._error(reply.status, reply.error_message, reply)
        elif refused and refused in body:
            self._error(400, f"Unrecognized request argument supplied: {refused}", reply)
        elif reply.body is not None:
            self._send(200, reply.body.encode())
        elif self.path == "/v1/embeddings":
            self._json(200, embeddings(body, reply))
        elif self.path == "/v1/chat/completions":
            completion = Completion(body, reply)
            if body.get("stream"):
                self._stream(completion)
            else:
                self._json(200, completion.whole())
        else:
            self._error(404, "Unknown address.")

    def _stream(self, completion: Completion) -> None:
        reply = completion.reply
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self._event(completion.chunk({"role": "assistant", "content": ""}))
        for number, piece in enumerate([*completion.pieces, None]):
            if reply.silence_after_pieces and number == reply.silence_after_pieces[0]:
                self._wait(reply.silence_after_pieces[1])
            if reply.raw_after_pieces and number == reply.raw_after_pieces[0]:
                self._chunk(f"data: {reply.raw_after_pieces[1]}\n\n".encode())
            if number == reply.drop_after_pieces:
                self.close_connection = True  # without the last, empty chunk: the stream is broken
                return
            if number == reply.end_after_pieces:
                self._chunk(b"")
                return
            if piece is not None:
                self._event(completion.chunk({"content": piece}))
                self._wait(reply.piece_delay)
        self._event(completion.chunk({}, finish_reason="stop"))
        if completion.streams_usage:
            self._event({**completion.chunk({}), "choices": [], "usage": completion.usage()})
        self._chunk(b"data: [DONE]\n\n")
        self._chunk(b"")

    def _wait(self, seconds: float) -> None:
        """Stay silent. Raises _HungUp as soon as the client goes away or the server stops."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            readable, _, _ = select.select([self.connection], [], [], min(left, 0.02))
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                raise _HungUp
            if self.server.provider.stopping.is_set():
                raise _HungUp

    def _key_is_good(self) -> bool:
        expected = self.server.provider.api_key
        sent = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if expected is None or sent == expected:
            return True
        self._error(401, f"Incorrect API key provided: {sent}.")  # echoed, as some providers do
        return False

    def _error(self, status: int, message: str, reply: Reply | None = None) -> None:
        code = (reply and reply.error_code) or _ERROR_TYPES.get(status)
        retry_after = reply.retry_after if reply else None
        body = {"error": {"message": message, "type": "error", "param": None, "code": code}}
        self._json(status, body, {"Retry-After": retry_after} if retry_after else {})

    def _json(self, status: int, body: object, headers: dict[str, str] | None = None) -> None:
        self._send(status, json.dumps(body).encode(), headers)

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _event(self, data: object) -> None:
        self._chunk(f"data: {json.dumps(data, ensure_ascii=False)}\n\n".encode())

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--port", type=int, default=9999)
    parser.add_argument("--piece-delay", type=float, default=0.02, help="seconds between words")
    parser.add_argument("--api-key", help="refuse every other key")
    options = parser.parse_args()
    server = ProviderServer(
        api_key=options.api_key, port=options.port, piece_delay=options.piece_delay
    )
    with server:
        print(f"export OPENAI_BASE_URL={server.base_url} OPENAI_API_KEY={options.api_key or 'any'}")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("stopped")


if __name__ == "__main__":
    main()
