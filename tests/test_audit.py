"""The audit log: one row for each change, with who, before and after; and nobody edits it."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Table, delete, insert, text, update
from sqlalchemy.exc import DBAPIError

from db.models import Base
from db.tenancy import Actor, acting
from leanrag.audit import Audit, AuditEventView, AuditFilter
from leanrag.guarded_database import GuardedDatabase
from leanrag.router import KeywordRule
from leanrag.tenants import Tenants
from leanrag.tuning import Tuning, TuningDraft
from tests.db.tenant_rows import TENANT_TABLES, Row, fill, make_row
from tests.product_parts import new_tenant

SARA = Actor("person", "7", "Sara", "203.0.113.9")
# Table: what an update changes, and what the log says of it before and after.
CHANGES: dict[str, dict[str, Any]] = {
    "bots": {"name": "other"},
    "bot_versions": {"note": "other"},
    "sources": {"title": "other", "is_citable": False},
    "newer_files": {"filename": "other"},
    "passage_edits": {"edited_text": "other"},
    "suggested_pairs": {"answer": "other"},
    "intent_keywords": {"weight": 3},
    "intent_routings": {"primary_tokens": 101},
    "labelled_messages": {"intent": "other"},
    "conversations": {"title": "other"},
    "members": {"role": "viewer"},
    "api_keys": {"name": "other"},
    "embedding_switches": {"next_model": "other"},
}
NOT_WHEN_MADE = {"suggested_pairs", "conversations"}
NOT_WHEN_GONE = {"suggested_pairs", "newer_files"}
of_audited = pytest.mark.parametrize("name", CHANGES)


def events(database: GuardedDatabase, tenant_id: UUID) -> list[AuditEventView]:
    return list(reversed(Audit(database).find(tenant_id, limit=500).events))


def prepared(database: GuardedDatabase, name: str) -> tuple[UUID, Table, dict[str, Row], datetime]:
    """Return a tenant with a row in every table but this one and those below it, and the time."""
    tenant_id = new_tenant(database)
    rows: dict[str, Row] = {}
    with database.tenant(tenant_id) as session:
        rows = fill(tenant_id, session)
    table = Base.metadata.tables[name]
    with database.tenant(tenant_id) as session:
        key = [column == rows[name][column.name] for column in table.primary_key.columns]
        session.execute(delete(table).where(*key))
        now = session.scalar(text("SELECT clock_timestamp()"))
    assert isinstance(now, datetime)
    return tenant_id, table, rows, now


@of_audited
def test_every_change_leaves_one_row_with_who_and_what(
    shared_database: GuardedDatabase, name: str
) -> None:
    tenant_id, table, rows, since = prepared(shared_database, name)
    row = rows[name]
    key = [column == row[column.name] for column in table.primary_key.columns]
    with acting(SARA), shared_database.tenant(tenant_id) as session:
        session.execute(insert(table), row)
        session.execute(update(table).where(*key).values(**CHANGES[name]))
        session.execute(update(table).where(*key).values(**CHANGES[name]))  # to what it is
        session.execute(delete(table).where(*key))
    found = Audit(shared_database).find(tenant_id, AuditFilter(since=since), limit=500).events
    wanted = ["created"] * (name not in NOT_WHEN_MADE) + ["changed"]
    wanted += ["deleted"] * (name not in NOT_WHEN_GONE)
    assert [event.action for event in reversed(found)] == wanted
    assert {(e.actor_kind, e.actor_id, e.actor_name, e.ip) for e in found} == {
        ("person", "7", "Sara", "203.0.113.9")
    }
    (changed,) = [event for event in found if event.action == "changed"]
    assert changed.after == CHANGES[name]
    assert changed.before is not None
    assert set(changed.before) == set(CHANGES[name])
    assert all(changed.before[field] != value for field, value in CHANGES[name].items())
    for event in found:
        assert (event.before is None) == (event.action == "created")
        assert (event.after is None) == (event.action == "deleted")


def test_every_table_is_audited_or_is_no_persons_act() -> None:
    by_machine_or_customer = {
        "audit_log": "the log itself",
        "chunks": "made of sources",
        "chunk_terms": "made of sources",
        "chunk_embeddings": "made of sources",
        "source_files": "comes with its source",
        "site_pages": "crawled",
        "embedding_cache": "made of texts",
        "written_tldrs": "made of texts",
        "lexical_statistics": "counted",
        "citation_uses": "of answers",
        "messages": "said by customers",
        "session_memories": "of conversations",
        "privacy_findings": "of answers",
        "response_cache": "of answers",
        "usage_events": "of provider calls",
        "quota_periods": "counted",
        "token_margins": "learned",
    }
    assert {table.name for table in TENANT_TABLES} == set(CHANGES) | set(by_machine_or_customer)


def test_progress_and_use_leave_no_row(shared_database: GuardedDatabase) -> None:
    tenant_id = new_tenant(shared_database)
    with shared_database.tenant(tenant_id) as session:
        fill(tenant_id, session)
    before = len(events(shared_database, tenant_id))
    with shared_database.tenant(tenant_id) as session:
        for statement in (
            "UPDATE sources SET progress = 50, step = 'embed', status = 'processing'",
            "UPDATE api_keys SET used_at = now()",
            "UPDATE conversations SET message_count = message_count + 1, updated_at = now()",
            "UPDATE embedding_switches SET done_count = 7",
            "UPDATE bots SET draft_saves = draft_saves + 1",
        ):
            session.execute(text(statement))
    assert len(events(shared_database, tenant_id)) == before


def test_what_goes_with_its_parent_is_no_event_of_its_own(
    shared_database: GuardedDatabase,
) -> None:
    tenant_id = new_tenant(shared_database)
    with shared_database.tenant(tenant_id) as session:
        rows = fill(tenant_id, session)
    before = len(events(shared_database, tenant_id))
    with acting(SARA), shared_database.tenant(tenant_id) as session:
        source = text("DELETE FROM sources WHERE source_id = :id")
        session.execute(source, {"id": rows["sources"]["source_id"]})
    new = events(shared_database, tenant_id)[before:]
    assert [(event.action, event.object_kind) for event in new] == [("deleted", "source")]


def test_secrets_never_stand_in_the_log(shared_database: GuardedDatabase) -> None:
    tenant_id = new_tenant(shared_database)
    with shared_database.tenant(tenant_id) as session:
        rows = fill(tenant_id, session)
        session.execute(delete(Base.metadata.tables["api_keys"]))
    audit = Audit(shared_database)
    audit.record(
        tenant_id,
        "tried",
        "door",
        before={"password": "hunter2", "name": "x"},
        after={"key_hash": "hunter2", "token": "hunter2", "code": "hunter2", "tokens": 5},
    )
    written = repr(events(shared_database, tenant_id))
    assert rows["api_keys"]["key_hash"] not in written
    assert "hunter2" not in written
    assert "'tokens': 5" in written


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET actor_name = 'nobody'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
        "ALTER TABLE audit_log DISABLE TRIGGER ALL",
        "ALTER TABLE sources DISABLE TRIGGER audit_sources",
        "DROP TRIGGER audit_sources ON sources",
        "CREATE OR REPLACE FUNCTION audit_sources() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN RETURN NULL; END'",
        "INSERT INTO audit_log (tenant_id, event_id, at, action, object_kind) VALUES"
        " (current_setting('app.tenant_id')::uuid, gen_random_uuid(), '2001-01-01', 'x', 'x')",
        "INSERT INTO audit_log (tenant_id, event_id, action, object_kind) VALUES"
        " (gen_random_uuid(), gen_random_uuid(), 'x', 'x')",
    ],
)
def test_the_applications_role_cannot_edit_the_log(
    shared_database: GuardedDatabase, statement: str
) -> None:
    tenant_id = new_tenant(shared_database)
    before = events(shared_database, tenant_id)
    assert before
    with (
        pytest.raises(DBAPIError, match=r"denied|must be owner|row-level|system trigger"),
        shared_database.tenant(tenant_id) as session,
    ):
        session.execute(text(statement))
    assert events(shared_database, tenant_id) == before


def test_what_is_rolled_back_is_not_in_the_log(shared_database: GuardedDatabase) -> None:
    tenant_id = new_tenant(shared_database)
    before = len(events(shared_database, tenant_id))
    audit = Audit(shared_database)
    with suppress(RuntimeError), shared_database.tenant(tenant_id) as session:
        session.execute(text("UPDATE bots SET name = 'other'"))
        audit.record(tenant_id, "exported", "tenant", session=session)
        raise RuntimeError("the caller fails")
    assert len(events(shared_database, tenant_id)) == before


def test_the_administrations_acts_have_their_actor(shared_database: GuardedDatabase) -> None:
    slug = f"t{uuid4().hex[:12]}"
    with acting(SARA):
        tenant = Tenants(shared_database).create(slug, "Kilim Ev")
        Tenants(shared_database).suspend(slug, "The bill is not paid.")
    wanted = AuditFilter(object_kind="tenant")
    suspended, created = Audit(shared_database).find(tenant.tenant_id, wanted).events
    assert (created.action, created.actor_name) == ("created", "Sara")
    assert (suspended.action, suspended.actor_name) == ("changed", "Sara")
    assert suspended.before == {"status": "active", "suspended_reason": ""}
    assert suspended.after == {
        "status": "suspended",
        "suspended_reason": "The bill is not paid.",
    }


def test_an_actor_ends_with_the_transaction(shared_database: GuardedDatabase) -> None:
    tenant_id = new_tenant(shared_database)
    with (
        acting(Actor("person", "1", "O'Hara'; DROP TABLE bots; --")),
        shared_database.tenant(tenant_id) as session,
    ):
        session.execute(text("UPDATE bots SET name = 'one'"))
    with shared_database.tenant(tenant_id) as session:
        session.execute(text("UPDATE bots SET name = 'two'"))
    named = [e.actor_name for e in events(shared_database, tenant_id) if e.action == "changed"]
    assert named == ["O'Hara'; DROP TABLE bots; --", ""]


def test_a_keyword_save_records_what_changed_alone(shared_database: GuardedDatabase) -> None:
    tenant_id = new_tenant(shared_database)
    tuning = Tuning(shared_database)
    draft = tuning.load(tenant_id)
    rules = tuple(KeywordRule("pricing", "en", f"word{n}", 1) for n in range(30))
    draft = tuning.save(
        tenant_id, TuningDraft((*draft.keywords, *rules), draft.routings, draft.version)
    )
    before = len(events(shared_database, tenant_id))
    kept = tuple(rule for rule in draft.keywords if rule.keyword not in {"word3", "word4"})
    heavier = KeywordRule("pricing", "en", "word4", 3)
    with acting(SARA):
        tuning.save(tenant_id, TuningDraft((*kept, heavier), draft.routings, draft.version))
    new = [e for e in events(shared_database, tenant_id)[before:] if e.object_kind == "keyword"]
    assert sorted((e.action, e.object_id, e.before, e.after) for e in new) == [
        ("changed", "pricing/en/word4", {"weight": 1}, {"weight": 3}),
        ("deleted", "pricing/en/word3", {"weight": 1, "enabled": True}, None),
    ]


def test_a_row_can_be_made_for_every_audited_table() -> None:
    assert set(CHANGES) <= {table.name for table in TENANT_TABLES}
    for name, values in CHANGES.items():
        row = make_row(Base.metadata.tables[name], uuid4(), {})
        assert all(row.get(field) != value for field, value in values.items()), name
