"""Tenants and their bots."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, TenantOwned, Timestamped, new_id


class Tenant(Timestamped, Base):
    """A business; everything else belongs to one."""

    __tablename__ = "tenants"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="active")


class Bot(TenantOwned, Timestamped, Base):
    """A support bot of a tenant: its name, voice and model settings."""

    __tablename__ = "bots"
    __table_args__ = (UniqueConstraint("tenant_id", "slug"),)

    bot_id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    slug: Mapped[str]
    name: Mapped[str]
    persona: Mapped[str] = mapped_column(server_default="")
    greeting: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    model_settings: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
