"""In which order candidates answer a question, and how likely each of their sentences does.

Two linear models, learned on public questions (`bench/learn.py` learns them, docs/ranking.md tells
how): one chooses among passages, one among the sentences of a passage. Both are soft-max models, so
that their scores are probabilities, which the budget spends its tokens by. Weighted normalised
scores are fused, not ranks: a partner that does not know a language would cost up to 57 points.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from leanrag.passage_reading import words_of
from leanrag.ranking_profiles import DenseWeight, RankingProfile
from leanrag.text.answer_type import ExpectedAnswer
from leanrag.text.question_match import Coverage, QuestionMatch
from leanrag.types import Language, Passage, SentenceChance

# 20 earn what 30 do, and more than 10: 0.2 to 1.2 points (docs/benchmarks.md).
RANKED_PASSAGES = 20
DOCUMENT_PASSAGES = 3  # of a document that speak for it (the "document bonus")
# The part of a passage's chance that its sentences share alike, whatever the question's words say.
EVEN_SHARE = 0.1
LETTERS_SCALE = 5.0

Features = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it is ranked by.

    `match` finds its words in passages; `full_match` is the sum of all its term weights, of which a
    passage must hold `min_relevance`.
    """

    text: str
    language: Language
    match: QuestionMatch
    full_match: float


def rank(
    candidates: Sequence[Passage],
    asked: Asked,
    profile: RankingProfile,
    *,
    embedding_model: str,
    min_relevance: float,
) -> tuple[Passage, ...]:
    """Return the relevant candidates, best first, with score, probability and sentences.

    At most 20: scores lie between 0 and 1, and their probabilities add up to 1.
    """
    dense = profile.dense_weight(embedding_model, asked.language)
    fused = _fuse(candidates, asked.full_match * min_relevance, profile.lexical_weight, dense)
    first = fused[:RANKED_PASSAGES]
    if not first:
        return ()
    coverages = asked.match.coverage([words_of(passage) for passage in first])
    features = passage_features(first, coverages, asked.language, among=fused)
    weights = profile.passage_weights(dense.weight)
    logits = features @ weights
    chances = _softmax(logits)
    scores = logits / weights.sum()
    expected = ExpectedAnswer(asked.text, asked.language)
    sentences = _sentences(
        coverages, sentence_features(first, coverages, expected), profile, chances
    )
    ranked = [
        replace(passage, score=score, probability=chance, sentences=own)
        for passage, score, chance, own in zip(
            first, scores.tolist(), chances.tolist(), sentences, strict=True
        )
    ]
    return tuple(sorted(ranked, key=lambda p: (-p.probability, -p.score, p.passage_id)))


def passage_features(
    passages: Sequence[Passage],
    coverages: Sequence[Coverage],
    language: Language,
    *,
    among: Sequence[Passage],
) -> Features:
    """Return PASSAGE_FEATURES of each passage, shape (passages, features), each from 0 to 1.

    Lexical and dense scores are shares of the best one `among` all candidates.
    """
    best_lexical = max(p.lexical_score for p in among) or 1.0
    best_dense = max(max(p.dense_score for p in among), 0.0) or 1.0
    documents = _document_shares(among)
    return np.array(
        [
            (
                passage.lexical_score / best_lexical,
                max(0.0, passage.dense_score) / best_dense,
                coverage.whole,
                coverage.window,
                coverage.sentence,
                coverage.pairs,
                documents[_document(passage)],
                float(passage.language == language),
                coverage.title,
            )
            for passage, coverage in zip(passages, coverages, strict=True)
        ]
    )


def sentence_features(
    passages: Sequence[Passage], coverages: Sequence[Coverage], expected: ExpectedAnswer
) -> Features:
    """Return SENTENCE_FEATURES of the sentences, passage by passage: (sentences, features)."""
    texts = [
        passage.text[start:end]
        for passage, coverage in zip(passages, coverages, strict=True)
        for start, end in coverage.spans
    ]
    columns = (
        np.concatenate([coverage.alone for coverage in coverages]),
        np.concatenate([coverage.titled for coverage in coverages]),
        np.concatenate([coverage.before for coverage in coverages]),
        np.concatenate([coverage.after for coverage in coverages]),
        [expected.is_in(text) for text in texts],
        [math.log(len(text) + 1) / LETTERS_SCALE for text in texts],
    )
    return np.column_stack(columns).astype(np.float64)


def _fuse(
    candidates: Sequence[Passage], floor: float, lexical_weight: float, dense: DenseWeight
) -> list[Passage]:
    """Order candidates by the two scores; drop what holds too little of the question.

    A candidate that shares no word may still be near in meaning, if the model knows meanings.
    """
    held = [
        passage
        for passage in candidates
        if passage.lexical_score >= floor
        or (dense.weight and passage.dense_score >= dense.least_similarity)
    ]
    best_lexical = max((p.lexical_score for p in held), default=0.0) or 1.0
    best_dense = max((p.dense_score for p in held), default=0.0)

    def score(passage: Passage) -> float:
        near = max(0.0, passage.dense_score / best_dense) if best_dense > 0 else 0.0
        return lexical_weight * passage.lexical_score / best_lexical + dense.weight * near

    return sorted(held, key=lambda p: (-score(p), p.passage_id))


def _document(passage: Passage) -> tuple[UUID, str]:
    """Return what a passage's document is: a list or a website is one source of many."""
    return passage.source_id, passage.title


def _document_shares(passages: Sequence[Passage]) -> Mapping[tuple[UUID, str], float]:
    """Return how strongly each document is hit, as a share of the one that is hit most."""
    scores: dict[tuple[UUID, str], list[float]] = defaultdict(list)
    for passage in passages:
        scores[_document(passage)].append(passage.lexical_score)
    best = {key: sum(sorted(own)[-DOCUMENT_PASSAGES:]) for key, own in scores.items()}
    highest = max(best.values(), default=0.0) or 1.0
    return {key: score / highest for key, score in best.items()}


def _sentences(
    coverages: Sequence[Coverage], features: Features, profile: RankingProfile, chances: Features
) -> Iterator[tuple[SentenceChance, ...]]:
    """Yield each passage's sentences with their parts of its chance; a soft-max a passage."""
    counts = np.array([len(coverage.spans) for coverage in coverages])
    first = np.cumsum(counts) - counts
    logits = features @ profile.sentence_weights()
    raised = np.exp(logits - np.repeat(np.maximum.reduceat(logits, first), counts))
    told = raised / np.repeat(np.add.reduceat(raised, first), counts)
    shares = (1 - EVEN_SHARE) * told + np.repeat(EVEN_SHARE / counts, counts)
    probabilities = iter((np.repeat(chances, counts) * shares).tolist())
    for coverage in coverages:
        yield tuple([SentenceChance(*span, next(probabilities)) for span in coverage.spans])


def _softmax(logits: Features) -> Features:
    raised = np.exp(logits - logits.max())
    return np.asarray(raised / raised.sum(), dtype=np.float64)
