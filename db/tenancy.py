"""One transaction = one tenant: row-level security sees the tenant that the session names.

The tenant is set by the statement `SET LOCAL`, not by `set_config()`, because Citus propagates only
the statement to its workers; it ends with the transaction, so a pooled connection carries none.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, event
from sqlalchemy.orm import Session, SessionTransaction, sessionmaker

from db.errors import DatabaseError


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, for the audit log: `kind` is "person", "key", "local" or "system".

    `id` is the person's or the key's, `name` what people call them, `ip` where they come from.
    """

    kind: str
    id: str = ""
    name: str = ""
    ip: str = ""


_actor: ContextVar[Actor | None] = ContextVar("actor", default=None)


@contextmanager
def acting(actor: Actor) -> Iterator[None]:
    """Let every transaction that this thread or task opens meanwhile be the actor's."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


def set_actor(actor: Actor | None) -> None:
    """Say who acts in this context from now on: a page's script or a request's own."""
    _actor.set(actor)


def current_actor() -> Actor | None:
    """Return who acts in this context, if that was said."""
    return _actor.get()


_SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; "


class TenantRequired(DatabaseError):
    """A session was used without a tenant; nothing is visible without one."""


class TenantSession(Session):
    """A session that is bound to one tenant for its whole life."""


@event.listens_for(TenantSession, "after_begin")
def _bind_tenant(
    session: Session, _transaction: SessionTransaction, connection: Connection
) -> None:
    tenant_id = session.info.get("tenant_id")
    if not isinstance(tenant_id, UUID):
        raise TenantRequired("No tenant is bound to this database session.")
    snapshot = _SNAPSHOT if session.info.get("is_snapshot") else ""
    # A UUID prints as hex digits and dashes alone, so it cannot end the literal.
    connection.exec_driver_sql(
        f"{snapshot}SET LOCAL app.tenant_id = '{tenant_id}'{_actor_setting()}"
    )


def _actor_setting() -> str:
    """Return the statement that names the actor, in the same round trip; base64 ends no literal."""
    actor = _actor.get()
    if actor is None:
        return ""
    encoded = b64encode(json.dumps(asdict(actor)).encode()).decode()
    return f"; SET LOCAL app.actor = '{encoded}'"


def commit_without_waiting(session: Session) -> None:
    """Let this transaction's commit return before the disk has it; nothing else changes.

    Only a crash of the server itself can undo it, within 0.6 s (three times `wal_writer_delay`) and
    before any other transaction of the server has waited for its own commit. Never for what is
    acknowledged to a user.
    """
    session.connection().exec_driver_sql("SET LOCAL synchronous_commit = off")


class Database:
    """Opens transactions: a tenant's (`tenant`) or the administration's (`administration`)."""

    def __init__(self, engine: Engine, admin_engine: Engine) -> None:
        self.engine = engine
        self.admin_engine = admin_engine
        self._tenant_sessions = sessionmaker(engine, class_=TenantSession, expire_on_commit=False)
        self._admin_sessions = sessionmaker(admin_engine, expire_on_commit=False)

    @contextmanager
    def tenant(self, tenant_id: UUID, *, is_snapshot: bool = False) -> Iterator[Session]:
        """Open a transaction that sees this tenant alone; commit at the end, roll back on error.

        In a snapshot all statements see the tenant as the first of them does, whatever is stored
        meanwhile: for reading in several steps what belongs together.
        """
        info: dict[Any, Any] = {"tenant_id": tenant_id, "is_snapshot": is_snapshot}
        with self._tenant_sessions(info=info) as session, session.begin():
            yield session

    @contextmanager
    def administration(self) -> Iterator[Session]:
        """Open a transaction of the tables' owner: the list of tenants, and nothing of theirs."""
        with self._admin_sessions() as session, session.begin():
            if actor := _actor_setting():
                session.connection().exec_driver_sql(actor.removeprefix("; "))
            yield session

    def dispose(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()
        self.admin_engine.dispose()
