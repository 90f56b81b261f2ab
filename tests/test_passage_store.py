"""Passages are stored and removed with exact statistics, however many they are."""

from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import select, text

from db import bulk_insert
from db.models import ChunkEmbedding, ChunkRow, ChunkTerms, Source
from leanrag.embeddings import LocalEmbedder
from leanrag.guarded_database import GuardedDatabase
from leanrag.ingest.extracted import Chunk
from leanrag.ingest.passage import make_chunk
from leanrag.passage_store import lexical_vectors, remove_passages, replace_passages
from leanrag.text.lexical import document_weights
from leanrag.text.tokens import load_counter
from tests.product_parts import (
    add_text,
    counted_statistics,
    make_parts,
    new_tenant,
    recounted_statistics,
    rows_of,
)

EMBEDDER = LocalEmbedder(64)


def chunks_of(count: int) -> tuple[Chunk, ...]:
    counter = load_counter()
    return tuple(
        make_chunk(
            number,
            title="Handbook",
            text=f"Article {number} is delivered in {number % 7} days; returns take a week.",
            tldr=f"Article {number}",
            language="en",
            counter=counter,
        )
        for number in range(count)
    )


def stored(database: GuardedDatabase, count: int, *, with_terms: bool) -> list[tuple[object, ...]]:
    parts, tenant_id = make_parts(database), new_tenant(database)
    source_id = add_text(parts.ingest, tenant_id, "Another text stood here before.").source_id
    chunks = chunks_of(count)
    vectors = EMBEDDER.embed([chunk.text for chunk in chunks]).vectors
    with database.tenant(tenant_id) as session:
        source = session.get_one(Source, (tenant_id, source_id), with_for_update=True)
        terms = lexical_vectors(chunks) if with_terms else None
        replace_passages(source, chunks, vectors, terms=terms, model="m", session=session)
    assert counted_statistics(database, tenant_id) == recounted_statistics(database, tenant_id)
    assert counted_statistics(database, tenant_id)[0] == count
    query = (
        select(ChunkRow.position, ChunkRow.full_text, ChunkTerms.lexical, ChunkEmbedding.dense)
        .join(ChunkTerms, ChunkTerms.chunk_id == ChunkRow.chunk_id)
        .join(ChunkEmbedding, ChunkEmbedding.chunk_id == ChunkRow.chunk_id)
        .order_by(ChunkRow.position)
    )
    with database.tenant(tenant_id) as session:
        found = [
            (position, text, terms.to_text(), tuple(dense))
            for position, text, terms, dense in session.execute(query)
        ]
    with database.tenant(tenant_id) as session:
        remove_passages(tenant_id, source_id, session=session)
    assert counted_statistics(database, tenant_id) == recounted_statistics(database, tenant_id)
    assert rows_of(parts, tenant_id, ChunkTerms) == rows_of(parts, tenant_id, ChunkEmbedding) == 0
    return found


@pytest.mark.parametrize("count", [1, 5, 700])
def test_passages_are_stored_alike_by_one_statement_and_by_many(
    shared_database: GuardedDatabase, monkeypatch: pytest.MonkeyPatch, count: int
):
    copied = stored(shared_database, count, with_terms=True)
    monkeypatch.setattr(bulk_insert, "_may_copy", lambda session: False)
    assert copied == stored(shared_database, count, with_terms=False)
    assert [position for position, *_ in copied] == list(range(count))


def test_lexical_vectors_are_the_weights_of_each_passage_and_tell_how_far_they_are():
    chunks, told = chunks_of(3), []
    vectors = lexical_vectors(chunks, told.append)
    assert told == [0, 1, 2]
    for chunk, vector in zip(chunks, vectors, strict=True):
        weights = document_weights(chunk.title, chunk.heading, chunk.text, chunk.language)
        assert vector.indices() == sorted(weights)
        assert np.allclose(vector.values(), [weights[term] for term in vector.indices()])


def test_each_passage_is_looked_up_by_its_key_even_where_the_tables_were_just_small(
    database: GuardedDatabase,
):
    """A database that knows nothing of its tables' sizes plans its first checks for few rows."""
    parts, tenant_id = make_parts(database), new_tenant(database)
    source_id = add_text(parts.ingest, tenant_id, "One passage is stored before.").source_id
    chunks = chunks_of(2_000)
    vectors = EMBEDDER.embed([chunk.text for chunk in chunks]).vectors
    with database.tenant(tenant_id) as session:
        source = session.get_one(Source, (tenant_id, source_id), with_for_update=True)
        for count in (400, len(chunks)):  # a connection keeps the plan of its first checks
            replace_passages(source, chunks[:count], vectors[:count], model="m", session=session)
        session.execute(text("SELECT pg_stat_force_next_flush()"))
    query = text("SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname LIKE 'chunk%'")
    with database.admin_engine.connect() as connection:
        read = connection.execute(query).scalar_one()
    assert read < 500_000  # 5,600,000 where each passage is looked for among all
