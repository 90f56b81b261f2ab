"""The audit log, read: in pages, filtered, as a file, and by its own tenant alone."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from db.models import AuditEvent
from db.tenancy import Actor
from leanrag.audit import Audit, AuditFilter
from leanrag.errors import InvalidInput
from leanrag.guarded_database import GuardedDatabase
from tests.product_parts import new_tenant

SARA = Actor("person", "7", "Sara", "203.0.113.9")


@pytest.fixture(scope="module")
def written(shared_database: GuardedDatabase) -> UUID:
    """A tenant with 25 events beside those of its making, by two people."""
    tenant_id = new_tenant(shared_database)
    audit = Audit(shared_database)
    for number in range(25):
        audit.record(
            tenant_id,
            ("viewed", "exported")[number % 2],
            ("report", "=cmd")[number % 2],
            actor=(SARA, Actor("key", "k1", "Cron 50%_"))[number % 5 == 0],
            object_id=str(number),
            object_name=f"Report {number}",
        )
    return tenant_id


def test_pages_follow_each_other_without_gap_or_repeat(
    shared_database: GuardedDatabase, written: UUID
) -> None:
    audit, after, seen = Audit(shared_database), None, []
    for _ in range(20):
        page = audit.find(written, limit=4, after=after)
        seen += page.events
        after = page.next_after
        if after is None:
            break
    everything = audit.find(written, limit=500).events
    assert tuple(seen) == everything
    assert len({event.event_id for event in seen}) == len(seen) >= 25
    assert [event.at for event in seen] == sorted((event.at for event in seen), reverse=True)


def test_filters_leave_in_what_they_name(shared_database: GuardedDatabase, written: UUID) -> None:
    def count(**wanted: Any) -> int:
        return len(Audit(shared_database).find(written, AuditFilter(**wanted), limit=500).events)

    assert count(actor="Sara") == count(actor="7") == 20
    assert count(actor="k1", action="viewed") == 3
    assert count(object_kind="report") == 13
    assert count(object_id="24") == 1
    assert count(words="report 24") == 1
    assert count(words="50%_") == 5
    assert count(words="0%c") == 0
    assert count(since=datetime.now(UTC) + timedelta(hours=1)) == 0
    assert count(until=datetime.now(UTC) - timedelta(hours=1)) == 0


@pytest.mark.parametrize("after", ["", "x", "2026-01-01~x", "2026-01-01T00:00:00~" + "0" * 32])
def test_a_place_that_no_page_gave_is_refused(
    shared_database: GuardedDatabase, written: UUID, after: str
) -> None:
    with pytest.raises(InvalidInput, match="no place"):
        Audit(shared_database).find(written, after=after)


def test_the_csv_holds_what_the_filter_shows_and_runs_nothing(
    shared_database: GuardedDatabase, written: UUID
) -> None:
    audit = Audit(shared_database)
    export = audit.export(written, AuditFilter(action="exported", actor="Sara"))
    rows = list(csv.DictReader(io.StringIO(export.data.decode("utf-8-sig"))))
    assert len(rows) == export.events == 10
    assert export.is_complete
    assert {row["object_kind"] for row in rows} == {"'=cmd"}
    newest = audit.find(written, limit=1).events[0]
    assert (newest.action, newest.object_kind) == ("exported", "audit_log")


def test_a_tenant_sees_its_own_log_alone(shared_database: GuardedDatabase, written: UUID) -> None:
    other = new_tenant(shared_database)
    with shared_database.tenant(other) as session:
        assert set(session.scalars(select(AuditEvent.tenant_id))) == {other}
    assert Audit(shared_database).find(other, AuditFilter(actor="Sara")).events == ()


def test_pages_lead_back_to_what_is_newer(shared_database: GuardedDatabase) -> None:
    audit, tenant_id = Audit(shared_database), new_tenant(shared_database)
    for n in range(7):
        audit.record(tenant_id, "changed", "thing", object_name=str(n))
    wanted = AuditFilter(object_kind="thing")
    first = audit.find(tenant_id, wanted, limit=3)
    assert first.next_before is None
    second = audit.find(tenant_id, wanted, limit=3, after=first.next_after)
    third = audit.find(tenant_id, wanted, limit=3, after=second.next_after)
    assert [event.object_name for event in third.events] == ["0"]
    assert third.next_after is None
    back = audit.find(tenant_id, wanted, limit=3, before=third.next_before)
    assert back.events == second.events
    assert back.next_after == second.next_after
    again = audit.find(tenant_id, wanted, limit=3, before=back.next_before)
    assert again.events == first.events
    assert again.next_before is None
    with pytest.raises(InvalidInput):
        audit.find(tenant_id, before="nonsense")


def test_what_the_program_itself_did_is_found_by_its_kind(shared_database: GuardedDatabase) -> None:
    audit, tenant_id = Audit(shared_database), new_tenant(shared_database)
    audit.record(tenant_id, "changed", "thing", actor=Actor("system"))
    audit.record(tenant_id, "changed", "thing", actor=Actor("person", "7", "Sara"))
    wanted = AuditFilter(actor="system", object_kind="thing")
    assert [event.actor_kind for event in audit.find(tenant_id, wanted).events] == ["system"]
