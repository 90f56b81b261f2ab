"""Passages in the database: stored with both vectors, removed, and counted for BM25.

Document frequencies follow every change inside its transaction: a reader sees passages and
statistics that belong together.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from types import MappingProxyType
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from pgvector import HalfVector, SparseVector
from sqlalchemy import LargeBinary, any_, delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from db.bulk_insert import FEW_ROWS, insert_rows
from db.models import ChunkEmbedding, ChunkRow, ChunkTerms, LexicalStatistics, Source
from db.models.base import new_id
from db.models.knowledge import LEXICAL_DIMENSIONS
from leanrag.embeddings import Vectors
from leanrag.ingest.extracted import Chunk
from leanrag.text.lexical import document_weights
from leanrag.text.term_statistics import TermIds, TermSketch

_READ_ROWS = 1_000  # of vectors that go: 4 MB at a time


@dataclass(frozen=True, slots=True)
class TermStatistics:
    """A tenant's passage count and document frequencies, at one version."""

    passage_count: int
    version: int
    sketch: TermSketch


def no_statistics() -> TermStatistics:
    """Return the statistics of a tenant without passages."""
    return TermStatistics(0, 0, TermSketch())


def lexical_vectors(
    chunks: Sequence[Chunk], on_progress: Callable[[int], None] | None = None
) -> tuple[SparseVector, ...]:
    """Return the BM25 weights of passages in their order; `on_progress` is told how many are done.

    This is work for the processor, to be done before the transaction that stores them.
    """
    made = []
    for done, chunk in enumerate(chunks):
        if on_progress is not None:
            on_progress(done)
        weights = document_weights(chunk.title, chunk.heading, chunk.text, chunk.language)
        made.append(SparseVector(weights, LEXICAL_DIMENSIONS))
    return tuple(made)


def replace_passages(
    source: Source,
    chunks: Sequence[Chunk],
    vectors: Vectors,
    *,
    terms: Sequence[SparseVector] | None = None,
    model: str,
    beside: Mapping[str, Vectors] = MappingProxyType({}),
    session: Session,
) -> None:
    """Put these passages in the place of the source's own; `vectors` (n, dim) in their order.

    `beside` are those of other models than `model`, by their names. `terms` are the passages'
    `lexical_vectors`; without them they are made here.
    """
    remove_passages(source.tenant_id, source.source_id, session=session)
    terms = lexical_vectors(chunks) if terms is None else terms
    keys = [
        {"tenant_id": source.tenant_id, "chunk_id": new_id(), "source_id": source.source_id}
        for _ in chunks
    ]
    columns = (_columns(source, chunk) for chunk in chunks)
    insert_rows(ChunkRow, _joined(keys, columns), session=session)
    _plan_anew(len(chunks), session=session)
    _note_writers(source.tenant_id, keys, chunks, session=session)
    lexical = ({"lexical": weights} for weights in terms)
    insert_rows(ChunkTerms, _joined(keys, lexical), session=session)
    for name, own in ((model, vectors), *beside.items()):
        dense = ({"model": name, "dense": HalfVector(vector)} for vector in own)
        insert_rows(ChunkEmbedding, _joined(keys, dense), session=session)
    added = np.fromiter(chain.from_iterable(t.indices() for t in terms), dtype=np.int64)
    _count(source.tenant_id, source.source_id, len(chunks), added, [], session=session)


def _note_writers(
    tenant_id: UUID,
    keys: Sequence[Mapping[str, UUID]],
    chunks: Sequence[Chunk],
    *,
    session: Session,
) -> None:
    """Note which model wrote a TL;DR, where one did: the same passage is not paid for again."""
    for model in sorted({chunk.tldr_by for chunk in chunks} - {""}):
        own = [k["chunk_id"] for k, c in zip(keys, chunks, strict=True) if c.tldr_by == model]
        session.execute(
            update(ChunkRow)
            .where(ChunkRow.tenant_id == tenant_id, ChunkRow.chunk_id.in_(own))
            .values(details={"tldr_by": model})
        )


def _joined(
    keys: Sequence[Mapping[str, UUID]], columns: Iterable[Mapping[str, object]]
) -> Iterator[dict[str, object]]:
    return ({**key, **values} for key, values in zip(keys, columns, strict=True))


