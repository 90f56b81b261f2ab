"""Words that are nearly a keyword: a letter dropped, doubled or swapped, or a space forgotten.

Near words are found by their deletion neighbourhood: two words that differ by one letter share a
spelling from which a letter is gone (Garbe's symmetric delete; Mor and Fraenkel, "A hash code
method for detecting and correcting spelling errors", 1982). So a look-up costs a few dictionary
reads, however many keywords there are.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache

from rapidfuzz.distance import OSA

from leanrag.text.question_match import LEAST_SIMILARITY

SHORTEST_NEAR_WORD = 5  # letters: shorter words become other words by one letter
LONGEST_NEAR_WORD = 20  # letters: what is longer is no word, and has too many neighbours
SHORTEST_TWICE_MISTYPED = 8  # two letters wrong keep the similarity that is asked for
SHORTEST_SPLIT_PART = 2
SHORTEST_SPLIT_WORD = 3
_KEPT_NEIGHBOURHOODS = 1_024  # of a vocabulary and a letter: about 0.1 MB each
_KEPT_WORDS = 16_384
_REPEATED = re.compile(r"(.)\1+")

Neighbourhood = Mapping[str, tuple[str, ...]]


@lru_cache(maxsize=_KEPT_WORDS)
def near_word(word: str, vocabulary: frozenset[str]) -> str | None:
    """Return the folded word of `vocabulary` that is nearly `word`; None where there is none.

    Both begin with the same letter and have five to twenty letters; the similarity is that of
    questions and passages (optimal string alignment, 0.75).
    """
    if not SHORTEST_NEAR_WORD <= len(word) <= LONGEST_NEAR_WORD:
        return None
    if any(letter.isdigit() for letter in word):
        return None
    neighbours = _neighbourhood(vocabulary, word[0])
    candidates = {known for key in _deletions(word) for known in neighbours.get(key, ())}
    scored = ((OSA.normalized_similarity(word, known), known) for known in candidates)
    best = max(scored, default=(0.0, ""))
    return best[1] if best[0] >= LEAST_SIMILARITY else None


def split_word(
    word: str, vocabulary: frozenset[str], function_words: frozenset[str]
) -> tuple[str, str] | None:
    """Return the two words that `word` is written from: one of `vocabulary`, the other one too or
    a function word. None where there are none.
    """
    if len(word) > 2 * LONGEST_NEAR_WORD:
        return None
    for cut in range(SHORTEST_SPLIT_PART, len(word) - SHORTEST_SPLIT_PART + 1):
        first, second = word[:cut], word[cut:]
        known = [part for part in (first, second) if part in vocabulary]
        others = [part for part in (first, second) if part in function_words]
        is_long = any(len(part) >= SHORTEST_SPLIT_WORD for part in known)
        if is_long and len(known) + sum(part not in vocabulary for part in others) == 2:
            return first, second
    return None


def without_repeats(word: str) -> str:
    """Return `word` with every run of one letter as a single letter: "soooo" is "so"."""
    return _REPEATED.sub(r"\1", word)


@lru_cache(maxsize=_KEPT_NEIGHBOURHOODS)
def _neighbourhood(vocabulary: frozenset[str], first: str) -> Neighbourhood:
    """Return the words of `vocabulary` that begin with `first`, by what is left of them."""
    neighbours: defaultdict[str, list[str]] = defaultdict(list)
    for word in sorted(known for known in vocabulary if known.startswith(first)):
        if SHORTEST_NEAR_WORD <= len(word) <= LONGEST_NEAR_WORD:
            for key in _deletions(word):
                neighbours[key].append(word)
    return {key: tuple(words) for key, words in neighbours.items()}


def _deletions(word: str) -> Iterator[str]:
    """Yield `word`, and what is left of it without one letter (of a long one: without two)."""
    shorter = dict.fromkeys(word[:i] + word[i + 1 :] for i in range(len(word)))
    yield word
    yield from shorter
    if len(word) >= SHORTEST_TWICE_MISTYPED:
        yield from dict.fromkeys(
            left[:i] + left[i + 1 :] for left in shorter for i in range(len(left))
        )
