"""Retrieval: the question's weighted terms, candidates from the database, ranked, then routed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from uuid import UUID

from sqlalchemy.orm import Session

from leanrag.embeddings import Vectors
from leanrag.passage_search import PassageSearch
from leanrag.passage_store import TermStatistics
from leanrag.ranking import Asked, rank
from leanrag.ranking_profiles import RankingProfile
from leanrag.text.analyzers import term_id
from leanrag.text.lexical import question_terms
from leanrag.text.question_match import QuestionMatch
from leanrag.text.term_statistics import inverse_document_frequency
from leanrag.text.transliteration import romanized_language
from leanrag.types import Evidence, Language, Passage, Route, SentenceChance, SourceKind

# A routed source's passage has so much better odds to answer: a preference, never a wall.
PRIMARY_ODDS = 2.0
SECONDARY_ODDS = 1.4


class ContextRetriever:
    """Finds the passages that may answer a question."""

    def __init__(
        self, search: PassageSearch, profile: RankingProfile, *, min_relevance: float
    ) -> None:
        """Rank by `profile`; passages must hold `min_relevance` (0 to 1) of the question."""
        self._search = search
        self._profile = profile
        self._min_relevance = min_relevance

    def retrieve(
        self,
        tenant_id: UUID,
        question: str,
        route: Route,
        *,
        vector: Vectors,
        model: str = "",
        bot_id: UUID,
        session: Session,
    ) -> Evidence:
        """Return evidence by share, best first; `vector` is the question's embedding by `model`."""
        ranked = self.rank(
            tenant_id,
            question,
            route.language,
            vector=vector,
            model=model,
            bot_id=bot_id,
            session=session,
        )
        return share_out(ranked, route)

    def rank(
        self,
        tenant_id: UUID,
        question: str,
        language: Language,
        *,
        vector: Vectors,
        model: str = "",
        bot_id: UUID,
        session: Session,
    ) -> tuple[Passage, ...]:
        """Return the relevant passages of all sources by fused score, without regard to a route.

        `model` made `vector`; "" stands for the search's own.
        """
        state = self._search.open(tenant_id, bot_id=bot_id, session=session)
        statistics = state.statistics
        if statistics.passage_count == 0:
            return ()
        weights = _question_weights(question, language, statistics)
        if not weights:
            return ()
        candidates = self._search.find(state, weights, vector, model=model, session=session)
        asked = Asked(
            question,
            language,
            QuestionMatch(question, language, partial(_rarities, statistics)),
            # Guessed spellings are mostly of no word: nobody holds a share of all of them.
            0.0 if romanized_language(question) else sum(weights.values()),
        )
        return rank(
            candidates,
            asked,
            self._profile,
            embedding_model=model or self._search.embedding_model,
            min_relevance=self._min_relevance,
        )

    def forget(self, tenant_id: UUID) -> None:
        """Drop what is held of a tenant that is no more."""
        self._search.forget(tenant_id)


def _question_weights(
    question: str, language: Language, statistics: TermStatistics
) -> dict[int, float]:
    """Return the question's terms with their inverse document frequencies.

    A term that no passage holds is left out: it can match nothing, and it would only hide how much
    of what *can* be known a passage covers.
    """
    terms = question_terms(question, language)
    frequencies = statistics.sketch.document_frequencies(list(terms))
    return {
        term: weight * inverse_document_frequency(statistics.passage_count, frequency)
        for (term, weight), frequency in zip(terms.items(), frequencies, strict=True)
        if frequency > 0
    }


def _rarities(statistics: TermStatistics, terms: Sequence[str]) -> list[float]:
    frequencies = statistics.sketch.document_frequencies([term_id(term) for term in terms])
    return [inverse_document_frequency(statistics.passage_count, own) for own in frequencies]


def share_out(ranked: Sequence[Passage], route: Route) -> Evidence:
    """Put passages into the route's shares, the likeliest first with the odds of the route.

    The primary share takes the passages of its kinds, and any from outside the route that is better
    than every routed one; where there are none, it takes all. Everything else is secondary.
    """
    preferred = _preferred(ranked, route)
    routed = (*route.primary.kinds, *route.secondary.kinds)
    best_routed = max((p.score for p in preferred if p.kind in routed), default=0.0)

    def belongs(passage: Passage) -> bool:
        if passage.kind in routed:
            return passage.kind in route.primary.kinds
        return passage.score > best_routed

    primary = tuple(p for p in preferred if belongs(p)) or tuple(preferred)
    secondary = tuple(p for p in preferred if p not in primary)
    widened = any(p.kind not in routed for p in primary)
    return Evidence(primary, secondary, widened, searched=len(ranked))


def _preferred(ranked: Sequence[Passage], route: Route) -> list[Passage]:
    """Return the passages with the odds that the route gives them, the likeliest first."""
    odds = [_odds(passage.kind, route) for passage in ranked]
    total = sum(p.probability * own for p, own in zip(ranked, odds, strict=True)) or 1.0
    preferred = [_with_odds(p, own / total) for p, own in zip(ranked, odds, strict=True)]
    return sorted(preferred, key=lambda p: (-p.probability, -p.score, p.passage_id))


def _odds(kind: SourceKind, route: Route) -> float:
    if kind in route.primary.kinds:
        return PRIMARY_ODDS
    return SECONDARY_ODDS if kind in route.secondary.kinds else 1.0


def _with_odds(passage: Passage, factor: float) -> Passage:
    sentences = (SentenceChance(s.start, s.end, s.probability * factor) for s in passage.sentences)
    return replace(passage, probability=passage.probability * factor, sentences=tuple(sentences))
