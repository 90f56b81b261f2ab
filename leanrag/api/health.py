"""Whether the process lives, and whether it can serve."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from fastapi import APIRouter, Request, Response

from leanrag.api.errors import ErrorResponse
from leanrag.api.limits import ApiLimits
from leanrag.api.offload import Offload
from leanrag.api.schemas import AliveReply, CheckReply, ErrorReply, ReadyReply
from leanrag.bootstrap import Services
from leanrag.errors import LeanRagError
from leanrag.health import HealthCheck

router = APIRouter(tags=["health"])

_OPTIONAL = {"model"}  # without a model, answers are quoted from the sources


@router.get("/healthz", summary="Is the process alive?")
async def healthz() -> AliveReply:
    """Answer at once, without asking the database."""
    return AliveReply(status="ok")


@router.get(
    "/readyz",
    summary="Can it serve?",
    response_model=ReadyReply,
    responses={503: {"model": ErrorReply, "description": "A part fails; details name it."}},
)
async def readyz(request: Request) -> ReadyReply | Response:
    """Check the database, the embedder and the queue."""
    state = request.app.state
    offload: Offload = state.offload
    limits: ApiLimits = state.limits
    try:
        checks = await asyncio.wait_for(
            offload.run(_check, state.get_services), limits.ready_seconds
        )
    except LeanRagError as exc:
        checks = (HealthCheck("services", False, exc.message),)
    except TimeoutError:
        message = f"The checks took longer than {limits.ready_seconds:g} seconds."
        checks = (HealthCheck("services", False, message),)
    failing = [check for check in checks if not check.ok and check.name not in _OPTIONAL]
    return _not_ready(failing) if failing else ReadyReply(status="ready", checks=_replies(checks))


def _check(get_services: Callable[[], Services]) -> tuple[HealthCheck, ...]:
    return get_services().health.check()


def _not_ready(failing: Sequence[HealthCheck]) -> ErrorResponse:
    return ErrorResponse(
        status=503,
        code="not_ready",
        message=f"Not ready: {failing[0].name}: {failing[0].message}",
        details={"failing": [reply.model_dump() for reply in _replies(failing)]},
    )


def _replies(checks: Sequence[HealthCheck]) -> list[CheckReply]:
    return [CheckReply.model_validate(check) for check in checks]
