"""Tenants, their bots, and what each bot says in which version."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, TenantOwned, Timestamped, new_id


class Tenant(Timestamped, Base):
    """A business; everything else belongs to one.

    `status` is "active", "suspended" (nothing is asked or fed; `suspended_reason` tells its
    members why), "deleting", until the last of it is gone, or "system" for the defaults.
    """

    __tablename__ = "tenants"
    __table_args__ = (
        CheckConstraint("status in ('active', 'suspended', 'deleting', 'system')", name="status"),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="active")
    suspended_reason: Mapped[str] = mapped_column(server_default="")


class Bot(TenantOwned, Timestamped, Base):
    """A support bot of a tenant: its name and model settings; what it says is in its versions.

    `draft_saves` counts the saves of its drafts, over all of them, so that no number comes twice.
    """

    __tablename__ = "bots"
    __table_args__ = (UniqueConstraint("tenant_id", "slug"),)

    bot_id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    slug: Mapped[str]
    name: Mapped[str]
    model_settings: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    draft_saves: Mapped[int] = mapped_column(server_default=text("0"))


class BotVersionRow(TenantOwned, Timestamped, Base):
    """What a bot says: one published version, those before it, and at most one draft, version 0.

    `routing` is the tenant's own keywords and routings, over the shipped ones; `edit` is the bot's
    `draft_saves` when this was last saved; `based_on` is the version that it was copied from.
    """

    __tablename__ = "bot_versions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "bot_id"], ["bots.tenant_id", "bots.bot_id"], ondelete="CASCADE"
        ),
        CheckConstraint("state in ('draft', 'published', 'retired')", name="state"),
        CheckConstraint("(version = 0) = (state = 'draft') AND version >= 0", name="version"),
        Index(
            "ix_bot_versions_published",
            "tenant_id",
            "bot_id",
            unique=True,
            postgresql_where=text("state = 'published'"),
        ),
    )

    bot_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[str]
    persona: Mapped[str] = mapped_column(server_default="")
    instructions: Mapped[str] = mapped_column(server_default="")
    greeting: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    fallback: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    routing: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    edit: Mapped[int] = mapped_column(server_default=text("0"))
    note: Mapped[str] = mapped_column(server_default="")
    edited_by: Mapped[str] = mapped_column(server_default="")
    based_on: Mapped[int] = mapped_column(server_default=text("0"))
    restored_from: Mapped[int | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    published_at: Mapped[datetime | None]
