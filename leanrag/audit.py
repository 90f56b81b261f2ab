"""The audit log: who did what to what, from where, and how it was before and after.

Changes of rows are written by triggers, in the transaction of the change itself; here stands what
no trigger sees (signed in, exported, downloaded), and how the log is read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, insert, or_, select, tuple_
from sqlalchemy.orm import Session

from db.models import AuditEvent
from db.models.base import new_id
from db.tenancy import Actor, Database, current_actor
from leanrag.csv_export import CsvCell, export_csv
from leanrag.errors import InvalidInput

MAX_PAGE = 500
MAX_EXPORT = 50_000
_HIDDEN = "hidden"
_SECRET_NAMES = frozenset(
    {"password", "secret", "token", "code", "ticket", "authorization", "cookie", "key", "api_key"}
)
_CSV_COLUMNS = (
    *("at", "actor_kind", "actor_id", "actor_name", "ip"),
    *("action", "object_kind", "object_id", "object_name", "before", "after"),
)


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which events are wanted; an empty field leaves all in.

    `actor` is the id or the name of who acted, or the kind of whoever has neither ("system").
    `words` stand in the name or id of the object or in the name of who acted. `since` is the first
    moment that counts, `until` the first that does not.
    """

    actor: str = ""
    action: str = ""
    object_kind: str = ""
    object_id: str = ""
    since: datetime | None = None
    until: datetime | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class AuditEventView:
    """One event; `before` and `after` hold the fields that changed, None where nothing was."""

    event_id: UUID
    at: datetime
    actor_kind: str
    actor_id: str
    actor_name: str
    ip: str
    action: str
    object_kind: str
    object_id: str
    object_name: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None

    @property
    def place(self) -> str:
        """What asks for the events `after` (older) or `before` (newer) this one."""
        return f"{self.at.isoformat()}~{self.event_id}"


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Events, newest first.

    `next_after` asks for the older ones that follow, None at the end; `next_before` for the newer
    ones, None where these are the newest.
    """

    events: tuple[AuditEventView, ...]
    next_after: str | None
    next_before: str | None = None


@dataclass(frozen=True, slots=True)
class AuditExport:
    """A CSV file of events, newest first; `is_complete` is False where older ones are left out."""

    data: bytes
    events: int
    is_complete: bool


class Audit:
    """Adds to a tenant's audit log, and reads it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(
        self,
        tenant_id: UUID,
        action: str,
        object_kind: str,
        *,
        actor: Actor | None = None,
        object_id: str = "",
        object_name: str = "",
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
        session: Session | None = None,
    ) -> None:
        """Add an event; without `actor` it is whoever acts in this context.

        In the caller's transaction if it gives its session: then nothing is recorded of what fails.
        Fields that are named like secrets are hidden.
        """
        row = {
            "tenant_id": tenant_id,
            "event_id": new_id(),
            "action": action,
            "object_kind": object_kind,
            "object_id": object_id,
            "object_name": object_name[:200],
            "before": _without_secrets(before),
            "after": _without_secrets(after),
            **actor_columns(actor),
        }
        if session is not None:
            session.execute(insert(AuditEvent), row)
            return
        with self._database.tenant(tenant_id) as own:
            own.execute(insert(AuditEvent), row)

    def find(
        self,
        tenant_id: UUID,
        wanted: AuditFilter | None = None,
        *,
        limit: int = 50,
        after: str | None = None,
        before: str | None = None,
    ) -> AuditPage:
        """Return a page of events, newest first: the newest, those right `after` or right `before`.

        Raises InvalidInput for an `after` or `before` that no page gave.
        """
        limit = max(1, min(limit, MAX_PAGE))
        query = select(AuditEvent).where(*_conditions(tenant_id, wanted or AuditFilter()))
        place = tuple_(AuditEvent.at, AuditEvent.event_id)
        if before is not None:
            query = query.where(place > tuple_(*_read_place(before)))
            query = query.order_by(AuditEvent.at.asc(), AuditEvent.event_id.asc())
        else:
            if after is not None:
                query = query.where(place < tuple_(*_read_place(after)))
            query = query.order_by(AuditEvent.at.desc(), AuditEvent.event_id.desc())
        with self._database.tenant(tenant_id) as session:
            rows = session.scalars(query.limit(limit + 1)).all()
        views = tuple(_view(row) for row in rows[:limit])
        if not views:
            return AuditPage((), None)
        goes_on = len(rows) > limit
        if before is not None:
            views = views[::-1]
            return AuditPage(views, views[-1].place, views[0].place if goes_on else None)
        newer = None if after is None else views[0].place
        return AuditPage(views, views[-1].place if goes_on else None, newer)

    def export(self, tenant_id: UUID, wanted: AuditFilter | None = None) -> AuditExport:
        """Return the events as CSV, the newest `MAX_EXPORT` of them, and note that it was done."""
        query = select(AuditEvent).where(*_conditions(tenant_id, wanted or AuditFilter()))
        query = query.order_by(AuditEvent.at.desc(), AuditEvent.event_id.desc())
        with self._database.tenant(tenant_id) as session:
            rows = session.scalars(query.limit(MAX_EXPORT + 1)).all()
            views = [_view(row) for row in rows[:MAX_EXPORT]]
            self.record(
                tenant_id,
                "exported",
                "audit_log",
                after={"events": len(views)},
                session=session,
            )
        data = export_csv(_CSV_COLUMNS, _csv_rows(views))
        return AuditExport(data, len(views), is_complete=len(rows) <= MAX_EXPORT)

    def kinds(self, tenant_id: UUID) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the actions and the kinds of object that the log holds, to choose from."""
        query = select(AuditEvent.action, AuditEvent.object_kind).distinct()
        with self._database.tenant(tenant_id) as session:
            found = session.execute(query.where(AuditEvent.tenant_id == tenant_id)).all()
        return tuple(sorted({row[0] for row in found})), tuple(sorted({row[1] for row in found}))


def actor_columns(actor: Actor | None = None) -> dict[str, str]:
    """Return an actor, or whoever acts in this context, as the log's columns have it."""
    actor = actor or current_actor() or Actor("system")
    return {
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "actor_name": actor.name,
        "ip": actor.ip,
    }


