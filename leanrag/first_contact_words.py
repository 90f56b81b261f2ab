"""What customers mean by the words they type: stretched, misspelt, run together, in Latin letters.

A word is mended towards a small vocabulary only, so that "helo" is "hello" while a word that has
nothing to do with it stays unknown.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from functools import lru_cache

from rapidfuzz.distance import OSA

from leanrag.text.analyzers import analyze_words, load_stopwords
from leanrag.text.stemmers import stem
from leanrag.text.transliteration import RomanizedLanguage, romanized_words
from leanrag.types import LANGUAGES, Language

BEGINNING = "*"  # ends a vocabulary entry that stands for every word that begins so
SHORTEST_MENDED = 5  # letters of a vocabulary word that one letter may be wrong in
SHORTEST_TWICE_WRONG = 9  # ... and two: "tesekurlr"
SHORTEST_STEMMED = 4
SHORTEST_SWAPPED = 3
SHORTEST_PART = 3  # letters of each of two words that were typed as one
SHORTEST_ROMANIZED = 3
LONGEST_READ = 24  # letters, stretched ones counted once: a longer word is none, and dear to mend
_REMEMBERED_WORDS = 4_096

_STRETCHED = re.compile(r"(.)\1{2,}")
_REPEATED = re.compile(r"(.)\1+")
_REPEATED_END = re.compile(r"(.)\1+$")
_ARABIC_AND = "و"
_ARABIC_LETTER = re.compile("[\u0620-\u06ff]")

Known = frozenset[str]


class WordReader:
    """Reads the words of a message as entries of a vocabulary of folded words. Thread-safe."""

    def __init__(self, vocabulary: Collection[str], *, unmended: Collection[str] = ()) -> None:
        """Index `vocabulary`; an entry that ends in `*` stands for all words that begin so.

        `unmended`: words that mean what they say although they resemble one of it.
        """
        self._words = {word for word in vocabulary if not word.endswith(BEGINNING)}
        self._beginnings = {word[:-1] for word in vocabulary if word.endswith(BEGINNING)}
        self._squeezed = {_REPEATED.sub(r"\1", word): word for word in sorted(self._words)}
        self._by_stem: dict[tuple[Language, str], str] = {}
        by_deletion: defaultdict[str, list[str]] = defaultdict(list)
        for word in sorted(self._words):
            for language in _stemmed_languages(word):
                self._by_stem.setdefault((language, stem(word, language)), word)
            for shorter in _shortened(word):
                by_deletion[shorter].append(word)
        self._by_deletion = {shorter: tuple(words) for shorter, words in by_deletion.items()}
        self._sound = frozenset(unmended).union(*(load_stopwords(name) for name in LANGUAGES))
        self._read_word = lru_cache(maxsize=_REMEMBERED_WORDS)(self._known)

    def read(self, text: str, language: Language) -> tuple[list[str], list[Known]]:
        """Return the folded words of `text`, and the vocabulary entries that each may be.

        A word that nothing fits has none; two words that were typed as one are two.
        """
        words: list[str] = []
        known: list[Known] = []
        for word in analyze_words(text, language):
            for part, names in self._read_word(word.folded, language):
                words.append(part)
                known.append(names)
        return words, known

    def _known(self, word: str, language: Language) -> tuple[tuple[str, Known], ...]:
        if len(word) > LONGEST_READ and len(_STRETCHED.sub(r"\1", word)) > LONGEST_READ:
            return ((word, frozenset()),)
        typed = list(dict.fromkeys(_unstretched(word)))
        exact = next((one for one in typed if one in self._words), None)
        candidates = [exact] if exact else [*typed, *self._mended_spellings(word, language)]
        for spelling in candidates:
            names = self._entries(spelling)
            if names:
                return ((word, names),)
        return self._two_words(word) or ((word, frozenset()),)

    def _entries(self, word: str) -> Known:
        entries = {word} if word in self._words else set()
        starts = (word[:end] for end in range(1, len(word) + 1))
        entries.update(f"{start}{BEGINNING}" for start in starts if start in self._beginnings)
        return frozenset(entries)

    def _mended_spellings(self, word: str, language: Language) -> Iterator[str]:
        """Yield what `word` may stand for, the surest first; made only as far as they are tried."""
        if word.startswith(_ARABIC_AND) and len(word) >= SHORTEST_PART:
            yield word[1:]
        if word in self._sound:
            return
        if _REPEATED.search(word) and (_STRETCHED.search(word) or _REPEATED_END.search(word)):
            yield self._squeezed.get(_REPEATED.sub(r"\1", word), word)
        script = _stemmed_languages(word)
        for name in [language] if language in script else script:
            yield self._by_stem.get((name, stem(word, name)), word)
        short = _STRETCHED.sub(r"\1", word)
        yield self._mended(short)
        yield from (one for one in _swapped(short) if one in self._words)
        if word.isascii() and len(word) >= SHORTEST_ROMANIZED and language in ("fa", "ar"):
            yield from _respelt(word, "fa" if language == "fa" else "ar")

    def _mended(self, word: str) -> str:
        """Return the vocabulary word that `word` is a misspelling of, else `word`."""
        if len(word) < SHORTEST_MENDED - 1:
            return word
        near = {o for shorter in _shortened(word) for o in self._by_deletion.get(shorter, ())}
        wrong = [(OSA.distance(word, other), other) for other in near]
        fitting = [pair for pair in wrong if pair[0] <= _letters_wrong(pair[1])]
        return min(fitting)[1] if fitting else word

    def _two_words(self, word: str) -> tuple[tuple[str, Known], ...]:
        for cut in range(SHORTEST_PART, len(word) - SHORTEST_PART + 1):
            first, second = word[:cut], word[cut:]
            if first in self._words and second in self._words:
                return (first, frozenset({first})), (second, frozenset({second}))
        return ()


def _unstretched(word: str) -> Iterator[str]:
    """Yield `word`, and with stretched letters as two and as one."""
    yield word
    yield _STRETCHED.sub(r"\1\1", word)
    yield _REPEATED_END.sub(r"\1", _STRETCHED.sub(r"\1", word))


def _swapped(word: str) -> Iterator[str]:
    """Yield a word of three or four letters with two neighbours swapped ("yuo")."""
    if SHORTEST_SWAPPED <= len(word) < SHORTEST_MENDED:
        for i in range(len(word) - 1):
            yield word[:i] + word[i + 1] + word[i] + word[i + 2 :]


def _stemmed_languages(word: str) -> tuple[Language, ...]:
    """Name the languages that `word` is stemmed in here.

    Turkish is not one: its stemmer needs the letters that customers leave out.
    """
    if len(word) < SHORTEST_STEMMED:
        return ()
    return ("fa", "ar") if _ARABIC_LETTER.search(word) else ("en",)


def _letters_wrong(word: str) -> int:
    """Return how many letters of the vocabulary word `word` may be typed wrong."""
    if len(word) < SHORTEST_MENDED:
        return 0
    return 2 if len(word) >= SHORTEST_TWICE_WRONG else 1


def _shortened(word: str) -> set[str]:
    """Return `word` and what is left of it without one letter, or two of a long word.

    Two words that differ by so many letters share one of these (symmetric deletion, as SymSpell
    has it), so that looking up a misspelt word takes a few dict lookups.
    """
    shorter = {word}
    if len(word) >= SHORTEST_MENDED - 1:
        shorter |= {word[:i] + word[i + 1 :] for i in range(len(word))}
    if len(word) >= SHORTEST_TWICE_WRONG - 1:
        once = [other for other in shorter if other != word]
        shorter |= {other[:i] + other[i + 1 :] for other in once for i in range(len(other))}
    return shorter


def _respelt(word: str, language: RomanizedLanguage) -> Iterator[str]:
    for romanized in romanized_words(word, language):
        yield from romanized.spellings
