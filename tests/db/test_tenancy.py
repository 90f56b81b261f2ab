"""Attacks on the wall between tenants, as the application's own role."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Table, delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from db.engine import APPLICATION_ROLE, make_engine
from db.models import GLOBAL_TENANT_ID, IntentKeyword, IntentRoutingRow
from db.tenancy import Database, TenantRequired
from leanrag.guarded_database import GuardedDatabase
from tests.db.tenant_rows import GLOBAL_TABLES, TENANT_TABLES, Two, make_row

# The role may add rows here and read them, and change none at all.
APPEND_ONLY = {"audit_log"}
every_table = pytest.mark.parametrize("table", TENANT_TABLES, ids=lambda table: table.name)

# Statements that the application's role must not be able to run at all.
FORBIDDEN = {
    "truncate": "TRUNCATE chunks CASCADE",
    "disable row-level security": "ALTER TABLE chunks DISABLE ROW LEVEL SECURITY",
    "stop forcing row-level security": "ALTER TABLE chunks NO FORCE ROW LEVEL SECURITY",
    "drop a policy": "DROP POLICY tenant_rows ON chunks",
    "widen a policy": "ALTER POLICY tenant_rows ON chunks USING (true)",
    "add a policy": "CREATE POLICY mine ON chunks USING (true)",
    "become the owner": "SET ROLE postgres",
    "become another session": "SET SESSION AUTHORIZATION postgres",
    "become superuser": f"ALTER ROLE {APPLICATION_ROLE} SUPERUSER",
    "bypass policies": f"ALTER ROLE {APPLICATION_ROLE} BYPASSRLS",
    "create a role": "CREATE ROLE mallory",
    "join the owner": f"GRANT postgres TO {APPLICATION_ROLE}",
    "switch policies off": "SET LOCAL row_security = off; SELECT * FROM chunks",
    "skip triggers and keys": "SET LOCAL session_replication_role = replica",
    "create a table": "CREATE TABLE public.mine (id int)",
    "create a table among the jobs": "CREATE TABLE jobs.mine (id int)",
    "create a schema": "CREATE SCHEMA mine",
    "create a function": "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "create a view": "CREATE VIEW public.mine AS SELECT * FROM chunks",
    "create a rule": "CREATE RULE r AS ON INSERT TO chunks DO ALSO DELETE FROM bots",
    "create a trigger": (
        "CREATE TRIGGER t BEFORE INSERT ON chunks FOR EACH ROW"
        " EXECUTE FUNCTION suppress_redundant_updates_trigger()"
    ),
    "create an extension": "CREATE EXTENSION dblink",
    "drop a table": "DROP TABLE chunks",
    "add a column": "ALTER TABLE chunks ADD COLUMN mine int",
    "read a file": "SELECT pg_read_file('/etc/passwd')",
    "list a directory": "SELECT pg_ls_dir('.')",
    "write a file": "COPY (SELECT 1) TO '/tmp/mine'",
    "run a program": "COPY (SELECT 1) TO PROGRAM 'id'",
    "read password hashes": "SELECT * FROM pg_authid",
    "read large statistics": "SELECT * FROM pg_statistic",
    "add a tenant": f"INSERT INTO tenants (tenant_id, slug, name) VALUES ('{uuid4()}', 'x', 'x')",
    "rename a tenant": "UPDATE tenants SET name = 'mine'",
    "delete a tenant": "DELETE FROM tenants",
    "read the migrations": "SELECT * FROM alembic_version",
    "empty the queue at once": "TRUNCATE jobs.procrastinate_jobs CASCADE",
    "signal another backend": (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'postgres'"
    ),
    "change the server's settings": "SET LOCAL log_statement = 'all'",
}


@pytest.fixture
def narrow(two: Two) -> Iterator[Database]:
    """A database with a single pooled connection, so that every transaction reuses it."""
    engine = make_engine(two.database.engine.url, connections=1)
    engine.pool._max_overflow = 0  # type: ignore[attr-defined]
    yield Database(engine, two.database.admin_engine)
    engine.dispose()


def refused(session: Session, statement: Any, parameters: Any = None) -> str:
    """Run a statement that must be refused; return the error's words."""
    savepoint = session.begin_nested()
    with pytest.raises(DBAPIError) as caught:
        session.execute(statement, parameters or {})
    savepoint.rollback()
    return str(caught.value.orig)


# ---- every table, one attack after the other --------------------------------------------------


@every_table
def test_another_tenants_rows_cannot_be_read(two: Two, table: Table):
    with two.open() as session:
        seen = set(session.scalars(select(table.c.tenant_id)))
        assert seen - {GLOBAL_TENANT_ID} == {two.ours}
        assert (GLOBAL_TENANT_ID in seen) == (table.name in GLOBAL_TABLES)
        everything = select(table.c.tenant_id).where(
            (table.c.tenant_id == two.theirs) | text("true")
        )
        assert two.theirs not in set(session.scalars(everything))


