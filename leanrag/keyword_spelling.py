"""Words that are nearly a keyword: a letter dropped, doubled or swapped, or a space forgotten.

A mistyped word is compared with the keywords that begin with its letter and are about as long, some
dozens: that takes less time than an index of all spellings near a keyword, and no memory.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from rapidfuzz import process
from rapidfuzz.distance import OSA, LCSseq

from leanrag.text.question_match import LEAST_SIMILARITY

SHORTEST_NEAR_WORD = 5  # letters: shorter words become other words by one letter
LONGEST_NEAR_WORD = 20  # letters: what is longer is no word
MOST_LETTERS_WRONG = 2  # however long the word is; two neighbours that changed places are one
SHORTEST_SPLIT_PART = 2
SHORTEST_SPLIT_WORD = 3
_REPEATED = re.compile(r"(.)\1+")
_DIGIT = re.compile(r"\d")


class NearWords:
    """Folded words, ready to be found by what is nearly one of them. Immutable."""

    def __init__(self, words: Iterable[str]) -> None:
        """Keep the words that have five to twenty letters."""
        candidates: defaultdict[tuple[str, int], list[str]] = defaultdict(list)
        for word in words:
            if SHORTEST_NEAR_WORD <= len(word) <= LONGEST_NEAR_WORD:
                for wrong in range(-MOST_LETTERS_WRONG, MOST_LETTERS_WRONG + 1):
                    candidates[word[0], len(word) + wrong].append(word)
        self._candidates = dict(candidates)

    def nearest(self, word: str) -> str | None:
        """Return the word that is nearly `word`, itself among them; None where there is none.

        Both begin with the same letter and have five to twenty letters, at most two of them wrong;
        the similarity is that of questions and passages (optimal string alignment, 0.75).
        """
        if not SHORTEST_NEAR_WORD <= len(word) <= LONGEST_NEAR_WORD or _DIGIT.search(word):
            return None
        similar = process.extract(
            word,
            self._candidates.get((word[0], len(word)), ()),
            scorer=OSA.normalized_similarity,
            score_cutoff=LEAST_SIMILARITY,
            limit=None,
        )
        near = [
            (similarity, known)
            for known, similarity, _ in similar
            if LCSseq.distance(word, known) <= MOST_LETTERS_WRONG
        ]
        return max(near)[1] if near else None


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
        if first not in vocabulary and second not in vocabulary:
            continue
        known = [part for part in (first, second) if part in vocabulary]
        others = [part for part in (first, second) if part not in vocabulary]
        is_long = any(len(part) >= SHORTEST_SPLIT_WORD for part in known)
        if is_long and function_words.issuperset(others):
            return first, second
    return None


def without_repeats(word: str) -> str:
    """Return `word` with every run of one letter as a single letter: "soooo" is "so"."""
    return _REPEATED.sub(r"\1", word)
