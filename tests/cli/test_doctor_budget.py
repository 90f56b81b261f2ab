"""The doctor on providers that count prompts above the limit."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from db.models import UsageEvent
from leanrag.cli.checks.budget import check_budget
from leanrag.guarded_database import GuardedDatabase
from leanrag.tenants import Tenants


def add_report(database: GuardedDatabase, tenant_id: UUID, model: str, excess: int) -> None:
    with database.tenant(tenant_id) as session:
        session.add(
            UsageEvent(
                tenant_id=tenant_id,
                kind="answer",
                occurred_at=datetime.now(UTC),
                model=model,
                prompt_tokens=1500 + excess,
                completion_tokens=10,
                counted_tokens=1400,
                excess_tokens=excess,
                is_reported=True,
                outcome="complete",
                latency_ms=1.0,
            )
        )


def test_reports_within_the_limit_are_well(database: GuardedDatabase):
    tenant = Tenants(database).create("shop", "Shop")
    add_report(database, tenant.tenant_id, "qwen3:8b", 0)
    assert check_budget(database).state == "ok"


def test_the_farthest_above_is_told_with_its_tenant_and_the_others_counted(
    database: GuardedDatabase,
):
    for slug, excess in (("shop", 20), ("cafe", 130), ("bank", 5)):
        tenant = Tenants(database).create(slug, slug)
        add_report(database, tenant.tenant_id, "qwen3:8b", excess)
    found = check_budget(database)
    assert (found.name, found.state) == ("prompt budget", "warning")
    assert "'qwen3:8b' counted 1630 tokens in a prompt of tenant cafe, 130 above" in found.message
    assert "2 more" in found.message
    assert "OPENAI_BASE_URL" in found.remedy
