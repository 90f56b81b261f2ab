"""Learned weights and how they choose on questions they have not seen: figures, lines, TOML."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench._learn_examples import Example
from bench._learn_softmax import Array, Choice, fit, log_loss, place_of_right
from bench._turn_figures import Machine
from leanrag.ranking_profiles import (
    PASSAGE_FEATURES,
    SENTENCE_FEATURES,
    DenseWeight,
    RankingProfile,
)
from leanrag.types import LANGUAGES, Language

TYPED = ("clean", "mistyped")
PLACES = (1, 2, 4)


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights of PASSAGE_FEATURES and SENTENCE_FEATURES, by feature."""

    passage: Mapping[str, float]
    sentence: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How one model chooses: mean log-loss in nats, and right ones among the first, in percent."""

    log_loss: float
    among_first: dict[int, float]


@dataclass(frozen=True, slots=True)
class Judged:
    """Weights on one group of questions; `learned` are those of the half that lacks the question.

    `read_percent`: questions of which a right passage is among those that were read; the figures of
    passages are of these alone. Those of sentences are of right passages of several sentences.
    """

    questions: int
    read_percent: float
    passages: dict[str, Accuracy]
    sentences: dict[str, Accuracy]


@dataclass(frozen=True, slots=True)
class Report:
    """All of one run: weights by what they were learned on, and figures by group."""

    machine: Machine
    passages: int
    noise: int
    embedding_model: str
    dense: tuple[Language, ...]
    taught: dict[str, tuple[int, int]]
    weights: dict[str, Weights]
    judged: dict[str, Judged]


def learn(examples: Sequence[Example], *, dense: bool) -> Weights:
    """Return the likeliest weights of both models; without `dense` its weight is 0."""
    columns = [i for i, name in enumerate(PASSAGE_FEATURES) if dense or name != "dense"]
    passages = [
        Choice(e.passages.features[:, columns], e.passages.is_right)
        for e in examples
        if e.passages is not None
    ]
    learned = dict(zip([PASSAGE_FEATURES[i] for i in columns], fit(passages), strict=True))
    sentences = fit([choice for e in examples for choice in e.sentences])
    return Weights(
        {name: round(float(learned.get(name, 0.0)), 2) for name in PASSAGE_FEATURES},
        {name: round(float(w), 2) for name, w in zip(SENTENCE_FEATURES, sentences, strict=True)},
    )


def cross_fitted(examples: Sequence[Example], *, dense: bool) -> dict[str, Weights]:
    """Return the weights that each half teaches, and all."""
    halves = {f"half {i}": [e for e in examples if e.half == i] for i in (0, 1)}
    return {name: learn(own, dense=dense) for name, own in {**halves, "all": examples}.items()}


def taught(examples: Sequence[Example]) -> dict[str, tuple[int, int]]:
    """Return how many choices of passages, and of sentences, each half teaches."""
    return {
        f"half {half}": (
            sum(e.passages is not None for e in examples if e.half == half),
            sum(len(e.sentences) for e in examples if e.half == half),
        )
        for half in (0, 1)
    }


def shipped_weights(profile: RankingProfile, embedding_model: str) -> dict[Language, Weights]:
    """Return a profile's weights as they rank questions of each language with this model."""
    by_language = {}
    for language in LANGUAGES:
        dense = profile.dense_weight(embedding_model, language).weight
        by_language[language] = Weights({**profile.passage, "dense": dense}, profile.sentence)
    return by_language


def judge(
    examples: Sequence[Example],
    learned: Mapping[str, Weights],
    shipped: Mapping[Language, Weights],
) -> dict[str, Judged]:
    """Judge the weights by language and typing: held out, the shipped ones, and BM25 alone."""
    by_group = {}
    for typed in TYPED:
        own = [e for e in examples if e.is_mistyped is (typed == "mistyped")]
        for language in LANGUAGES:
            group = [e for e in own if e.language == language]
            if group:
                by_group[f"{language} {typed}"] = _judged(group, learned, shipped)
        if own:
            by_group[f"all {typed}"] = _judged(own, learned, shipped)
    return by_group