def remove_passages(tenant_id: UUID, source_id: UUID, *, session: Session) -> None:
    """Delete a source's passages and take their terms out of the statistics."""
    own = select(ChunkRow.chunk_id).where(
        ChunkRow.tenant_id == tenant_id, ChunkRow.source_id == source_id
    )
    gone = session.scalars(
        select(func.sparsevec_send(ChunkTerms.lexical, type_=LargeBinary)).where(
            # An array, not a join: of a tenant that is not in the statistics yet a join is planned
            # for one passage, and may look for each of 5,000 among all 5,000.
            ChunkTerms.tenant_id == tenant_id,
            ChunkTerms.chunk_id == any_(func.array(own.scalar_subquery())),
        ),
        execution_options={"yield_per": _READ_ROWS},
    )
    passages = [_term_ids(sent) for sent in gone]
    _plan_anew(len(passages), session=session)
    session.execute(  # their vectors go with them
        delete(ChunkRow).where(ChunkRow.tenant_id == tenant_id, ChunkRow.source_id == source_id)
    )
    if passages:
        terms = np.concatenate(passages)
        _count(tenant_id, source_id, -len(passages), [], terms, session=session)


def _plan_anew(passages: int, *, session: Session) -> None:
    """Have foreign keys of many passages checked by plans for the tables as they are now.

    A connection keeps the plan of its first check. Made while the tables were all but empty, it
    reads all passages of the tenant for each: of 5,000 stored at once that took 3 s of 3.6.
    """
    if passages >= FEW_ROWS:
        session.execute(text("DISCARD PLANS"))


def _term_ids(sent: bytes) -> NDArray[np.int32]:
    """Read the ids of a sparse vector as pgvector sends it: int32 dim, count, unused, ids."""
    words = np.frombuffer(sent, dtype=">i4")
    return words[3 : 3 + int(words[1])].astype(np.int32)


@dataclass(frozen=True, slots=True)
class Rewrite:
    """One stored passage as it is to be: `chunk` None removes it, an unknown `chunk_id` adds it.

    `vectors` (dim,) by model are of its new words; None where title, heading and text stay.
    """

    chunk_id: UUID
    chunk: Chunk | None
    vectors: Mapping[str, Vectors] | None = None


def rewrite_passages(source: Source, rewrites: Sequence[Rewrite], *, session: Session) -> None:
    """Change single passages of a source that is locked, with their vectors and statistics.

    Embeddings of the old words by any model go; flags and TL;DR alone leave both as they are.
    """
    reworded = [r for r in rewrites if r.chunk is None or r.vectors is not None]
    gone = _remove_vectors(source.tenant_id, [r.chunk_id for r in reworded], session=session)
    terms: list[int] = []
    for rewrite in rewrites:
        key = {"tenant_id": source.tenant_id, "chunk_id": rewrite.chunk_id}
        if rewrite.chunk is None:
            session.execute(delete(ChunkRow).filter_by(**key))
            continue
        columns = _columns(source, rewrite.chunk)
        statement = upsert(ChunkRow).values(**key, source_id=source.source_id, **columns)
        session.execute(
            statement.on_conflict_do_update(
                index_elements=list(key), set_={name: columns[name] for name in _EDITABLE}
            )
        )
        if rewrite.vectors is not None:
            chunk = rewrite.chunk
            weights = document_weights(chunk.title, chunk.heading, chunk.text, chunk.language)
            terms += weights
            key |= {"source_id": source.source_id}
            lexical = {"lexical": SparseVector(weights, LEXICAL_DIMENSIONS)}
            session.execute(insert(ChunkTerms).values(**key, **lexical))
            for model, vector in rewrite.vectors.items():
                dense = {"model": model, "dense": HalfVector(vector)}
                session.execute(insert(ChunkEmbedding).values(**key, **dense))
    if reworded:
        added = sum(r.chunk is not None for r in reworded) - len(gone)
        old = [term for passage in gone for term in passage]
        _count(source.tenant_id, source.source_id, added, terms, old, session=session)


_EDITABLE = (
    *("full_text", "tldr", "language", "token_count"),
    *("is_citable", "enabled", "edit_id"),
)


def _remove_vectors(
    tenant_id: UUID, chunk_ids: Sequence[UUID], *, session: Session
) -> list[list[int]]:
    """Delete the vectors of passages; return the terms that each had."""
    own = (ChunkTerms.tenant_id == tenant_id, ChunkTerms.chunk_id.in_(chunk_ids))
    gone = session.execute(delete(ChunkTerms).where(*own).returning(ChunkTerms.lexical)).scalars()
    terms = [vector.indices() for vector in gone]
    session.execute(
        delete(ChunkEmbedding).where(
            ChunkEmbedding.tenant_id == tenant_id, ChunkEmbedding.chunk_id.in_(chunk_ids)
        )
    )
    return terms


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
        "url": chunk.url,
        "content_hash": chunk.content_hash,
        "is_citable": source.is_citable if chunk.is_citable is None else chunk.is_citable,
        "enabled": chunk.enabled,
        "edit_id": chunk.edit_id,
    }


def _count(
    tenant_id: UUID,
    source_id: UUID,
    passages: int,
    added: TermIds,
    removed: TermIds,
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

    def forget(self, tenant_id: UUID) -> None:
        """Drop what is held of a tenant that is no more."""
        with self._lock:
            self._kept.pop(tenant_id, None)
