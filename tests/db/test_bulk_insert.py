"""Many rows in one statement are the same rows, under the same policies, as one by one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from pgvector import HalfVector, SparseVector
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.orm import Session

from db import bulk_insert
from db.bulk_insert import FEW_ROWS, insert_rows
from db.models import ChunkEmbedding, ChunkRow, ChunkTerms, EmbeddingCache, Source
from db.models.base import new_id
from db.models.knowledge import LEXICAL_DIMENSIONS
from leanrag.errors import DatabaseUnavailable
from leanrag.guarded_database import GuardedDatabase
from tests.product_parts import new_tenant

MANY = 3 * FEW_ROWS
TEXTS = ("plain", "", "فارسی با نیم‌فاصله", "a\ttab, a\nline, \\N and 'quotes'", "🚲")


@pytest.fixture
def tenant_id(shared_database: GuardedDatabase) -> UUID:
    return new_tenant(shared_database)


def cached(tenant_id: UUID, count: int, first: float = 1.0) -> list[dict[str, Any]]:
    return [
        {
            "tenant_id": tenant_id,
            "model": "m",
            "content_hash": f"{number:03}",
            "dense": HalfVector([first, number / 7, -0.5]),
        }
        for number in range(count)
    ]


def passages(tenant_id: UUID, source_id: UUID, count: int) -> list[dict[str, Any]]:
    return [
        {
            "tenant_id": tenant_id,
            "chunk_id": new_id(),
            "source_id": source_id,
            "chunk_type": "document",
            "position": number,
            "full_text": TEXTS[number % len(TEXTS)],
            "language": "en",
            "page": None if number % 2 else number,
            "token_count": -number,
            "content_hash": str(number),
            "enabled": bool(number % 3),
            "edit_id": None,
        }
        for number in range(count)
    ]


def add_source(tenant_id: UUID, session: Session) -> UUID:
    source = Source(
        tenant_id=tenant_id,
        kind="document",
        title="t",
        filename="f",
        media_type="text/plain",
        byte_size=1,
        content_hash=str(new_id()),
    )
    session.add(source)
    session.flush()
    return source.source_id


def stored_in(table: str, tenant_id: UUID, database: GuardedDatabase) -> list[Any]:
    with database.tenant(tenant_id) as session:
        query = text(f"SELECT * FROM {table} WHERE tenant_id = :tenant ORDER BY 2")
        return [tuple(map(str, row)) for row in session.execute(query, {"tenant": tenant_id})]


@pytest.mark.parametrize("may_copy", [True, False])
def test_every_value_is_stored_as_it_was_given(
    shared_database: GuardedDatabase,
    tenant_id: UUID,
    monkeypatch: pytest.MonkeyPatch,
    may_copy: bool,
):
    monkeypatch.setattr(bulk_insert, "_may_copy", lambda session: may_copy)
    with shared_database.tenant(tenant_id) as session:
        rows = passages(tenant_id, add_source(tenant_id, session), MANY)
        insert_rows(ChunkRow, rows, session=session)
    with shared_database.tenant(tenant_id) as session:
        found = session.scalars(select(ChunkRow).order_by(ChunkRow.position)).all()
        assert [{name: getattr(row, name) for name in rows[0]} for row in found] == rows
        assert {row.title for row in found} == {""}  # defaults are the table's own
        assert all(row.created_at for row in found)


def test_copied_vectors_are_those_of_plain_statements(shared_database: GuardedDatabase):
    tables = []
    for may_copy in (True, False):
        tenant_id = new_tenant(shared_database)
        with pytest.MonkeyPatch.context() as patch, shared_database.tenant(tenant_id) as session:
            patch.setattr(bulk_insert, "_may_copy", lambda session, may_copy=may_copy: may_copy)
            source_id = add_source(tenant_id, session)
            rows = passages(tenant_id, source_id, MANY)
            insert_rows(ChunkRow, rows, session=session)
            keys = [{k: row[k] for k in ("tenant_id", "chunk_id", "source_id")} for row in rows]
            insert_rows(ChunkTerms, map(with_terms, keys), session=session)
            insert_rows(ChunkEmbedding, map(with_vector, keys), session=session)
        terms = stored_in("chunk_terms", tenant_id, shared_database)
        dense = stored_in("chunk_embeddings", tenant_id, shared_database)
        tables.append([sorted(row[-1] for row in table) for table in (terms, dense)])
    assert tables[0] == tables[1]
    assert len(tables[0][0]) == MANY


def with_terms(key: dict[str, Any]) -> dict[str, Any]:
    return {**key, "lexical": SparseVector({999_999_999: 0.1, 3: 1.7}, LEXICAL_DIMENSIONS)}


def with_vector(key: dict[str, Any]) -> dict[str, Any]:
    return {**key, "model": "m", "dense": HalfVector([0.1, -65504.0, 6e-8])}


@pytest.mark.parametrize("count", [3, MANY])
def test_policies_refuse_rows_of_another_tenant(
    shared_database: GuardedDatabase, tenant_id: UUID, count: int
):
    stranger = new_tenant(shared_database)
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        shared_database.tenant(tenant_id) as session,
    ):
        insert_rows(EmbeddingCache, cached(stranger, count), session=session)
    assert stored_in("embedding_cache", stranger, shared_database) == []


@pytest.mark.parametrize("count", [3, MANY])
def test_references_are_checked(shared_database: GuardedDatabase, tenant_id: UUID, count: int):
    with (
        pytest.raises(IntegrityError, match="foreign key"),
        shared_database.tenant(tenant_id) as session,
    ):
        insert_rows(ChunkRow, passages(tenant_id, new_id(), count), session=session)


@pytest.mark.parametrize("count", [3, MANY])
def test_a_row_that_is_there_is_replaced_only_where_that_is_asked_for(
    shared_database: GuardedDatabase, tenant_id: UUID, count: int
):
    for first in (1.0, 2.0):
        with shared_database.tenant(tenant_id) as session:
            rows = cached(tenant_id, count, first)
            insert_rows(EmbeddingCache, rows, session=session, replaced=("dense",))
    stored = stored_in("embedding_cache", tenant_id, shared_database)
    assert len(stored) == count
    assert all("[2," in str(row) for row in stored)
    with pytest.raises(IntegrityError), shared_database.tenant(tenant_id) as session:
        insert_rows(EmbeddingCache, cached(tenant_id, count), session=session)


def test_two_lists_may_be_stored_in_one_transaction(
    shared_database: GuardedDatabase, tenant_id: UUID
):
    with shared_database.tenant(tenant_id) as session:
        rows = cached(tenant_id, 2 * MANY)
        insert_rows(EmbeddingCache, rows[:MANY], session=session)
        insert_rows(EmbeddingCache, iter(rows[MANY:]), session=session)
        insert_rows(EmbeddingCache, [], session=session)
    assert len(stored_in("embedding_cache", tenant_id, shared_database)) == 2 * MANY


def test_a_role_that_may_make_no_temporary_table_stores_plainly(database: GuardedDatabase):
    tenant_id = new_tenant(database)
    name = database.engine.url.database
    with database.administration() as session:
        session.execute(text(f'REVOKE TEMPORARY ON DATABASE "{name}" FROM PUBLIC'))
    with database.tenant(tenant_id) as session:
        insert_rows(EmbeddingCache, cached(tenant_id, MANY), session=session)
    assert len(stored_in("embedding_cache", tenant_id, database)) == MANY


def test_a_connection_that_breaks_off_while_rows_are_copied_is_an_outage(
    shared_database: GuardedDatabase, tenant_id: UUID
):
    def breaking_off(session: Session) -> Iterator[dict[str, Any]]:
        for number, row in enumerate(cached(tenant_id, MANY)):
            if number == FEW_ROWS + 1:  # the copying has begun
                backend = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
                with shared_database.administration() as admin:
                    admin.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": backend})
            yield row

    with pytest.raises(DatabaseUnavailable), shared_database.tenant(tenant_id) as session:
        insert_rows(EmbeddingCache, breaking_off(session), session=session)
    assert stored_in("embedding_cache", tenant_id, shared_database) == []


def test_what_the_server_refuses_is_an_error_of_the_database_layer(
    shared_database: GuardedDatabase, tenant_id: UUID
):
    rows = cached(tenant_id, MANY)
    rows[-1]["content_hash"] = "nul \0"
    with pytest.raises(DBAPIError), shared_database.tenant(tenant_id) as session:
        insert_rows(EmbeddingCache, rows, session=session)
    with shared_database.tenant(tenant_id) as session:  # the connection is still good
        insert_rows(EmbeddingCache, cached(tenant_id, MANY), session=session)


def test_a_column_that_cannot_be_copied_is_named(shared_database: GuardedDatabase, tenant_id: UUID):
    with shared_database.tenant(tenant_id) as session:
        rows = passages(tenant_id, add_source(tenant_id, session), MANY)
        with pytest.raises(TypeError, match="JSONB"):
            insert_rows(ChunkRow, [{**row, "details": {}} for row in rows], session=session)
