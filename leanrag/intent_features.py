"""What the intent model sees of a message: its words, pairs of neighbours, and letter groups.

Letter groups carry over to inflected, colloquial and mistyped forms that no list holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

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


class Feature(NamedTuple):
    """One thing seen in a message; `shown` are the customer's words (folded) that it stands for."""

    name: str
    value: float
    shown: str


def message_features(message: str, language: Language) -> tuple[Feature, ...]:
    """Return the features of `message`; the squares of their values add up to `LENGTH` squared."""
    seen: dict[str, tuple[float, str]] = {f"{SIGN}{language}": (1.0, "")}
    for symbol in _SYMBOL.findall(message):
        seen[f"{SIGN}{symbol}"] = (1.0, symbol)
    known: set[str] = set()
    for part in message_parts(message):
        words = analyze_words(part.text, language)
        for name, shown in _pairs(words):
            if part.share > seen.get(name, (0.0, ""))[0]:
                seen[name] = (part.share, shown)
        for word in words:
            if word.folded in known:
                continue
            known.add(word.folded)
            name = f"{WORD}{word.term}"
            if part.share > seen.get(name, (0.0, ""))[0]:
                seen[name] = (part.share, word.folded)
            more = GROUP_VALUE * part.share
            for group in _letter_groups(word.folded):
                value, shown = seen.get(group, (0.0, word.folded))
                seen[group] = (value + more, shown)
    factor = LENGTH / sum(value * value for value, _ in seen.values()) ** 0.5
    return tuple(Feature(name, value * factor, shown) for name, (value, shown) in seen.items())


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
        marked[start : start + size]
        for size in GROUP_LETTERS
        for start in range(max(0, len(marked) - size + 1))
    )
