"""What the ablation takes away: one part of retrieval at a time, by the name that it stands under.

A name that is gone raises where it is patched, and an unknown weight where it is set, so that a
renamed constant cannot pass for a part that earns nothing.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch

from bench import _turn_product as product
from leanrag.ranking_profiles import DenseWeight, RankingProfile, load_profile
from leanrag.settings import Settings
from leanrag.text.analyzers import AnalyzedWord, analyze
from leanrag.text.lexical import document_weights
from leanrag.text.normalize import fold
from leanrag.text.question_match import read_passage
from leanrag.types import SOURCE_KINDS, Language

NEVER_NEAR = 1.01  # a cosine that none reaches
BARELY = 1e-6  # a weight of 0 would leave no weight to divide by
LEARN = Path(__file__).with_name("learn.py")
NO_LENGTH = 10**9  # letters: no sentence is so long

_WORD = re.compile(r"[^\W_]+")
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of retrieval, and how it is taken away.

    `replaced` maps full names of the product to what stands there instead; `passage` and
    `sentence` give weights of the ranking profile, `dense_weight` the local embedder's. What
    `is_stored` needs an index of its own; all others ask the index as shipped. What `is_learned`
    has weights for each half of the questions, which `learned_on_the_other_half` finds.
    """

    name: str
    replaced: Mapping[str, object] = field(default_factory=dict)
    passage: Mapping[str, float] = field(default_factory=dict)
    sentence: Mapping[str, float] = field(default_factory=dict)
    dense_weight: float | None = None
    chunk_tokens: int | None = None
    is_stored: bool = False
    is_learned: bool = False

    @contextmanager
    def taken_away(self) -> Iterator[None]:
        """Run the product without this part: start the services, index and ask inside."""
        with ExitStack() as stack:
            for name, value in self.replaced.items():
                stack.enter_context(patch(name, value))
            stack.enter_context(patch("leanrag.bootstrap.load_profile", self.profile))
            read_passage.cache_clear()  # it keeps passages as another part read them
            stack.callback(read_passage.cache_clear)
            yield

    def profile(self, name: str) -> RankingProfile:
        """Return the shipped profile with this part's weights."""
        shipped = load_profile(name)
        dense = dict(shipped.dense)
        if self.dense_weight is not None:
            dense = _changed(dense, {"local-chargram": DenseWeight(self.dense_weight, NEVER_NEAR)})
        return replace(
            shipped,
            passage=_changed(shipped.passage, self.passage),
            sentence=_changed(shipped.sentence, self.sentence),
            dense=dense,
        )

    def settings(self, home: Path) -> Settings:
        """Return the benchmark's settings, with this part's size of passages."""
        shipped = product.settings_for(home)
        if self.chunk_tokens is None:
            return shipped
        return Settings.model_validate({**shipped.model_dump(), "chunk_tokens": self.chunk_tokens})


def learned_on_the_other_half(part: Part, passages: Path, questions: Path) -> tuple[Part, Part]:
    """Return `part` for the questions of half 0 and of half 1, as `bench/learn.py` halves them.

    Each has the weights that all questions of the other half teach, clean and mistyped.
    """
    files = ["--passages", str(passages), "--questions", str(questions)]
    command = [sys.executable, str(LEARN), *files, "--json"]
    learned = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    weights = json.loads(learned.stdout)["weights"]
    return _with_weights(part, weights["half 1"]), _with_weights(part, weights["half 0"])


def _with_weights(part: Part, weights: Mapping[str, Mapping[str, float]]) -> Part:
    passage = {name: weight for name, weight in weights["passage"].items() if name != "dense"}
    return replace(part, passage=passage, sentence=weights["sentence"])


def _changed(weights: Mapping[str, _Value], own: Mapping[str, _Value]) -> dict[str, _Value]:
    unknown = own.keys() - weights.keys()
    if unknown:
        raise KeyError(f"The ranking profile has no weight {', '.join(sorted(unknown))}.")
    return {**weights, **own}


def _without_heading(title: str, heading: str, text: str, language: Language) -> dict[int, float]:
    return document_weights(title, "", text, language)


def _without_ngrams(text: str, language: Language) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return analyze(text, language), ()


