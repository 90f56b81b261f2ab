"""What the tenant's answers took and cost."""

from __future__ import annotations

from fastapi import APIRouter

from leanrag.api.schemas import UsageReply, UsageReportReply
from leanrag.api.tenancy import MayReadUsage

router = APIRouter(prefix="/v1/usage", tags=["usage"])

_DAY_HOURS = 24


@router.get("", summary="Tokens and cost of the last day and week")
async def report_usage(caller: MayReadUsage) -> UsageReply:
    """Return totals and rows by time, bot and model, for 24 hours and for 7 days."""
    report = caller.services.usage.report
    day = await caller.run(report, caller.tenant_id, hours=_DAY_HOURS)
    week = await caller.run(report, caller.tenant_id, hours=7 * _DAY_HOURS)
    return UsageReply(
        last_24_hours=UsageReportReply.model_validate(day),
        last_7_days=UsageReportReply.model_validate(week),
    )
