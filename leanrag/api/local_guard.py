"""Keeps other web pages out of a console that runs on this computer without a login.

A page on the internet can send a form or open a websocket to 127.0.0.1, and can rename itself to it
(DNS rebinding). The browser then says so: a foreign Host, a foreign Origin, Sec-Fetch-Site.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from leanrag.api.errors import ErrorResponse

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
POLICY_VIOLATION = 1008  # RFC 6455, section 7.4.1; before acceptance servers answer 403
_DEFAULT_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}
_FOREIGN_HOST = "This console answers on this computer only; open it at 127.0.0.1 or localhost."
_FOREIGN_PAGE = "This request was sent by another site's page, which may not use this console."


class LocalGuard:
    """ASGI middleware for the whole server, its pages and their websocket included.

    `allowed_hosts` are host names without a port (`[::1]` in brackets), or a callable that returns
    them at each request.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        allowed_hosts: Sequence[str] | Callable[[], Sequence[str]] = LOOPBACK_HOSTS,
    ) -> None:
        self._app = app
        self._allowed_hosts = allowed_hosts

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
        hosts = self._allowed_hosts
        headers = Headers(scope=scope)
        sent_hosts, origins = headers.getlist("host"), headers.getlist("origin")
        default_port = _DEFAULT_PORTS.get(scope.get("scheme", "http"), 80)
        host = split_host(sent_hosts[0], default_port) if len(sent_hosts) == 1 else None
        if host is None or host[0] not in (hosts() if callable(hosts) else hosts):
            return _FOREIGN_HOST
        if any(split_origin(origin) != host for origin in origins):
            return _FOREIGN_PAGE
        is_change = scope["type"] == "http" and scope["method"] not in SAFE_METHODS
        if is_change and headers.get("sec-fetch-site", "").lower() == "cross-site":
            return _FOREIGN_PAGE
        return ""


def split_host(host: str, default_port: int) -> tuple[str, int] | None:
    """Split a Host header into a lower-case name (IPv6 in brackets) and port; None if malformed."""
    try:
        parts = urlsplit(f"//{host}")
        port = parts.port
    except ValueError:
        return None
    if parts.netloc != host or parts.username is not None or not parts.hostname:
        return None
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return name, default_port if port is None else port


def split_origin(origin: str) -> tuple[str, int] | None:
    """Split an Origin header likewise; None for `null` and for all that is no web origin."""
    scheme, separator, host = origin.partition("://")
    if not separator or scheme.lower() not in ("http", "https"):
        return None
    return split_host(host, _DEFAULT_PORTS[scheme.lower()])


def _refuse(scope: Scope, reason: str) -> Response:
    path = scope["path"]
    if path == "/api" or path.startswith("/api/"):
        return ErrorResponse(status=403, code="forbidden", message=reason)
    return PlainTextResponse(reason + "\n", 403)
