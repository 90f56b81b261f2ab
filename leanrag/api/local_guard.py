"""Keeps other web pages out of a console that runs on this computer, or that people sign in to.

A page on the internet can send a form or open a websocket to 127.0.0.1, and can rename itself to it
(DNS rebinding). The browser then says so: a foreign Host, a foreign Origin, Sec-Fetch-Site. The
same holds for a page that makes a signed-in browser send its cookie along.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from leanrag.api.errors import ErrorResponse
from leanrag.auth import is_local_request, is_loopback_host
from leanrag.settings import Settings

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
POLICY_VIOLATION = 1008  # RFC 6455, section 7.4.1; before acceptance servers answer 403
_HOST = re.compile(r"(?P<name>[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?", re.I)
_DEFAULT_PORTS = {"http": "80", "ws": "80", "https": "443", "wss": "443"}
_FOREIGN_HOST = "This console answers on this computer only; open it at 127.0.0.1 or localhost."
_FOREIGN_NAME = "This console has another name; LEANRAG_ALLOWED_HOSTS tells which it answers at."
_FOREIGN_PAGE = "This request was sent by another site's page, which may not use this console."


class LocalGuard:
    """ASGI middleware for the whole server, its pages and their websocket included.

    Reads Host and Origin from the wire, with exact syntax, and the address that the connection came
    in at; `leanrag.auth` decides. `get_settings` is called once, at the first request.
    """

    def __init__(self, app: ASGIApp, *, get_settings: Callable[[], Settings] = Settings) -> None:
        self._app = app
        self._get_settings = get_settings
        self._settings: Settings | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it with 403."""
        reason = "" if scope["type"] == "lifespan" else self._refusal(scope)
        if not reason:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": reason})
        else:
            await _refuse(scope, reason)(scope, receive, send)

    def _refusal(self, scope: Scope) -> str:
        """Return why a request is refused, or nothing."""
        self._settings = settings = self._settings or self._get_settings()
        # However the server was started: what came in through the network is no local request.
        address, port = scope.get("server") or ("", None)
        if settings.auth == "none" and port is not None and not is_loopback_host(address):
            return _FOREIGN_HOST
        headers = Headers(scope=scope)
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        host = complete_host(hosts[0], scope.get("scheme", "http")) if len(hosts) == 1 else ""
        if not is_local_request(host, None, settings=settings):
            return _FOREIGN_HOST if settings.auth == "none" else _FOREIGN_NAME
        if not all(
            is_local_request(host, complete_origin(origin), settings=settings) for origin in origins
        ):
            return _FOREIGN_PAGE
        is_change = scope["type"] == "http" and scope["method"] not in SAFE_METHODS
        if is_change and headers.get("sec-fetch-site", "").lower() == "cross-site":
            return _FOREIGN_PAGE
        return ""


def complete_host(host: str, scheme: str) -> str:
    """Return a Host header in lower case with its port written out; empty if it is malformed."""
    found = _HOST.fullmatch(host)
    if found is None:
        return ""
    return f"{found['name'].lower()}:{found['port'] or _DEFAULT_PORTS.get(scheme, '80')}"


def complete_origin(origin: str) -> str:
    """Return an Origin header likewise; empty for `null` and for all that is no web page's."""
    scheme, _, host = origin.partition("://")
    completed = complete_host(host, scheme) if scheme in ("http", "https") else ""
    return f"{scheme}://{completed}" if completed else ""


def _refuse(scope: Scope, reason: str) -> Response:
    path = scope["path"]
    if path == "/api" or path.startswith("/api/"):
        return ErrorResponse(status=403, code="forbidden", message=reason)
    return PlainTextResponse(reason + "\n", 403)
