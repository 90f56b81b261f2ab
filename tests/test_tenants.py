"""Tenants are created, found, suspended and resumed; a suspended one does nothing."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from leanrag.bootstrap import Services
from leanrag.bots import Bots
from leanrag.errors import Conflict, Forbidden, InvalidInput, NotFound
from leanrag.guarded_database import GuardedDatabase
from leanrag.identity import Membership
from leanrag.ingest.attempt import Attempt
from leanrag.ingest.pipeline import Upload
from leanrag.permissions import allowed_to
from leanrag.sources import Sources
from leanrag.tenant_jobs import PARKED, while_active
from leanrag.tenants import Tenants
from tests.product_parts import DELIVERY, add_text, ask, ended, make_parts, new_tenant

REASON = "The bill of October is not paid."


def queues(database: GuardedDatabase, tenant_id: UUID) -> list[str]:
    query = text(
        "SELECT queue_name FROM jobs.procrastinate_jobs"
        " WHERE args ->> 'tenant_id' = :tenant AND status = 'todo' ORDER BY id"
    )
    with database.administration() as session:
        return list(session.scalars(query, {"tenant": str(tenant_id)}))


# ---- the list ---------------------------------------------------------------------------------


def test_a_tenant_is_found_by_slug_and_by_id(shared_database: GuardedDatabase) -> None:
    tenants = Tenants(shared_database)
    made = tenants.create(f"t{uuid4().hex[:12]}", " Kilim Ev ")
    assert tenants.find(made.slug) == tenants.find(str(made.tenant_id).upper()) == made
    assert tenants.get(made.tenant_id) == made
    assert (made.name, made.status) == ("Kilim Ev", "active")
    assert made in tenants.list()


@pytest.mark.parametrize("name", ["nobody", "", "global", "0" * 8, str(UUID(int=0))])
def test_what_is_no_tenant_is_not_found(shared_database: GuardedDatabase, name: str) -> None:
    tenants = Tenants(shared_database)
    for call in (tenants.find, tenants.resume, lambda n: tenants.suspend(n, REASON)):
        with pytest.raises(NotFound):
            call(name)
    with pytest.raises(NotFound):
        tenants.get(uuid4())


# ---- suspended --------------------------------------------------------------------------------


def test_a_suspended_tenant_tells_why_and_works_again_when_resumed(
    shared_database: GuardedDatabase,
) -> None:
    tenants = Tenants(shared_database)
    tenant_id = new_tenant(shared_database)
    stopped = tenants.suspend(str(tenant_id), REASON)
    assert (stopped.status, stopped.suspended_reason) == ("suspended", REASON)
    assert tenants.get(tenant_id) == stopped
    resumed = tenants.resume(str(tenant_id))
    assert (resumed.status, resumed.suspended_reason) == ("active", "")


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501, "a\0b"])
def test_a_suspension_needs_a_reason(shared_database: GuardedDatabase, reason: str) -> None:
    tenant_id = new_tenant(shared_database)
    with pytest.raises(InvalidInput, match="why"):
        Tenants(shared_database).suspend(str(tenant_id), reason)
    assert Tenants(shared_database).get(tenant_id).status == "active"


def test_nobody_asks_the_bots_of_a_suspended_tenant(services: Services) -> None:
    tenant_id = new_tenant(services.database)
    add_text(services.ingest, tenant_id, DELIVERY)
    question = "How long does delivery take?"
    assert ended(ask(services.answerer, tenant_id, question)).citations
    services.tenants.suspend(str(tenant_id), REASON)
    with pytest.raises(Forbidden, match="suspended: The bill of October is not paid\\."):
        ask(services.answerer, tenant_id, question)
    with pytest.raises(Forbidden, match="suspended"):
        services.previews.search(tenant_id, question, bot=None, limit=5)
    assert services.sources.list(tenant_id)  # reading stays
    assert services.bots.find(tenant_id).slug == "assistant"
    services.tenants.resume(str(tenant_id))
    assert ended(ask(services.answerer, tenant_id, question)).citations


def test_a_suspended_tenants_questions_cost_nothing(services: Services) -> None:
    tenant_id = new_tenant(services.database)
    services.tenants.suspend(str(tenant_id), REASON)
    with pytest.raises(Forbidden):
        ask(services.answerer, tenant_id, "How long does delivery take?")
    with services.database.tenant(tenant_id) as session:
        for table in ("conversations", "messages", "usage_events", "quota_periods"):
            assert session.scalar(text(f"SELECT count(*) FROM {table}")) == 0, table


def test_waiting_jobs_stand_still_and_go_on(database: GuardedDatabase) -> None:
    parts = make_parts(database)
    ours, theirs = new_tenant(database), new_tenant(database)
    for tenant_id in (ours, theirs):
        parts.ingest.accept(tenant_id, Upload("a.txt", DELIVERY.encode()))
    parts.tenants.suspend(str(ours), REASON)
    parts.tenants.suspend(str(ours), REASON)  # again changes nothing
    assert queues(database, ours) == [f"{PARKED}ingest"]
    assert queues(database, theirs) == ["ingest"]
    parts.tenants.resume(str(ours))
    assert queues(database, ours) == ["ingest"]


def test_a_job_that_is_tried_again_meanwhile_is_put_aside(database: GuardedDatabase) -> None:
    parts = make_parts(database)
    tenant_id = new_tenant(database)
    accepted = parts.ingest.accept(tenant_id, Upload("a.txt", DELIVERY.encode()))
    done: list[UUID] = []

    def process(_tenant: UUID, source_id: UUID, _attempt: Any) -> None:
        done.append(source_id)

    run = while_active(process, database, parts.jobs)
    source_id, attempt = accepted.source.source_id, Attempt(0, lambda: False)
    parts.tenants.suspend(str(tenant_id), REASON)
    run(tenant_id, source_id, attempt)
    assert done == []
    assert queues(database, tenant_id) == [f"{PARKED}ingest"]
    parts.tenants.resume(str(tenant_id))
    assert queues(database, tenant_id) == ["ingest"]
    run(tenant_id, source_id, attempt)
    assert done == [source_id]


def test_owners_read_on_and_others_do_nothing_in_a_suspended_tenant() -> None:
    assert Membership(uuid4(), "a", "A", "owner", is_suspended=True).is_suspended
    owner = allowed_to("owner", is_suspended=True)
    assert {"knowledge.read", "tenant.export", "tenant.delete"} <= owner
    assert not {"ask", "knowledge.write", "keys.write", "members.write"} & owner
    for role in ("admin", "manager", "operator", "viewer"):
        assert allowed_to(role, is_suspended=True) == frozenset()


# ---- bots -------------------------------------------------------------------------------------


def test_a_tenant_has_several_bots_that_can_be_asked(services: Services) -> None:
    tenant_id = new_tenant(services.database)
    add_text(services.ingest, tenant_id, DELIVERY)
    made = services.bots.create(tenant_id, "sales", " Sales ")
    assert (made.slug, made.name, made.prompt_version) == ("sales", "Sales", 1)
    assert [bot.slug for bot in services.bots.list(tenant_id)] == ["assistant", "sales"]
    answer = ended(ask(services.answerer, tenant_id, "How long does delivery take?", bot="sales"))
    assert answer.citations
    assert services.bots.rename(tenant_id, "sales", "Shop").name == "Shop"


def test_a_bad_or_taken_bot_is_refused(shared_database: GuardedDatabase) -> None:
    bots, tenant_id = Bots(shared_database), new_tenant(shared_database)
    bots.create(tenant_id, "sales", "Sales")
    for slug, name in (
        ("Two Words", "x"),
        ("", "x"),
        ("fine", " "),
        ("fine", "a\0"),
        ("f" * 64, "x"),
    ):
        with pytest.raises(InvalidInput):
            bots.create(tenant_id, slug, name)
    with pytest.raises(Conflict):
        bots.create(tenant_id, "sales", "Sales")
    with pytest.raises(NotFound):
        bots.rename(tenant_id, "nobody", "x")
    assert len(bots.list(tenant_id)) == 2


def test_a_bot_goes_with_its_own_sources_and_leaves_the_rest(services: Services) -> None:
    database, tenant_id = services.database, new_tenant(services.database)
    sales = services.bots.create(tenant_id, "sales", "Sales")
    add_text(services.ingest, tenant_id, DELIVERY)
    add_text(services.ingest, tenant_id, "The sales team gives ten percent.", bot_id=sales.bot_id)
    ask(services.answerer, tenant_id, "How much do you give?", bot="sales")
    for typed in ("", "assistant", "Sales"):
        with pytest.raises(InvalidInput, match="sales"):
            services.bots.delete(tenant_id, "sales", confirmed=typed)
    services.bots.delete(tenant_id, "sales", confirmed="sales")
    assert [bot.slug for bot in services.bots.list(tenant_id)] == ["assistant"]
    assert len(Sources(database).list(tenant_id)) == 1
    with database.tenant(tenant_id) as session:
        counted = session.scalar(text("SELECT passage_count FROM lexical_statistics"))
        assert counted == session.scalar(text("SELECT count(*) FROM chunks")) == 1
        assert session.scalar(text("SELECT count(*) FROM conversations")) == 0
    assert ended(ask(services.answerer, tenant_id, "How long does delivery take?")).citations
    with pytest.raises(Conflict, match="needs a bot"):
        services.bots.delete(tenant_id, "assistant", confirmed="assistant")
