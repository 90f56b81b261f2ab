"""Puts the API together: a FastAPI application to mount at /api."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI

from leanrag.api import (
    audit,
    auth,
    bots,
    docs,
    errors,
    files,
    health,
    keys,
    knowledge,
    members,
    sources,
    turns,
    usage,
)
from leanrag.api.limits import ApiLimits
from leanrag.api.offload import Offload
from leanrag.api.request_guard import RequestGuard
from leanrag.api.schemas import ErrorReply
from leanrag.bootstrap import Services

VERSION = "1"
_DESCRIPTION = """Ask the bots, give them files, and see what their answers cost.

Every error is `{"error": {"code", "message", "details"}}`. In local mode the caller owns the demo
tenant and needs no key. Where people sign in, send `Authorization: Bearer` with an access token or
a key; `X-Tenant-ID` chooses among the tenants of whoever has several."""
_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorReply, "description": description}
    for status, description in (
        (401, "The caller does not say who it is, or no longer counts."),
        (403, "The caller may not do this, or not for that tenant."),
        (404, "There is nothing with that id or name."),
        (409, "What it is about changed meanwhile, or is in a state that does not allow it."),
        (413, "The body or the file is too large."),
        (415, "The file is of a type that is not read."),
        (422, "The request is wrong; the message names the field."),
        (429, "Too many requests; details name limit, used, remaining and reset."),
    )
}


def create_api(get_services: Callable[[], Services], *, limits: ApiLimits | None = None) -> FastAPI:
    """Make the API. `get_services` is called on its threads at each request and may block.

    Its lifespan makes and closes the threads: whoever mounts the API has to enter it with
    `api.router.lifespan_context(api)`, as a mounted application's is not run by itself.
    """
    limits = limits or ApiLimits()
    api = FastAPI(
        title="LeanRAG",
        version=VERSION,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
        form_limits={"max_files": 1, "max_fields": 8, "max_part_size": 4096},
    )
    api.state.get_services = get_services
    api.state.limits = limits
    api.add_middleware(RequestGuard, limits=limits)
    errors.install(api)
    _include(api, health.router, docs.router)
    _include(api, auth.router, members.router, keys.router, audit.router, responses=_ERRORS)
    _include(api, files.router, knowledge.router, sources.router, responses=_ERRORS)
    _include(api, turns.router, usage.router, bots.router, responses=_ERRORS)
    return api


@asynccontextmanager
async def _lifespan(api: FastAPI) -> AsyncIterator[None]:
    offload = Offload(api.state.limits)
    api.state.offload = offload
    try:
        yield
    finally:
        offload.close()


def _include(
    api: FastAPI, *routers: APIRouter, responses: dict[int | str, dict[str, Any]] | None = None
) -> None:
    for router in routers:
        api.include_router(router, responses=responses)
