"""Engines: one for the application (a role that policies bind), one for its administration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Dialect, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import InvalidatePoolError, SQLAlchemyError

from db.errors import DatabaseError

APPLICATION_ROLE = "leanrag_app"
JOBS_SCHEMA = "jobs"
MIN_POSTGRES = 15
MIN_PGVECTOR = (0, 8)


class DatabaseUnreachable(DatabaseError):
    """The server does not answer."""


class DatabaseUnsuitable(DatabaseError):
    """The server answers but lacks a version or an extension."""


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What the server said of itself: versions as it prints them."""

    postgres: str
    pgvector: str


def with_driver(url: str) -> URL:
    """Read a database address; a plain `postgresql://` means psycopg 2 here."""
    parsed = make_url(url)
    if parsed.drivername in {"postgres", "postgresql"}:
        parsed = parsed.set(drivername="postgresql+psycopg2")
    return parsed


def make_admin_engine(url: URL, *, connect_timeout_seconds: int = 5) -> Engine:
    """Make the engine that owns the tables: migrations and the list of tenants, nothing else."""
    return create_engine(
        url,
        pool_size=1,
        max_overflow=4,
        pool_pre_ping=True,
        connect_args={"connect_timeout": connect_timeout_seconds},
    )


def make_engine(url: URL, *, connections: int = 10, connect_timeout_seconds: int = 5) -> Engine:
    """Make the application's engine: every connection is the limited role, with no tenant set."""
    engine = create_engine(
        url,
        pool_size=connections,
        max_overflow=connections,
        pool_recycle=1800,
        connect_args={"connect_timeout": connect_timeout_seconds},
    )
    event.listen(engine, "connect", _become_application)

    def check_out(connection: Any, _record: Any, _proxy: Any) -> None:
        _forget_tenant(connection, engine.dialect)

    event.listen(engine, "checkout", check_out)
    return engine


def _become_application(connection: Any, _record: Any) -> None:
    """Drop the rights of whoever connected, and find the job queue's tables."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {APPLICATION_ROLE}")
        cursor.execute(f"SET search_path TO public, {JOBS_SCHEMA}")
    connection.commit()


def _forget_tenant(connection: Any, dialect: Dialect) -> None:
    """Clear a tenant that a session-level SET may have left on a pooled connection.

    It is the pool's ping as well, in the same round trip: where the server has closed the
    connection, the pool replaces this one and all that are as old.
    """
    connection.autocommit = True  # or BEGIN and COMMIT would take two round trips more
    try:
        with connection.cursor() as cursor:
            cursor.execute("RESET app.tenant_id")
    except dialect.loaded_dbapi.Error as exc:
        if dialect.is_disconnect(exc, connection, None):
            raise InvalidatePoolError() from exc
        raise
    finally:
        if not connection.closed:
            connection.autocommit = False


def check_server(engine: Engine) -> ServerFacts:
    """Check versions. Raises DatabaseUnreachable or DatabaseUnsuitable with what to do."""
    try:
        with engine.connect() as connection:
            version_number = int(connection.scalar(text("SHOW server_version_num")) or 0)
            version = str(connection.scalar(text("SHOW server_version")))
            vector = connection.scalar(
                text(
                    "SELECT coalesce("
                    "(SELECT extversion FROM pg_extension WHERE extname = 'vector'),"
                    " (SELECT default_version FROM pg_available_extensions WHERE name = 'vector'))"
                )
            )
    except SQLAlchemyError as exc:
        raise DatabaseUnreachable(
            "The database does not answer; check DATABASE_URL and that the server runs, or restart"
            " LeanRAG where it brings its own."
        ) from exc
    if version_number < MIN_POSTGRES * 10_000:
        raise DatabaseUnsuitable(
            f"The database is PostgreSQL {version}; LeanRAG needs {MIN_POSTGRES} or newer."
        )
    if vector is None:
        raise DatabaseUnsuitable(
            "The database server has no pgvector; install the extension (0.8 or newer) on it."
        )
    if tuple(int(part) for part in str(vector).split(".")[:2]) < MIN_PGVECTOR:
        raise DatabaseUnsuitable(
            f"The database has pgvector {vector}; LeanRAG needs 0.8 or newer."
            " Install it, then run ALTER EXTENSION vector UPDATE."
        )
    return ServerFacts(postgres=version, pgvector=str(vector))
