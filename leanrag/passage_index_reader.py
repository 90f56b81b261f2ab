"""Reads passages out of the database in bulk, for an index: a few large values, not many rows."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.orm import Session

from leanrag.passage_segment import PASSAGE_ID, PassageColumns, join, quantize

PAGE_PASSAGES = 1_000  # about 10 MB on the wire
_HALFVEC_HEADER = 4  # int16 dimensions, int16 unused
_FIRST_ID = bytes(16)

_VERSIONS = text(
    """
    SELECT l.version,
           string_agg(uuid_send(s.source_id), ''::bytea) AS sources,
           array_agg(s.indexed_version) AS versions,
           array_agg(s.passage_count) AS counts
    FROM lexical_statistics l
    LEFT JOIN sources s ON s.tenant_id = :tenant
    WHERE l.tenant_id = :tenant
    GROUP BY l.version
    """
)
_PAGE = """
    SELECT count(*) AS passages,
           string_agg(uuid_send(p.chunk_id), ''::bytea) AS ids,
           string_agg(uuid_send(p.source_id), ''::bytea) AS sources,
           string_agg(sparsevec_send(p.lexical), ''::bytea) AS lexical,
           string_agg(coalesce(halfvec_send(e.dense), :no_embedding), ''::bytea) AS dense
    FROM (
        SELECT t.chunk_id, t.source_id, t.lexical
        FROM chunk_terms t
        WHERE t.tenant_id = :tenant AND t.chunk_id > :after {of_sources}
        ORDER BY t.chunk_id LIMIT :page
    ) p
    LEFT JOIN chunk_embeddings e
        ON e.tenant_id = :tenant AND e.chunk_id = p.chunk_id
        AND e.model = :model AND vector_dims(e.dense) = :dimensions
"""
_EVERYTHING = text(_PAGE.format(of_sources=""))
_OF_SOURCES = text(
    _PAGE.format(
        of_sources="""AND t.chunk_id IN (
            SELECT c.chunk_id FROM chunks c
            WHERE c.tenant_id = :tenant AND c.source_id = ANY(CAST(:sources AS uuid[])))"""
    )
)


@dataclass(frozen=True, slots=True)
class KnowledgeVersion:
    """The version of a tenant's knowledge, of each source's passages, and how many these are."""

    version: int
    sources: Mapping[bytes, int]
    passages: Mapping[bytes, int]


def read_version(tenant_id: UUID, *, session: Session) -> KnowledgeVersion:
    """Return what stands now, all of it as of one moment."""
    row = session.execute(_VERSIONS, {"tenant": tenant_id}).one_or_none()
    if row is None or row.sources is None:
        return KnowledgeVersion(0 if row is None else row.version, {}, {})
    packed = bytes(row.sources)
    sources = [packed[at : at + 16] for at in range(0, len(packed), 16)]
    return KnowledgeVersion(
        row.version,
        dict(zip(sources, row.versions, strict=True)),
        dict(zip(sources, row.counts, strict=True)),
    )


def read_passages(
    tenant_id: UUID,
    *,
    model: str,
    dimensions: int,
    session: Session,
    sources: Sequence[bytes] | None = None,
    stop: threading.Event | None = None,
) -> PassageColumns:
    """Return the passages of these sources (16 bytes each), or of all.

    Embeddings of another model or length count as none; with 0 dimensions none is read. When
    `stop` is set the rest is left out.
    """
    parts = [_no_passages(dimensions)]
    statement = _EVERYTHING if sources is None else _OF_SOURCES
    after = _FIRST_ID
    while stop is None or not stop.is_set():
        row = session.execute(
            statement,
            {
                "tenant": tenant_id,
                "after": UUID(bytes=after),
                "page": PAGE_PASSAGES,
                "sources": uuid_array(b"".join(sources or ())),
                "model": model,
                "dimensions": dimensions,
                "no_embedding": bytes(_HALFVEC_HEADER + 2 * dimensions),
            },
        ).one()
        if row.passages:
            parts.append(_columns(row.ids, row.sources, row.lexical, row.dense, dimensions))
            packed = bytes(row.ids)
            after = max(packed[at : at + 16] for at in range(0, len(packed), 16))
        if row.passages < PAGE_PASSAGES:
            break
    return join(parts)


def uuid_array(packed: bytes) -> str:
    """Return packed ids, 16 bytes each, as PostgreSQL's text of a uuid[]."""
    digits = packed.hex()
    return "{" + ",".join(digits[at : at + 32] for at in range(0, len(digits), 32)) + "}"


def _columns(
    ids: memoryview, sources: memoryview, lexical: memoryview, dense: memoryview, dimensions: int
) -> PassageColumns:
    rows, terms, weights = _postings(lexical)
    halves = np.frombuffer(dense, dtype=">f2").reshape(-1, _HALFVEC_HEADER // 2 + dimensions)
    vectors, scales = quantize(halves[:, _HALFVEC_HEADER // 2 :])
    return PassageColumns(
        ids=np.frombuffer(ids, dtype=PASSAGE_ID),
        sources=np.frombuffer(sources, dtype=PASSAGE_ID),
        rows=rows,
        terms=terms,
        weights=weights,
        dense=vectors,
        scales=scales,
    )


def _postings(
    packed: memoryview,
) -> tuple[NDArray[np.uint32], NDArray[np.int32], NDArray[np.float16]]:
    """Read sparse vectors as pgvector sends them: int32 dim, count, unused, ids; float32 weights.

    All big-endian, one vector after the other.
    """
    words = np.frombuffer(packed, dtype=">i4")
    values = words.view(">f4")
    terms, weights, counts, at = [], [], [], 0
    while at < len(words):
        count = int(words[at + 1])
        first, middle, last = at + 3, at + 3 + count, at + 3 + 2 * count
        terms.append(words[first:middle])
        weights.append(values[middle:last])
        counts.append(count)
        at = last
    rows = np.repeat(np.arange(len(counts), dtype=np.uint32), counts)
    return (
        rows,
        np.concatenate(terms).astype(np.int32),
        np.concatenate(weights).astype(np.float16),
    )


def _no_passages(dimensions: int) -> PassageColumns:
    return PassageColumns(
        ids=np.zeros(0, PASSAGE_ID),
        sources=np.zeros(0, PASSAGE_ID),
        rows=np.zeros(0, np.uint32),
        terms=np.zeros(0, np.int32),
        weights=np.zeros(0, np.float16),
        dense=np.zeros((0, dimensions), np.int8),
        scales=np.zeros(0, np.float32),
    )
