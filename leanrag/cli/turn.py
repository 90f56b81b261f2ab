"""One turn in the terminal: streamed as it is said, then where it comes from and what it cost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from leanrag.answer import Answerer, Question
from leanrag.cli.terminal import say
from leanrag.errors import LeanRagError
from leanrag.stream import AnswerStream
from leanrag.types import (
    Citation,
    Route,
    TextDelta,
    TurnEnded,
    TurnEvent,
    TurnFailed,
    TurnStarted,
)

CHANNEL = "cli"


class TurnBroken(LeanRagError):
    """The turn failed after it was admitted; the message is the turn's own."""

    code = "turn_failed"


@dataclass(frozen=True, slots=True)
class FinishedTurn:
    """How a turn went: its route, and its end."""

    route: Route
    ended: TurnEnded


def run_turn(
    answerer: Answerer, tenant_id: UUID, question: str, *, bot: str | None, shows_text: bool
) -> FinishedTurn:
    """Ask, and print the answer as it comes if `shows_text`; Ctrl-C stops it and keeps its text.

    Raises the LeanRagError that forbade the turn, and TurnBroken where it failed later.
    """
    stream = AnswerStream(answerer, tenant_id, Question(question, bot=bot, channel=CHANNEL))
    reader = _Reader(shows_text)
    try:
        reader.read(stream.events())
    except KeyboardInterrupt:
        stream.cancel()
        reader.read(stream.events())
    return reader.finish()


def explain(turn: FinishedTurn) -> None:
    """Print the citations, the route, the tokens, what they saved and what they cost."""
    for citation in turn.ended.citations:
        say(f"  [{citation.number}] {_place(citation)}")
    route, facts = turn.route, turn.ended.metadata
    kinds = " then ".join(
        "/".join(share.kinds) for share in (route.primary, route.secondary) if share.kinds
    )
    keywords = ", ".join(match.keyword for match in route.matched)
    say(f"\nRoute:  {route.intent} ({route.confidence:.2f}), {route.language}; {kinds}")
    if keywords:
        say(f"        matched: {keywords}")
    say(
        f"Tokens: {facts.prompt_tokens:,} prompt + {facts.completion_tokens:,} answer"
        f" = {facts.total_tokens:,}; {facts.saved_tokens:,} saved against sending everything"
    )
    cost = "no known price" if facts.cost_usd is None else f"${facts.cost_usd:.6f}"
    estimated = "" if facts.usage_reported else " (tokens counted here)"
    say(f"Cost:   {cost}, {facts.model_used}{estimated}, {facts.response_time_ms:,.0f} ms")


def to_json(ended: TurnEnded) -> str:
    """Write an answer as POST /api/v1/ai/ask does."""
    metadata = asdict(ended.metadata)
    reply = {
        "success": True,
        "response": ended.text,
        "response_time_ms": metadata.pop("response_time_ms"),
        "conversation_id": str(ended.conversation_id),
        "message_id": str(ended.message_id),
        "citations": [_citation(citation) for citation in ended.citations],
        "metadata": metadata,
    }
    return json.dumps(reply, ensure_ascii=False, indent=2)


def _citation(citation: Citation) -> dict[str, Any]:
    return {
        "number": citation.number,
        "passage_id": str(citation.passage_id),
        "document_id": str(citation.source_id),
        "title": citation.title,
        "heading": citation.heading,
        "page": citation.page,
        "label": citation.label,
        "url": citation.url,
        "quote": citation.quote,
    }


def _place(citation: Citation) -> str:
    parts = [citation.title, citation.heading]
    place = citation.label if citation.page is None else f"page {citation.page}"
    parts += [place] if place else []
    return ", ".join(part for part in parts if part)


@dataclass(slots=True)
class _Reader:
    """What the events of a turn have told so far."""

    shows_text: bool
    route: Route | None = None
    ended: TurnEnded | None = None
    failed: TurnFailed | None = None

    def read(self, events: Iterator[TurnEvent | None]) -> None:
        for event in events:
            match event:
                case TurnStarted():
                    self.route = event.route
                case TextDelta() if self.shows_text:
                    say(event.text, end_line=False)
                case TurnEnded():
                    self.ended = event
                case TurnFailed():
                    self.failed = event

    def finish(self) -> FinishedTurn:
        """Return the turn. Raises TurnBroken."""
        if self.shows_text:
            say()
        if self.failed is not None:
            raise TurnBroken(self.failed.message)
        assert self.route is not None
        assert self.ended is not None
        return FinishedTurn(self.route, self.ended)
