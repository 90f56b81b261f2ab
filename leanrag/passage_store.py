"""Passages in the database: stored with both vectors, removed, and counted for BM25.

Document frequencies follow every change inside its transaction: a reader sees passages and
statistics that belong together.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from pgvector import HalfVector, SparseVector
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from db.models import ChunkEmbedding, ChunkRow, ChunkTerms, LexicalStatistics, Source
from db.models.base import new_id
from db.models.knowledge import LEXICAL_DIMENSIONS
from leanrag.embeddings import Vectors
from leanrag.ingest.extracted import Chunk
from leanrag.text.lexical import document_weights
from leanrag.text.term_statistics import TermSketch

_INSERT_ROWS = 250


@dataclass(frozen=True, slots=True)
class TermStatistics:
    """A tenant's passage count and document frequencies, at one version."""

    passage_count: int
    version: int
    sketch: TermSketch


def no_statistics() -> TermStatistics:
    """Return the statistics of a tenant without passages."""
    return TermStatistics(0, 0, TermSketch())


def replace_passages(
    source: Source, chunks: Sequence[Chunk], vectors: Vectors, *, model: str, session: Session
) -> None:
    """Put these passages in the place of the source's own; `vectors` (n, dim) in their order."""
    remove_passages(source.tenant_id, source.source_id, session=session)
    weights = [document_weights(c.title, c.heading, c.text, c.language) for c in chunks]
    keys = [
        {"tenant_id": source.tenant_id, "chunk_id": new_id(), "source_id": source.source_id}
        for _ in chunks
    ]
    _insert(ChunkRow, keys, [_columns(source, chunk) for chunk in chunks], session=session)
    lexical = [{"lexical": SparseVector(terms, LEXICAL_DIMENSIONS)} for terms in weights]
    _insert(ChunkTerms, keys, lexical, session=session)
    dense = [{"model": model, "dense": HalfVector(vector)} for vector in vectors]
    _insert(ChunkEmbedding, keys, dense, session=session)
    terms = [term for passage in weights for term in passage]
    _count(source.tenant_id, source.source_id, len(chunks), terms, [], session=session)


def remove_passages(tenant_id: UUID, source_id: UUID, *, session: Session) -> None:
    """Delete a source's passages and take their terms out of the statistics."""
    own = select(ChunkRow.chunk_id).where(
        ChunkRow.tenant_id == tenant_id, ChunkRow.source_id == source_id
    )
    gone = session.scalars(
        select(ChunkTerms.lexical).where(
            ChunkTerms.tenant_id == tenant_id, ChunkTerms.chunk_id.in_(own)
        )
    )
    passages = [vector.indices() for vector in gone]
    session.execute(  # their vectors go with them
        delete(ChunkRow).where(ChunkRow.tenant_id == tenant_id, ChunkRow.source_id == source_id)
    )
    if passages:
        terms = [term for passage in passages for term in passage]
        _count(tenant_id, source_id, -len(passages), [], terms, session=session)


def _columns(source: Source, chunk: Chunk) -> dict[str, object]:
    return {
        "chunk_type": source.kind,
        "position": chunk.position,
        "title": chunk.title,
        "heading_path": chunk.heading,
        "full_text": chunk.text,
        "tldr": chunk.tldr,
        "language": chunk.language,
        "page": chunk.page,
        "label": chunk.label,
        "token_count": chunk.token_count,
        "content_hash": chunk.content_hash,
        "is_citable": source.is_citable,
    }


def _insert(
    model: type[ChunkRow | ChunkTerms | ChunkEmbedding],
    keys: Sequence[Mapping[str, object]],
    columns: Sequence[Mapping[str, object]],
    *,
    session: Session,
) -> None:
    rows = [{**key, **values} for key, values in zip(keys, columns, strict=True)]
    for start in range(0, len(rows), _INSERT_ROWS):
        session.execute(insert(model), rows[start : start + _INSERT_ROWS])


def _count(
    tenant_id: UUID,
    source_id: UUID,
    passages: int,
    added: list[int],
    removed: list[int],
    *,
    session: Session,
) -> None:
    """Change a tenant's statistics; the row's lock puts concurrent changes in a line.

    The source is marked with the version that this makes, which tells an index what to read again.
    """
    own = LexicalStatistics.tenant_id == tenant_id
    empty = TermSketch().to_bytes()
    session.execute(
        upsert(LexicalStatistics)
        .values(tenant_id=tenant_id, sketch=empty)
        .on_conflict_do_nothing(index_elements=["tenant_id"])
    )
    stored = session.execute(select(LexicalStatistics.sketch).where(own).with_for_update())
    sketch = TermSketch.from_bytes(stored.scalar_one())
    sketch.add(added)
    sketch.remove(removed)
    version = session.execute(
        update(LexicalStatistics)
        .where(own)
        .values(
            passage_count=LexicalStatistics.passage_count + passages,
            version=LexicalStatistics.version + 1,
            sketch=sketch.to_bytes(),
            updated_at=func.now(),
        )
        .returning(LexicalStatistics.version)
    ).scalar_one()
    session.execute(
        update(Source)
        .where(Source.tenant_id == tenant_id, Source.source_id == source_id)
        .values(indexed_version=version)
    )


class StatisticsCache:
    """Keeps each tenant's sketch (256 KB) as long as its version stands. Thread-safe."""

    def __init__(self, max_tenants: int = 200) -> None:
        self._max_tenants = max_tenants
        self._kept: dict[UUID, TermStatistics] = {}
        self._lock = threading.Lock()

    def read(self, tenant_id: UUID, *, version: int, session: Session) -> TermStatistics:
        """Return the statistics of the version that this transaction sees, which it has read."""
        with self._lock:
            kept = self._kept.get(tenant_id)
        if kept is not None and kept.version == version:
            return kept
        own = LexicalStatistics.tenant_id == tenant_id
        row = session.execute(
            select(
                LexicalStatistics.passage_count,
                LexicalStatistics.version,
                LexicalStatistics.sketch,
            ).where(own)
        ).one_or_none()
        if row is None:
            return no_statistics()
        fresh = TermStatistics(row.passage_count, row.version, TermSketch.from_bytes(row.sketch))
        with self._lock:
            if len(self._kept) >= self._max_tenants:
                self._kept.pop(next(iter(self._kept)))
            self._kept[tenant_id] = fresh
        return fresh
