"""What the product's ranking sees of public questions, with the right alternatives marked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from unittest.mock import patch

import numpy as np

from bench import _recall_data as data
from bench._learn_softmax import Array, Choice
from bench._recall_data import PublicQuestion
from leanrag import ranking
from leanrag.ranking_profiles import PASSAGE_FEATURES
from leanrag.text.answer_type import ExpectedAnswer
from leanrag.text.normalize import fold
from leanrag.text.question_match import Coverage
from leanrag.types import Language, Passage

Gold = dict[tuple[Language, str], str]


@dataclass(frozen=True, slots=True)
class Example:
    """One question as it was typed: the passages that were read, and sentences of right ones.

    `passages` is None where none that was read is right; `half` (0 or 1) says which weights the
    question may be judged by: those that were learned on the other half.
    """

    language: Language
    is_mistyped: bool
    half: int
    passages: Choice | None
    sentences: tuple[Choice, ...]


@dataclass(slots=True)
class Observer:
    """Keeps the passages and features of the question that was ranked last."""

    passages: Sequence[Passage] = ()
    features: Array = field(default_factory=lambda: np.zeros((0, 0)))
    sentences: list[tuple[Coverage, Array]] = field(default_factory=list)

    def forget(self) -> None:
        """Forget the last question: one that finds nothing is never ranked."""
        self.passages = ()
        self.sentences = []


@contextmanager
def observed() -> Iterator[Observer]:
    """Note the features that the product computes while it ranks, and change nothing."""
    of_passages, of_sentences = ranking.passage_features, ranking.sentence_features
    observer = Observer()

    def passages(
        passages: Sequence[Passage],
        coverages: Sequence[Coverage],
        language: Language,
        *,
        among: Sequence[Passage],
    ) -> Array:
        observer.passages = passages
        observer.features = of_passages(passages, coverages, language, among=among)
        return observer.features

    def sentences(
        passages: Sequence[Passage], coverages: Sequence[Coverage], expected: ExpectedAnswer
    ) -> Array:
        features = of_sentences(passages, coverages, expected)
        ends = np.cumsum([len(coverage.spans) for coverage in coverages])[:-1]
        observer.sentences = list(zip(coverages, np.split(features, ends), strict=True))
        return features

    with (
        patch.object(ranking, "passage_features", passages),
        patch.object(ranking, "sentence_features", sentences),
    ):
        yield observer


def example(
    question: PublicQuestion, observer: Observer, gold: str | None, *, is_mistyped: bool
) -> Example:
    """Mark what is right for `question`; `gold` is the folded passage that it was asked of.

    A passage is right that holds an answer and is a part of `gold` (of any, where that is unknown),
    a sentence of it that holds an answer.
    """
    answers = [folded(answer) for answer in question.answers]
    is_right = np.array([_is_right(p.text, answers, gold) for p in observer.passages], dtype=bool)
    sentences = [
        Choice(features, own)
        for passage, right, (coverage, features) in zip(
            observer.passages, is_right, observer.sentences, strict=True
        )
        if right and (own := _right_sentences(passage, coverage, answers)).any() and len(own) > 1
    ]
    return Example(
        question.language,
        is_mistyped,
        half_of(question.question_id),
        Choice(observer.features, is_right) if is_right.any() else None,
        tuple(sentences),
    )


def without_dense(one: Example) -> Example:
    """Return an example of a question that the embedding model says nothing about."""
    if one.passages is None:
        return one
    features = one.passages.features.copy()
    features[:, PASSAGE_FEATURES.index("dense")] = 0.0
    return replace(one, passages=Choice(features, one.passages.is_right))


def half_of(question_id: str) -> int:
    """Return the half (0 or 1) of a question: its id's MD5 modulo 2, on every machine the same."""
    return int(hashlib.md5(question_id.encode(), usedforsecurity=False).hexdigest(), 16) % 2


def read_gold(passages: Path, questions: Path) -> Gold:
    """Return the folded passage that each question was asked of, by the sets' `pid`.

    Questions without one are left out. A translated set has the same ids in each language.
    """
    texts = {
        (o["lang"], o["pid"]): folded(o["text"])
        for o in data.read_objects(passages)
        if o.get("pid")
    }
    asked_of = (((o["lang"], o["id"]), o.get("pid")) for o in data.read_objects(questions))
    return {key: texts[key[0], pid] for key, pid in asked_of if (key[0], pid) in texts}


def folded(text: str) -> str:
    """Return `text` as it is searched, with single spaces."""
    return " ".join(fold(text).split())


def _is_right(text: str, answers: Sequence[str], gold: str | None) -> bool:
    own = folded(text)
    return any(answer in own for answer in answers) and (gold is None or own in gold)


def _right_sentences(
    passage: Passage, coverage: Coverage, answers: Sequence[str]
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    texts = [folded(passage.text[start:end]) for start, end in coverage.spans]
    return np.array([any(answer in text for answer in answers) for text in texts], dtype=bool)
