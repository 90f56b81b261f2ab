"""In which order candidates answer a question: two scores fused, then the best ranked again.

Weighted normalised scores are fused, not ranks: a partner that does not know a language would cost
up to 57 points by rank.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from leanrag.text.matching import QueryMatcher, sentence_spans
from leanrag.types import Passage

# The best passages are ranked again by their best sentence, which may add half to a score: 0.9
# points more answers in 300 tokens (docs/benchmarks.md); weights 0.3 to 0.8 differ by 0.4.
RERANKED_PASSAGES = 10
SENTENCE_WEIGHT = 0.5


@dataclass(frozen=True, slots=True)
class RetrievalWeights:
    """Weights of the two scores and the least relevance (all 0 to 1).

    `min_relevance` is the share of the question's term weight that a passage must hold.
    """

    lexical: float
    dense: float
    min_relevance: float


def fuse(
    candidates: Sequence[Passage], weights: RetrievalWeights, *, full_match: float
) -> tuple[Passage, ...]:
    """Fuse scores, each as a share of its best; drop what holds too little of the question.

    `full_match` is the sum of the question's term weights.
    """
    floor = weights.min_relevance * full_match
    candidates = [p for p in candidates if p.lexical_score >= floor]
    best_lexical = max((p.lexical_score for p in candidates), default=0.0) or 1.0
    best_dense = max((p.dense_score for p in candidates), default=0.0)
    fused = []
    for passage in candidates:
        lexical = passage.lexical_score / best_lexical
        dense = max(0.0, passage.dense_score / best_dense) if best_dense > 0 else 0.0
        score = weights.lexical * lexical + weights.dense * dense
        fused.append(replace(passage, score=score))
    return tuple(sorted(fused, key=lambda p: (-p.score, p.passage_id)))


def rerank(fused: Sequence[Passage], matcher: QueryMatcher) -> tuple[Passage, ...]:
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
