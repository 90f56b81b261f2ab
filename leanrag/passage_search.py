"""Candidates in pgvector: a tenant's passages scored by BM25 (sparse) and embedding (dense).

The database decides what is found. Cold, it scores every passage of the tenant exactly and takes
the best by each score. Warm, an index in memory proposes ids, and the same statement reads these
alone: under the tenant's row-level security, with exact scores and the same filters, so an id that
is stale, hidden or another tenant's comes to nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from pgvector import SparseVector
from sqlalchemy import text
from sqlalchemy.orm import Session

from db.models.knowledge import LEXICAL_DIMENSIONS
from leanrag.embeddings import Vectors
from leanrag.passage_index import Hidden, TenantIndex
from leanrag.passage_index_cache import PassageIndexCache
from leanrag.passage_index_reader import uuid_array
from leanrag.passage_store import StatisticsCache, TermStatistics, no_statistics
from leanrag.types import Passage

# The index proposes so many times the candidates: its scores are rounded, the final ones are not.
# Of 200 public questions the exact first 50 all stood in its first 51 (words) and 56 (embeddings).
OVERSAMPLING = 1.3
# Candidates by words, where embeddings do not count: ranking reads the first 20, and what stands
# behind only tells which documents are hit. 50 found the same answers (docs/ranking.md).
WORDS_ALONE = 30

_HIDDEN_SOURCES = """
    SELECT source_id FROM sources
    WHERE tenant_id = :tenant AND NOT (enabled AND (bot_id IS NULL OR bot_id = :bot))"""
_HIDDEN_PASSAGES = "SELECT chunk_id FROM chunks WHERE tenant_id = :tenant AND NOT enabled"
_STATE_OF = """
    SELECT l.version,
           (SELECT string_agg(uuid_send(source_id), ''::bytea ORDER BY source_id)
            FROM ({hidden_sources}) s) AS sources,
           (SELECT string_agg(uuid_send(chunk_id), ''::bytea ORDER BY chunk_id)
            FROM ({hidden_passages}) c) AS passages
    FROM lexical_statistics l WHERE l.tenant_id = :tenant"""
_STATE = text(_STATE_OF.format(hidden_sources=_HIDDEN_SOURCES, hidden_passages=_HIDDEN_PASSAGES))
_BEST = """
    (SELECT p.chunk_id FROM {vectors} p
     WHERE p.tenant_id = :tenant AND p.source_id NOT IN ({hidden_sources})
       AND p.chunk_id NOT IN ({hidden_passages}) AND {of_the_model}
     ORDER BY {distance}, p.chunk_id LIMIT :candidates)"""
_BEST_LEXICAL = _BEST.format(
    vectors="chunk_terms",
    hidden_sources=_HIDDEN_SOURCES,
    hidden_passages=_HIDDEN_PASSAGES,
    of_the_model="true",
    distance="p.lexical <#> CAST(:lexical AS sparsevec)",
)
_BEST_DENSE = _BEST.format(
    vectors="chunk_embeddings",
    hidden_sources=_HIDDEN_SOURCES,
    hidden_passages=_HIDDEN_PASSAGES,
    of_the_model="p.model = :model AND vector_dims(p.dense) = :dimensions",
    distance="nullif(p.dense <=> CAST(:dense AS halfvec), 'NaN')",
)
_PROPOSED = "SELECT unnest(CAST(:proposed AS uuid[]))"
_DENSE_SCORE = """
    coalesce((SELECT nullif(1 - (e.dense <=> CAST(:dense AS halfvec)), 'NaN')
              FROM chunk_embeddings e
              WHERE e.tenant_id = :tenant AND e.chunk_id = w.chunk_id
                AND e.model = :model AND vector_dims(e.dense) = :dimensions), 0)"""
# The columns stand as the fields of Passage do: to look each up by its name took a quarter of a
# millisecond a question.
_READ = """
    WITH wanted (chunk_id) AS MATERIALIZED ({wanted})
    SELECT c.chunk_id, c.source_id, c.chunk_type, s.title, c.title, c.heading_path, c.full_text,
           c.language, c.position, c.page, c.token_count, c.is_citable,
           -(t.lexical <#> CAST(:lexical AS sparsevec)), CAST({dense} AS float8), 0.0::float8,
           c.label, c.url
    FROM wanted w
    JOIN chunk_terms t ON t.tenant_id = :tenant AND t.chunk_id = w.chunk_id
    JOIN chunks c ON c.tenant_id = :tenant AND c.chunk_id = w.chunk_id
    JOIN sources s ON s.tenant_id = :tenant AND s.source_id = c.source_id
    WHERE c.enabled AND s.enabled AND (s.bot_id IS NULL OR s.bot_id = :bot)
"""


@dataclass(frozen=True, slots=True)
class SearchState:
    """What this transaction sees of a tenant's passages, and what a bot must not find."""

    tenant_id: UUID
    bot_id: UUID
    statistics: TermStatistics
    hidden: Hidden


def _always(_model: str) -> bool:
    return True


class PassageSearch:
    """Finds the candidates of a question among a tenant's passages. Thread-safe."""

    def __init__(
        self,
        embedding_model: str,
        *,
        candidates: int,
        indexes: PassageIndexCache | None = None,
        uses_dense: Callable[[str], bool] = _always,
    ) -> None:
        """Take the best `candidates` passages by each of the two scores; by words alone, 30.

        `embedding_model` is that of vectors of which nothing else is said. Without `indexes` every
        question scans the tenant's passages in the database. `uses_dense` tells of a model whether
        its score counts for anything; where it does not, it is saved and is then 0.
        """
        self.embedding_model = embedding_model
        self._candidates = candidates
        self._indexes = indexes
        self._uses_dense = uses_dense
        self._statistics = StatisticsCache()
        scanned = f"{_BEST_LEXICAL} UNION {_BEST_DENSE}"
        self._scan = text(_READ.format(wanted=scanned, dense=_DENSE_SCORE))
        self._scan_words = text(_READ.format(wanted=_BEST_LEXICAL, dense="0"))
        self._fetch = text(_READ.format(wanted=_PROPOSED, dense=_DENSE_SCORE))
        self._fetch_words = text(_READ.format(wanted=_PROPOSED, dense="0"))

    def forget(self, tenant_id: UUID) -> None:
        """Drop what is held of a tenant that is no more."""
        self._statistics.forget(tenant_id)
        if self._indexes is not None:
            self._indexes.forget(tenant_id)

    def open(self, tenant_id: UUID, *, bot_id: UUID, session: Session) -> SearchState:
        """Return the tenant's state as this transaction sees it, in one round trip if it is known.

        Passages of disabled sources and of other bots are hidden.
        """
        row = session.execute(_STATE, {"tenant": tenant_id, "bot": bot_id}).one_or_none()
        if row is None:
            return SearchState(tenant_id, bot_id, no_statistics(), Hidden())
        statistics = self._statistics.read(tenant_id, version=row.version, session=session)
        hidden = Hidden(bytes(row.sources or b""), bytes(row.passages or b""))
        return SearchState(tenant_id, bot_id, statistics, hidden)

    def find(
        self,
        state: SearchState,
        weights: Mapping[int, float],
        vector: Vectors,
        *,
        model: str = "",
        session: Session,
    ) -> tuple[Passage, ...]:
        """Return the union of the best by each score, in no order, with a fused score of 0.

        `weights` maps the question's term ids to their weights, `vector` (dim,) is its embedding by
        `model`. Passages' embeddings by another model count as none.
        """
        model = model or self.embedding_model
        uses_dense = self._uses_dense(model)
        count = self._candidates if uses_dense else min(self._candidates, WORDS_ALONE)
        parameters = {
            "tenant": state.tenant_id,
            "bot": state.bot_id,
            "lexical": SparseVector(dict(weights), LEXICAL_DIMENSIONS).to_text(),
            "candidates": count,
        }
        if uses_dense:
            dense = {"dense": _halfvec_text(vector), "dimensions": len(vector)}
            parameters |= {**dense, "model": model}
        oversampled = math.ceil(OVERSAMPLING * count)
        proposed = self._propose(state, weights, vector, model, count=oversampled, session=session)
        if proposed is None:
            scan = self._scan if uses_dense else self._scan_words
            return tuple(Passage(*row) for row in session.execute(scan, parameters).all())
        parameters["proposed"] = uuid_array(proposed)
        fetch = self._fetch if uses_dense else self._fetch_words
        passages = [Passage(*row) for row in session.execute(fetch, parameters).all()]
        return tuple(_best(passages, count, uses_dense))

    def _propose(
        self,
        state: SearchState,
        weights: Mapping[int, float],
        vector: Vectors,
        model: str,
        *,
        count: int,
        session: Session,
    ) -> bytes | None:
        """Return ids that the tenant's index proposes; None, and ask for one, where none is."""
        if self._indexes is None:
            return None
        has_vector = len(vector) > 1 and self._uses_dense(model)
        held = (model, len(vector)) if has_vector else ("", 0)
        index: TenantIndex | None = self._indexes.current(
            state.tenant_id, state.statistics.version, *held, session=session
        )
        if index is None:
            self._indexes.request(state.tenant_id, state.statistics.passage_count, *held)
            return None
        return index.best(weights, vector, state.hidden, count=count)


def _best(passages: Sequence[Passage], count: int, uses_dense: bool) -> Iterable[Passage]:
    """Keep what an exact scan would have taken: the best by each of the exact scores."""
    by_words = sorted(passages, key=lambda p: (-p.lexical_score, p.passage_id))
    best = {p.passage_id: p for p in by_words[:count]}
    if uses_dense:
        near = [p for p in passages if p.dense_score != 0]  # 0: of another model
        by_vector = sorted(near, key=lambda p: (-p.dense_score, p.passage_id))
        best |= {p.passage_id: p for p in by_vector[:count]}
    return best.values()


def _halfvec_text(vector: Vectors) -> str:
    """Return a vector as halfvec reads it; rounding to half precision first keeps it short."""
    return "[" + ",".join(map(repr, np.asarray(vector, np.float16).tolist())) + "]"
