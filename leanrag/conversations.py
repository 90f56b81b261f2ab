"""Conversations and their messages: opened, read, listed, deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Conversation, Message
from db.tenancy import Database
from leanrag.errors import Conflict, NotFound
from leanrag.ledger import Ledger, citations_from_json, ledger_from_json
from leanrag.types import Citation

TITLE_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class ConversationView:
    """A conversation as the list shows it; `title` is the start of its first question."""

    conversation_id: UUID
    bot_id: UUID
    title: str
    status: str
    channel: str
    message_count: int
    updated_at: datetime


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


def open_conversation(
    tenant_id: UUID,
    conversation_id: UUID | None,
    *,
    bot_id: UUID,
    channel: str,
    question: str,
    session: Session,
) -> Conversation:
    """Return the conversation, locked, or a new one.

    Raises NotFound, and Conflict where the bot must be silent: a person talks, or it is closed.
    """
    if conversation_id is None:
        title = " ".join(question.split())[:TITLE_CHARACTERS]
        conversation = Conversation(
            tenant_id=tenant_id, bot_id=bot_id, channel=channel, title=title, message_count=0
        )
        session.add(conversation)
        session.flush()
        return conversation
    conversation = _find(tenant_id, conversation_id, session=session, lock=True)
    if conversation.status == "support_active":
        raise Conflict("A colleague is answering this conversation, so the bot stays silent.")
    if conversation.status == "closed":
        raise Conflict("This conversation is closed; start a new one.")
    return conversation


def _find(
    tenant_id: UUID, conversation_id: UUID, *, session: Session, lock: bool = False
) -> Conversation:
    found = session.get(Conversation, (tenant_id, conversation_id), with_for_update=lock or None)
    if found is None:
        raise NotFound("There is no such conversation here; start a new one.")
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
