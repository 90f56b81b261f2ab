"""Hybrid retrieval in pgvector: BM25 (sparse) and an embedding (dense), fused, routed.

One statement scores every passage of the tenant exactly with both vectors, takes the best of each
and returns their union: small tenants need no index for it. Weighted normalised scores are fused,
not ranks: a partner that does not know a language would cost up to 57 points by rank.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from pgvector import HalfVector, SparseVector
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from db.models.knowledge import LEXICAL_DIMENSIONS
from leanrag.embeddings import Vectors
from leanrag.passage_store import StatisticsCache, TermStatistics
from leanrag.text.lexical import question_terms
from leanrag.text.matching import QueryMatcher, sentence_spans
from leanrag.text.term_statistics import inverse_document_frequency
from leanrag.types import Evidence, Language, Passage, Route, SourceKind

# A routed source's passage counts for so much more: a preference, never a wall.
PRIMARY_PREFERENCE = 0.15
SECONDARY_PREFERENCE = 0.08
# A routed passage must reach this share of the best score to go before better ones.
RELEVANT_SHARE = 0.7
# The best passages are ranked again by their best sentence, which may add half to a score: 0.9
# points more answers in 300 tokens (docs/benchmarks.md); weights 0.3 to 0.8 differ by 0.4.
RERANKED_PASSAGES = 10
SENTENCE_WEIGHT = 0.5

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


@dataclass(frozen=True, slots=True)
class RetrievalWeights:
    """Weights of the two scores, candidates of each, and the least relevance (all 0 to 1).

    `min_relevance` is the share of the question's term weight that a passage must hold.
    """

    lexical: float
    dense: float
    candidates: int
    min_relevance: float


class ContextRetriever:
    """Finds the passages that may answer a question."""

    def __init__(self, embedding_model: str, weights: RetrievalWeights) -> None:
        self._embedding_model = embedding_model
        self._weights = weights
        self._statistics = StatisticsCache()

    def retrieve(
        self,
        tenant_id: UUID,
        question: str,
        route: Route,
        *,
        vector: Vectors,
        bot_id: UUID,
        session: Session,
    ) -> Evidence:
        """Return evidence by share, best first; `vector` is the question's embedding."""
        ranked = self.rank(
            tenant_id, question, route.language, vector=vector, bot_id=bot_id, session=session
        )
        return _share_out(ranked, route)

    def rank(
        self,
        tenant_id: UUID,
        question: str,
        language: Language,
        *,
        vector: Vectors,
        bot_id: UUID,
        session: Session,
    ) -> tuple[Passage, ...]:
        """Return the relevant passages of all sources by fused score, without regard to a route."""
        statistics = self._statistics.read(tenant_id, session=session)
        if statistics.passage_count == 0:
            return ()
        weights = _question_weights(question, language, statistics)
        if not weights:
            return ()
        rows = session.execute(
            _SEARCH,
            {
                "tenant": tenant_id,
                "bot": bot_id,
                "model": self._embedding_model,
                "lexical": SparseVector(weights, LEXICAL_DIMENSIONS).to_text(),
                "dense": HalfVector(vector).to_text(),
                "dimensions": len(vector),
                "candidates": self._weights.candidates,
            },
        ).all()
        fused = self._fuse(rows, full_match=sum(weights.values()))
        return _rerank(fused, QueryMatcher(question, language))

    def _fuse(self, rows: Sequence[Row[Any]], *, full_match: float) -> tuple[Passage, ...]:
        """Fuse scores, each as a share of its best; drop what holds too little of the question."""
        floor = self._weights.min_relevance * full_match
        rows = [row for row in rows if row.lexical_score >= floor]
        if not rows:
            return ()
        best_lexical = max(row.lexical_score for row in rows) or 1.0
        best_dense = max(row.dense_score for row in rows)
        passages = []
        for row in rows:
            lexical = row.lexical_score / best_lexical
            dense = max(0.0, row.dense_score / best_dense) if best_dense > 0 else 0.0
            score = self._weights.lexical * lexical + self._weights.dense * dense
            passages.append(_passage(row, score))
        return tuple(sorted(passages, key=lambda p: (-p.score, p.passage_id)))


def _question_weights(
    question: str, language: Language, statistics: TermStatistics
) -> dict[int, float]:
    """Return the question's terms with their inverse document frequencies.

    A term that no passage holds is left out: it can match nothing, and it would only hide how much
    of what *can* be known a passage covers.
    """
    terms = question_terms(question, language)
    ids = list(terms)
    frequencies = statistics.sketch.document_frequencies(ids)
    return {
        term: terms[term] * inverse_document_frequency(statistics.passage_count, frequency)
        for term, frequency in zip(ids, frequencies, strict=True)
        if frequency > 0
    }


def _rerank(fused: Sequence[Passage], matcher: QueryMatcher) -> tuple[Passage, ...]:
    """Rank the first passages again: one sentence that holds the question beats scattered words.

    Scores stay between 0 and 1: score x (1 + weight x sentence) / (1 + weight), where `sentence` is
    the passage's best sentence under its title as a share of the best one, and 0 after the first.
    """
    sentences, contexts, owners = [], [], []
    for i, passage in enumerate(fused[:RERANKED_PASSAGES]):
        for start, end in sentence_spans(passage.text):
            sentences.append(passage.text[start:end])
            contexts.append(f"{passage.title} {passage.heading}")
            owners.append(i)
    best = [0.0] * len(fused)
    for owner, score in zip(owners, matcher.scores_in_context(sentences, contexts), strict=True):
        best[owner] = max(best[owner], score)
    highest = max(best, default=0.0)
    if highest == 0:
        return tuple(fused)
    reranked = (
        replace(p, score=p.score * (1 + SENTENCE_WEIGHT * own / highest) / (1 + SENTENCE_WEIGHT))
        for p, own in zip(fused, best, strict=True)
    )
    return tuple(sorted(reranked, key=lambda p: (-p.score, p.passage_id)))


def _share_out(ranked: Sequence[Passage], route: Route) -> Evidence:
    """Put passages into the route's shares, the routed sources first among about equals.

    The primary share takes the passages of its kinds that are about as good as the best of all,
    and any from outside the route that is better than every routed one; where it has none of its
    own, it takes the best of all sources. Everything else follows by score in the secondary share.
    """
    preferred = sorted(
        (replace(p, score=p.score * (1 + _preference(p.kind, route))) for p in ranked),
        key=lambda p: (-p.score, p.passage_id),
    )
    if not preferred:
        return Evidence((), ())
    floor = RELEVANT_SHARE * preferred[0].score
    routed = (*route.primary.kinds, *route.secondary.kinds)
    best_routed = max((p.score for p in preferred if p.kind in routed), default=0.0)

    def belongs(passage: Passage) -> bool:
        if passage.kind in route.primary.kinds:
            return passage.score >= floor
        return passage.kind not in routed and passage.score > best_routed

    primary = tuple(p for p in preferred if belongs(p))
    if not any(p.kind in route.primary.kinds for p in primary):
        primary = tuple(p for p in preferred if p.score >= floor)
    secondary = tuple(p for p in preferred if p not in primary)
    widened = any(p.kind not in routed for p in primary)
    return Evidence(primary, secondary, widened, searched=len(ranked))


def _preference(kind: SourceKind, route: Route) -> float:
    if kind in route.primary.kinds:
        return PRIMARY_PREFERENCE
    return SECONDARY_PREFERENCE if kind in route.secondary.kinds else 0.0


def _passage(row: Row[Any], score: float) -> Passage:
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
        score=score,
    )
