"""Migrations on real databases: they match the models, go back and forth, and meet each other."""

from __future__ import annotations

import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, Engine, inspect, text

from db.embedded import EmbeddedServer
from db.engine import JOBS_SCHEMA, make_admin_engine, with_driver
from db.migrate import alembic_config, is_current, migrate
from db.models import Base
from leanrag.guarded_database import GuardedDatabase

REPOSITORY = Path(__file__).parents[2]
VERSIONS = REPOSITORY / "db" / "migrations" / "versions"

MIGRATE = """
import sys
from db.engine import make_admin_engine, with_driver
from db.migrate import migrate
engine = make_admin_engine(with_driver(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
migrate(engine)
"""


@pytest.fixture
def empty(server: EmbeddedServer) -> Iterator[Engine]:
    """A database without any table."""
    name = f"test_{uuid.uuid4().hex}"
    maintenance = make_admin_engine(with_driver(server.url())).execution_options(
        isolation_level="AUTOCOMMIT"
    )
    with maintenance.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine = make_admin_engine(with_driver(server.url(database=name)))
    yield engine
    engine.dispose()
    with maintenance.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    maintenance.dispose()


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names()) - {"alembic_version"}


def test_models_and_migrations_agree(database: GuardedDatabase):
    with database.admin_engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, Base.metadata) == []


def test_check_constraints_agree_with_the_models(database: GuardedDatabase):
    # compare_metadata does not look at them.
    inspector = inspect(database.admin_engine)
    for table in Base.metadata.sorted_tables:
        expected = {
            str(constraint.name)
            for constraint in table.constraints
            if isinstance(constraint, CheckConstraint)
        }
        found = {constraint["name"] for constraint in inspector.get_check_constraints(table.name)}
        assert found == expected, table.name


def test_every_migration_can_be_undone_and_done_again(empty: Engine):
    migrate(empty)
    assert tables(empty) == set(Base.metadata.tables)
    with empty.begin() as connection:
        command.downgrade(alembic_config(connection), "base")
    assert tables(empty) == set()
    with empty.connect() as connection:
        schemas = text("SELECT count(*) FROM pg_namespace WHERE nspname = :name")
        assert connection.scalar(schemas, {"name": JOBS_SCHEMA}) == 0
    assert not is_current(empty)
    migrate(empty)
    assert tables(empty) == set(Base.metadata.tables)
    assert is_current(empty)


def test_one_migration_at_a_time_goes_up_and_down(empty: Engine):
    script = ScriptDirectory.from_config(alembic_config())
    for revision in reversed([entry.revision for entry in script.walk_revisions()]):
        for step in (revision, "-1", revision):
            with empty.begin() as connection:
                move = command.downgrade if step == "-1" else command.upgrade
                move(alembic_config(connection), step)
    assert is_current(empty)


def test_migrating_twice_changes_nothing(database: GuardedDatabase):
    policies = text("SELECT count(*) FROM pg_policies")
    with database.admin_engine.connect() as connection:
        before = connection.scalar(policies)
    migrate(database.admin_engine)
    with database.admin_engine.connect() as connection:
        assert connection.scalar(policies) == before
    assert is_current(database.admin_engine)


def test_two_processes_that_migrate_at_once_wait_for_each_other(empty: Engine):
    address = empty.url.render_as_string(hide_password=False)
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", MIGRATE, address],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    said = [process.communicate("go\n", timeout=60)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    assert is_current(empty)


def test_a_failed_migration_leaves_the_database_as_it_was(empty: Engine):
    with empty.begin() as connection:
        connection.execute(text("CREATE TABLE messages (id int)"))  # in the way of 0004
    with pytest.raises(Exception, match="messages"):
        migrate(empty)
    assert tables(empty) == {"messages"}
    assert not is_current(empty)


def test_migrations_are_numbered_in_one_line():
    script = ScriptDirectory.from_config(alembic_config())
    assert len(script.get_heads()) == 1
    revisions = [entry.revision for entry in script.walk_revisions()][::-1]
    assert revisions == [f"{number:04}" for number in range(1, len(revisions) + 1)]
    names = sorted(path.name for path in VERSIONS.glob("*.py"))
    assert [name[:4] for name in names] == revisions
    assert all(re.fullmatch(r"\d{4}_[a-z_]+\.py", name) for name in names)