def _folded_words(text: str, language: Language) -> tuple[AnalyzedWord, ...]:
    return tuple(AnalyzedWord(word, word) for word in _WORD.findall(fold(text)))


def _no_stopwords(language: Language) -> frozenset[str]:
    return frozenset()


def _same_rarity(document_count: int, document_frequency: int) -> float:
    return 1.0


def _no_pairs(words: Sequence[AnalyzedWord], columns: dict[str, int]) -> list[object]:
    return []


def _nothing_smaller(selection: object, excerpt: object, offer: object, left: int) -> None:
    return None


_BESIDE_WORDS = ("whole", "window", "sentence", "pairs", "document", "language", "title")
_LEXICAL_ALONE = dict.fromkeys(_BESIDE_WORDS, 0.0)
_EVEN_SENTENCES = {"leanrag.ranking.EVEN_SHARE": 1.0}
_ALL_WHOLE = {"leanrag.selection.WHOLE_KINDS": frozenset(SOURCE_KINDS)}
_AS_TYPED = {
    "leanrag.text.question_match.LEAST_SIMILARITY": 1.0,
    "leanrag.text.question_match._joined_pairs": _no_pairs,
}
_OTHER_BEGINNINGS = {"leanrag.text.question_match.SAME_BEGINNING_LETTERS": NO_LENGTH}
_PLAIN_WORDS = {
    "leanrag.text.analyzers.analyze_words": _folded_words,
    "leanrag.text.analyzers.load_stopwords": _no_stopwords,
    "leanrag.text.question_match.analyze_words": _folded_words,
    "leanrag.text.question_match.load_stopwords": _no_stopwords,
}
_WITH_REPEATS = {
    "leanrag.repeats.DUPLICATE_OVERLAP": 2.0,
    "leanrag.excerpts.SHORTEST_REPEATED_SENTENCE": NO_LENGTH,
}

AS_SHIPPED = Part("as shipped")
PARTS = (
    AS_SHIPPED,
    Part("no idf", {"leanrag.retriever.inverse_document_frequency": _same_rarity}),
    Part("no ranking at all", _EVEN_SENTENCES, passage=_LEXICAL_ALONE),
    Part("passages by BM25 alone", passage=_LEXICAL_ALONE),
    Part("no BM25 in ranking", passage={"lexical": BARELY}),
    Part("no words tolerant of typing", _AS_TYPED),
    Part("no Turkish beginnings", _OTHER_BEGINNINGS),
    Part("no whole-passage cover", passage={"whole": 0.0}),
    Part("no window or sentence", passage={"window": 0.0, "sentence": 0.0}),
    Part("no pairs", passage={"pairs": 0.0}),
    Part("no document", passage={"document": 0.0}),
    Part("no language", passage={"language": 0.0}),
    Part("no title feature", passage={"title": 0.0}),
    Part("no sentence weights", _EVEN_SENTENCES),
    Part("no answer type", sentence={"answer_type": 0.0}),
    Part("whole passages first", _ALL_WHOLE),
    Part(
        "whole passages only",
        {**_ALL_WHOLE, "leanrag.selection.Selection._smaller_offer": _nothing_smaller},
    ),
    Part("no de-duplication", _WITH_REPEATS),
    Part("10 ranked", {"leanrag.ranking.RANKED_PASSAGES": 10}),
    Part("30 ranked", {"leanrag.ranking.RANKED_PASSAGES": 30}),
    Part("dense weight 1.5", dense_weight=1.5),
    Part("dense weight 4.45", dense_weight=4.45),
    Part("weights of the other half", is_learned=True),
    Part("no title in the index", {"leanrag.text.lexical.TITLE_COUNT": 0}, is_stored=True),
    Part(
        "no character n-grams",
        {"leanrag.text.lexical.analyze_with_ngrams": _without_ngrams},
        is_stored=True,
    ),
    Part("folded words as they are", _PLAIN_WORDS, is_stored=True),
    Part("passages of 200 tokens", chunk_tokens=200, is_stored=True),
    Part(
        "no heading in the index",
        {"leanrag.passage_store.document_weights": _without_heading},
        is_stored=True,
    ),
)
