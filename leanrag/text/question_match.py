"""How much of a question each sentence of a passage holds, tolerant of how people type.

A word counts as found where the passage has its stem, or a word that is nearly spelt like it (a
letter dropped, doubled or swapped), or the same two words written as one, or the same word written
as two: Persian compounds are written with a space, with a zero-width non-joiner, or joined.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA

from leanrag.text.analyzers import AnalyzedWord, analyze_words, load_stopwords
from leanrag.text.matching import sentence_spans
from leanrag.types import Language

Matrix = NDArray[np.float32]

# Optimal string alignment (Damerau-Levenshtein without overlaps) as a share of the longer word.
LEAST_SIMILARITY = 0.75
LEAST_JOINED_SIMILARITY = 0.85
SHORTEST_FUZZY_WORD = 4  # letters: shorter words become other words by one letter
SHORTEST_JOINED_PART = 2
# Rare words weigh more than their inverse document frequency: its power.
RARITY = 1.5
NEXT_BUT_ONE = 0.7  # of two words of the question with one word between them
_KEPT_PASSAGES = 4_096  # about 4 KB each
_NO_WORD = AnalyzedWord("", "")


class PassageWords(NamedTuple):
    """The words of a passage, sentence by sentence, and of its title and headings."""

    spans: tuple[tuple[int, int], ...]
    starts: tuple[int, ...]
    words: tuple[AnalyzedWord, ...]
    title: tuple[AnalyzedWord, ...]


class Coverage(NamedTuple):
    """Shares of the question's word weight, 0 to 1, that one passage holds.

    By sentence: `alone`, `titled` (with the title), `before` and `after` (the neighbours alone).
    Of the passage: `whole`, its best `sentence` and `window` of two (with the title), the pairs of
    neighbouring words that stand together (`pairs`); `title`: the share of the *title's* words that
    the question names.
    """

    spans: tuple[tuple[int, int], ...]
    alone: Matrix
    titled: Matrix
    before: Matrix
    after: Matrix
    whole: float
    sentence: float
    window: float
    pairs: float
    title: float


class QuestionMatch:
    """The words of one question with their weights, to be found in passages."""

    def __init__(
        self, question: str, language: Language, rarity_of: Callable[[str], float]
    ) -> None:
        """Analyse `question` once; `rarity_of` gives a term's inverse document frequency."""
        stopwords = load_stopwords(language)
        every = analyze_words(question, language)
        columns: dict[str, int] = {}
        folded: list[str] = []
        for word in every:
            if word.folded not in stopwords and word.term not in columns:
                columns[word.term] = len(folded)
                folded.append(word.folded)
        self._columns = columns
        self._folded = folded
        weights = np.array([rarity_of(term) ** RARITY for term in columns], dtype=np.float32)
        self._weights = weights / (float(weights.sum()) or 1.0)
        self._is_short = np.array([len(word) < SHORTEST_FUZZY_WORD for word in folded], dtype=bool)
        self._joined = _joined_pairs(every, {word: i for i, word in enumerate(folded)})

    def coverage(self, passages: Sequence[PassageWords]) -> tuple[Coverage, ...]:
        """Return how much of the question each passage holds, in their order."""
        if not passages or not self._folded:
            return tuple(_nothing(passage) for passage in passages)
        every = [word for p in passages for word in (*p.words, *p.title)]
        similarity = self._similarity(every)
        covered, start = [], 0
        for passage in passages:
            middle = start + len(passage.words)
            end = middle + len(passage.title)
            covered.append(self._cover(passage, similarity[start:middle], similarity[middle:end]))
            start = end
        return tuple(covered)

    def _similarity(self, words: Sequence[AnalyzedWord]) -> Matrix:
        """Return how alike each word is to each word of the question, (words, question words)."""
        rows: dict[AnalyzedWord, int] = {}
        row_of = np.array([rows.setdefault(word, len(rows)) for word in words], dtype=np.intp)
        spellings = [word.folded for word in rows]
        alike = _alike(spellings, self._folded, LEAST_SIMILARITY)
        alike[:, self._is_short] = np.floor(alike[:, self._is_short])
        for word, row in rows.items():
            column = self._columns.get(word.term)
            if column is not None:
                alike[row, column] = 1.0
        if self._joined:
            joined = _alike(spellings, [word for word, _ in self._joined], LEAST_JOINED_SIMILARITY)
            for place, (_, columns) in enumerate(self._joined):
                for column in columns:
                    np.maximum(alike[:, column], joined[:, place], out=alike[:, column])
        by_word = alike[row_of]
        self._find_split(by_word, row_of, spellings)
        return by_word

    def _find_split(
        self, by_word: Matrix, row_of: NDArray[np.intp], spellings: Sequence[str]
    ) -> None:
        """Count two neighbours that the question writes as one word, in place."""
        ids: dict[str, int] = {}
        id_of = np.array([ids.setdefault(word, len(ids)) for word in spellings], dtype=np.intp)
        for column, word in enumerate(self._folded):
            for cut in range(SHORTEST_JOINED_PART, len(word) - SHORTEST_JOINED_PART + 1):
                first, second = ids.get(word[:cut]), ids.get(word[cut:])
                if first is None or second is None:
                    continue
                written = id_of[row_of]
                places = np.flatnonzero((written[:-1] == first) & (written[1:] == second))
                by_word[places, column] = by_word[places + 1, column] = 1.0

    def _cover(self, passage: PassageWords, words: Matrix, title: Matrix) -> Coverage:
        by_sentence = np.maximum.reduceat(words, passage.starts, axis=0)
        around = title.max(axis=0)
        neighbours = np.maximum(by_sentence[:-1], by_sentence[1:])
        windows = np.vstack([neighbours, by_sentence[-1:]])
        alone = by_sentence @ self._weights
        titled = np.maximum(by_sentence, around) @ self._weights
        return Coverage(
            spans=passage.spans,
            alone=alone,
            titled=titled,
            before=np.concatenate([_ZERO, alone[:-1]]),
            after=np.concatenate([alone[1:], _ZERO]),
            whole=float(np.maximum(by_sentence.max(axis=0), around) @ self._weights),
            sentence=float(titled.max()),
            window=float((np.maximum(windows, around) @ self._weights).max()),
            pairs=self._pairs(words),
            title=_named_share(passage.title, title),
        )

    def _pairs(self, words: Matrix) -> float:
        """Return the weighted share of neighbours in the question that are neighbours here too."""
        if len(self._folded) < 2 or len(words) < 2:
            return 0.0
        best = np.minimum(words[:-1, :-1], words[1:, 1:]).max(axis=0)
        if len(words) > 2:
            apart = np.minimum(words[:-2, :-1], words[2:, 1:]).max(axis=0)
            best = np.maximum(best, NEXT_BUT_ONE * apart)
        weights = (self._weights[:-1] + self._weights[1:]) / 2
        return float(best @ weights) / (float(weights.sum()) or 1.0)


