"""People and how they get in; their memberships and keys, and the record of what they did.

People, their codes and sign-ins belong to no tenant: the application's role sees none of these
tables, only the administration does. Members, keys and the audit log are a tenant's own.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, TenantOwned, Timestamped, new_id


class Person(Timestamped, Base):
    """Somebody who signs in: known by an e-mail address, or by an outer system's `subject`.

    `email` is stored in lower case. `token_version` counts up to make every token of a person
    worthless at once. `tier` is what the outer system said last.
    """

    __tablename__ = "people"

    person_id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    email: Mapped[str | None] = mapped_column(unique=True)
    subject: Mapped[str | None] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(server_default="")
    tier: Mapped[str] = mapped_column(server_default="")
    token_version: Mapped[int] = mapped_column(server_default=text("0"))
    is_administrator: Mapped[bool] = mapped_column(server_default=text("false"))
    seen_at: Mapped[datetime | None]


class SignInCode(Timestamped, Base):
    """A code that was sent; `code_hash` is keyed with the pepper and the address.

    A row stands for a request also where nobody has that address: `person_id` is then null and no
    code can be right, which the person at the keyboard cannot tell.
    """

    __tablename__ = "sign_in_codes"
    __table_args__ = (Index(None, "email_hash", "created_at"), Index(None, "ip", "created_at"))

    code_id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("people.person_id", ondelete="CASCADE")
    )
    email_hash: Mapped[str]
    ip: Mapped[str] = mapped_column(server_default="")
    code_hash: Mapped[str]
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SignIn(Timestamped, Base):
    """A session of a browser or a token of a program; `secret_hash` of what it presents.

    `kind` says how it was made: "code", "oidc", "outer" or "token" (a JWT, whose `jti` is
    `sign_in_id`). `last_tenant_id` was chosen last. A ticket, used once, hands a new
    session over from the script to the browser's cookie.
    """

    __tablename__ = "sign_ins"
    __table_args__ = (
        Index(None, "person_id", "created_at"),
        CheckConstraint("kind in ('code', 'oidc', 'outer', 'token')", name="kind"),
    )

    sign_in_id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.person_id", ondelete="CASCADE"))
    kind: Mapped[str]
    secret_hash: Mapped[str | None] = mapped_column(unique=True)
    ticket_hash: Mapped[str | None] = mapped_column(unique=True)
    ticket_expires_at: Mapped[datetime | None]
    last_tenant_id: Mapped[UUID | None]
    ip: Mapped[str] = mapped_column(server_default="")
    agent: Mapped[str] = mapped_column(server_default="")
    expires_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class Member(TenantOwned, Timestamped, Base):
    """A person's role in a tenant. Name and address are repeated: the wall hides `people`.

    The administration finds a person's tenants in here, by an index that begins with the person.
    """

    __tablename__ = "members"
    __table_args__ = (
        CheckConstraint("role in ('owner', 'admin', 'manager', 'operator', 'viewer')", name="role"),
        Index("ix_members_person_id", "person_id"),
    )

    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    role: Mapped[str]
    email: Mapped[str] = mapped_column(server_default="")
    name: Mapped[str] = mapped_column(server_default="")
    added_by: Mapped[str] = mapped_column(server_default="")


class ApiKey(TenantOwned, Timestamped, Base):
    """A program's key: `prefix` is shown, of the rest only the hash is kept."""

    __tablename__ = "api_keys"
    __table_args__ = (
        UniqueConstraint("tenant_id", "key_hash"),
        Index(None, "tenant_id", "created_at"),
    )

    key_id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    prefix: Mapped[str]
    key_hash: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(String()), server_default=text("'{}'"))
    made_by: Mapped[str] = mapped_column(server_default="")
    expires_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class AuditEvent(TenantOwned, Base):
    """Who did what to what, from where, and how it was before and after.

    Written by triggers in the transaction of the change itself; the application's role may add and
    read rows, and change none.
    """

    __tablename__ = "audit_log"
    __table_args__ = (
        Index(None, "tenant_id", "at", "event_id"),
        Index(None, "tenant_id", "actor_id", "at"),
        Index(None, "tenant_id", "object_kind", "at"),
    )

    event_id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    actor_kind: Mapped[str] = mapped_column(server_default="")
    actor_id: Mapped[str] = mapped_column(server_default="")
    actor_name: Mapped[str] = mapped_column(server_default="")
    ip: Mapped[str] = mapped_column(server_default="")
    action: Mapped[str]
    object_kind: Mapped[str]
    object_id: Mapped[str] = mapped_column(server_default="")
    object_name: Mapped[str] = mapped_column(server_default="")
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB())
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB())
