"""LeanRAG in one process: the console for browsers, and the API under /api.

    streamlit run app.py

Streamlit imports this file once for `app`, and runs it as a script at every interaction.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import streamlit as st
import uvicorn.config
from starlette.middleware import Middleware
from starlette.routing import Mount
from starlette.types import ASGIApp
from streamlit.runtime.pages_manager import PagesManager

from leanrag.api.app import create_api
from leanrag.api.file_guard import FileGuard
from leanrag.api.local_guard import LocalGuard
from leanrag.auth import check_exposure
from leanrag.errors import LeanRagError
from leanrag.settings import load_settings
from pages._services import close_services, running_services
from pages._shell import draw_console, show_failure

_JANITOR_SECONDS = 30.0


@asynccontextmanager
async def _lifespan(_app: st.App) -> AsyncGenerator[None, None]:
    """Start the services before the first request, and close them after the last."""
    try:
        check_exposure(load_settings(), st.get_option("server.address"))
        await asyncio.to_thread(running_services)
    except LeanRagError as error:
        _refuse_to_start(error)
    gc.collect()
    gc.freeze()  # what is loaded by now stays: later collections need not look at it
    janitor = asyncio.create_task(_collect_garbage())
    try:
        async with api.router.lifespan_context(api):
            _announce()
            yield
    finally:
        janitor.cancel()
        with suppress(asyncio.CancelledError):
            await janitor
        await asyncio.to_thread(close_services)


def _refuse_to_start(error: LeanRagError) -> None:
    # The server would add a traceback to what this one sentence says.
    logging.getLogger("uvicorn.error").disabled = True
    print(f"LeanRAG did not start: {error.message}", file=sys.stderr, flush=True)  # noqa: T201
    raise error


async def _collect_garbage() -> None:
    """Collect from time to time, in place of Streamlit's collection after every run."""
    while True:
        await asyncio.sleep(_JANITOR_SECONDS)
        await asyncio.to_thread(gc.collect)


def _announce() -> None:
    address, port = st.get_option("server.address"), st.get_option("server.port")
    print(f"LeanRAG is ready: http://{address}:{port}", flush=True)  # noqa: T201


def _as_it_came(app: ASGIApp, **_: object) -> ASGIApp:
    """Stand in the place of uvicorn's reading of X-Forwarded-For and X-Forwarded-Proto.

    It believes whoever connects from this computer, a tunnel too, and drops the address that really
    connected; here LEANRAG_TRUSTED_PROXIES says whom to believe.
    """
    return app


if __name__ == "__main__":
    draw_console()
else:
    vars(uvicorn.config)["ProxyHeadersMiddleware"] = _as_it_came  # Streamlit has no option for it
    # st.navigation says so at the first run; before it a deep link would open a bare page.
    PagesManager.uses_pages_directory = False
    api = create_api(running_services)
    app = st.App(
        __file__,
        routes=[Mount("/api", api)],
        lifespan=_lifespan,
        middleware=[
            Middleware(LocalGuard),
            Middleware(FileGuard, get_services=running_services),
        ],
        on_script_error=show_failure,
    )
