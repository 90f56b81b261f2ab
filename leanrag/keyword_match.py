"""Keywords found in a message: as analysed words, whole phrases, and nearly spelt ones.

Inflected forms, letter variants and missing diacritics match by themselves; a phrase matches as
consecutive words. Words that match no keyword may be one with a slip in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from leanrag.errors import InvalidInput
from leanrag.keyword_spelling import NearWords, split_word, without_repeats
from leanrag.text.analyzers import AnalyzedWord, analyze_words, load_stopwords
from leanrag.text.normalize import ZWNJ, fold
from leanrag.types import LANGUAGES, Intent, Language

WEIGHTS = range(1, 4)
NEAR_SHARE = 0.6  # of a keyword's weight, where a word is only nearly spelt like it
SHORTEST_JOINED_PHRASE = 6  # letters of a phrase that customers write as one word


@dataclass(frozen=True, slots=True)
class KeywordRule:
    """A word or phrase that speaks for an intent; weight 1 (a hint) to 3 (almost sure).

    `is_own`: a person of this tenant set it; it is no part of a rule's identity.
    """

    intent: Intent
    language: Language
    keyword: str
    weight: int
    enabled: bool = True
    is_own: bool = field(default=False, compare=False)

    def __post_init__(self) -> None:
        """Raise InvalidInput for a weight outside 1 to 3."""
        if self.weight not in WEIGHTS:
            raise InvalidInput(f"The weight of {self.keyword!r} must be 1, 2 or 3.")


@dataclass(frozen=True, slots=True)
class KeywordMatch:
    """A rule found at words `start` to `end` (exclusive) of the message.

    `words` are the customer's own, folded. `exact`: not the stems alone agree. `is_near`: a word is
    only nearly spelt like the keyword's. `counted`: the rule's weight, less where it is near.
    """

    rule: KeywordRule
    start: int
    end: int
    words: tuple[str, ...]
    exact: bool
    is_near: bool
    counted: float


class _Entry(NamedTuple):
    """A keyword's analysed words, its folded words, and its rule."""

    phrase: tuple[str, ...]
    spelling: tuple[str, ...]
    rule: KeywordRule


class KeywordMatcher:
    """The enabled rules of all languages, ready to be found. Immutable, so threads may share it."""

    def __init__(self, rules: Sequence[KeywordRule], *, near_share: float = NEAR_SHARE) -> None:
        """Index `rules`; nearly spelt keywords count `near_share` of their weight, 0 for never."""
        self._near_share = near_share
        self._indexes = {
            language: _Index(rules, language, near_share=near_share) for language in LANGUAGES
        }

    def find(self, message: str, language: Language) -> tuple[KeywordMatch, ...]:
        """Return the rules found: the message's language first, others on words left over."""
        function_words = load_stopwords(language)
        found: list[KeywordMatch] = []
        taken: set[str] = set()
        seen: set[tuple[Intent, str]] = set()
        for name, matches in self._matches(message, language):
            if name != language:  # whose "where" may be spelled like this language's "this"
                matches = [match for match in matches if not function_words.issuperset(match.words)]
            for match in matches:
                key = (match.rule.intent, fold(match.rule.keyword))
                if key not in seen and not taken.intersection(match.words):
                    seen.add(key)
                    found.append(match)
            taken.update(word for match in matches for word in match.words)
        return tuple(found)

    def _matches(
        self, message: str, language: Language
    ) -> Iterator[tuple[Language, list[KeywordMatch]]]:
        """Yield each language's strongest matches, the message's own first.

        A word that is only nearly spelt like a keyword is not, where a person of this tenant set it
        as one in another language.
        """
        others = {
            name: _strongest(self._indexes[name].find(message, spell=False))
            for name in LANGUAGES
            if name != language
        }
        set_words = {
            word
            for matches in others.values()
            for match in matches
            if match.rule.is_own
            for word in match.words
        }
        spelt = _strongest(self._indexes[language].find(message, spell=self._near_share > 0))
        yield language, [m for m in spelt if not (m.is_near and set_words.intersection(m.words))]
        yield from others.items()

    def is_known(self, word: str, language: Language) -> bool:
        """Tell whether a keyword of `language` holds a word with the stem of `word`."""
        return self._indexes[language].is_known(word)


