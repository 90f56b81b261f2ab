"""The wall between tenants as the catalogue describes it: nothing goes round it."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import insert, inspect, select, text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from db.engine import APPLICATION_ROLE
from db.models import GLOBAL_TENANT_ID, Base
from leanrag.guarded_database import GuardedDatabase
from tests.db.tenant_rows import GLOBAL_TABLES, TENANT_TABLES, Two, two_tenants

# People may belong to several tenants: the application's role has no rights here at all.
OF_NO_TENANT = {"people", "sign_in_codes", "sign_ins"}


def test_what_belongs_to_no_tenant_is_out_of_the_applications_reach(
    shared_database: GuardedDatabase,
):
    query = text(
        "SELECT table_name, privilege_type FROM information_schema.role_table_grants"
        " WHERE grantee = :role AND table_name = ANY(:tables)"
    )
    given = {"role": APPLICATION_ROLE, "tables": sorted(OF_NO_TENANT)}
    with shared_database.admin_engine.connect() as connection:
        assert connection.execute(query, given).all() == []


def test_every_tenant_table_has_forced_policies(shared_database: GuardedDatabase):
    query = text(
        "SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity,"
        " (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid) AS policies"
        " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'"
        " WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace"
    )
    with shared_database.admin_engine.connect() as connection:
        found = {row.relname: row for row in connection.execute(query)}
    assert set(found) == set(Base.metadata.tables) - OF_NO_TENANT
    for name, row in found.items():
        assert (row.relrowsecurity, row.relforcerowsecurity) == (True, True), name
        assert row.policies >= 1, name


def test_every_policy_names_the_tenant(shared_database: GuardedDatabase):
    query = text("SELECT tablename, policyname, roles, qual, with_check FROM pg_policies")
    with shared_database.admin_engine.connect() as connection:
        policies = connection.execute(query).all()
    assert policies
    for policy in policies:
        if policy.policyname == "administration":  # the tables' owner, on the shared tables
            assert policy.tablename in {"tenants", "members", "audit_log", *GLOBAL_TABLES}
            assert APPLICATION_ROLE not in policy.roles
            continue
        assert APPLICATION_ROLE in policy.roles
        for clause in (policy.qual, policy.with_check):
            assert clause is None or "app.tenant_id" in clause, policy


def test_every_key_begins_with_the_tenant(shared_database: GuardedDatabase):
    inspector = inspect(shared_database.admin_engine)
    for table in TENANT_TABLES:
        keys = [inspector.get_pk_constraint(table.name)["constrained_columns"]]
        keys += [k["column_names"] for k in inspector.get_unique_constraints(table.name)]
        keys += [k["constrained_columns"] for k in inspector.get_foreign_keys(table.name)]
        keys += [
            k["column_names"]
            for k in inspector.get_indexes(table.name)
            if k["name"] != "ix_members_person_id"  # the administration asks for a person
        ]
        for key in keys:
            assert key[0] == "tenant_id", (table.name, key)
        for foreign in inspector.get_foreign_keys(table.name):
            assert foreign["referred_columns"][0] == "tenant_id", table.name


def test_nothing_in_the_catalogue_goes_round_the_policies(shared_database: GuardedDatabase):
    """No views, no functions with their owner's rights, no tables that everybody may use."""
    with shared_database.admin_engine.connect() as connection:
        definers = connection.execute(
            text(
                "SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
                " WHERE p.prosecdef AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
            )
        ).all()
        views = connection.execute(
            text(
                "SELECT relname FROM pg_class WHERE relkind IN ('v', 'm')"
                " AND relnamespace IN ('public'::regnamespace, 'jobs'::regnamespace)"
            )
        ).all()
        public = connection.execute(
            text(
                "SELECT table_name FROM information_schema.role_table_grants"
                " WHERE grantee = 'PUBLIC' AND table_schema IN ('public', 'jobs')"
            )
        ).all()
    assert (definers, views, public) == ([], [], [])


def test_the_same_name_may_be_used_by_two_tenants(two: Two):
    """What is unique is unique within a tenant: a refusal would tell of another's row."""
    with two.open() as session:
        for name in ("bots", "sources"):
            table = Base.metadata.tables[name]
            row = dict(two.their_rows[name], tenant_id=two.ours)
            row |= {key: value for key, value in two.our_rows["bots"].items() if key == "bot_id"}
            row["source_id" if name == "sources" else "bot_id"] = uuid4()
            session.execute(insert(table), row)
        session.rollback()


def test_deleting_a_tenant_deletes_all_that_it_owned_and_no_more(database: GuardedDatabase):
    two = two_tenants(database)
    with two.database.administration() as session:
        session.execute(text("DELETE FROM tenants WHERE tenant_id = :id"), {"id": two.theirs})
    with two.database.admin_engine.connect() as connection:
        for table in TENANT_TABLES:
            owners = set(connection.scalars(select(table.c.tenant_id)))
            assert owners - {GLOBAL_TENANT_ID} == {two.ours}, table.name


def test_errors_of_other_kinds_are_no_tenancy_errors(two: Two):
    with pytest.raises(IntegrityError), two.open() as session:
        session.execute(insert(Base.metadata.tables["bots"]), two.our_rows["bots"])
    with pytest.raises(ProgrammingError), two.open() as session:
        session.execute(text("SELECT * FROM no_such_table"))
