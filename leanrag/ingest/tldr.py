"""A passage → one short extract of it, to show in lists and to skim by."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from leanrag.ingest.extracted import Chunk
from leanrag.text.analyzers import analyze
from leanrag.text.sentences import split_sentences
from leanrag.types import Language

MAX_WORDS = 40
_MAX_SENTENCES = 60  # of a longer text the beginning is summarized: centrality costs their square


def with_extracts(
    chunks: Iterable[Chunk], on_progress: Callable[[int], None] | None = None
) -> tuple[Chunk, ...]:
    """Return the passages with an extract each; one that has its own keeps it.

    `on_progress` is told how many are done.
    """
    made = []
    for done, chunk in enumerate(chunks):
        if on_progress is not None:
            on_progress(done)
        extract = chunk.tldr or summarize(chunk.text, chunk.language)
        made.append(replace(chunk, tldr=extract))
    return tuple(made)


def summarize(
    text: str, language: Language, *, max_words: int = MAX_WORDS, min_words: int = 0
) -> str:
    """Return the most central whole sentences of `text`, at most `max_words` words, in its order.

    Central is what shares most words with the rest, as in LexRank (Erkan and Radev 2004) without
    the walk. A sentence is cut, with an ellipsis, only where it is longer than `max_words` by
    itself, or where whole ones do not come to `min_words`.
    """
    lines = (" ".join(line.split()) for line in text.splitlines())
    sentences = [sentence for line in lines for sentence in split_sentences(line)]
    ranked = _rank(sentences[:_MAX_SENTENCES], language)
    ranked += range(len(ranked), len(sentences))  # these only where the others are too short
    chosen: dict[int, str] = {}
    words_left = max_words
    for index in ranked:
        words = len(sentences[index].split())
        is_enough = max_words - words_left >= min_words
        if is_enough and (words > words_left or index >= _MAX_SENTENCES):
            break
        if words <= words_left:
            chosen[index] = sentences[index]
            words_left -= words
    left = [index for index in ranked if index not in chosen]
    if left and (not chosen or max_words - words_left < min_words):
        chosen[left[0]] = _cut_sentence(sentences[left[0]], words_left)
    return " ".join(chosen[index] for index in sorted(chosen))


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
