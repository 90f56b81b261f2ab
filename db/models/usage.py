"""What provider calls cost, how providers count prompts, and how much of a quota is used."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Double, ForeignKeyConstraint, Index, Numeric, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, TenantOwned, new_id


class UsageEvent(TenantOwned, Base):
    """One provider call (or one answer without a model): tokens, dollars, milliseconds.

    `counterfactual_tokens` is what the send-everything prompt would have taken. Where the provider
    reported the prompt: `counted_tokens` is what we counted, and `excess_tokens` how far the report
    went beyond the limit.
    """

    __tablename__ = "usage_events"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "bot_id"], ["bots.tenant_id", "bots.bot_id"], ondelete="SET NULL (bot_id)"
        ),
        Index(None, "tenant_id", "occurred_at"),
        Index(None, "tenant_id", "bot_id"),
        Index(
            "ix_usage_events_excess",
            "tenant_id",
            "model",
            "occurred_at",
            postgresql_where=text("excess_tokens > 0"),
        ),
    )

    usage_id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    occurred_at: Mapped[datetime] = mapped_column(server_default=func.now())
    kind: Mapped[str]
    bot_id: Mapped[UUID | None]
    message_id: Mapped[UUID | None]
    model: Mapped[str]
    prompt_tokens: Mapped[int]
    completion_tokens: Mapped[int]
    cached_tokens: Mapped[int] = mapped_column(server_default=text("0"))
    counterfactual_tokens: Mapped[int] = mapped_column(server_default=text("0"))
    counted_tokens: Mapped[int | None]
    excess_tokens: Mapped[int] = mapped_column(server_default=text("0"))
    cost_usd: Mapped[Decimal | None] = mapped_column(Numeric(14, 8))
    saved_usd: Mapped[Decimal | None] = mapped_column(Numeric(14, 8))
    is_reported: Mapped[bool]
    outcome: Mapped[str]
    latency_ms: Mapped[float]
    first_token_ms: Mapped[float | None]


class QuotaPeriod(TenantOwned, Base):
    """Questions that a tenant asked in a calendar month (UTC)."""

    __tablename__ = "quota_periods"

    period_start: Mapped[date] = mapped_column(primary_key=True)
    questions_used: Mapped[int] = mapped_column(server_default=text("0"))


class LearnedMargin(TenantOwned, Base):
    """How a model counts a language: what it reported ÷ what we counted, its latest calls first.

    `base_url` carries neither user nor password.
    """

    __tablename__ = "token_margins"

    base_url: Mapped[str] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)
    language: Mapped[str] = mapped_column(primary_key=True)
    ratios: Mapped[list[float]] = mapped_column(ARRAY(Double))
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
