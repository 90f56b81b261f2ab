"""Where a question goes: its language, its intent, and the two source shares.

Keywords speak first, a linear model beside them, and their evidence adds up. A keyword that the
tenant set is never overruled by a model.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from leanrag.errors import ConfigurationError
from leanrag.intent_decision import FALLBACK_INTENT, decide
from leanrag.intent_model import IntentModel
from leanrag.keyword_match import NEAR_SHARE, KeywordMatch, KeywordMatcher, KeywordRule
from leanrag.text.language import DetectedLanguage, detect
from leanrag.text.normalize import fold
from leanrag.text.transliteration import RomanizedLanguage, romanized_words, without_latin_words
from leanrag.types import Intent, MatchedKeyword, Route, SourceKind, SourceShare

__all__ = ["FALLBACK_INTENT", "IntentRouting", "KeywordRule", "QueryRouter"]

ROUTED_LETTERS = 2_000  # as many as the language is detected by; keeps the cost bounded

# A word as it was typed, with vowel marks, joiners and apostrophes inside.
_TYPED = re.compile(r"[^\W_]+(?:[\u064b-\u0652\u200c'’]+[^\W_]*)*")


@dataclass(frozen=True, slots=True)
class IntentRouting:
    """The kinds of sources of an intent's primary and secondary share, and their tokens at most."""

    intent: Intent
    primary_kinds: tuple[SourceKind, ...]
    primary_tokens: int
    secondary_kinds: tuple[SourceKind, ...]
    secondary_tokens: int


class QueryRouter:
    """Routes questions. Built once per tenant configuration; thread-safe."""

    def __init__(
        self,
        keywords: Sequence[KeywordRule],
        routings: Sequence[IntentRouting],
        model: IntentModel | None = None,
        *,
        near_share: float = NEAR_SHARE,
    ) -> None:
        """Compile the rules; without `model` keywords alone decide.

        Nearly spelt keywords count `near_share` of their weight.

        Raises ConfigurationError where `general` has no routing.
        """
        self._routings = {routing.intent: routing for routing in routings}
        if FALLBACK_INTENT not in self._routings:
            raise ConfigurationError(
                f"The intent {FALLBACK_INTENT!r} needs a routing: it takes what fits nowhere else."
            )
        self._order = {intent: place for place, intent in enumerate(self._routings)}
        self._matcher = KeywordMatcher(keywords, near_share=near_share)
        self._model = model

    def route(self, question: str) -> Route:
        """Return the route of `question`; intent `general`, confidence 0 where nothing is known.

        Reads the first 2,000 letters.
        """
        question = question[:ROUTED_LETTERS]
        detected = detect(question)
        text, latin = self._spelt(question, detected)
        matches = self._matcher.find(text, detected.language)
        typed = {**latin, **_typed_words(question)} if matches else {}
        model = self._model
        decision = decide(
            matches,
            model.predict(question, detected.language) if model else None,
            self._order,
            labelled=model.learned_from if model and model.start else 0,
        )
        primary, secondary = self._shares(decision.intent, decision.also)
        return Route(
            language=detected.language,
            intent=decision.intent,
            confidence=decision.confidence,
            matched=tuple(_matched(match, typed) for match in matches),
            primary=primary,
            secondary=secondary,
            also=decision.also,
            explanation=decision.explanation,
        )

    def _spelt(self, question: str, detected: DetectedLanguage) -> tuple[str, dict[str, str]]:
        """Return the question, Finglish and Arabizi as the keywords write it.

        And by each new spelling the customer's word that stands behind it.
        """
        if not detected.is_romanized:
            return question, {}
        romanized: RomanizedLanguage = "ar" if detected.language == "ar" else "fa"
        latin: dict[str, str] = {}
        words = [without_latin_words(question)]
        for word in romanized_words(question, romanized):
            known = (s for s in word.spellings if self._matcher.is_known(s, romanized))
            spelling = next(known, word.spellings[0] if word.is_known else word.latin)
            latin.setdefault(spelling, word.latin)
            words.append(spelling)
        return " ".join(words), latin

    def _shares(self, intent: Intent, also: Intent | None) -> tuple[SourceShare, SourceShare]:
        """Return the two shares; of two intents, the kinds of both and the tokens of the first."""
        own = self._routing(intent)
        primary, secondary = own.primary_kinds, own.secondary_kinds
        if also is not None:
            other = self._routing(also)
            primary = tuple(dict.fromkeys((*primary, *other.primary_kinds)))
            rest = dict.fromkeys((*secondary, *other.secondary_kinds))
            secondary = tuple(kind for kind in rest if kind not in primary)
        return (
            SourceShare(primary, own.primary_tokens),
            SourceShare(secondary, own.secondary_tokens),
        )

    def _routing(self, intent: Intent) -> IntentRouting:
        return self._routings.get(intent, self._routings[FALLBACK_INTENT])


def _typed_words(question: str) -> dict[str, str]:
    """Return the customer's words by their folded spelling."""
    return {fold(word): word for word in _TYPED.findall(question)}


def _matched(match: KeywordMatch, typed: dict[str, str]) -> MatchedKeyword:
    rule = match.rule
    return MatchedKeyword(
        rule.keyword,
        rule.intent,
        rule.weight,
        typed=" ".join(typed.get(word, word) for word in match.words),
        is_near=match.is_near,
        counted=match.counted,
        is_own=rule.is_own,
    )
