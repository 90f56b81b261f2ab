"""A passage → one short extract of it, to show in lists and to skim by."""

from __future__ import annotations

import math
from collections.abc import Sequence

from leanrag.text.analyzers import analyze
from leanrag.text.sentences import split_sentences
from leanrag.types import Language

_MAX_SENTENCES = 60  # of a longer text the beginning is summarized: centrality costs their square


def summarize(text: str, language: Language, *, max_words: int = 40) -> str:
    """Return the most central whole sentences of `text`, at most `max_words` words, in its order.

    Central is what shares most words with the rest, as in LexRank (Erkan and Radev 2004) without
    the walk. Only a sentence longer than `max_words` by itself is cut, with an ellipsis.
    """
    lines = (" ".join(line.split()) for line in text.splitlines())
    sentences = [sentence for line in lines for sentence in split_sentences(line)][:_MAX_SENTENCES]
    if not sentences:
        return ""
    chosen: set[int] = set()
    words_left = max_words
    for index in _rank(sentences, language):
        words = len(sentences[index].split())
        if words > words_left:
            break
        chosen.add(index)
        words_left -= words
    if not chosen:
        return _cut_sentence(sentences[_rank(sentences, language)[0]], max_words)
    return " ".join(sentences[index] for index in sorted(chosen))


def _rank(sentences: Sequence[str], language: Language) -> list[int]:
    """Return the positions of the sentences, the most central first, then the earliest."""
    terms = [frozenset(analyze(sentence, language)) for sentence in sentences]
    scores = [
        sum(_similarity(own, other) for j, other in enumerate(terms) if j != i)
        for i, own in enumerate(terms)
    ]
    return sorted(range(len(sentences)), key=lambda i: (-round(scores[i], 9), i))


def _similarity(one: frozenset[str], other: frozenset[str]) -> float:
    """Return the words in common over the logarithms of lengths (Mihalcea and Tarau 2004)."""
    shared = len(one & other)
    return shared / (math.log(1 + len(one)) + math.log(1 + len(other))) if shared else 0.0


def _cut_sentence(sentence: str, max_words: int) -> str:
    return " ".join(sentence.split()[:max_words]).rstrip(" ,;:،؛") + "…"
