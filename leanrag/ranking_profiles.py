"""The learned weights of ranking, by name and version: `ranking_profiles.toml` beside this module.

A profile is never changed after a release: new weights get a new name, so that an answer's ledger
and a measurement keep saying what they were made with.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leanrag.errors import ConfigurationError

PROFILES_FILE = Path(__file__).with_name("ranking_profiles.toml")
PASSAGE_FEATURES = (
    "lexical",
    "dense",
    "whole",
    "window",
    "sentence",
    "pairs",
    "document",
    "language",
    "title",
)
SENTENCE_FEATURES = ("alone", "titled", "before", "after", "answer_type", "letters")


@dataclass(frozen=True, slots=True)
class DenseWeight:
    """The weight of an embedding model's score, and the cosine from which a passage counts as near.

    What is near is a candidate without sharing a word; above 1, nothing is. `languages` are those
    that the model knows; none named: all.
    """

    weight: float
    least_similarity: float
    languages: tuple[str, ...] = ()

    def counts_in(self, language: str) -> bool:
        """Tell whether the score says anything about a question in `language`."""
        return self.weight > 0 and (not self.languages or language in self.languages)


NOTHING = DenseWeight(0.0, least_similarity=1.01)


@dataclass(frozen=True, slots=True)
class RankingProfile:
    """Weights of the features of passages and sentences, in the unit of log-odds.

    `dense` maps a part of an embedding model's name to what its score counts: a model that does not
    know meanings, or the question's language, must not decide.
    """

    name: str
    passage: Mapping[str, float]
    sentence: Mapping[str, float]
    dense: Mapping[str, DenseWeight]

    @property
    def lexical_weight(self) -> float:
        """Return the weight of BM25's share of the best score."""
        return self.passage["lexical"]

    def dense_weight(self, embedding_model: str, language: str) -> DenseWeight:
        """Return what this model's score counts for a question in `language`, perhaps nothing."""
        known = self._dense_weight(embedding_model)
        return known if known.counts_in(language) else NOTHING

    def uses_dense(self, embedding_model: str) -> bool:
        """Tell whether this embedding model's scores count at all."""
        return self._dense_weight(embedding_model).weight > 0

    def _dense_weight(self, embedding_model: str) -> DenseWeight:
        """Return the entry whose name is in the model's and longest, or "*"."""
        known = [part for part in self.dense if part in embedding_model]
        return self.dense[max(known, key=len) if known else "*"]

    def passage_weights(self, dense_weight: float) -> NDArray[np.float64]:
        """Return the weights in the order of PASSAGE_FEATURES."""
        weights = {**self.passage, "dense": dense_weight}
        return np.array([weights[name] for name in PASSAGE_FEATURES])

    def sentence_weights(self) -> NDArray[np.float64]:
        """Return the weights in the order of SENTENCE_FEATURES."""
        return np.array([self.sentence[name] for name in SENTENCE_FEATURES])


def load_profile(name: str) -> RankingProfile:
    """Return the profile of this name. Raises ConfigurationError that lists the known ones."""
    profiles = _read()
    if name not in profiles:
        raise ConfigurationError(
            f"There is no ranking profile {name!r}; set LEANRAG_RANKING_PROFILE to one of: "
            f"{', '.join(profiles)}."
        )
    own = profiles[name]
    dense = {part: _dense(**weight) for part, weight in own["dense"].items()}
    return RankingProfile(name, own["passage"], own["sentence"], dense)


def _dense(weight: float, least_similarity: float, languages: Sequence[str] = ()) -> DenseWeight:
    return DenseWeight(weight, least_similarity, tuple(languages))


@lru_cache(maxsize=1)
def _read() -> dict[str, Any]:
    with PROFILES_FILE.open("rb") as file:
        return tomllib.load(file)
