"""Words to look passages up by → which terms a passage must hold, whatever its language.

A passage is indexed by its own language's analysis, and a word in the search box tells no language.
So each word is analysed in every language, and a passage holds it where it holds any reading.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from leanrag.text.analyzers import analyze, analyze_words, term_id
from leanrag.types import LANGUAGES

MAX_WORDS = 12  # each costs another comparison a passage
Reading = frozenset[int]  # ids of terms that a passage must hold together


@dataclass(frozen=True, slots=True)
class SoughtWord:
    """A word as it was typed, and its readings: a passage that holds all of one has the word."""

    typed: str
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class SoughtWords:
    """The words that passages are searched by, and those too common to be in any index."""

    words: tuple[SoughtWord, ...]
    too_common: tuple[str, ...] = ()

    def terms(self) -> frozenset[int]:
        """Return every term that any reading of any word asks for."""
        return frozenset().union(*(r for word in self.words for r in word.readings))


def read_words(text: str) -> SoughtWords:
    """Return what `text` asks for, its first 12 words; without a letter or digit, nothing."""
    words: dict[tuple[Reading, ...], SoughtWord] = {}
    too_common: list[str] = []
    for typed in text.split():
        if len(words) == MAX_WORDS:
            break
        if not any(analyze_words(typed, language) for language in LANGUAGES):
            continue  # a dash or a bracket
        readings = _readings(typed)
        if readings:
            words.setdefault(readings, SoughtWord(typed, readings))
        else:
            too_common.append(typed)
    return SoughtWords(tuple(words.values()), tuple(dict.fromkeys(too_common)))


def _readings(typed: str) -> tuple[Reading, ...]:
    """Return a word's readings; none where some language never indexes it (a stopword)."""
    read = {frozenset(map(term_id, analyze(typed, language))) for language in LANGUAGES}
    if frozenset() in read:
        return ()
    # Who holds a reading of fewer terms need not hold those of more.
    least = [own for own in read if not any(other < own for other in read)]
    return tuple(sorted(least, key=sorted))


def single_terms(readings: Sequence[Reading]) -> Reading:
    """Return the terms of which one alone is a reading."""
    return frozenset(term for reading in readings if len(reading) == 1 for term in reading)
