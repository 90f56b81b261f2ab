"""Questions: a whole answer at once, or a stream of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from db.tenancy import acting
from leanrag.answer import Answerer, Question
from leanrag.api.limits import ApiLimits
from leanrag.api.replies import ask_reply, failure_reply
from leanrag.api.schemas import ErrorReply
from leanrag.api.sse import LiveTurn, TurnResponse
from leanrag.api.tenancy import MayAsk
from leanrag.api.turn_schemas import AskReply, AskRequest, ChatRequest
from leanrag.stream import AnswerStream
from leanrag.types import TurnEnded, TurnFailed

router = APIRouter(prefix="/v1", tags=["turns"])

CHANNEL = "api"
_PROVIDER_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorReply, "description": f"{reason}; details keep what was written."}
    for status, reason in (
        (502, "The model provider refused or failed"),
        (503, "The model provider cannot be reached"),
        (504, "The model provider stayed silent"),
    )
}
_EVENT_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events `start`, `delta`, `citation`, then `end` or `error`, with JSON data"
        " on one line; comment lines while the model is silent.",
        "content": {
            "text/event-stream": {
                "schema": {"type": "string"},
                "example": 'event: delta\ndata: {"text":"The copper teapot"}\n\n',
            }
        },
    }
}


@router.post("/ai/ask", summary="Ask", response_model=AskReply, responses=_PROVIDER_ERRORS)
async def ask(request: Request, caller: MayAsk, body: AskRequest) -> AskReply | Response:
    """Answer a question from the tenant's sources, with its citations and what it cost."""
    async with _cancelled_by_leaving(request) as cancelled:
        last = await caller.run(
            _finish, caller.services.answerer, caller.tenant_id, _question(body), cancelled
        )
    return ask_reply(last) if isinstance(last, TurnEnded) else failure_reply(last)


@router.post("/chat", summary="Ask and stream", response_class=Response, responses=_EVENT_STREAM)
async def chat(request: Request, caller: MayAsk, body: ChatRequest) -> Response:
    """Answer as server-sent events; closing the connection stops the answer and keeps its text."""
    limits: ApiLimits = request.app.state.limits
    with ExitStack() as cleanup:
        cleanup.enter_context(caller.offload.count_stream())
        with acting(caller.identity.actor):  # the stream's thread keeps who acts now
            stream = AnswerStream(caller.services.answerer, caller.tenant_id, _question(body))
        cleanup.callback(stream.cancel)
        turn = LiveTurn(stream)
        return TurnResponse(
            turn,
            await turn.first(),
            heartbeat_seconds=limits.heartbeat_seconds,
            cleanup=cleanup.pop_all(),
        )


def _question(body: AskRequest) -> Question:
    return Question(body.question, body.conversation_id, body.bot_id or None, CHANNEL)


def _finish(
    answerer: Answerer, tenant_id: UUID, question: Question, cancelled: threading.Event
) -> TurnEnded | TurnFailed:
    """Run a turn to its end. Raises the LeanRagError of a turn that is not admitted."""
    *_, last = answerer.answer(tenant_id, question, cancelled=cancelled)
    assert isinstance(last, TurnEnded | TurnFailed)
    return last


@asynccontextmanager
async def _cancelled_by_leaving(request: Request) -> AsyncIterator[threading.Event]:
    """Give an event that is set when the client closes its connection."""
    cancelled = threading.Event()

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        cancelled.set()

    watcher = asyncio.create_task(watch())
    try:
        yield cancelled
    finally:
        watcher.cancel()