class _Index:
    """The rules of one language by the first word of each phrase."""

    def __init__(
        self, rules: Sequence[KeywordRule], language: Language, *, near_share: float
    ) -> None:
        self._language = language
        self._near_share = near_share
        self._entries: defaultdict[str, list[_Entry]] = defaultdict(list)
        vocabulary: dict[bool, set[str]] = {True: set(), False: set()}
        for rule in rules:
            if rule.enabled and rule.language == language:
                for entry in _entries(rule, language):
                    self._entries[entry.phrase[0]].append(entry)
                    vocabulary[rule.is_own].update(entry.spelling)
        self._function_words = load_stopwords(language)
        # Apart, because a word that the tenant set goes before one of the defaults.
        self._near_words = tuple(
            NearWords(words - self._function_words) for words in vocabulary.values() if words
        )
        self._words = frozenset().union(*vocabulary.values())
        self._terms = frozenset(
            term for entries in self._entries.values() for entry in entries for term in entry.phrase
        )

    def is_known(self, word: str) -> bool:
        """Tell whether a keyword holds a word with the stem of `word`."""
        words = analyze_words(word, self._language)
        return bool(words) and all(word.term in self._terms for word in words)

    def find(self, message: str, *, spell: bool) -> Iterator[KeywordMatch]:
        """Yield every rule that `message` holds; with `spell` nearly spelt words are tried too."""
        typed: Sequence[AnalyzedWord] = analyze_words(message, self._language)
        words = typed
        if spell:
            spelt = [(as_meant, word) for word in typed for as_meant in self._spell(word)]
            words, typed = [meant for meant, _ in spelt], [word for _, word in spelt]
        terms = tuple([word.term for word in words])
        if self._entries.keys().isdisjoint(terms):
            return
        for start, term in enumerate(terms):
            for phrase, spelling, rule in self._entries.get(term, ()):
                end = start + len(phrase)
                if terms[start:end] == phrase:
                    yield self._match(rule, start, words[start:end], typed[start:end], spelling)

    def _match(
        self,
        rule: KeywordRule,
        start: int,
        words: Sequence[AnalyzedWord],
        typed: Sequence[AnalyzedWord],
        spelling: tuple[str, ...],
    ) -> KeywordMatch:
        folded, as_typed = tuple(w.folded for w in words), tuple(w.folded for w in typed)
        is_near = folded != as_typed
        return KeywordMatch(
            rule,
            start,
            start + len(words),
            words=tuple(dict.fromkeys(as_typed)),
            exact=folded == spelling and not is_near,
            is_near=is_near,
            counted=rule.weight * (self._near_share if is_near else 1.0),
        )

    def _spell(self, word: AnalyzedWord) -> Sequence[AnalyzedWord]:
        """Return `word` as the keywords spell it; itself where they know it or nothing like it."""
        folded = word.folded
        if word.term in self._terms or folded in self._function_words or folded in self._words:
            return (word,)
        single = without_repeats(folded)
        if single != folded and self.is_known(single):
            return analyze_words(single, self._language)
        near = (
            near_words.nearest(form)
            for form in dict.fromkeys((folded, word.term))
            for near_words in self._near_words
        )
        spelling = next((found for found in near if found is not None), None)
        if spelling is not None:
            return analyze_words(spelling, self._language)
        halves = split_word(folded, self._words, self._function_words)
        if halves is None:
            return (word,)
        return [spelt for half in halves for spelt in analyze_words(half, self._language)]


def _entries(rule: KeywordRule, language: Language) -> Iterator[_Entry]:
    """Yield the ways in which customers write a keyword.

    The plain spelling too: Turkish typed without its letters can have another stem. A joiner may be
    typed as a space, and the space of a short phrase is often forgotten.
    """
    written = [rule.keyword, fold(rule.keyword), rule.keyword.replace(ZWNJ, " ")]
    joined = fold(rule.keyword).replace(" ", "")
    if rule.keyword.count(" ") == 1 and len(joined) >= SHORTEST_JOINED_PHRASE:
        written.append(joined)
    seen = set()
    for text in dict.fromkeys(written):
        words = analyze_words(text, language)
        entry = _Entry(tuple(w.term for w in words), tuple(w.folded for w in words), rule)
        if words and entry[:2] not in seen:
            seen.add(entry[:2])
            yield entry


def _strongest(matches: Iterable[KeywordMatch]) -> list[KeywordMatch]:
    """Keep what the words say most exactly, in order of the message.

    A match inside a longer one goes ("how much" is no "how"); on the same words the customer's own
    spelling beats a shared stem ("installment" is no "install"), and an intent counts once.
    """
    kept: list[KeywordMatch] = []
    for match in sorted(matches, key=_strength):
        if not any(_covers(stronger, match) for stronger in kept):
            kept.append(match)
    return sorted(kept, key=lambda match: (match.start, match.end))


def _strength(match: KeywordMatch) -> tuple[int, bool, bool, int, int]:
    size = match.start - match.end
    return size, match.is_near, not match.exact, -match.rule.weight, match.start


def _covers(stronger: KeywordMatch, match: KeywordMatch) -> bool:
    if (stronger.start, stronger.end) == (match.start, match.end):
        return stronger.exact > match.exact or stronger.rule.intent == match.rule.intent
    return stronger.start <= match.start and match.end <= stronger.end
