"""Where a question goes: its language, its intent by weighted keywords, and the two source shares.

Keywords are matched as analysed words, so inflected forms, letter variants and missing diacritics
match; a phrase matches as consecutive words. Every step is a dict lookup.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from leanrag.errors import ConfigurationError, InvalidInput
from leanrag.text.analyzers import analyze_words, load_stopwords
from leanrag.text.language import detect_language
from leanrag.text.normalize import fold
from leanrag.types import (
    LANGUAGES,
    Intent,
    Language,
    MatchedKeyword,
    Route,
    SourceKind,
    SourceShare,
)

FALLBACK_INTENT: Intent = "general"
DAMPING_WEIGHT = 1.0  # a lone keyword of weight 1, 2, 3 gives confidence 0.5, 0.67, 0.75
WEIGHTS = range(1, 4)
ROUTED_LETTERS = 2_000  # as many as the language is detected by; keeps the cost bounded


@dataclass(frozen=True, slots=True)
class KeywordRule:
    """A word or phrase that speaks for an intent; weight 1 (a hint) to 3 (almost sure)."""

    intent: Intent
    language: Language
    keyword: str
    weight: int
    enabled: bool = True

    def __post_init__(self) -> None:
        """Raise InvalidInput for a weight outside 1 to 3."""
        if self.weight not in WEIGHTS:
            raise InvalidInput(f"The weight of {self.keyword!r} must be 1, 2 or 3.")


@dataclass(frozen=True, slots=True)
class IntentRouting:
    """The kinds of sources of an intent's primary and secondary share, and their tokens at most."""

    intent: Intent
    primary_kinds: tuple[SourceKind, ...]
    primary_tokens: int
    secondary_kinds: tuple[SourceKind, ...]
    secondary_tokens: int


@dataclass(frozen=True, slots=True)
class _Match:
    """A rule found at words `start` to `end` (exclusive); `exact`: not the stems alone agree."""

    rule: KeywordRule
    start: int
    end: int
    words: tuple[str, ...]
    exact: bool


_Phrase = tuple[str, ...]
# first analysed word → (analysed words, folded words, rule)
_Index = dict[str, list[tuple[_Phrase, _Phrase, KeywordRule]]]


class QueryRouter:
    """Routes questions by keyword rules. Built once per tenant configuration; thread-safe."""

    def __init__(self, keywords: Sequence[KeywordRule], routings: Sequence[IntentRouting]) -> None:
        """Compile the rules. Raises ConfigurationError where `general` has no routing."""
        self._routings = {routing.intent: routing for routing in routings}
        if FALLBACK_INTENT not in self._routings:
            raise ConfigurationError(
                f"The intent {FALLBACK_INTENT!r} needs a routing: it takes what fits nowhere else."
            )
        self._order = {intent: place for place, intent in enumerate(self._routings)}
        self._indexes = {language: _compile(keywords, language) for language in LANGUAGES}

    def route(self, question: str) -> Route:
        """Return the route of `question`; intent `general`, confidence 0 where nothing matches.

        The intent with the highest summed weight wins; `general` only where no other matched. A
        tie goes to the intent with the heaviest single keyword, then to the first in the routings.
        Confidence = best / (all + 1): the share best / all of the matched weight, damped by
        all / (all + 1), because one weak word proves little. Reads the first 2,000 letters.
        """
        question = question[:ROUTED_LETTERS]
        language = detect_language(question)
        rules = [match.rule for match in self._find(question, language)]
        intent, confidence = self._decide(rules)
        routing = self._routings.get(intent, self._routings[FALLBACK_INTENT])
        return Route(
            language=language,
            intent=intent,
            confidence=confidence,
            matched=tuple(MatchedKeyword(r.keyword, r.intent, r.weight) for r in rules),
            primary=SourceShare(routing.primary_kinds, routing.primary_tokens),
            secondary=SourceShare(routing.secondary_kinds, routing.secondary_tokens),
        )

    def _find(self, question: str, language: Language) -> list[_Match]:
        """Return the rules found: the question's language first, others on words left over."""
        function_words = load_stopwords(language)
        found: list[_Match] = []
        taken: set[str] = set()
        seen: set[tuple[Intent, str]] = set()
        for name in (language, *(other for other in LANGUAGES if other != language)):
            matches = _strongest(self._matches(question, name))
            if name != language:  # whose "where" may be spelled like this language's "this"
                matches = [match for match in matches if not function_words.issuperset(match.words)]
            for match in matches:
                key = (match.rule.intent, fold(match.rule.keyword))
                if key not in seen and not taken.intersection(match.words):
                    seen.add(key)
                    found.append(match)
            taken.update(word for match in matches for word in match.words)
        return found

    def _matches(self, question: str, language: Language) -> Iterator[_Match]:
        index = self._indexes[language]
        words = analyze_words(question, language)
        terms = tuple(word.term for word in words)
        for start, term in enumerate(terms):
            for phrase, spelling, rule in index.get(term, ()):
                end = start + len(phrase)
                if terms[start:end] == phrase:
                    found = tuple(word.folded for word in words[start:end])
                    yield _Match(rule, start, end, found, exact=found == spelling)

    def _decide(self, rules: Sequence[KeywordRule]) -> tuple[Intent, float]:
        telling = [r for r in rules if r.intent != FALLBACK_INTENT] or list(rules)
        if not telling:
            return FALLBACK_INTENT, 0.0
        weights: defaultdict[Intent, list[int]] = defaultdict(list)
        for rule in telling:
            weights[rule.intent].append(rule.weight)
        last = len(self._order)
        best = min(
            weights,
            key=lambda intent: (
                -sum(weights[intent]),
                -max(weights[intent]),
                self._order.get(intent, last),
                intent,
            ),
        )
        total = sum(rule.weight for rule in telling)
        return best, sum(weights[best]) / (total + DAMPING_WEIGHT)


def _compile(keywords: Sequence[KeywordRule], language: Language) -> _Index:
    """Index the enabled rules of `language` by the first word of each phrase."""
    index: _Index = defaultdict(list)
    for rule in keywords:
        if not rule.enabled or rule.language != language:
            continue
        # The plain spelling too: Turkish typed without its letters can have another stem.
        for text in dict.fromkeys((rule.keyword, fold(rule.keyword))):
            words = analyze_words(text, language)
            if not words:
                continue
            phrase = tuple(word.term for word in words)
            entry = (phrase, tuple(word.folded for word in words), rule)
            if entry not in index[phrase[0]]:
                index[phrase[0]].append(entry)
    return dict(index)


def _strongest(matches: Iterator[_Match]) -> list[_Match]:
    """Keep what the words say most exactly, in order of the question.

    A match inside a longer one goes ("how much" is no "how"); on the same words the customer's own
    spelling beats a shared stem ("installment" is no "install"), and an intent counts once.
    """
    kept: list[_Match] = []
    for match in sorted(matches, key=_strength):
        if not any(_covers(stronger, match) for stronger in kept):
            kept.append(match)
    return sorted(kept, key=lambda match: (match.start, match.end))


def _strength(match: _Match) -> tuple[int, bool, int, int]:
    return match.start - match.end, not match.exact, -match.rule.weight, match.start


def _covers(stronger: _Match, match: _Match) -> bool:
    if (stronger.start, stronger.end) == (match.start, match.end):
        return stronger.exact > match.exact or stronger.rule.intent == match.rule.intent
    return stronger.start <= match.start and match.end <= stronger.end