def _conditions(tenant_id: UUID, wanted: AuditFilter) -> Iterator[ColumnElement[bool]]:
    yield AuditEvent.tenant_id == tenant_id
    if wanted.actor:
        is_unnamed = and_(AuditEvent.actor_id == "", AuditEvent.actor_name == "")
        yield or_(
            AuditEvent.actor_id == wanted.actor,
            AuditEvent.actor_name == wanted.actor,
            and_(AuditEvent.actor_kind == wanted.actor, is_unnamed),
        )
    for column, value in (
        (AuditEvent.action, wanted.action),
        (AuditEvent.object_kind, wanted.object_kind),
        (AuditEvent.object_id, wanted.object_id),
    ):
        if value:
            yield column == value
    if wanted.since is not None:
        yield AuditEvent.at >= wanted.since
    if wanted.until is not None:
        yield AuditEvent.at < wanted.until
    for word in wanted.words.split():
        columns = (AuditEvent.object_name, AuditEvent.object_id, AuditEvent.actor_name)
        yield or_(*(column.icontains(word, autoescape=True) for column in columns))


def _without_secrets(fields: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if fields is None:
        return None
    return {
        name: _HIDDEN
        if name in _SECRET_NAMES or name.endswith(("_hash", "_secret", "_password"))
        else value
        for name, value in fields.items()
    }


def _read_place(after: str) -> tuple[datetime, UUID]:
    at, _, event_id = after.partition("~")
    try:
        moment, last = datetime.fromisoformat(at), UUID(event_id)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise InvalidInput("`after` is no place in the audit log; take it from the page before.")
    return moment, last


def _view(row: AuditEvent) -> AuditEventView:
    return AuditEventView(
        event_id=row.event_id,
        at=row.at,
        actor_kind=row.actor_kind,
        actor_id=row.actor_id,
        actor_name=row.actor_name,
        ip=row.ip,
        action=row.action,
        object_kind=row.object_kind,
        object_id=row.object_id,
        object_name=row.object_name,
        before=row.before,
        after=row.after,
    )


def _csv_rows(views: list[AuditEventView]) -> Iterator[list[CsvCell]]:
    for view in views:
        cells = asdict(view)
        for name in ("before", "after"):
            held = cells[name]
            cells[name] = "" if held is None else json.dumps(held, ensure_ascii=False)
        yield [cells[name] for name in _CSV_COLUMNS]
