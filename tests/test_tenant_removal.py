"""A tenant that is deleted leaves nothing in any table of the catalogue; others keep everything."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text

from db.models import Base, Member, Person, SignIn
from db.models.base import new_id
from db.tenancy import Actor, acting
from leanrag import tenant_removal
from leanrag.bootstrap import Services
from leanrag.errors import Conflict, InvalidInput, NotFound
from leanrag.guarded_database import GuardedDatabase
from leanrag.ingest.pipeline import Upload
from leanrag.tenant_removal import RemovalProgress, TenantRemoval
from tests.db.tenant_rows import two_tenants
from tests.product_parts import DELIVERY, add_text, ask, ended, make_parts, new_tenant


def rows_with(database: GuardedDatabase, tenant_id: UUID) -> dict[str, int]:
    """Count the rows of every table of the catalogue whose text holds the id: of any schema."""
    tables = text(
        "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind IN ('r', 'p') AND n.nspname IN ('public', 'jobs')"
    )
    found = {}
    with database.admin_engine.connect() as connection:
        for table in connection.scalars(tables).all():
            query = text(f"SELECT count(*) FROM {table} t WHERE t::text LIKE '%{tenant_id}%'")
            found[table] = connection.scalar(query) or 0
    return {table: count for table, count in found.items() if count}


def fingerprint(database: GuardedDatabase, tenant_id: UUID) -> str:
    """Return a hash of everything that a tenant owns."""
    digest = hashlib.sha256()
    with database.admin_engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            if "tenant_id" in table.c:
                query = text(f"SELECT t::text FROM {table.name} t WHERE tenant_id = :id ORDER BY 1")
                for row in connection.scalars(query, {"id": tenant_id}):
                    digest.update(row.encode())
    return digest.hexdigest()


def remove(
    database: GuardedDatabase, tenant_id: UUID, forget: Callable[[UUID], None] | None = None
) -> tenant_removal.RemovedTenant:
    removal = TenantRemoval(database, forget=forget or (lambda _: None))
    with database.administration() as session:
        slug = session.scalar(
            text("SELECT slug FROM tenants WHERE tenant_id = :id"), {"id": tenant_id}
        )
    return removal.remove(str(tenant_id), confirmed=str(slug))


@pytest.mark.parametrize("batch", [1, 5_000])
def test_no_row_of_any_table_is_left_and_others_are_untouched(
    database: GuardedDatabase, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(tenant_removal, "BATCH_ROWS", batch)
    two = two_tenants(database)
    parts = make_parts(database)
    for tenant_id in (two.ours, two.theirs):
        parts.ingest.accept(tenant_id, Upload("a.txt", DELIVERY.encode()))
    before = fingerprint(database, two.ours)
    jobs = rows_with(database, two.ours)["jobs.procrastinate_jobs"]
    forgotten: list[UUID] = []
    removed = remove(database, two.theirs, forgotten.append)
    assert rows_with(database, two.theirs) == {}
    assert fingerprint(database, two.ours) == before
    assert rows_with(database, two.ours)["jobs.procrastinate_jobs"] == jobs
    assert set(forgotten) == {two.theirs}
    assert removed.rows["chunks"] == 1
    assert removed.rows["audit_log"] > 5
    with pytest.raises(NotFound):
        parts.tenants.find("theirs")


def test_the_slug_must_be_typed(shared_database: GuardedDatabase) -> None:
    tenant_id = new_tenant(shared_database)
    before = fingerprint(shared_database, tenant_id)
    removal = TenantRemoval(shared_database, forget=lambda _: None)
    for typed in ("", "yes", str(tenant_id)):
        with pytest.raises(InvalidInput, match="type its short name"):
            removal.remove(str(tenant_id), confirmed=typed)
    assert fingerprint(shared_database, tenant_id) == before


def test_the_tenant_that_every_start_makes_is_kept(services: Services) -> None:
    local = services.tenants.get(services.local_tenant_id)
    with pytest.raises(Conflict, match="anew at every start"):
        services.tenant_removal.remove(local.slug, confirmed=local.slug)
    assert services.tenants.get(services.local_tenant_id) == local


def test_a_deletion_that_was_cut_short_goes_on(
    database: GuardedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = two_tenants(database)
    removal = TenantRemoval(database, forget=lambda _: None)

    def stumble(progress: RemovalProgress) -> None:
        if progress.table == "chunks":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        removal.remove("theirs", confirmed="theirs", on_progress=stumble)
    parts = make_parts(database)
    assert parts.tenants.find("theirs").status == "deleting"
    for call in (parts.tenants.resume, lambda name: parts.tenants.suspend(name, "why")):
        with pytest.raises(Conflict, match="being deleted"):
            call("theirs")
    removal.remove("theirs", confirmed="theirs")
    assert rows_with(database, two.theirs) == {}


def test_people_go_with_their_only_tenant_and_stay_with_another(database: GuardedDatabase) -> None:
    ours, theirs = new_tenant(database), new_tenant(database)
    both, alone, root = new_id(), new_id(), new_id()
    with database.administration() as session:
        for person_id in (both, alone, root):
            administers = person_id == root
            session.add(
                Person(
                    person_id=person_id,
                    email=f"{person_id}@example.org",
                    is_administrator=administers,
                )
            )
        session.flush()
        for person_id in (both, alone, root):
            session.add(Member(tenant_id=theirs, person_id=person_id, role="owner"))
        session.add(Member(tenant_id=ours, person_id=both, role="viewer"))
        expires = text("now() + interval '1 day'")
        for person_id in (both, alone):
            session.add(
                SignIn(person_id=person_id, kind="code", last_tenant_id=theirs, expires_at=expires)
            )
    assert remove(database, theirs).people == 1
    assert rows_with(database, theirs) == {}
    with database.administration() as session:
        assert set(session.scalars(select(Person.person_id))) == {both, root}
        assert set(session.scalars(select(SignIn.person_id))) == {both}


def test_the_installation_keeps_a_note_of_who_deleted_what(database: GuardedDatabase) -> None:
    tenant_id = new_tenant(database)
    with acting(Actor("local", name="command line")):
        slug = remove(database, tenant_id).slug
    query = text(
        "SELECT tenant_id, actor_name, object_name FROM audit_log WHERE action = 'deleted'"
        " AND object_kind = 'tenant'"
    )
    with database.administration() as session:
        assert list(session.execute(query)) == [(UUID(int=0), "command line", slug)]
    other = new_tenant(database)
    with database.tenant(other) as session:  # and no tenant reads it
        assert session.execute(query).all() == []


def test_a_deleted_tenant_answers_nothing_and_its_memory_is_dropped(services: Services) -> None:
    slug = f"t{uuid4().hex[:12]}"
    tenant_id = services.tenants.create(slug, slug).tenant_id
    add_text(services.ingest, tenant_id, DELIVERY)
    question = "How long does delivery take?"
    assert ended(ask(services.answerer, tenant_id, question)).citations
    steps = services.answerer._steps
    caches = (steps.retriever._search._statistics, steps.margins, steps.routers)
    services.tenant_removal.remove(slug, confirmed=slug)
    assert all(tenant_id not in cache._kept for cache in caches)
    with pytest.raises(NotFound):
        ask(services.answerer, tenant_id, question)
    with pytest.raises(NotFound):
        services.ingest.accept(tenant_id, Upload("a.txt", DELIVERY.encode()))
