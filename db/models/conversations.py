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
    """One customer's talk with a bot; the bot is silent unless `status` is active."""

    __tablename__ = "conversations"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "bot_id"], ["bots.tenant_id", "bots.bot_id"], ondelete="CASCADE"
        ),
        CheckConstraint("status in ('active', 'support_active', 'closed')", name="status"),
        Index(None, "tenant_id", "updated_at"),
        Index(None, "tenant_id", "bot_id"),
    )

    conversation_id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    bot_id: Mapped[UUID]
    channel: Mapped[str] = mapped_column(server_default="console")
    status: Mapped[str] = mapped_column(server_default="active")
    title: Mapped[str] = mapped_column(server_default="")
    message_count: Mapped[int] = mapped_column(server_default=sql("0"))
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
    """A revision of a conversation's rolling summary; the highest revision is in force."""

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
