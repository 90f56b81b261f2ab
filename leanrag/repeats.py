"""Passages that say what another one says already.

Containment of word shingles, after Broder, "On the resemblance and containment of documents"
(1997). Words are folded as for search, so that a text that was typed on two keyboards repeats.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass
from itertools import filterfalse, islice
from uuid import UUID

from leanrag.passage_reading import words_of
from leanrag.types import Passage

DUPLICATE_OVERLAP = 0.9  # of a passage's shingles that another one carries
SHINGLE_WORDS = 3


@dataclass(frozen=True, slots=True)
class _Said:
    """The words of a passage in order, and as a set."""

    words: tuple[str, ...]
    kinds: frozenset[str]

    def may_be_held_by(self, kinds: Set[str]) -> bool:
        """Tell whether so few words are missing that enough shingles may be there.

        A word that is missing takes at least one shingle with it, so most passages are told apart
        by their words alone.
        """
        may_lack = max(0, int((1 - DUPLICATE_OVERLAP) * len(self.words)))
        lacking = filterfalse(kinds.__contains__, self.kinds)
        return next(islice(lacking, may_lack, None), None) is None

    def is_held_by(self, other: _Said) -> bool:
        """Tell whether enough of its shingles are among the other's."""
        if not self.may_be_held_by(other.kinds):
            return False
        own = self.shingles()
        return len(own & other.shingles()) >= DUPLICATE_OVERLAP * len(own)

    def shingles(self) -> frozenset[tuple[str, ...]]:
        size = min(SHINGLE_WORDS, len(self.words))
        return frozenset(zip(*(self.words[start:] for start in range(size)), strict=False))


class Repeats:
    """What the passages of one prompt say. Not thread-safe."""

    def __init__(self) -> None:
        self._said: dict[UUID, _Said] = {}
        self._kinds: set[str] = set()  # the words of all that was asked about

    def find(self, passage: Passage, carried: Iterable[Passage]) -> UUID | None:
        """Return the carried passage that says the same; each of `carried` was asked about before.

        A note never displaces a citable passage.
        """
        own = _said(passage)
        may_repeat = own.may_be_held_by(self._kinds)
        self._said[passage.passage_id] = own
        self._kinds |= own.kinds
        if not may_repeat:
            return None
        for other in carried:
            if passage.is_citable and not other.is_citable:
                continue
            if own.is_held_by(self._said[other.passage_id]):
                return other.passage_id
        return None


def _said(passage: Passage) -> _Said:
    folded, _terms = zip(*words_of(passage).words, strict=True)
    words = tuple(filter(None, folded))
    return _Said(words, frozenset(words))
