"""The audit log: who did what to what, from where, before and after."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime, Field

from leanrag.api.schemas import Reply, Text
from leanrag.api.tenancy import MayReadAudit
from leanrag.audit import AuditFilter

router = APIRouter(prefix="/v1/audit", tags=["audit"])

Short = Annotated[Text, Query(max_length=200)]


class AuditEventReply(Reply):
    """One event; `before` and `after` hold the fields that changed."""

    event_id: UUID
    at: datetime
    actor_kind: str = Field(examples=["person"])
    actor_id: str
    actor_name: str
    ip: str
    action: str = Field(examples=["changed"])
    object_kind: str = Field(examples=["source"])
    object_id: str
    object_name: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class AuditPageReply(Reply):
    """Events, newest first; `next_after` asks for the following page, null at the end."""

    events: list[AuditEventReply]
    next_after: str | None


def _filter(
    actor: Short = "",
    action: Short = "",
    object_kind: Short = "",
    object_id: Short = "",
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    words: Short = "",
) -> AuditFilter:
    """Read the filter that both endpoints take: `actor` is an id or a name."""
    return AuditFilter(actor, action, object_kind, object_id, since, until, words)


Wanted = Annotated[AuditFilter, Depends(_filter)]


@router.get("", summary="List what was done")
async def list_events(
    caller: MayReadAudit,
    wanted: Wanted,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    after: Annotated[Text | None, Query(max_length=100)] = None,
) -> AuditPageReply:
    """Return a page of events, newest first."""
    audit = caller.services.audit
    page = await caller.run(audit.find, caller.tenant_id, wanted, limit=limit, after=after)
    return AuditPageReply.model_validate(page)


@router.get(
    "/export",
    summary="Export what was done",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}, "description": "A CSV file, newest first."}},
)
async def export_events(caller: MayReadAudit, wanted: Wanted) -> Response:
    """Return the newest 50,000 events as CSV; `X-Complete: false` where older ones are left out."""
    export = await caller.run(caller.services.audit.export, caller.tenant_id, wanted)
    name = f"audit-{datetime.now(UTC):%Y-%m-%d}.csv"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Complete": str(export.is_complete).lower(),
    }
    return Response(export.data, media_type="text/csv", headers=headers)
