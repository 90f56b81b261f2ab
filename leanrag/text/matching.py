"""How well each sentence of a passage matches a question."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from leanrag.text.analyzers import NGRAM_PREFIX, analyze, character_ngrams
from leanrag.text.normalize import fold
from leanrag.text.sentences import split_sentences
from leanrag.types import Language

WORD_SHARE = 0.7
NGRAM_SHARE = 0.3
# Imagined sentences without any term: a word keeps its weight where there are but two sentences.
BACKGROUND_SENTENCES = 8

_NOT_A_LETTER = re.compile(r"[\W_]+")


def sentence_spans(text: str) -> tuple[tuple[int, int], ...]:
    """Return start and end of every sentence of `text`, in order."""
    spans: list[tuple[int, int]] = []
    end = 0
    for sentence in split_sentences(text):
        start = text.index(sentence, end)
        end = start + len(sentence)
        spans.append((start, end))
    return tuple(spans)


class QueryMatcher:
    """Scores sentences by the analysed words and character n-grams of a query that they hold.

    A stem is looked up inside the folded sentence instead of analysing the sentence too: nearly as
    exact, and some thirty times as fast.
    """

    def __init__(self, query: str, language: Language) -> None:
        """Analyse `query` once, as text in `language`."""
        self._words = sorted(set(analyze(query, language)))
        grams = character_ngrams(" ".join(self._words) if self._words else query)
        self._grams = sorted({gram.removeprefix(NGRAM_PREFIX) for gram in grams})

    def scores(self, sentences: Sequence[str]) -> tuple[float, ...]:
        """Return for each sentence the share of the query it holds, 0 to 1.

        Terms weigh their inverse document frequency among `sentences`, as BM25 has it; a term that
        no sentence holds weighs most.
        """
        marked = [f"_{_NOT_A_LETTER.sub('_', fold(sentence))}_" for sentence in sentences]
        words = _shares([_looked_up(word) for word in self._words], marked)
        grams = _shares(self._grams, marked)
        return tuple(
            WORD_SHARE * word + NGRAM_SHARE * gram for word, gram in zip(words, grams, strict=True)
        )


def _looked_up(stem: str) -> str:
    """Return what a word of this stem holds: Snowball writes "deliveri" for "delivery"."""
    if len(stem) < 4:
        return f"_{stem}"
    return stem.removesuffix("i")


def _shares(terms: Sequence[str], texts: Sequence[str]) -> list[float]:
    weights = [0.0] * len(texts)
    total = 0.0
    for term in terms:
        holders = [i for i, text in enumerate(texts) if term in text]
        others = len(texts) + BACKGROUND_SENTENCES - len(holders)
        weight = math.log(1 + (others + 0.5) / (len(holders) + 0.5))
        total += weight
        for i in holders:
            weights[i] += weight
    return [weight / total for weight in weights] if total else weights
