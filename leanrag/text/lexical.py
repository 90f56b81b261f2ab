"""BM25 as two sparse vectors: a document's term weights, and the terms of a question.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009). The score
of a passage is the sum over the question's terms of idf(term) x weight(term in passage).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from heapq import nlargest
from itertools import chain
from operator import itemgetter

from leanrag.text.analyzers import analyze_with_ngrams, term_id
from leanrag.text.transliteration import (
    romanized_language,
    romanized_words,
    without_latin_words,
)
from leanrag.types import Language

K1 = 1.2
B = 0.75
NGRAM_FACTOR = 0.5
TITLE_COUNT = 2  # the title counts twice: +0.6 to +1.6 points on public questions (en, ar, tr)
LATIN_WEIGHT = 0.5  # of a word that is Persian or Arabic in Latin letters, or English
MAX_TERMS = 1_000  # pgvector indexes a sparse vector of at most so many non-zeros
# Fixed, so that a passage's vector never depends on the others: the mean of 9,315 passages of at
# most 200 tokens, with their titles, in four languages.
AVERAGE_WORDS = 52.0
AVERAGE_NGRAMS = 259.0
# A passage of 320 tokens has 1,014 at most (of 6,129 public ones, titles included). A text with
# more is one passage because somebody wants it whole.
MOST_NGRAMS = 1_050


def document_weights(title: str, heading: str, text: str, language: Language) -> dict[int, float]:
    """Return term id -> f(k1+1) / (f + k1(1-b+b*length/average)), the 1,000 heaviest at most.

    Terms are analysed words, and character 4-grams (times 0.5), of title (twice), heading and text.
    A text far longer than passages are cut is weighed by its parts, each of about average length: a
    term weighs what it does in the best of them. By its whole length half of the questions that it
    answers would not find it; by its parts as many do as if it were cut (docs/documents.md).
    """
    head = "\n".join([title] * TITLE_COUNT + [heading])
    words, ngrams = analyze_with_ngrams(f"{head}\n{text}", language)
    weights = _weigh(words, ngrams)
    if len(ngrams) > MOST_NGRAMS:
        for part in _parts(text, language):
            for term, weight in _weigh(*analyze_with_ngrams(f"{head}\n{part}", language)).items():
                weights[term] = max(weight, weights.get(term, 0.0))
    if len(weights) > MAX_TERMS:
        return dict(nlargest(MAX_TERMS, weights.items(), key=itemgetter(1)))
    return weights


def question_terms(question: str, language: Language) -> dict[int, float]:
    """Return term id -> 1.0 for the words and 4-grams of `question`; idf is the caller's factor.

    Of Persian or Arabic in Latin letters, each word's spellings in Arabic script weigh 1, 1/2, 1/3
    and so on: sixteen of them weigh as much as three or four words, not as sixteen.
    """
    if language not in ("fa", "ar") or romanized_language(question) != language:
        words, ngrams = analyze_with_ngrams(question, language)
        return dict.fromkeys(map(term_id, words + ngrams), 1.0)
    weights = question_terms(without_latin_words(question), language)
    for word in romanized_words(question, language):
        variants = [(spelling, 1 / rank) for rank, spelling in enumerate(word.spellings, start=1)]
        if not word.is_known:  # it may be an English word
            variants.append((word.latin, LATIN_WEIGHT))
        for variant, weight in variants:
            for term in chain(*analyze_with_ngrams(variant, language)):
                weights[term_id(term)] = max(weight, weights.get(term_id(term), 0.0))
    return weights


def _parts(text: str, language: Language) -> Iterator[str]:
    """Yield a long text in parts of as many words each; nothing where only its headings are."""
    _, ngrams = analyze_with_ngrams(text, language)
    words = text.split()
    if len(ngrams) > MOST_NGRAMS:
        size = math.ceil(len(words) * AVERAGE_NGRAMS / len(ngrams))
        for start in range(0, len(words), size):
            yield " ".join(words[start : start + size])


def _weigh(words: Sequence[str], ngrams: Sequence[str]) -> dict[int, float]:
    weights = _saturate(words, AVERAGE_WORDS, factor=1.0)
    grams = _saturate(ngrams, AVERAGE_NGRAMS, factor=NGRAM_FACTOR)
    for term in weights.keys() & grams.keys():  # two terms in one id: rare, harmless
        grams[term] = max(grams[term], weights[term])
    return weights | grams


def _saturate(terms: Sequence[str], average: float, *, factor: float) -> dict[int, float]:
    norm = K1 * (1 - B + B * len(terms) / average)
    counts = Counter(terms)
    weights = {
        count: factor * count * (K1 + 1) / (count + norm)
        for count in set(counts.values())  # few: most terms stand once
    }
    return dict(zip(map(term_id, counts), map(weights.__getitem__, counts.values()), strict=True))
