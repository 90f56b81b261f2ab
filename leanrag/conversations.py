"""Conversations and their messages: opened, read, listed, deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy import Table, insert, select, text
from sqlalchemy.orm import Session

from db.models import Conversation, Message
from db.models.base import new_id
from db.tenancy import Database
from leanrag.errors import Conflict, NotFound
from leanrag.ledger import Ledger, citations_from_json, ledger_from_json
from leanrag.types import Citation

TITLE_CHARACTERS = 80

_NOT_FOUND = "There is no such conversation here; start a new one."
_ADD = insert(cast(Table, Conversation.__table__))  # a table's insert: no unit of work around it
_LOCK = text(
    """
    SELECT bot_id, status FROM conversations
    WHERE tenant_id = :tenant AND conversation_id = :conversation FOR UPDATE
    """
)


@dataclass(frozen=True, slots=True)
class ConversationView:
    """A conversation as the list shows it; `title` is the start of its first question.

    `handoff_requested_at`: when the customer asked for a person whom nobody has sent yet.
    """

    conversation_id: UUID
    bot_id: UUID
    title: str
    status: str
    channel: str
    message_count: int
    updated_at: datetime
    handoff_requested_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message; `status` is complete, stopped, partial, abstained or failed."""

    message_id: UUID
    conversation_id: UUID
    role: str
    text: str
    status: str
    error: str | None
    citations: tuple[Citation, ...]
    ledger: Ledger | None
    created_at: datetime


class Conversations:
    """Reads and deletes a tenant's conversations."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, tenant_id: UUID, *, limit: int = 50) -> tuple[ConversationView, ...]:
        """Return the conversations, the latest active first."""
        query = select(Conversation).where(Conversation.tenant_id == tenant_id)
        query = query.order_by(Conversation.updated_at.desc()).limit(limit)
        with self._database.tenant(tenant_id) as session:
            return tuple(_conversation_view(row) for row in session.scalars(query))

    def get(self, tenant_id: UUID, conversation_id: UUID) -> ConversationView:
        """Return one conversation. Raises NotFound."""
        with self._database.tenant(tenant_id) as session:
            return _conversation_view(_find(tenant_id, conversation_id, session=session))

    def messages(
        self, tenant_id: UUID, conversation_id: UUID, *, limit: int = 200
    ) -> tuple[MessageView, ...]:
        """Return the latest messages, oldest first. Raises NotFound."""
        query = (
            select(Message)
            .where(Message.tenant_id == tenant_id, Message.conversation_id == conversation_id)
            .order_by(Message.message_id.desc())
            .limit(limit)
        )
        with self._database.tenant(tenant_id) as session:
            _find(tenant_id, conversation_id, session=session)
            rows = session.scalars(query).all()
        return tuple(_message_view(row) for row in reversed(rows))

    def message(self, tenant_id: UUID, message_id: UUID) -> MessageView:
        """Return one message. Raises NotFound."""
        with self._database.tenant(tenant_id) as session:
            found = session.get(Message, (tenant_id, message_id))
            if found is None:
                raise NotFound("There is no such message here; it may have been deleted.")
            return _message_view(found)

    def delete(self, tenant_id: UUID, conversation_id: UUID) -> None:
        """Delete a conversation with its messages and memory. Raises NotFound."""
        with self._database.tenant(tenant_id) as session:
            session.delete(_find(tenant_id, conversation_id, session=session))


def add_conversation(
    tenant_id: UUID, *, bot_id: UUID, channel: str, question: str, session: Session
) -> UUID:
    """Open a conversation, named after its first question; return its id."""
    conversation_id = new_id()
    session.execute(
        _ADD,
        {
            "tenant_id": tenant_id,
            "conversation_id": conversation_id,
            "bot_id": bot_id,
            "channel": channel,
            "title": " ".join(question.split())[:TITLE_CHARACTERS],
        },
    )
    return conversation_id


def continue_conversation(tenant_id: UUID, conversation_id: UUID, *, session: Session) -> UUID:
    """Lock a conversation until the transaction ends; return its bot's id.

    Raises NotFound, and Conflict where the bot must be silent: a person talks, or it is closed.
    """
    parameters = {"tenant": tenant_id, "conversation": conversation_id}
    found = session.execute(_LOCK, parameters).one_or_none()
    if found is None:
        raise NotFound(_NOT_FOUND)
    if found.status == "support_active":
        raise Conflict("A colleague is answering this conversation, so the bot stays silent.")
    if found.status == "closed":
        raise Conflict("This conversation is closed; start a new one.")
    bot_id: UUID = found.bot_id
    return bot_id


def _find(tenant_id: UUID, conversation_id: UUID, *, session: Session) -> Conversation:
    found = session.get(Conversation, (tenant_id, conversation_id))
    if found is None:
        raise NotFound(_NOT_FOUND)
    return found


def _conversation_view(row: Conversation) -> ConversationView:
    return ConversationView(
        conversation_id=row.conversation_id,
        bot_id=row.bot_id,
        title=row.title,
        status=row.status,
        channel=row.channel,
        message_count=row.message_count,
        updated_at=row.updated_at,
        handoff_requested_at=row.handoff_requested_at,
    )


def _message_view(row: Message) -> MessageView:
    return MessageView(
        message_id=row.message_id,
        conversation_id=row.conversation_id,
        role=row.role,
        text=row.text,
        status=row.status,
        error=row.error,
        citations=citations_from_json(row.citations),
        ledger=ledger_from_json(row.ledger),
        created_at=row.created_at,
    )
