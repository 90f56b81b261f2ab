"""Engines and what is asked of a server before anything else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, text

from db.embedded import EmbeddedServer
from db.engine import (
    APPLICATION_ROLE,
    DatabaseUnreachable,
    DatabaseUnsuitable,
    check_server,
    make_admin_engine,
    make_engine,
    with_driver,
)
from leanrag.guarded_database import GuardedDatabase


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://u:p%40ss@db.example:5433/shop?sslmode=require",
        "postgres://u:p%40ss@db.example:5433/shop?sslmode=require",
        "postgresql+psycopg2://u:p%40ss@db.example:5433/shop?sslmode=require",
    ],
)
def test_a_plain_address_means_psycopg2(address: str):
    url = with_driver(address)
    assert url.drivername == "postgresql+psycopg2"
    assert (url.username, url.password, url.port) == ("u", "p@ss", 5433)
    assert url.query == {"sslmode": "require"}


def test_another_driver_stays_as_it_is():
    assert with_driver("postgresql+asyncpg://h/d").drivername == "postgresql+asyncpg"


def test_the_server_tells_its_versions(database: GuardedDatabase):
    facts = check_server(database.admin_engine)
    assert facts.postgres.startswith("18.")
    assert tuple(map(int, facts.pgvector.split(".")[:2])) >= (0, 8)


def test_a_server_without_migrations_is_suitable_if_pgvector_can_be_installed(
    server: EmbeddedServer,
):
    engine = make_admin_engine(with_driver(server.url(database="template1")))
    assert check_server(engine).pgvector
    engine.dispose()


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the server give other answers to what it is asked."""

    def answer(**by_part: Any) -> None:
        asked = Connection.scalar

        def scalar(self: Connection, statement: Any, *rest: Any, **more: Any) -> Any:
            for part, value in by_part.items():
                if part in str(statement):
                    return value
            return asked(self, statement, *rest, **more)

        monkeypatch.setattr(Connection, "scalar", scalar)

    return answer


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            {"server_version_num": "140012", "SHOW server_version": "14.12"},
            "The database is PostgreSQL 14.12; LeanRAG needs 15 or newer.",
        ),
        (
            {"pg_extension": None},
            "The database server has no pgvector; install the extension (0.8 or newer) on it.",
        ),
        (
            {"pg_extension": "0.7.4"},
            "The database has pgvector 0.7.4; LeanRAG needs 0.8 or newer."
            " Install it, then run ALTER EXTENSION vector UPDATE.",
        ),
    ],
    ids=["PostgreSQL too old", "no pgvector", "pgvector too old"],
)
def test_an_unsuitable_server_is_refused_in_one_sentence(
    shared_database: GuardedDatabase, answers, given: dict[str, Any], sentence: str
):
    answers(**given)
    with pytest.raises(DatabaseUnsuitable) as refusal:
        check_server(shared_database.admin_engine)
    assert str(refusal.value) == sentence


@pytest.mark.parametrize("version", ["0.8", "0.8.0", "0.10.1", "1.0"])
def test_newer_versions_of_pgvector_are_taken(
    shared_database: GuardedDatabase, answers, version: str
):
    answers(pg_extension=version)
    assert check_server(shared_database.admin_engine).pgvector == version


@pytest.mark.parametrize(
    "address",
    ["postgresql://127.0.0.1:1/none", "postgresql:///none?host=/nonexistent"],
)
def test_an_unreachable_server_is_told_in_one_sentence(address: str):
    engine = make_admin_engine(with_driver(address), connect_timeout_seconds=1)
    with pytest.raises(DatabaseUnreachable, match="check DATABASE_URL and that the server runs"):
        check_server(engine)
    engine.dispose()


def test_a_missing_database_counts_as_unreachable(server: EmbeddedServer):
    engine = make_admin_engine(with_driver(server.url(database="no_such_database")))
    with pytest.raises(DatabaseUnreachable):
        check_server(engine)
    engine.dispose()


def test_whoever_connects_becomes_the_limited_role(shared_database: GuardedDatabase):
    engine = make_engine(shared_database.admin_engine.url)  # the superuser's address
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT current_user")) == APPLICATION_ROLE
        assert connection.scalar(text("SHOW search_path")) == "public, jobs"
    with engine.connect() as connection:  # and stays so when the connection is used again
        assert connection.scalar(text("SELECT current_user")) == APPLICATION_ROLE
    engine.dispose()


def test_a_connection_that_the_server_closed_is_replaced(shared_database: GuardedDatabase):
    engine = make_engine(shared_database.engine.url, connections=1)
    with engine.connect() as connection:
        process = connection.scalar(text("SELECT pg_backend_pid()"))
    with shared_database.admin_engine.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:id, 2000)"), {"id": process})
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT pg_backend_pid()")) != process
    engine.dispose()


def test_connections_that_the_server_closed_are_all_replaced_at_once(
    shared_database: GuardedDatabase,
):
    engine = make_engine(shared_database.engine.url, connections=2)
    own = text("SELECT pg_backend_pid()")
    with engine.connect() as first, engine.connect() as second:
        closed = {first.scalar(own), second.scalar(own)}
    with shared_database.admin_engine.connect() as connection:
        for process in closed:
            connection.execute(text("SELECT pg_terminate_backend(:id, 2000)"), {"id": process})
    with engine.connect() as first, engine.connect() as second:
        assert not closed & {first.scalar(own), second.scalar(own)}
    engine.dispose()


def test_a_connection_is_handed_out_with_transactions(shared_database: GuardedDatabase):
    engine = make_engine(shared_database.engine.url, connections=1)
    for _ in range(2):  # a new one, and the same one again
        with engine.connect() as connection:
            connection.execute(text("CREATE TEMPORARY TABLE IF NOT EXISTS kept (id int)"))
            connection.rollback()
            assert connection.scalar(text("SELECT to_regclass('kept')")) is None
    engine.dispose()
