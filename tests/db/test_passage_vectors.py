"""Vectors in tables of their own: read without TOAST, whole at their largest, carried over."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from alembic import command
from pgvector import HalfVector, SparseVector
from sqlalchemy import Connection, Engine, insert, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from db.embedded import EmbeddedServer
from db.engine import make_admin_engine, with_driver
from db.migrate import alembic_config
from db.models import ChunkEmbedding, ChunkRow, ChunkTerms
from db.models.knowledge import LEXICAL_DIMENSIONS
from leanrag.guarded_database import GuardedDatabase
from leanrag.text.lexical import MAX_TERMS
from tests.db.tenant_rows import make_row, two_tenants

MAX_DIMENSIONS = 4_000  # the most that the setting allows
NAME = "a" * 64  # a model's name
# A tuple's header and the page's own, and what is left of 8,192 bytes for one row.
MAX_ROW_BYTES = 8_160


@pytest.fixture(scope="module")
def owner(server: EmbeddedServer) -> Iterator[Engine]:
    """A database that belongs to an ordinary user, whom forced policies bind as well."""
    name = f"test_{uuid.uuid4().hex}"
    admin = make_admin_engine(with_driver(server.url())).execution_options(
        isolation_level="AUTOCOMMIT"
    )
    with admin.connect() as connection:
        connection.execute(text(f"CREATE ROLE {name} LOGIN NOSUPERUSER CREATEROLE"))
        # The role of the application is made by another test's migration already.
        connection.execute(text(f"GRANT leanrag_app TO {name} WITH ADMIN OPTION"))
        connection.execute(text(f"CREATE DATABASE {name} OWNER {name}"))
    inside = make_admin_engine(with_driver(server.url(database=name)))
    with inside.begin() as connection:
        connection.execute(text("CREATE EXTENSION vector"))
    inside.dispose()
    engine = make_admin_engine(with_driver(server.url(user=name, database=name)))
    yield engine
    engine.dispose()
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        connection.execute(text(f"DROP ROLE {name}"))
    admin.dispose()


def store(session: Session, table: Any, chunk: dict[str, Any], **columns: Any) -> None:
    key = {name: chunk[name] for name in ("tenant_id", "source_id")}
    chunk_id = uuid.uuid4()
    session.execute(insert(ChunkRow), {**chunk, "chunk_id": chunk_id})
    session.execute(insert(table), {**key, "chunk_id": chunk_id, **columns})


def largest_terms() -> SparseVector:
    ids = np.random.default_rng(1).choice(LEXICAL_DIMENSIONS, MAX_TERMS, replace=False)
    return SparseVector(dict.fromkeys(ids.tolist(), 1.5), LEXICAL_DIMENSIONS)


def largest_embedding() -> HalfVector:
    return HalfVector(np.random.default_rng(1).standard_normal(MAX_DIMENSIONS))


def test_the_largest_vectors_fit_a_row_and_nothing_is_moved_out_of_it(database: GuardedDatabase):
    two = two_tenants(database)
    with two.open() as session:
        chunk = two.our_rows["chunks"]
        for _ in range(3):
            store(session, ChunkTerms, chunk, lexical=largest_terms())
            store(session, ChunkEmbedding, chunk, model=NAME, dense=largest_embedding())
    query = text(
        "SELECT max(pg_column_size(t.*)), coalesce(pg_relation_size(c.reltoastrelid), 0)"
        " FROM pg_class c, chunk_terms t WHERE c.relname = 'chunk_terms' GROUP BY c.reltoastrelid"
    )
    with two.database.admin_engine.connect() as connection:
        for table in ("chunk_terms", "chunk_embeddings"):
            found = text(query.text.replace("chunk_terms", table))
            largest, moved = connection.execute(found).one()
            assert 8_000 < largest <= MAX_ROW_BYTES, table
            assert moved == 0, table


def test_a_row_wider_than_a_page_is_refused_and_not_moved_out(database: GuardedDatabase):
    two = two_tenants(database)
    chunk, dense = two.our_rows["chunks"], largest_embedding()
    with two.open() as session:
        with pytest.raises(DBAPIError, match="row is too big"):
            store(session, ChunkEmbedding, chunk, model=NAME * 3, dense=dense)
        session.rollback()


def test_a_passages_vectors_go_with_it(database: GuardedDatabase):
    two = two_tenants(database)
    with two.open() as session:
        session.execute(text("DELETE FROM chunks"))
        for table in ("chunk_terms", "chunk_embeddings"):
            assert session.scalar(text(f"SELECT count(*) FROM {table}")) == 0
    with two.database.tenant(two.theirs) as session:
        assert session.scalar(text("SELECT count(*) FROM chunk_terms")) == 1


def test_vectors_of_a_passage_that_another_tenant_owns_are_refused(database: GuardedDatabase):
    two = two_tenants(database)
    row = make_row(ChunkTerms.__table__, two.ours, {})  # type: ignore[arg-type]
    row["chunk_id"] = two.their_rows["chunks"]["chunk_id"]
    with pytest.raises(DBAPIError, match="foreign key"), two.open() as session:
        session.execute(insert(ChunkTerms), row)


def test_migration_carries_the_vectors_of_all_tenants_over_and_back(owner: Engine):
    """As an ordinary owner: the policies, forced on it too, would hide every row from it."""
    step(owner, "0006")
    tenants = [uuid.uuid4(), uuid.uuid4()]
    with owner.begin() as connection:
        connection.execute(text("ALTER TABLE chunks NO FORCE ROW LEVEL SECURITY"))
        for table in ("bots", "sources"):
            connection.execute(text(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY"))
        for number, tenant_id in enumerate(tenants):
            store_before(connection, tenant_id, number)
        before = vectors(connection, "chunks", "embedding_model")
        for table in ("chunks", "bots", "sources"):
            connection.execute(text(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"))
    assert len(before) == 6
    step(owner, "0007")
    assert read_as_application(owner, tenants) == before
    step(owner, "-1")
    with owner.begin() as connection:
        connection.execute(text("ALTER TABLE chunks NO FORCE ROW LEVEL SECURITY"))
        assert vectors(connection, "chunks", "embedding_model") == before
        connection.execute(text("ALTER TABLE chunks FORCE ROW LEVEL SECURITY"))
    step(owner, "0007")
    assert read_as_application(owner, tenants) == before
    with owner.connect() as connection:
        forced = text("SELECT relforcerowsecurity FROM pg_class WHERE relname = 'chunks'")
        assert connection.scalar(forced) is True


def step(engine: Engine, revision: str) -> None:
    with engine.begin() as connection:
        move = command.downgrade if revision == "-1" else command.upgrade
        move(alembic_config(connection), revision)


def store_before(connection: Connection, tenant_id: UUID, number: int) -> None:
    """Store three passages as they were before the migration, their vectors in the same row."""
    source_id = uuid.uuid4()
    connection.execute(
        text("INSERT INTO tenants (tenant_id, slug, name) VALUES (:t, :slug, 'Shop')"),
        {"t": tenant_id, "slug": f"shop-{number}"},
    )
    connection.execute(
        text(
            "INSERT INTO sources (tenant_id, source_id, kind, title, filename, media_type,"
            " byte_size, content_hash) VALUES (:t, :s, 'faq', '', '', '', 1, 'x')"
        ),
        {"t": tenant_id, "s": source_id},
    )
    for position in range(3):
        connection.execute(
            text(
                "INSERT INTO chunks (tenant_id, chunk_id, source_id, chunk_type, position,"
                " full_text, language, token_count, content_hash, embedding_model, dense, lexical)"
                " VALUES (:t, :c, :s, 'faq', :p, 'text', 'en', 1, 'x', :model, :dense, :lexical)"
            ),
            {
                "t": tenant_id,
                "c": uuid.uuid4(),
                "s": source_id,
                "p": position,
                "model": f"model-{position}",
                "dense": HalfVector([number, position, 0.5]).to_text(),
                "lexical": SparseVector({position: 1.5}, LEXICAL_DIMENSIONS).to_text(),
            },
        )


def vectors(connection: Connection, table: str, model: str) -> set[tuple[Any, ...]]:
    query = (
        f"SELECT tenant_id, chunk_id, source_id, {model}, dense::text, lexical::text FROM {table}"
    )
    return {tuple(row) for row in connection.execute(text(query))}


def read_as_application(engine: Engine, tenants: list[UUID]) -> set[tuple[Any, ...]]:
    """Read every tenant's vectors with the policies in force."""
    found: set[tuple[Any, ...]] = set()
    with engine.connect() as connection:
        for tenant_id in tenants:
            connection.execute(text("SET LOCAL ROLE leanrag_app"))
            connection.execute(text(f"SET LOCAL app.tenant_id = '{tenant_id}'"))
            joined = "chunk_terms JOIN chunk_embeddings USING (tenant_id, chunk_id, source_id)"
            own = vectors(connection, joined, "model")
            assert {row[0] for row in own} == {tenant_id}
            found |= own
            connection.rollback()
    return found
