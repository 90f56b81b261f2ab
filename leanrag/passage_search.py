"""Candidates in pgvector: a tenant's passages scored by BM25 (sparse) and embedding (dense).

One statement scores every passage of the tenant exactly with both vectors, takes the best of each
and returns their union: small tenants need no index for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pgvector import HalfVector, SparseVector
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from db.models.knowledge import LEXICAL_DIMENSIONS
from leanrag.embeddings import Vectors
from leanrag.passage_store import StatisticsCache, TermStatistics
from leanrag.types import Passage

_SEARCH = text(
    """
    WITH scored AS MATERIALIZED (
        SELECT c.chunk_id,
               -(c.lexical <#> CAST(:lexical AS sparsevec)) AS lexical_score,
               CASE WHEN c.embedding_model = :model AND vector_dims(c.dense) = :dimensions
                    THEN coalesce(nullif(1 - (c.dense <=> CAST(:dense AS halfvec)), 'NaN'), 0)
                    ELSE 0 END AS dense_score
        FROM chunks c
        JOIN sources s ON s.tenant_id = c.tenant_id AND s.source_id = c.source_id
        WHERE c.tenant_id = :tenant AND c.enabled AND s.enabled
          AND (s.bot_id IS NULL OR s.bot_id = :bot)
    ), best AS (
        (SELECT * FROM scored ORDER BY lexical_score DESC, chunk_id LIMIT :candidates)
        UNION
        (SELECT * FROM scored ORDER BY dense_score DESC, chunk_id LIMIT :candidates)
    )
    SELECT c.chunk_id, c.source_id, c.chunk_type, s.title AS source_title, c.title,
           c.heading_path, c.full_text, c.language, c.position, c.page, c.token_count,
           c.is_citable, best.lexical_score, best.dense_score
    FROM best
    JOIN chunks c ON c.tenant_id = :tenant AND c.chunk_id = best.chunk_id
    JOIN sources s ON s.tenant_id = :tenant AND s.source_id = c.source_id
    """
)


class PassageSearch:
    """Finds the candidates of a question among a tenant's passages. Thread-safe."""

    def __init__(self, embedding_model: str, *, candidates: int) -> None:
        """Take the best `candidates` passages by each of the two scores."""
        self._embedding_model = embedding_model
        self._candidates = candidates
        self._statistics = StatisticsCache()

    def statistics(self, tenant_id: UUID, *, session: Session) -> TermStatistics:
        """Return the tenant's term statistics as this transaction sees them."""
        return self._statistics.read(tenant_id, session=session)

    def find(
        self,
        tenant_id: UUID,
        weights: Mapping[int, float],
        vector: Vectors,
        *,
        bot_id: UUID,
        session: Session,
    ) -> tuple[Passage, ...]:
        """Return the union of the best by each score, in no order, with a fused score of 0.

        `weights` maps the question's term ids to their weights, `vector` (dim,) is its embedding.
        Passages of disabled sources and of other bots are left out.
        """
        rows = session.execute(
            _SEARCH,
            {
                "tenant": tenant_id,
                "bot": bot_id,
                "model": self._embedding_model,
                "lexical": SparseVector(dict(weights), LEXICAL_DIMENSIONS).to_text(),
                "dense": HalfVector(vector).to_text(),
                "dimensions": len(vector),
                "candidates": self._candidates,
            },
        ).all()
        return tuple(_passage(row) for row in rows)


def _passage(row: Row[Any]) -> Passage:
    return Passage(
        passage_id=row.chunk_id,
        source_id=row.source_id,
        kind=row.chunk_type,
        source_title=row.source_title,
        title=row.title,
        heading=row.heading_path,
        text=row.full_text,
        language=row.language,
        position=row.position,
        page=row.page,
        token_count=row.token_count,
        is_citable=row.is_citable,
        lexical_score=float(row.lexical_score),
        dense_score=float(row.dense_score),
        score=0.0,
    )
