"""The outermost part of the API: refuses large bodies, catches what nobody expected."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from leanrag.api.errors import BodyTooLarge, respond, unexpected
from leanrag.api.limits import ApiLimits

UPLOAD_PATH = "/v1/files"
LIST_PATHS = frozenset({"/v1/sources/faq", "/v1/sources/products", "/v1/sources/manual"})


class RequestGuard:
    """ASGI middleware around the whole API.

    A body is counted while it comes in and refused at the first byte too many, so that it is never
    held whole; an unexpected error becomes a 500 with an id under which the log has its traceback.
    """

    def __init__(self, app: ASGIApp, *, limits: ApiLimits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(receive, send, max_bytes=self._most_bytes(scope))
        if _declared_bytes(scope) > exchange.max_bytes:
            await BodyTooLarge(exchange.max_bytes).response()(scope, receive, exchange.send)
            return
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except Exception:
            if exchange.started:
                raise  # too late for a status: the server logs it and cuts the connection
            error = unexpected(f"{scope['method']} {scope['path']}")
            await respond(error)(scope, receive, exchange.send)

    def _most_bytes(self, scope: Scope) -> int:
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        is_upload = scope["method"] == "POST" and path == UPLOAD_PATH
        if scope["method"] == "PUT" and path.startswith(f"{UPLOAD_PATH}/"):
            is_upload = path.endswith("/file")
        if scope["method"] == "POST" and path in LIST_PATHS:
            return self._limits.list_bytes
        return self._limits.upload_bytes if is_upload else self._limits.json_bytes


class _Exchange:
    """One request's channels: counts what is received, adds to the head of what is sent."""

    def __init__(self, receive: Receive, send: Send, *, max_bytes: int) -> None:
        self._receive = receive
        self._send = send
        self._received_bytes = 0
        self.max_bytes = max_bytes
        self.started = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._received_bytes += len(message.get("body", b""))
        if self._received_bytes > self.max_bytes:
            raise BodyTooLarge(self.max_bytes)
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(scope=message)
            headers.setdefault("Cache-Control", "no-store")
            headers.setdefault("X-Content-Type-Options", "nosniff")
        await self._send(message)


def _declared_bytes(scope: Scope) -> int:
    declared = Headers(scope=scope).get("content-length", "")
    return int(declared) if declared.isdecimal() else 0
