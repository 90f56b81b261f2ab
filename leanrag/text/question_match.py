"""How much of a question each sentence of a passage holds, tolerant of how people type.

A word counts as found where the passage has its stem, or a word that is nearly spelt like it (a
letter dropped, doubled or swapped), or the same two words written as one, or the same word written
as two: Persian compounds are written with a space, with a zero-width non-joiner, or joined. Turkish
words that begin alike count in part: their verbs have endings that no stemmer of ours takes off.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import count, pairwise
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA, Prefix

from leanrag.text.analyzers import AnalyzedWord, analyze_words, load_stopwords
from leanrag.text.sentences import sentence_spans
from leanrag.types import Language

Matrix = NDArray[np.float32]
Places = NDArray[np.intp]

# Optimal string alignment (Damerau-Levenshtein without overlaps) as a share of the longer word.
LEAST_SIMILARITY = 0.75
LEAST_JOINED_SIMILARITY = 0.85
SHORTEST_FUZZY_WORD = 4  # letters: shorter words become other words by one letter
SHORTEST_JOINED_PART = 2
# Turkish grows at the end of a word: its first letters find it as well as a lemmatizer does (Can et
# al., "Information Retrieval on Turkish Texts", 2008, with five; docs/ranking.md measures four).
SAME_BEGINNING_LETTERS = 4
SAME_BEGINNING_SIMILARITY = 0.7
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
        self,
        question: str,
        language: Language,
        rarities_of: Callable[[Sequence[str]], Sequence[float]],
    ) -> None:
        """Analyse `question` once; `rarities_of` gives terms' inverse document frequencies."""
        stopwords = load_stopwords(language)
        every = analyze_words(question, language)
        columns: dict[str, int] = {}
        folded: list[str] = []
        for word in every:
            if word.folded not in stopwords and word.term not in columns:
                columns[word.term] = len(folded)
                folded.append(word.folded)
        self._is_turkish = language == "tr"
        self._columns = columns
        self._folded = folded
        rarities = rarities_of(list(columns))
        weights = np.array([rarity**RARITY for rarity in rarities], dtype=np.float32)
        self._weights = weights / (float(weights.sum()) or 1.0)
        self._is_short = np.array([len(word) < SHORTEST_FUZZY_WORD for word in folded], dtype=bool)
        self._joined = _joined_pairs(every, {word: i for i, word in enumerate(folded)})

    def coverage(self, passages: Sequence[PassageWords]) -> tuple[Coverage, ...]:
        """Return how much of the question each passage holds, in their order."""
        if not passages or not self._folded:
            return tuple(_nothing(passage) for passage in passages)
        every = [word for passage in passages for word in passage.words]
        body = len(every)
        every += [word for passage in passages for word in passage.title]
        similarity = self._similarity(every)
        places = _Places.of(passages)
        return self._cover(passages, places, similarity[:body], similarity[body:])

    def _similarity(self, words: Sequence[AnalyzedWord]) -> Matrix:
        """Return how alike each word is to each word of the question, (words, question words)."""
        rows: defaultdict[AnalyzedWord, int] = defaultdict(count().__next__)
        row_of = np.fromiter(map(rows.__getitem__, words), dtype=np.intp, count=len(words))
        spellings = [word.folded for word in rows]
        alike = _alike(spellings, self._folded, LEAST_SIMILARITY)
        alike[:, self._is_short] = np.floor(alike[:, self._is_short])
        if self._is_turkish:
            similar = np.float32(SAME_BEGINNING_SIMILARITY)
            np.maximum(alike, similar, out=alike, where=_begin_alike(spellings, self._folded))
        for row, column in enumerate(map(self._columns.get, [word.term for word in rows])):
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
        ids = dict(zip(spellings, count(), strict=False))
        halves = [
            (column, ids[word[:cut]], ids[word[cut:]])
            for column, word in enumerate(self._folded)
            for cut in range(SHORTEST_JOINED_PART, len(word) - SHORTEST_JOINED_PART + 1)
            if word[:cut] in ids and word[cut:] in ids
        ]
        if not halves:
            return
        written = np.array([ids[word] for word in spellings])[row_of]
        for column, first, second in halves:
            places = np.flatnonzero((written[:-1] == first) & (written[1:] == second))
            by_word[places, column] = by_word[places + 1, column] = 1.0

    def _cover(
        self, passages: Sequence[PassageWords], places: _Places, words: Matrix, titles: Matrix
    ) -> tuple[Coverage, ...]:
        """Return what each passage covers; all are worked out at once, one row a word."""
        weights, first = self._weights, places.sentences[:-1]
        by_sentence = np.maximum.reduceat(words, places.sentence_starts, axis=0)
        around = np.maximum.reduceat(titles, places.titles[:-1], axis=0)
        title_of = np.repeat(around, np.diff(places.sentences), axis=0)
        is_last = places.sentences[1:] - 1
        following = np.vstack([by_sentence[1:], by_sentence[-1:]])
        following[is_last] = by_sentence[is_last]
        alone = by_sentence @ weights
        titled = np.maximum(by_sentence, title_of) @ weights
        windows = np.maximum(np.maximum(by_sentence, following), title_of) @ weights
        whole = np.maximum(np.maximum.reduceat(by_sentence, first, axis=0), around) @ weights
        before, after = np.roll(alone, 1), np.roll(alone, -1)
        before[first] = after[is_last] = 0.0
        columns = (
            whole.tolist(),
            np.maximum.reduceat(titled, first).tolist(),
            np.maximum.reduceat(windows, first).tolist(),
            self._pairs(words, places.words),
            _named_shares(passages, titles, places.titles[:-1]),
        )
        spread = [slice(*ends) for ends in pairwise(places.sentences.tolist())]
        return tuple(
            Coverage(passage.spans, alone[own], titled[own], before[own], after[own], *figures)
            for passage, own, *figures in zip(passages, spread, *columns, strict=True)
        )

    def _pairs(self, words: Matrix, ends: Places) -> list[float]:
        """Return by passage the weighted share of the question's neighbours that stand together.

        `ends` are the passages' first words, and the end of the last one.
        """
        if len(self._folded) < 2 or len(words) < 2:
            return [0.0] * (len(ends) - 1)
        best = np.zeros((len(words), len(self._folded) - 1), dtype=np.float32)
        np.minimum(words[:-1, :-1], words[1:, 1:], out=best[:-1])
        best[ends[1:] - 1] = 0.0  # the next word is the next passage's
        if len(words) > 2:
            apart = NEXT_BUT_ONE * np.minimum(words[:-2, :-1], words[2:, 1:])
            inner = ends[1:-1]
            apart[np.minimum(inner - 1, len(apart) - 1)] = 0.0
            apart[np.maximum(inner - 2, 0)] = 0.0
            np.maximum(best[:-2], apart, out=best[:-2])
        weights = (self._weights[:-1] + self._weights[1:]) / 2
        held = np.maximum.reduceat(best, ends[:-1], axis=0) @ weights
        shares: list[float] = (held / (float(weights.sum()) or 1.0)).tolist()
        return shares


