"""Session memory: one rolling summary, replaced every few messages, and the latest messages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from db.models import SessionMemory
from leanrag.text.analyzers import analyze
from leanrag.text.language import detect_language
from leanrag.text.sentences import split_sentences
from leanrag.text.tokens import TokenCounter
from leanrag.types import Memory, PastMessage

# The markers of an earlier answer would name other passages in a new prompt.
_MARKER = re.compile(r"\s*\[\d+\]")
_SEPARATOR = " · "
_MAX_SENTENCE_TOKENS = 40
_USER_BONUS = 1.5  # what the customer says of themself is what the next answers need

# Of `:conversation`: the latest `:messages` that say anything, and the summary in force.
LATEST_MESSAGES = """
    SELECT role, text FROM messages
    WHERE tenant_id = :tenant AND conversation_id = :conversation AND length(text) > 0
    ORDER BY message_id DESC LIMIT :messages"""
SUMMARY_IN_FORCE = """
    SELECT summary FROM session_memories
    WHERE tenant_id = :tenant AND conversation_id = :conversation
    ORDER BY revision DESC LIMIT 1"""
_LATEST = text(LATEST_MESSAGES)


@dataclass(frozen=True, slots=True)
class MemoryLimits:
    """The summary's tokens at most, how often it is replaced, and messages kept verbatim."""

    max_summary_tokens: int = 150
    every_messages: int = 5
    recent_messages: int = 4


class SessionMemoryManager:
    """Recalls what a conversation carries along, and replaces its summary when it is due."""

    def __init__(self, counter: TokenCounter, limits: MemoryLimits) -> None:
        self._counter = counter
        self._limits = limits

    @property
    def recent_messages(self) -> int:
        """How many of the latest messages a turn carries along."""
        return self._limits.recent_messages

    def recall(self, summary: str, latest: Sequence[PastMessage]) -> Memory:
        """Return what a turn carries along of the latest messages, which come newest first."""
        recent = latest[: self._limits.recent_messages]
        return Memory(summary, tuple(_without_markers(message) for message in reversed(recent)))

    def is_due(self, message_count: int, summarised: int) -> bool:
        """Tell whether the summary, which knows `summarised` messages, is to be replaced."""
        return message_count - summarised >= self._limits.every_messages

    def replace_when_due(
        self, tenant_id: UUID, conversation_id: UUID, message_count: int, *, session: Session
    ) -> bool:
        """Replace the summary if five (the limit's) messages came since; tell whether it was.

        Extractive: the sentences of the old summary and of the new messages that carry most words
        of their own, newest first among equals, in the order in which they were said.
        """
        newest = _newest(tenant_id, conversation_id, session=session)
        covered = 0 if newest is None else newest.message_count
        if not self.is_due(message_count, covered):
            return False
        new = _latest(tenant_id, conversation_id, message_count - covered, session=session)
        summary = self.summarise("" if newest is None else newest.summary, new)
        if not summary:  # the last good one stays in force
            return False
        session.add(
            SessionMemory(
                tenant_id=tenant_id,
                conversation_id=conversation_id,
                revision=1 if newest is None else newest.revision + 1,
                summary=summary,
                token_count=self._counter.count(summary),
                message_count=message_count,
                made_by="extractive",
            )
        )
        return True

    def summarise(self, old_summary: str, messages: Sequence[PastMessage]) -> str:
        """Return the new summary: at most `max_summary_tokens`, whole sentences."""
        said = [(s, 1.0) for s in old_summary.split(_SEPARATOR) if s.strip()]
        for message in messages:
            weight = _USER_BONUS if message.role == "user" else 1.0
            said += [(s, weight) for s in _sentences(message)]
        ranked = sorted(range(len(said)), key=lambda i: (-_content(said[i][0]) * said[i][1], -i))
        kept: list[int] = []
        for index in ranked:
            candidate = sorted([*kept, index])
            text = _SEPARATOR.join(said[i][0] for i in candidate)
            if self._counter.count(said[index][0]) <= _MAX_SENTENCE_TOKENS and (
                self._counter.count(text) <= self._limits.max_summary_tokens
            ):
                kept = candidate
        return _SEPARATOR.join(dict.fromkeys(said[i][0] for i in kept))


def _sentences(message: PastMessage) -> list[str]:
    return [" ".join(s.split()) for s in split_sentences(message.text) if s.strip()]


def _content(sentence: str) -> int:
    """Count the distinct words that carry content; digits (orders, sizes, dates) count twice."""
    words = set(analyze(sentence, detect_language(sentence)))
    return len(words) + sum(any(letter.isdigit() for letter in word) for word in words)


def past_message(role: str, text: str) -> PastMessage:
    """Return a stored message as the chat protocol has it: an operator speaks as the assistant."""
    return PastMessage("user" if role == "user" else "assistant", text)


def _without_markers(message: PastMessage) -> PastMessage:
    return replace(message, text=_MARKER.sub("", message.text).strip())


def _latest(
    tenant_id: UUID, conversation_id: UUID, limit: int, *, session: Session
) -> tuple[PastMessage, ...]:
    parameters = {"tenant": tenant_id, "conversation": conversation_id, "messages": limit}
    rows = session.execute(_LATEST, parameters).all()
    return tuple(_without_markers(past_message(role, text)) for role, text in reversed(rows))


def _newest(tenant_id: UUID, conversation_id: UUID, *, session: Session) -> SessionMemory | None:
    query = select(SessionMemory).where(
        SessionMemory.tenant_id == tenant_id, SessionMemory.conversation_id == conversation_id
    )
    return session.scalars(query.order_by(SessionMemory.revision.desc()).limit(1)).one_or_none()
