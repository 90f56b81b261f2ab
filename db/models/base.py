"""The declarative base and the columns that every tenant-owned table begins with."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, MetaData, Uuid, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from uuid_utils.compat import uuid7

# Rows of this tenant are defaults that every tenant reads and none may write.
GLOBAL_TENANT_ID = UUID(int=0)


class Base(DeclarativeBase):
    """All tables; constraint names follow one rule, so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads a plain dict here
        datetime: DateTime(timezone=True),
        UUID: Uuid(),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
    }


class TenantOwned:
    """Mixin: `tenant_id` comes first in the primary key of every tenant-owned table."""

    tenant_id: Mapped[UUID] = mapped_column(
        ForeignKey("tenants.tenant_id", ondelete="CASCADE"), primary_key=True, sort_order=-100
    )


class Timestamped:
    """Mixin: when the row was made, by the database's clock."""

    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=900)


def new_id() -> UUID:
    """Return a UUIDv7: ordered by time, made by the application."""
    return uuid7()