_ZERO = np.zeros(1, dtype=np.float32)


@lru_cache(maxsize=_KEPT_PASSAGES)
def read_passage(title: str, text: str, language: Language) -> PassageWords:
    """Analyse a passage and its title (with its headings); kept, for the next question about it."""
    spans = sentence_spans(text) or ((0, len(text)),)
    starts: list[int] = []
    words: list[AnalyzedWord] = []
    for start, end in spans:
        starts.append(len(words))
        words += analyze_words(text[start:end], language) or (_NO_WORD,)
    named = analyze_words(title, language) or (_NO_WORD,)
    return PassageWords(spans, tuple(starts), tuple(words), named)


def _alike(words: Sequence[str], sought: Sequence[str], least: float) -> Matrix:
    return cast(
        "Matrix",
        process.cdist(
            words, sought, scorer=OSA.normalized_similarity, score_cutoff=least, dtype=np.float32
        ),
    )


def _joined_pairs(
    words: Sequence[AnalyzedWord], columns: dict[str, int]
) -> list[tuple[str, tuple[int, ...]]]:
    """Return neighbouring words written as one, with the columns of those that are searched."""
    pairs = []
    for first, second in pairwise(words):
        own = tuple(columns[w.folded] for w in (first, second) if w.folded in columns)
        if own and min(len(first.folded), len(second.folded)) >= SHORTEST_JOINED_PART:
            pairs.append((first.folded + second.folded, own))
    return pairs


def _named_share(title: Sequence[AnalyzedWord], similarity: Matrix) -> float:
    best = similarity.max(axis=1)
    long = [place for place, word in enumerate(title) if len(word.folded) > 2]
    return float((best[long] if long else best).mean())


def _nothing(passage: PassageWords) -> Coverage:
    zeros = np.zeros(len(passage.spans), dtype=np.float32)
    return Coverage(passage.spans, zeros, zeros, zeros, zeros, 0.0, 0.0, 0.0, 0.0, 0.0)