@every_table
def test_another_tenants_rows_cannot_be_counted(two: Two, table: Table):
    with two.open() as session:
        count = select(func.count()).select_from(table).where(table.c.tenant_id == two.theirs)
        assert session.scalar(count) == 0
        # An error must not tell of a row either.
        oracle = text(
            f"SELECT count(*) FROM {table.name}"
            f" WHERE 1 / (CASE WHEN tenant_id = '{two.theirs}' THEN 0 ELSE 1 END) > 0"
        )
        session.execute(oracle)


@every_table
def test_another_tenants_rows_cannot_be_changed_or_deleted(two: Two, table: Table):
    with two.open() as session:
        theirs = table.c.tenant_id == two.theirs
        change = update(table).where(theirs).values(tenant_id=two.ours)
        if table.name in APPEND_ONLY:
            for statement in (change, delete(table).where(theirs)):
                assert "permission denied" in refused(session, statement)
            return
        assert session.execute(change).rowcount == 0  # type: ignore[attr-defined]
        assert session.execute(delete(table).where(theirs)).rowcount == 0  # type: ignore[attr-defined]
    with two.database.tenant(two.theirs) as session:
        rows = session.execute(select(table).where(table.c.tenant_id == two.theirs)).all()
        assert len(rows) == (
            2 if table.name in {"bots", "bot_versions"} else 1
        )  # one is made with it


@every_table
def test_rows_cannot_be_put_into_another_tenant(two: Two, table: Table):
    with two.open() as session:
        row = make_row(table, two.theirs, two.their_rows)
        assert "row-level security" in refused(session, insert(table), row)


@every_table
def test_own_rows_cannot_be_moved_into_another_tenant(two: Two, table: Table):
    with two.open() as session:
        own = table.c.tenant_id == two.ours
        move = update(table).where(own).values(tenant_id=two.theirs)
        said = refused(session, move)
        assert any(w in said for w in ("row-level security", "foreign key", "permission denied"))


@every_table
def test_own_rows_cannot_refer_to_another_tenants(two: Two, table: Table):
    """A key without tenant_id would tell whether another tenant's row exists."""
    if not any(len(key.elements) > 1 for key in table.foreign_key_constraints):
        return
    with two.open() as session:
        row = make_row(table, two.ours, two.their_rows)
        row["tenant_id"] = two.ours
        assert "foreign key" in refused(session, insert(table), row)


@every_table
def test_upserts_cannot_overwrite_another_tenants_rows(two: Two, table: Table):
    with two.open() as session:
        key = ", ".join(column.name for column in table.primary_key.columns)
        columns = ", ".join(two.their_rows[table.name])
        values = ", ".join(f":{name}" for name in two.their_rows[table.name])
        statement = (
            insert(table)
            if table.name in GLOBAL_TABLES  # arrays are written by the model's types
            else text(
                f"INSERT INTO {table.name} ({columns}) VALUES ({values})"
                f" ON CONFLICT ({key}) DO UPDATE SET tenant_id = '{two.ours}'"
            )
        )
        plain = {
            name: value.to_text() if hasattr(value, "to_text") else value
            for name, value in two.their_rows[table.name].items()
        }
        said = refused(session, statement, plain)
        assert ("permission denied" if table.name in APPEND_ONLY else "row-level") in said


@every_table
def test_without_a_tenant_nothing_is_visible(two: Two, table: Table):
    with two.database.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(table)) == (
            connection.scalar(
                select(func.count()).select_from(table).where(table.c.tenant_id == GLOBAL_TENANT_ID)
            )
        )
        if table.name not in APPEND_ONLY:
            assert connection.execute(delete(table)).rowcount == 0
        connection.rollback()


# ---- what the role may not do -----------------------------------------------------------------


