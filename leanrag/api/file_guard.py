"""Keeps the files of pages from whoever is not signed in: what pages show, offer and are given.

Streamlit hands out pictures and downloads to anybody who knows their address, and takes files into
memory from anybody who has a page open, the way to sign in too.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from leanrag.auth import SESSION_COOKIE
from leanrag.bootstrap import Services

_FILES = re.compile(r"/(media|_stcore/upload_file)(/|$)")  # wherever the console is mounted
_SIGN_IN = "Sign in first; this file is for whoever is signed in here.\n"


class FileGuard:
    """ASGI middleware before the pages: their files are for browsers with a session that counts."""

    def __init__(self, app: ASGIApp, *, get_services: Callable[[], Services]) -> None:
        """`get_services` may block; it is called for each file."""
        self._app = app
        self._get_services = get_services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it with 401 before its body is read."""
        if not _is_file(scope) or await asyncio.to_thread(self._is_signed_in, Request(scope)):
            await self._app(scope, receive, send)
        else:
            await PlainTextResponse(_SIGN_IN, 401)(scope, receive, send)

    def _is_signed_in(self, request: Request) -> bool:
        services = self._get_services()
        if services.settings.auth == "none":
            return True
        secret = request.cookies.get(SESSION_COOKIE, "")
        return services.access.sessions.find(secret) is not None


def _is_file(scope: Scope) -> bool:
    is_page = scope["type"] == "http" and not scope["path"].startswith("/api/")
    return is_page and _FILES.search(scope["path"]) is not None