def lines(report: Report, profile: RankingProfile, name: str) -> Iterator[str]:
    """Yield the report as lines for people; the weights are TOML, everything else its comments."""
    machine = report.machine
    yield (
        f"# {machine.cores} cores, Python {machine.python}, PostgreSQL {machine.postgresql};"
        f" {report.passages:,} passages, noise {report.noise}, embeddings: {report.embedding_model}"
    )
    for part, (passages, sentences) in report.taught.items():
        yield f"# {part} taught {passages:,} choices of a passage, {sentences:,} of a sentence"
    yield "# held out (shipped): log-loss, then percent among the first 1, 2, 4 (BM25 alone: 1)"
    for group, own in report.judged.items():
        for unit, figures in (("passage", own.passages), ("sentence", own.sentences)):
            if figures:
                yield f"# {group:13}{unit:9}{_figures(figures)}  read {own.read_percent:.1f} %"
    for part, weights in report.weights.items():
        yield ""
        yield f"# learned on {part}"
        title = name if part == "all" else f"{name}-{part.replace(' ', '-')}"
        yield from toml(title, weights, _dense(report, weights, profile))


def toml(name: str, weights: Weights, dense: Mapping[str, DenseWeight]) -> Iterator[str]:
    """Yield weights, and the `dense` ones by embedding model, for ranking_profiles.toml."""
    yield f"[{name}.passage]"
    yield from (f"{f} = {w:.2f}" for f, w in weights.passage.items() if f != "dense")
    yield ""
    yield f"[{name}.sentence]"
    yield from (f"{feature} = {weight:.2f}" for feature, weight in weights.sentence.items())
    for part, own in dense.items():
        yield ""
        yield f'[{name}.dense."{part}"]'
        yield f"weight = {own.weight:.2f}"
        yield f"least_similarity = {own.least_similarity:.2f}"
        if own.languages:
            yield f"languages = {json.dumps(own.languages)}"


def _dense(report: Report, weights: Weights, profile: RankingProfile) -> Mapping[str, DenseWeight]:
    """Return the profile's own dense weights, with the one that was learned, if it was."""
    if not report.dense:
        return profile.dense
    languages = () if set(report.dense) == set(LANGUAGES) else report.dense
    own = DenseWeight(weights.passage["dense"], profile.dense["*"].least_similarity, languages)
    return {**profile.dense, report.embedding_model: own}


def _judged(
    examples: Sequence[Example],
    learned: Mapping[str, Weights],
    shipped: Mapping[Language, Weights],
) -> Judged:
    """Judge each question by the weights of the other half."""
    lexical = Weights({name: float(name == "lexical") for name in PASSAGE_FEATURES}, {})
    models = {
        "held_out": [learned[f"half {1 - one.half}"] for one in examples],
        "shipped": [shipped[one.language] for one in examples],
        "bm25": [lexical for _ in examples],
    }
    passages: dict[str, Accuracy] = {}
    sentences: dict[str, Accuracy] = {}
    for name, weights in models.items():
        pairs = list(zip(examples, weights, strict=True))
        read = [(e.passages, _vector(w.passage, PASSAGE_FEATURES)) for e, w in pairs]
        if known := [(choice, w) for choice, w in read if choice is not None]:
            passages[name] = _accuracy(known)
        if name != "bm25" and any(one.sentences for one in examples):
            vectors = [(e.sentences, _vector(w.sentence, SENTENCE_FEATURES)) for e, w in pairs]
            sentences[name] = _accuracy([(choice, w) for own, w in vectors for choice in own])
    answered = sum(one.passages is not None for one in examples)
    percent = round(100 * answered / len(examples), 1)
    return Judged(len(examples), percent, passages, sentences)


def _accuracy(choices: Sequence[tuple[Choice, Array]]) -> Accuracy:
    places = np.array([place_of_right(choice, weights) for choice, weights in choices])
    return Accuracy(
        round(float(np.mean([log_loss(choice, weights) for choice, weights in choices])), 4),
        {first: round(100 * float((places < first).mean()), 1) for first in PLACES},
    )


def _vector(weights: Mapping[str, float], names: Sequence[str]) -> Array:
    return np.array([weights[name] for name in names])


def _figures(figures: Mapping[str, Accuracy]) -> str:
    held_out, shipped = figures["held_out"], figures["shipped"]
    text = f"{held_out.log_loss:6.3f} ({shipped.log_loss:.3f})"
    for first in PLACES:
        text += f"{held_out.among_first[first]:7.1f} ({shipped.among_first[first]:.1f})"
    return text + (f"  BM25 {figures['bm25'].among_first[1]:.1f}" if "bm25" in figures else "")
