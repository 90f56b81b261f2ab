"""A turn as server-sent events, without a thread of ours waiting for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack

from pydantic import BaseModel
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from leanrag.api.errors import unexpected
from leanrag.api.replies import ask_reply
from leanrag.api.turn_schemas import CitationReply, DeltaEvent, ErrorEvent, StartEvent
from leanrag.stream import AnswerStream
from leanrag.types import (
    CitationMade,
    TextDelta,
    TurnEnded,
    TurnEvent,
    TurnFailed,
    TurnStarted,
)

POLL_SECONDS = 0.02
_HEARTBEAT = b": still working\n\n"


class LiveTurn:
    """A running turn: its events, awaited.

    The turn has a thread of its own; the queue between is only looked into, never waited for, so
    that the event loop goes on and a silent model costs no second thread.
    """

    def __init__(self, stream: AnswerStream) -> None:
        self._events: Iterator[TurnEvent | None] = stream.events(poll_seconds=0)

    async def first(self) -> TurnEvent:
        """Wait for the turn's beginning. Raises the LeanRagError of a turn not admitted."""
        while True:
            event = next(self._events)
            if event is not None:
                return event
            await asyncio.sleep(POLL_SECONDS)

    async def rest(self, *, heartbeat_seconds: float) -> AsyncIterator[TurnEvent | None]:
        """Yield the events that follow, and None whenever it was silent for so long."""
        loop = asyncio.get_running_loop()
        last = loop.time()
        for event in self._events:
            if event is None:
                await asyncio.sleep(POLL_SECONDS)
                if loop.time() - last < heartbeat_seconds:
                    continue
            last = loop.time()
            yield event


class TurnResponse(StreamingResponse):
    """Sends a turn as server-sent events; a client that leaves stops the turn."""

    media_type = "text/event-stream"

    def __init__(
        self, turn: LiveTurn, first: TurnEvent, *, heartbeat_seconds: float, cleanup: ExitStack
    ) -> None:
        """Take over a turn with its first event; `cleanup` is closed however the response ends."""
        super().__init__(
            _write(turn, first, heartbeat_seconds),
            headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
        )
        self._cleanup = cleanup

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the turn ends or the client is gone."""
        with self._cleanup:
            await super().__call__(scope, receive, send)


async def _write(
    turn: LiveTurn, first: TurnEvent, heartbeat_seconds: float
) -> AsyncIterator[bytes]:
    yield encode(first)
    try:
        async for event in turn.rest(heartbeat_seconds=heartbeat_seconds):
            yield _HEARTBEAT if event is None else encode(event)
    except Exception:  # noqa: BLE001 (logged; the status is sent, so the stream has to tell)
        error = unexpected("a streamed answer")
        yield encode(TurnFailed(error.code, error.message, details=error.details))


def encode(event: TurnEvent) -> bytes:
    """Write an event of the turn as a server-sent event with JSON data on one line."""
    name, data = _describe(event)
    return f"event: {name}\ndata: {data.model_dump_json()}\n\n".encode()


def _describe(event: TurnEvent) -> tuple[str, BaseModel]:
    match event:
        case TurnStarted():
            return "start", StartEvent.model_validate(event)
        case TextDelta():
            return "delta", DeltaEvent.model_validate(event)
        case CitationMade():
            return "citation", CitationReply.model_validate(event.citation)
        case TurnEnded():
            return "end", ask_reply(event)
        case TurnFailed():
            return "error", ErrorEvent.model_validate(event)
