"""Session memory: one rolling summary, replaced every few messages, and the latest messages.

Every revision is kept. In force is the highest one that was not refused; a refused one is stored
with its reason, so that an operator sees what the model tried to remember.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast
from uuid import UUID

from sqlalchemy import Table, insert, text
from sqlalchemy.orm import Session

from db.models import SessionMemory
from leanrag import extractive_summary
from leanrag.text.tokens import TokenCounter
from leanrag.types import Memory, PastMessage

EXTRACTIVE = "extractive"
NOTHING_TO_KEEP = "empty: nobody said anything that later answers need"

# The markers of an earlier answer would name other passages in a new prompt.
_MARKER = re.compile(r"\s*\[\d+\]")

# Of `:conversation`: the latest `:messages` that say anything, and the summary in force.
LATEST_MESSAGES = """
    SELECT role, text FROM messages
    WHERE tenant_id = :tenant AND conversation_id = :conversation AND length(text) > 0
    ORDER BY message_id DESC LIMIT :messages"""
SUMMARY_IN_FORCE = """
    SELECT summary FROM session_memories
    WHERE tenant_id = :tenant AND conversation_id = :conversation AND refused_because IS NULL
    ORDER BY revision DESC LIMIT 1"""
# The messages that any revision knows: those of a refused one are not summarised again.
SUMMARISED_MESSAGES = """
    SELECT coalesce(max(message_count), 0) FROM session_memories
    WHERE tenant_id = :tenant AND conversation_id = :conversation"""
_LATEST = text(LATEST_MESSAGES)
_STATE = text(
    f"""
    SELECT coalesce(max(revision), 0) AS revision, coalesce(max(message_count), 0) AS covered,
           ({SUMMARY_IN_FORCE}) AS summary
    FROM session_memories WHERE tenant_id = :tenant AND conversation_id = :conversation
    """  # noqa: S608 - a constant of this file
)
_LOCK = text(
    """
    SELECT 1 FROM conversations
    WHERE tenant_id = :tenant AND conversation_id = :conversation FOR UPDATE
    """
)
_ADD = insert(cast(Table, SessionMemory.__table__))  # a table's insert: no unit of work around it


@dataclass(frozen=True, slots=True)
class MemoryLimits:
    """The summary's tokens at most, how often it is replaced, and messages kept verbatim."""

    max_summary_tokens: int = 150
    every_messages: int = 5
    recent_messages: int = 4


@dataclass(frozen=True, slots=True)
class ReplacedSummary:
    """An extractive revision that was stored just now, and what it was made from.

    `messages` are those since the old summary, without citation markers, oldest first.
    """

    revision: int
    message_count: int
    summary: str
    old_summary: str
    messages: tuple[PastMessage, ...]


class SessionMemoryManager:
    """Recalls what a conversation carries along, and replaces its summary when it is due."""

    def __init__(self, counter: TokenCounter, limits: MemoryLimits) -> None:
        self._counter = counter
        self._limits = limits

    @property
    def recent_messages(self) -> int:
        """How many of the latest messages a turn carries along."""
        return self._limits.recent_messages

    @property
    def max_summary_tokens(self) -> int:
        """How many tokens a summary may take."""
        return self._limits.max_summary_tokens

    def recall(self, summary: str, latest: Sequence[PastMessage]) -> Memory:
        """Return what a turn carries along of the latest messages, which come newest first."""
        recent = latest[: self._limits.recent_messages]
        return Memory(summary, tuple(_without_markers(message) for message in reversed(recent)))

    def is_due(self, message_count: int, summarised: int) -> bool:
        """Tell whether the summary, which knows `summarised` messages, is to be replaced."""
        return message_count - summarised >= self._limits.every_messages

    def replace_when_due(
        self, tenant_id: UUID, conversation_id: UUID, message_count: int, *, session: Session
    ) -> ReplacedSummary | None:
        """Replace the summary by an extractive one if five (the limit's) messages came since.

        None where it is not due, or where nothing is worth keeping: then the last good summary
        stays in force, and a revision tells so. The caller holds the conversation's lock.
        """
        of_conversation = {"tenant": tenant_id, "conversation": conversation_id}
        state = session.execute(_STATE, of_conversation).one()
        if not self.is_due(message_count, state.covered):
            return None
        latest = {**of_conversation, "messages": message_count - state.covered}
        rows = session.execute(_LATEST, latest).all()
        messages = [past_message(role, said) for role, said in reversed(rows)]
        old = state.summary or ""
        summary = self.summarise(old, messages)
        self._add(
            tenant_id,
            conversation_id,
            revision=state.revision + 1,
            summary=summary,
            message_count=message_count,
            made_by=EXTRACTIVE,
            refused_because=None if summary else NOTHING_TO_KEEP,
            session=session,
        )
        if not summary:
            return None
        said = tuple(_without_markers(message) for message in messages)
        return ReplacedSummary(state.revision + 1, message_count, summary, old, said)

    def store_written(
        self,
        tenant_id: UUID,
        conversation_id: UUID,
        replaced: ReplacedSummary,
        summary: str,
        *,
        made_by: str,
        refused_because: str | None,
        session: Session,
    ) -> bool:
        """Store what a model wrote as the revision after `replaced`; tell whether it was.

        Not where a later revision stands already, or the conversation is gone: a model that was
        slow never takes back what a later turn remembered, and a second call changes nothing.
        """
        of_conversation = {"tenant": tenant_id, "conversation": conversation_id}
        if session.execute(_LOCK, of_conversation).one_or_none() is None:
            return False
        if session.execute(_STATE, of_conversation).one().revision != replaced.revision:
            return False
        self._add(
            tenant_id,
            conversation_id,
            revision=replaced.revision + 1,
            summary=summary,
            message_count=replaced.message_count,
            made_by=made_by,
            refused_because=refused_because,
            session=session,
        )
        return True

    def summarise(self, old_summary: str, messages: Sequence[PastMessage]) -> str:
        """Return the extractive summary: at most `max_summary_tokens`, whole statements."""
        return extractive_summary.summarise(
            old_summary, messages, self._counter, self._limits.max_summary_tokens
        )

    def _add(
        self,
        tenant_id: UUID,
        conversation_id: UUID,
        *,
        revision: int,
        summary: str,
        message_count: int,
        made_by: str,
        refused_because: str | None,
        session: Session,
    ) -> None:
        values: dict[str, object] = {"tenant_id": tenant_id, "conversation_id": conversation_id}
        values |= {"revision": revision, "summary": summary, "message_count": message_count}
        values |= {"token_count": self._counter.count(summary), "made_by": made_by}
        session.execute(_ADD, {**values, "refused_because": refused_because})


def past_message(role: str, text: str) -> PastMessage:
    """Return a stored message as the chat protocol has it: an operator speaks as the assistant."""
    return PastMessage("user" if role == "user" else "assistant", text)


def _without_markers(message: PastMessage) -> PastMessage:
    return replace(message, text=_MARKER.sub("", message.text).strip())
