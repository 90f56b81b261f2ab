"""A tenant deleted with everything that it owns: in bounded transactions, to be gone on with."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    ColumnClause,
    CursorResult,
    Delete,
    Table,
    delete,
    exists,
    literal_column,
    select,
    update,
)
from sqlalchemy.orm import Session

from db.models import GLOBAL_TENANT_ID, AuditEvent, Base, Member, Person, SignIn, Tenant
from db.models.base import new_id
from db.tenancy import Database, commit_without_waiting
from leanrag.audit import actor_columns
from leanrag.errors import Conflict, InvalidInput
from leanrag.tenant_jobs import remove_jobs, running_jobs
from leanrag.tenant_tables import AUDIT_LOG, tenant_tables
from leanrag.tenants import find_tenant

log = logging.getLogger(__name__)

BATCH_ROWS = 5_000
_WAIT_SECONDS = 30.0  # for a job of the tenant that runs: it finds its source gone, and ends
_POLL_SECONDS = 0.2
# The application's role cannot delete its audit log; of its members the people are told at the end.
_LAST = (AUDIT_LOG, "members")


@dataclass(frozen=True, slots=True)
class RemovalProgress:
    """How far a deletion is: the table at hand, and rows deleted so far."""

    table: str
    deleted: int


@dataclass(frozen=True, slots=True)
class RemovedTenant:
    """What was deleted: rows by table, and people who belonged to this tenant alone."""

    slug: str
    rows: dict[str, int]
    people: int
    seconds: float


OnRemoval = Callable[[RemovalProgress], None]


class TenantRemoval:
    """Deletes tenants. One that was cut short, even by a crash, goes on when asked again."""

    def __init__(
        self,
        database: Database,
        *,
        forget: Callable[[UUID], None],
        kept_tenant_id: UUID | None = None,
    ) -> None:
        """`forget` drops what this process holds in memory; `kept_tenant_id` is never deleted."""
        self._database = database
        self._forget = forget
        self._kept_tenant_id = kept_tenant_id

    def remove(
        self, slug_or_id: str, *, confirmed: str, on_progress: OnRemoval | None = None
    ) -> RemovedTenant:
        """Delete a tenant: rows, files, embeddings, jobs, keys, members and its audit log.

        `confirmed` is its slug, as a person typed it. People who belong to no other tenant go too,
        unless they administer the installation. Raises NotFound, InvalidInput, Conflict.
        """
        began = time.monotonic()
        tenant_id, slug = self._begin(slug_or_id, confirmed)
        self._forget(tenant_id)
        rows = self._remove_rows(tenant_id, on_progress or (lambda _: None))
        self._wait_for_jobs(tenant_id)
        people = self._finish(tenant_id, slug, rows)
        self._forget(tenant_id)
        log.info("The tenant %s was deleted: %d rows.", slug, sum(rows.values()))
        return RemovedTenant(slug, rows, people, time.monotonic() - began)

    def _begin(self, slug_or_id: str, confirmed: str) -> tuple[UUID, str]:
        """Let nobody use the tenant any more, and take its waiting jobs away."""
        with self._database.administration() as session:
            tenant = find_tenant(slug_or_id, session=session, lock=True)
            if confirmed != tenant.slug:
                raise InvalidInput(f"To delete this tenant, type its short name: {tenant.slug}.")
            if tenant.tenant_id == self._kept_tenant_id:
                raise Conflict(
                    "LeanRAG makes this tenant anew at every start; suspend it, or delete what it"
                    " holds instead."
                )
            tenant.status = "deleting"
            remove_jobs(tenant.tenant_id, running=False, session=session)
            return tenant.tenant_id, tenant.slug

    def _remove_rows(self, tenant_id: UUID, on_progress: OnRemoval) -> dict[str, int]:
        """Delete row after row as the tenant itself, which cannot reach another's."""
        removed: dict[str, int] = {}
        total = 0
        for table in reversed(tenant_tables()):
            if table.name in _LAST:
                continue
            count = BATCH_ROWS
            while count == BATCH_ROWS:
                with self._database.tenant(tenant_id) as session:
                    commit_without_waiting(session)  # the last transaction waits for the disk
                    count = _remove_batch(table, tenant_id, session=session)
                removed[table.name] = removed.get(table.name, 0) + count
                total += count
                if count:
                    on_progress(RemovalProgress(table.name, total))
        return {name: count for name, count in removed.items() if count}

    def _wait_for_jobs(self, tenant_id: UUID) -> None:
        end = time.monotonic() + _WAIT_SECONDS
        while time.monotonic() < end:
            with self._database.administration() as session:
                if not running_jobs(tenant_id, session=session):
                    return
            time.sleep(_POLL_SECONDS)
        log.warning("A job of a tenant that is deleted still runs; it will find nothing.")

    def _finish(self, tenant_id: UUID, slug: str, rows: dict[str, int]) -> int:
        """Delete the rest and the tenant itself; return how many people went with it."""
        count = BATCH_ROWS
        log_table = Base.metadata.tables[AUDIT_LOG]
        while count == BATCH_ROWS:
            with self._database.administration() as session:
                count = _remove_batch(log_table, tenant_id, session=session)
                rows[AUDIT_LOG] = rows.get(AUDIT_LOG, 0) + count
        with self._database.administration() as session:
            members = select(Member.person_id).where(Member.tenant_id == tenant_id)
            people = session.scalars(members).all()
            rows["members"] = len(people)
            remove_jobs(tenant_id, running=True, session=session)
            # What a job stored meanwhile goes with the tenant by its foreign keys.
            session.execute(delete(Tenant).where(Tenant.tenant_id == tenant_id))
            session.execute(
                update(SignIn).where(SignIn.last_tenant_id == tenant_id).values(last_tenant_id=None)
            )
            gone = _remove_people(people, session=session)
            _note(slug, rows, session=session)
        return gone


def _remove_batch(table: Table, tenant_id: UUID, *, session: Session) -> int:
    own = table.c.tenant_id == tenant_id
    place: ColumnClause[str] = literal_column("ctid")
    some = select(place).select_from(table).where(own).limit(BATCH_ROWS)
    return _count(delete(table).where(own, place.in_(some)), session=session)


def _count(statement: Delete, *, session: Session) -> int:
    found = cast("CursorResult[Any]", session.execute(statement))
    return found.rowcount


def _remove_people(people: Sequence[UUID], *, session: Session) -> int:
    """Delete those of these people who belong nowhere any more, with their sign-ins."""
    belongs = exists().where(Member.person_id == Person.person_id)
    alone = delete(Person).where(Person.person_id.in_(people), ~Person.is_administrator, ~belongs)
    return _count(alone, session=session)


def _note(slug: str, rows: dict[str, int], *, session: Session) -> None:
    """Write into the installation's own audit log, which no tenant sees, what was deleted."""
    event = AuditEvent(
        tenant_id=GLOBAL_TENANT_ID,
        event_id=new_id(),
        action="deleted",
        object_kind="tenant",
        object_name=slug,
        before={"rows": sum(rows.values())},
        **actor_columns(),
    )
    session.add(event)
