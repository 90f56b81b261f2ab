"""Conversations, their messages with the prompt ledger, and their memory."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, func
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, TenantOwned, Timestamped, new_id


class Conversation(TenantOwned, Timestamped, Base):
    """One customer's talk with a bot; the bot is silent unless `status` is active.

    `handoff_requested_at`: when the customer asked for a person, and nobody has taken over yet.
    """

    __tablename__ = "conversations"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "bot_id"], ["bots.tenant_id", "bots.bot_id"], ondelete="CASCADE"
        ),
        CheckConstraint("status in ('active', 'support_active', 'closed')", name="status"),
        Index(None, "tenant_id", "updated_at"),
        Index(None, "tenant_id", "bot_id"),
        Index(
            "ix_conversations_handoff",
            "tenant_id",
            "handoff_requested_at",
            postgresql_where=sql("handoff_requested_at IS NOT NULL"),
        ),
    )

    conversation_id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    bot_id: Mapped[UUID]
    channel: Mapped[str] = mapped_column(server_default="console")
    status: Mapped[str] = mapped_column(server_default="active")
    title: Mapped[str] = mapped_column(server_default="")
    message_count: Mapped[int] = mapped_column(server_default=sql("0"))
    handoff_requested_at: Mapped[datetime | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Message(TenantOwned, Timestamped, Base):
    """What was said; an answer carries its citations and its prompt ledger."""

    __tablename__ = "messages"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "conversation_id"],
            ["conversations.tenant_id", "conversations.conversation_id"],
            ondelete="CASCADE",
        ),
        CheckConstraint("role in ('user', 'assistant', 'operator')", name="role"),
        Index(None, "tenant_id", "conversation_id", "message_id"),
    )

    message_id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    conversation_id: Mapped[UUID]
    role: Mapped[str]
    text: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="complete")
    error: Mapped[str | None]
    citations: Mapped[list[Any]] = mapped_column(server_default=sql("'[]'"))
    ledger: Mapped[dict[str, Any]] = mapped_column(server_default=sql("'{}'"))


class SessionMemory(TenantOwned, Timestamped, Base):
    """A revision of a conversation's rolling summary; the highest one not refused is in force."""

    __tablename__ = "session_memories"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "conversation_id"],
            ["conversations.tenant_id", "conversations.conversation_id"],
            ondelete="CASCADE",
        ),
    )

    conversation_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    summary: Mapped[str]
    token_count: Mapped[int]
    message_count: Mapped[int]
    made_by: Mapped[str]
    refused_because: Mapped[str | None]


class CachedResponse(TenantOwned, Timestamped, Base):
    """An answer (`message_id`) that the same question may be given again until it expires.

    `basis` names all that the answer stands on: knowledge, prompt version, tuning and model.
    """

    __tablename__ = "response_cache"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "bot_id"], ["bots.tenant_id", "bots.bot_id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(
            ["tenant_id", "message_id"],
            ["messages.tenant_id", "messages.message_id"],
            ondelete="CASCADE",
        ),
        Index("ix_response_cache_basis", "tenant_id", "bot_id", "basis", "expires_at"),
        Index("ix_response_cache_message_id", "tenant_id", "message_id"),
    )

    entry_id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    bot_id: Mapped[UUID]
    language: Mapped[str]
    basis: Mapped[str]
    question_hash: Mapped[str]
    question: Mapped[str]
    message_id: Mapped[UUID]
    expires_at: Mapped[datetime]
    hits: Mapped[int] = mapped_column(server_default=sql("0"))


class PrivacyFinding(TenantOwned, Timestamped, Base):
    """Learn-only words that an answer was about to say, and that were held back."""

    __tablename__ = "privacy_findings"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "message_id"],
            ["messages.tenant_id", "messages.message_id"],
            ondelete="CASCADE",
        ),
        Index(None, "tenant_id", "message_id"),
    )

    finding_id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    message_id: Mapped[UUID]
    source_id: Mapped[UUID | None]
    withheld_words: Mapped[int]
    text_hash: Mapped[str]
