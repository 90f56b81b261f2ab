"""The rows of a tenant's change of embedding models: what lacks a vector, and its new vectors.

Whoever writes passages locks their source first and then the tenant's switch; so does this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from pgvector import HalfVector
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from db.bulk_insert import insert_rows
from db.models import ChunkEmbedding, ChunkRow, EmbeddingSwitch, Source
from leanrag.embedder import Vectors
from leanrag.ingest.passage import embedding_text

FIRST = UUID(int=0)

_PAGE = text(
    """
    WITH page AS MATERIALIZED (
        SELECT chunk_id, source_id, title, heading_path, full_text FROM chunks
        WHERE tenant_id = :tenant AND chunk_id > :after ORDER BY chunk_id LIMIT :limit
    )
    SELECT page.*, EXISTS (
        SELECT FROM chunk_embeddings e
        WHERE e.tenant_id = :tenant AND e.chunk_id = page.chunk_id AND e.model = :model
    ) AS is_done
    FROM page ORDER BY chunk_id
    """
)
_MARK_SOURCES = text(
    """
    WITH counted AS (
        UPDATE lexical_statistics SET version = version + 1, updated_at = now()
        WHERE tenant_id = :tenant RETURNING version
    )
    UPDATE sources SET indexed_version = counted.version FROM counted
    WHERE tenant_id = :tenant AND source_id = ANY(CAST(:sources AS uuid[]))
    """
)
_FORGET_ANSWERS = text(
    "UPDATE lexical_statistics SET knowledge_version = knowledge_version + 1"
    " WHERE tenant_id = :tenant"
)
_DELETE_OTHERS = text(
    """
    WITH gone AS MATERIALIZED (
        SELECT chunk_id, model FROM chunk_embeddings
        WHERE tenant_id = :tenant AND chunk_id >= :after AND model <> ALL(:kept)
        ORDER BY chunk_id LIMIT :limit
    ), deleted AS (
        DELETE FROM chunk_embeddings e USING gone
        WHERE e.tenant_id = :tenant AND e.chunk_id = gone.chunk_id AND e.model = gone.model
    )
    SELECT chunk_id FROM gone ORDER BY chunk_id DESC LIMIT 1
    """
)


@dataclass(frozen=True, slots=True)
class UnembeddedPassage:
    """A passage without a vector of some model; `text` is what of it is embedded."""

    chunk_id: UUID
    source_id: UUID
    text: str


@dataclass(frozen=True, slots=True)
class PassagePage:
    """Passages in the order of their ids up to `last` (None: there is none), those without."""

    missing: tuple[UnembeddedPassage, ...]
    last: UUID | None


def lock_switch(tenant_id: UUID, *, session: Session) -> EmbeddingSwitch | None:
    """Return the tenant's row, which nobody else reads for writing until this ends."""
    return session.get(EmbeddingSwitch, tenant_id, with_for_update=True, populate_existing=True)


def read_page(
    tenant_id: UUID, model: str, *, after: UUID, limit: int, session: Session
) -> PassagePage:
    """Return which of the next `limit` passages behind `after` lack a vector of `model`."""
    values = {"tenant": tenant_id, "model": model, "after": after, "limit": limit}
    rows = session.execute(_PAGE, values).all()
    missing = tuple(
        UnembeddedPassage(
            row.chunk_id,
            row.source_id,
            embedding_text(row.title, row.heading_path, row.full_text),
        )
        for row in rows
        if not row.is_done
    )
    return PassagePage(missing, rows[-1].chunk_id if rows else None)


def count_passages(tenant_id: UUID, *, session: Session) -> int:
    """Return how many passages a tenant has."""
    query = select(func.count()).select_from(ChunkRow).where(ChunkRow.tenant_id == tenant_id)
    return session.execute(query).scalar_one()


def count_vectors(tenant_id: UUID, model: str, *, session: Session) -> int:
    """Return how many passages have a vector of a model."""
    query = select(func.count()).select_from(ChunkEmbedding)
    own = (ChunkEmbedding.tenant_id == tenant_id, ChunkEmbedding.model == model)
    return session.execute(query.where(*own)).scalar_one()


def lock_sources(tenant_id: UUID, passages: Sequence[UnembeddedPassage], session: Session) -> None:
    """Keep the passages' sources from being written until this transaction ends, in one order."""
    sources = {passage.source_id for passage in passages}
    session.execute(
        select(Source.source_id)
        .where(Source.tenant_id == tenant_id, Source.source_id.in_(sources))
        .order_by(Source.source_id)
        .with_for_update(key_share=True)
    )


def store_vectors(
    tenant_id: UUID,
    model: str,
    passages: Sequence[UnembeddedPassage],
    vectors: Vectors,
    *,
    session: Session,
) -> tuple[UUID, ...]:
    """Store vectors of passages that say what they said; return these passages' sources.

    Their sources are locked: a passage that was deleted or edited meanwhile is left out.
    """
    columns = (ChunkRow.chunk_id, ChunkRow.title, ChunkRow.heading_path, ChunkRow.full_text)
    ids = [passage.chunk_id for passage in passages]
    query = select(*columns).where(ChunkRow.tenant_id == tenant_id, ChunkRow.chunk_id.in_(ids))
    now = {
        row.chunk_id: embedding_text(row.title, row.heading_path, row.full_text)
        for row in session.execute(query)
    }
    same = [
        (passage, vector)
        for passage, vector in zip(passages, vectors, strict=True)
        if now.get(passage.chunk_id) == passage.text
    ]
    rows = (
        {
            "tenant_id": tenant_id,
            "chunk_id": passage.chunk_id,
            "model": model,
            "source_id": passage.source_id,
            "dense": HalfVector(vector),
        }
        for passage, vector in same
    )
    insert_rows(ChunkEmbedding, rows, session=session, replaced=("dense",))
    return tuple(passage.source_id for passage, _ in same)


def mark_sources(tenant_id: UUID, sources: Sequence[UUID], *, session: Session) -> None:
    """Tell indexes in memory to read these sources' passages again."""
    wanted = [str(source) for source in dict.fromkeys(sources)]
    session.execute(_MARK_SOURCES, {"tenant": tenant_id, "sources": wanted})


def forget_answers(tenant_id: UUID, *, session: Session) -> None:
    """Let no answer be given again that was found by other vectors."""
    session.execute(_FORGET_ANSWERS, {"tenant": tenant_id})


def delete_others(
    tenant_id: UUID, kept: Sequence[str], *, after: UUID, limit: int, session: Session
) -> UUID | None:
    """Delete up to `limit` vectors of other models than `kept`, of passages from `after` on.

    Return the passage to go on at; None where nothing was left.
    """
    values = {"tenant": tenant_id, "kept": list(kept), "after": after, "limit": limit}
    return session.execute(_DELETE_OTHERS, values).scalar_one_or_none()
