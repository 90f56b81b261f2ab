"""What the intent model sees of a message: its words, pairs of neighbours, and letter groups.

Letter groups carry over to inflected, colloquial and mistyped forms that no list holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from leanrag.message_parts import message_parts
from leanrag.text.analyzers import AnalyzedWord, analyze_words
from leanrag.types import Language

# All chosen by cross-validation on the development half of bench/routing_messages.
GROUP_LETTERS = (4, 5)
GROUP_VALUE = 0.5  # beside 1 for a word or a pair of words
LENGTH = 2.0  # of a message's vector: short and long ones weigh the same

WORD, PAIR, SIGN = "=", "+", "#"  # how a feature's name begins; a letter group has its letters
_START, _END = "^", "$"
_SYMBOL = re.compile("[\u2600-\u27bf\U0001f300-\U0001faff]")
_KEPT_WORDS = 32_768


@dataclass(frozen=True, slots=True)
class MessageFeatures:
    """What is seen in a message, one entry a feature; no name comes twice.

    `shown` are the customer's words (folded) that a feature stands for. The squares of the `values`
    add up to `LENGTH` squared.
    """

    names: tuple[str, ...]
    values: tuple[float, ...]
    shown: tuple[str, ...]


def message_features(message: str, language: Language) -> MessageFeatures:
    """Return the features of `message`."""
    signs = {f"{SIGN}{language}": "", **{f"{SIGN}{s}": s for s in _SYMBOL.findall(message)}}
    values, shown = dict.fromkeys(signs, 1.0), signs
    known: set[str] = set()
    for part in message_parts(message):
        words = analyze_words(part.text, language)
        for name, said in _pairs(words):
            if part.share > values.get(name, 0.0):
                values[name], shown[name] = part.share, said
        for word in words:
            if word.folded in known:
                continue
            known.add(word.folded)
            name = f"{WORD}{word.term}"
            if part.share > values.get(name, 0.0):
                values[name], shown[name] = part.share, word.folded
            more = GROUP_VALUE * part.share
            for group in _letter_groups(word.folded):
                values[group] = values.get(group, 0.0) + more
                shown.setdefault(group, word.folded)
    factor = LENGTH / sum([value * value for value in values.values()]) ** 0.5
    scaled = tuple([value * factor for value in values.values()])
    return MessageFeatures(tuple(values), scaled, tuple(shown.values()))


def _pairs(words: tuple[AnalyzedWord, ...]) -> Iterator[tuple[str, str]]:
    """Yield the names of neighbouring words, with the marks where a sentence begins and ends."""
    terms = (_START, *(word.term for word in words), _END)
    folded = ("", *(word.folded for word in words), "")
    for (first, second), shown in zip(pairwise(terms), pairwise(folded), strict=True):
        yield f"{PAIR}{first} {second}", " ".join(shown).strip()


@lru_cache(maxsize=_KEPT_WORDS)
def _letter_groups(word: str) -> tuple[str, ...]:
    marked = f"_{word}_"
    return tuple(
        [
            marked[start : start + size]
            for size in GROUP_LETTERS
            for start in range(len(marked) - size + 1)
        ]
    )