class _Places(NamedTuple):
    """Where passages begin among all words, sentences and words of titles; the last is the end."""

    words: Places
    sentences: Places
    titles: Places
    sentence_starts: Places

    @classmethod
    def of(cls, passages: Sequence[PassageWords]) -> _Places:
        """Count along the passages."""
        words = _ends(len(passage.words) for passage in passages)
        starts = [np.asarray(passage.starts, dtype=np.intp) for passage in passages]
        moved = [own + begin for own, begin in zip(starts, words[:-1], strict=True)]
        return cls(
            words,
            _ends(len(passage.starts) for passage in passages),
            _ends(len(passage.title) for passage in passages),
            np.concatenate(moved),
        )


def _ends(lengths: Iterable[int]) -> Places:
    return np.cumsum([0, *lengths], dtype=np.intp)


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


def _begin_alike(words: Sequence[str], sought: Sequence[str]) -> NDArray[np.bool_]:
    letters = process.cdist(words, sought, scorer=Prefix.similarity, dtype=np.int32)
    return np.asarray(letters >= SAME_BEGINNING_LETTERS)


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


def _named_shares(passages: Sequence[PassageWords], titles: Matrix, starts: Places) -> list[float]:
    """Return the share of each title's words that the question names; short ones do not count."""
    counted: list[bool] = []
    for passage in passages:
        is_long = [len(word.folded) > 2 for word in passage.title]
        counted += is_long if any(is_long) else [True] * len(is_long)
    weights = np.array(counted, dtype=np.float32)
    named = np.add.reduceat(titles.max(axis=1) * weights, starts)
    shares: list[float] = (named / np.add.reduceat(weights, starts)).tolist()
    return shares


def _nothing(passage: PassageWords) -> Coverage:
    zeros = np.zeros(len(passage.spans), dtype=np.float32)
    return Coverage(passage.spans, zeros, zeros, zeros, zeros, 0.0, 0.0, 0.0, 0.0, 0.0)
