"""How many passages hold a term: a count-min sketch, and BM25's inverse document frequency.

Cormode and Muthukrishnan, "An Improved Data Stream Summary" (2005). A sketch of fixed size stands
for a table of millions of rows and follows deletes; it never counts too little.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from leanrag.errors import InvalidInput

TermIds = Sequence[int] | NDArray[np.integer]

ROWS = 2
BINS = 32_768
# Knuth's multiplicative hashing: odd 32-bit constants, and the top 15 bits of the product.
_MULTIPLIERS = np.array([[2_654_435_761], [2_246_822_519]], dtype=np.uint64)
_MASK = np.uint64(0xFFFF_FFFF)
_SHIFT = np.uint64(32 - 15)


class TermSketch:
    """Approximate document frequencies of term ids, in 2 x 32,768 counters (256 KB).

    `add` and `remove` take the distinct term ids of one passage, or of many passages one after the
    other. Not thread-safe.
    """

    def __init__(self, counts: NDArray[np.int32] | None = None) -> None:
        self._counts = np.zeros((ROWS, BINS), dtype=np.int32) if counts is None else counts

    def add(self, term_ids: TermIds) -> None:
        """Count one more passage for each id; an id that stands twice counts twice."""
        for row, bins in enumerate(_bins(term_ids)):
            self._counts[row] += np.bincount(bins, minlength=BINS).astype(np.int32)

    def remove(self, term_ids: TermIds) -> None:
        """Count one passage less for each id; ids that were never added must not be removed."""
        for row, bins in enumerate(_bins(term_ids)):
            self._counts[row] -= np.bincount(bins, minlength=BINS).astype(np.int32)

    def document_frequencies(self, term_ids: TermIds) -> list[int]:
        """Return for each id how many passages hold it, at least: collisions can only add."""
        bins = _bins(term_ids)
        smallest = np.minimum(self._counts[0][bins[0]], self._counts[1][bins[1]])
        frequencies: list[int] = np.maximum(smallest, 0).tolist()
        return frequencies

    def to_bytes(self) -> bytes:
        """Return the counters as zlib-compressed little-endian int32."""
        return zlib.compress(self._counts.astype("<i4").tobytes(), level=1)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote. Raises InvalidInput for anything else."""
        try:
            counts = np.frombuffer(zlib.decompress(data), dtype="<i4")
            return cls(counts.astype(np.int32).reshape(ROWS, BINS))
        except (zlib.error, ValueError) as exc:
            raise InvalidInput(
                "The stored term statistics are damaged; rebuild the index of this tenant."
            ) from exc


def inverse_document_frequency(document_count: int, document_frequency: int) -> float:
    """Return BM25's ln(1 + (N - df + 0.5) / (df + 0.5)); a frequency above N counts as N."""
    frequency = min(document_frequency, document_count)
    return math.log1p((document_count - frequency + 0.5) / (frequency + 0.5))


def _bins(term_ids: TermIds) -> NDArray[np.int64]:
    """Return the counter of each id in each row, shape (2, n)."""
    ids = np.asarray(term_ids, dtype=np.uint64)
    return (((ids * _MULTIPLIERS) & _MASK) >> _SHIFT).astype(np.int64)
