"""Keywords and examples that decide an intent, and where each intent's evidence comes from."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, TenantOwned


class IntentKeyword(TenantOwned, Base):
    """A keyword; a tenant's row stands in front of the global one of the same key."""

    __tablename__ = "intent_keywords"
    __table_args__ = (
        CheckConstraint("weight between 1 and 3", name="weight"),
        Index(None, "tenant_id", "updated_at"),
    )

    intent: Mapped[str] = mapped_column(primary_key=True)
    language: Mapped[str] = mapped_column(primary_key=True)
    keyword: Mapped[str] = mapped_column(primary_key=True)
    weight: Mapped[int] = mapped_column(server_default=text("1"))
    enabled: Mapped[bool] = mapped_column(server_default=text("true"))
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class IntentRoutingRow(TenantOwned, Base):
    """An intent's primary and secondary kinds of source, and their shares in tokens."""

    __tablename__ = "intent_routings"
    __table_args__ = (
        CheckConstraint("primary_tokens between 0 and 1500", name="primary_tokens"),
        CheckConstraint("secondary_tokens between 0 and 1500", name="secondary_tokens"),
    )

    intent: Mapped[str] = mapped_column(primary_key=True)
    primary_kinds: Mapped[list[str]] = mapped_column(ARRAY(Text))
    primary_tokens: Mapped[int]
    secondary_kinds: Mapped[list[str]] = mapped_column(ARRAY(Text))
    secondary_tokens: Mapped[int]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class LabelledMessage(TenantOwned, Base):
    """A message whose intent a person set; `text_hash` keeps the same text from counting twice."""

    __tablename__ = "labelled_messages"
    __table_args__ = (Index(None, "tenant_id", "updated_at"),)

    text_hash: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[str]
    language: Mapped[str]
    intent: Mapped[str]
    labelled_by: Mapped[str] = mapped_column(server_default="")
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
