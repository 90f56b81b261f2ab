"""Texts become vectors without a model: hashed character n-grams."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from leanrag.embedder import Embedded, unit_length
from leanrag.text.normalize import fold

DEFAULT_DIMENSIONS = 1536

_WORD = re.compile(r"[^\W_]+")
_GRAM_SIZES = (3, 4, 5)
# Odd 64-bit multipliers: MMIX's for the rolling hash; the finaliser is splitmix64's
# (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", 2014).
_ROLLING = np.uint64(6364136223846793005)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_SIGN_BIT = np.uint64(63)
_SPACE = np.uint64(ord(" "))
_NAME = "local-chargram-3-5"


def length_of(model: str) -> int | None:
    """Return the length of the vectors of a model of this module; None for any other model."""
    name, _, length = model.rpartition("-d")
    return int(length) if name == _NAME and length.isdecimal() else None


class LocalEmbedder:
    """Signed hashed character 3- to 5-grams of folded words, weighted 1 + ln(count).

    It finds shared spelling in any language, never shared meaning. The same text gives the same
    vector in every process and on every machine (feature hashing: Weinberger et al., 2009).
    """

    is_remote = False
    base_url = ""

    def __init__(self, dimensions: int = DEFAULT_DIMENSIONS) -> None:
        self.dimensions = dimensions
        self.model = f"{_NAME}-d{dimensions}"

    def embed(self, texts: Sequence[str]) -> Embedded:
        """Embed in order; no tokens are billed. A text without a word gets one fixed vector."""
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in enumerate(texts):
            vectors[row] = self._accumulate(text)
        return Embedded(unit_length(vectors), prompt_tokens=0, reported=True)

    def embed_question(self, question: str) -> Embedded:
        """Embed a question as any text."""
        return self.embed([question])

    def split(self, texts: Sequence[str]) -> Iterator[Sequence[str]]:
        """Keep the texts together: nothing is sent."""
        yield texts

    def close(self) -> None:
        """Do nothing: there is no connection."""

    def _accumulate(self, text: str) -> NDArray[np.float64]:
        grams = np.sort(_hash_grams(text))
        starts = np.flatnonzero(np.r_[True, grams[1:] != grams[:-1]][: len(grams)])
        counts = np.diff(np.r_[starts, len(grams)])
        distinct = grams[starts]
        weights = 1.0 + np.log(counts)
        signed = np.where(distinct >> _SIGN_BIT, weights, -weights)
        buckets = (distinct % np.uint64(self.dimensions)).astype(np.intp)
        vector = np.bincount(buckets, weights=signed, minlength=self.dimensions)
        return vector.astype(np.float64, copy=False)


def _hash_grams(text: str) -> NDArray[np.uint64]:
    """Return a 64-bit hash of every n-gram of every word, each word between two spaces."""
    padded = f" {' '.join(_WORD.findall(fold(text)))} "
    letters = np.frombuffer(padded.encode("utf-32-le"), dtype="<u4").astype(np.uint64)
    is_space = letters == _SPACE
    hashes, crosses_words = letters, np.zeros(len(letters), dtype=bool)
    found = []
    for size in range(2, _GRAM_SIZES[-1] + 1):
        if len(letters) < size:
            break
        # A gram of `size` is the one before it and one more letter; a space inside crosses words.
        hashes = hashes[:-1] * _ROLLING + letters[size - 1 :]
        crosses_words = crosses_words[:-1]
        if size > 2:
            crosses_words = crosses_words | is_space[size - 2 : -1]
        if size in _GRAM_SIZES:
            found.append(hashes[~crosses_words])
    return _mix(np.concatenate(found)) if found else np.zeros(0, dtype=np.uint64)


def _mix(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    hashes = (hashes ^ (hashes >> np.uint64(30))) * _MIX_1
    hashes = (hashes ^ (hashes >> np.uint64(27))) * _MIX_2
    return cast("NDArray[np.uint64]", hashes ^ (hashes >> np.uint64(31)))
