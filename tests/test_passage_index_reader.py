"""Passages read in bulk: pgvector's binary form, page by page, against the rows themselves."""

from __future__ import annotations

import threading
from uuid import UUID, uuid4

import numpy as np
import pytest
from sqlalchemy import select, text

from db.models import ChunkEmbedding, ChunkTerms
from leanrag.embeddings import LocalEmbedder
from leanrag.guarded_database import GuardedDatabase
from leanrag.passage_index_reader import read_passages, read_version, uuid_array
from leanrag.passage_segment import PassageColumns
from tests.product_parts import DELIVERY, RETURNS, Parts, add_text, make_parts, new_tenant

DIMENSIONS = 64
EMBEDDER = LocalEmbedder(DIMENSIONS)


@pytest.fixture(scope="module")
def parts(shared_database: GuardedDatabase) -> Parts:
    return make_parts(shared_database, EMBEDDER)


@pytest.fixture
def tenant_id(parts: Parts) -> UUID:
    made = new_tenant(parts.database)
    for number in range(7):
        add_text(parts.ingest, made, f"{DELIVERY} {RETURNS} Case {number}, {'x' * number}.")
    return made


def read(
    parts: Parts,
    tenant_id: UUID,
    *,
    sources: list[bytes] | None = None,
    model: str = EMBEDDER.model,
    dimensions: int = DIMENSIONS,
    stop: threading.Event | None = None,
) -> PassageColumns:
    with parts.database.tenant(tenant_id) as session:
        return read_passages(
            tenant_id,
            model=model,
            dimensions=dimensions,
            session=session,
            sources=sources,
            stop=stop,
        )


def ids(columns: PassageColumns) -> list[bytes]:
    packed = columns.ids.tobytes()
    return [packed[at : at + 16] for at in range(0, len(packed), 16)]


@pytest.mark.parametrize("page", [1, 3, 7, 1_000])
def test_every_passage_is_read_once_whatever_the_page(
    parts: Parts, tenant_id: UUID, monkeypatch: pytest.MonkeyPatch, page: int
):
    monkeypatch.setattr("leanrag.passage_index_reader.PAGE_PASSAGES", page)
    columns = read(parts, tenant_id)
    with parts.database.tenant(tenant_id) as session:
        stored = {row.chunk_id.bytes: row for row in session.scalars(select(ChunkTerms))}
    assert sorted(ids(columns)) == sorted(stored)
    for row, (own, source) in enumerate(zip(ids(columns), columns.sources.tolist(), strict=True)):
        terms = columns.terms[columns.rows == row]
        weights = columns.weights[columns.rows == row]
        expected = stored[own].lexical
        assert terms.tolist() == expected.indices()
        assert weights.tolist() == pytest.approx(expected.values(), rel=1e-3)
        assert source.ljust(16, b"\0") == stored[own].source_id.bytes


def test_embeddings_are_read_as_they_are_stored(parts: Parts, tenant_id: UUID):
    columns = read(parts, tenant_id)
    with parts.database.tenant(tenant_id) as session:
        stored = {row.chunk_id.bytes: row.dense for row in session.scalars(select(ChunkEmbedding))}
    vectors = columns.dense * columns.scales[:, None]
    for own, vector in zip(ids(columns), vectors, strict=True):
        assert np.abs(vector - np.asarray(stored[own])).max() < 0.01


@pytest.mark.parametrize("other", [{"model": "another"}, {"dimensions": 128}])
def test_embeddings_of_another_model_or_length_are_zeros(
    parts: Parts, tenant_id: UUID, other: dict[str, str | int]
):
    columns = read(parts, tenant_id, **other)  # type: ignore[arg-type]
    assert len(columns.ids) == 7
    assert not columns.dense.any()


def test_without_dimensions_no_embedding_is_read(parts: Parts, tenant_id: UUID):
    assert read(parts, tenant_id, dimensions=0).dense.shape == (7, 0)


def test_only_the_sources_asked_for_are_read(parts: Parts, tenant_id: UUID):
    chosen = [source.source_id.bytes for source in parts.sources.list(tenant_id)[:2]]
    columns = read(parts, tenant_id, sources=chosen)
    assert {s.ljust(16, b"\0") for s in columns.sources.tolist()} == set(chosen)
    assert len(columns.ids) == 2
    assert len(read(parts, tenant_id, sources=[]).ids) == 0


def test_another_tenants_sources_are_not_read(parts: Parts, tenant_id: UUID):
    other = new_tenant(parts.database)
    theirs = [source.source_id.bytes for source in parts.sources.list(tenant_id)]
    assert len(read(parts, other, sources=theirs).ids) == 0
    assert len(read(parts, other).ids) == 0


def test_reading_stops_when_it_is_told_to(parts: Parts, tenant_id: UUID):
    stop = threading.Event()
    stop.set()
    assert len(read(parts, tenant_id, stop=stop).ids) == 0


def test_the_version_names_each_source_and_grows_with_every_change(parts: Parts, tenant_id: UUID):
    with parts.database.tenant(tenant_id) as session:
        before = read_version(tenant_id, session=session)
    assert len(before.sources) == 7
    assert set(before.passages.values()) == {1}
    assert max(before.sources.values()) == before.version
    source = add_text(parts.ingest, tenant_id, RETURNS)
    with parts.database.tenant(tenant_id) as session:
        after = read_version(tenant_id, session=session)
    assert after.version > before.version
    assert after.sources == {**before.sources, source.source_id.bytes: after.version}
    parts.sources.delete(tenant_id, source.source_id)
    with parts.database.tenant(tenant_id) as session:
        last = read_version(tenant_id, session=session)
    assert last.version > after.version
    assert last.sources == before.sources


def test_a_tenant_without_knowledge_has_version_zero(parts: Parts):
    made = new_tenant(parts.database)
    with parts.database.tenant(made) as session:
        found = read_version(made, session=session)
    assert (found.version, found.sources) == (0, {})


def test_packed_ids_are_written_as_postgresql_reads_them(parts: Parts, tenant_id: UUID):
    chosen = [uuid4(), uuid4()]
    packed = b"".join(one.bytes for one in chosen)
    with parts.database.tenant(tenant_id) as session:
        query = text("SELECT unnest(CAST(:ids AS uuid[]))")
        assert session.scalars(query, {"ids": uuid_array(packed)}).all() == chosen
        assert session.scalars(query, {"ids": uuid_array(b"")}).all() == []