@pytest.mark.parametrize("statement", FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_the_role_cannot(two: Two, statement: str):
    with two.open() as session:
        said = refused(session, text(statement))
    assert any(
        words in said
        for words in (
            "row-level security",
            "permission denied",
            "must be owner",
            "must be superuser",
            "affected by row",
            "Only roles",
            "not available",
        )
    ), said
    with two.database.tenant(two.theirs) as session:  # and nothing came of it
        assert session.scalar(text("SELECT count(*) FROM chunks")) == 1


def test_the_role_has_no_special_rights(two: Two):
    query = text(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication, rolinherit"
        " FROM pg_roles WHERE rolname = current_user"
    )
    with two.open() as session:
        assert session.scalar(text("SELECT current_user")) == APPLICATION_ROLE
        assert tuple(session.execute(query).one()) == (False,) * 6
        memberships = text(
            "SELECT count(*) FROM pg_auth_members WHERE member = 'leanrag_app'::regrole"
        )
        assert session.scalar(memberships) == 0


def test_statistics_of_the_tables_tell_nothing(two: Two):
    with two.database.admin_engine.begin() as connection:
        connection.execute(text("ANALYZE"))
    with two.open() as session:
        seen = text("SELECT count(*) FROM pg_stats WHERE schemaname = 'public'")
        assert session.scalar(seen) == 0


def test_a_tenant_sees_its_own_entry_in_the_list_of_tenants_alone(two: Two):
    with two.open() as session:
        assert list(session.scalars(text("SELECT tenant_id FROM tenants"))) == [two.ours]


# ---- defaults that all tenants share ----------------------------------------------------------


@pytest.mark.parametrize("model", [IntentKeyword, IntentRoutingRow])
def test_global_rows_are_read_by_all_and_written_by_none(two: Two, model: Any):
    table: Table = model.__table__
    of_all = table.c.tenant_id == GLOBAL_TENANT_ID
    for tenant_id in (two.ours, GLOBAL_TENANT_ID, uuid4()):  # also who calls themself the default
        with two.database.tenant(tenant_id) as session:
            count = select(func.count()).select_from(table).where(of_all)
            before = session.scalar(count)
            assert before
            assert session.execute(delete(table).where(of_all)).rowcount == 0  # type: ignore[attr-defined]
            change = update(table).where(of_all).values(updated_at=func.now())
            assert session.execute(change).rowcount == 0  # type: ignore[attr-defined]
            row = make_row(table, GLOBAL_TENANT_ID, {})
            assert "row-level security" in refused(session, insert(table), row)
            assert session.scalar(count) == before


# ---- how the tenant is bound ------------------------------------------------------------------


@pytest.mark.parametrize("tenant_id", [None, "", "no tenant", 7])
def test_a_session_without_a_tenant_raises(shared_database: GuardedDatabase, tenant_id: Any):
    with pytest.raises(TenantRequired), shared_database.tenant(tenant_id) as session:
        session.execute(text("SELECT 1"))


def test_the_tenant_ends_with_its_transaction(two: Two, narrow: Database):
    with narrow.tenant(two.ours) as session:
        assert session.scalar(text("SELECT count(*) FROM chunks")) == 1
    with narrow.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM chunks")) == 0
        assert not connection.scalar(text("SELECT current_setting('app.tenant_id', true)"))


def test_a_session_level_tenant_does_not_leak_through_the_pool(two: Two, narrow: Database):
    with narrow.engine.connect() as connection:
        connection.execute(text(f"SET app.tenant_id = '{two.theirs}'"))
        connection.commit()
        assert connection.scalar(text("SELECT count(*) FROM chunks")) == 1
    with narrow.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM chunks")) == 0
        connection.rollback()
    with narrow.tenant(two.ours) as session:
        assert set(session.scalars(text("SELECT tenant_id FROM chunks"))) == {two.ours}


def test_the_tenant_survives_a_savepoint_that_is_rolled_back(two: Two):
    with two.open() as session:
        savepoint = session.begin_nested()
        session.execute(text(f"SET LOCAL app.tenant_id = '{two.theirs}'"))
        savepoint.rollback()
        assert set(session.scalars(text("SELECT tenant_id FROM chunks"))) == {two.ours}


def test_a_failed_transaction_leaves_no_tenant_behind(two: Two, narrow: Database):
    with pytest.raises(DBAPIError), narrow.tenant(two.ours) as session:
        session.execute(text("SELECT 1 / 0"))
    with narrow.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM chunks")) == 0


def test_without_a_transaction_no_tenant_can_be_set(two: Two):
    with two.database.engine.connect() as connection:
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(text(f"SET LOCAL app.tenant_id = '{two.ours}'"))
        assert connection.scalar(text("SELECT count(*) FROM chunks")) == 0


def test_threads_over_a_small_pool_never_see_each_others_tenant(two: Two):
    engine = make_engine(two.database.engine.url, connections=2)
    small = Database(engine, two.database.admin_engine)
    wrong: list[object] = []

    def work(seed: int) -> None:
        choice = random.Random(seed)
        for _ in range(40):
            tenant_id = choice.choice((two.ours, two.theirs))
            try:
                with small.tenant(tenant_id) as session:
                    seen = set(session.scalars(text("SELECT tenant_id FROM chunks")))
                    if choice.random() < 0.2:
                        session.execute(text("SELECT 1 / 0"))
            except DBAPIError:
                pass
            if seen != {tenant_id}:
                wrong.append(seen)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    engine.dispose()
    assert wrong == []
