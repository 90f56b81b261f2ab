"""Whether the sources answer a question at all: its chance, and what the chance is made of.

Two logistic models on a few signals of the evidence, most of them shares from 0 to 1. Documents
hold much beside what anybody asks, and some other document always shares words with a question:
there the evidence must stand out. What a business wrote for its customers (questions and answers,
products, a manual, a website) says the same in several places and in other words than a customer:
there the words themselves must be found.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Literal
from uuid import UUID

from rapidfuzz import fuzz

from leanrag.passage_reading import words_of
from leanrag.text.analyzers import analyze
from leanrag.types import Language, Passage, PassageDecision

Knowledge = Literal["documents", "own words"]

# The operating point (docs/answering.md): of the questions that public documents answer, one in ten
# is refused; of the same questions without those documents, one in seven is answered.
LEAST_CHANCE = 0.5
MAX_UNKNOWN_WORDS = 12
# A passage repeats another where so much of their letters agree, in order.
SAME_TEXT = 0.8
LEAST_REPEATED_CHANCE = 0.02
NO_EVIDENCE = "nothing that may be quoted shares a word with the question"
ENOUGH = "the evidence is strong enough"
TOO_WEAK = "the evidence is too weak"

# Weights of the signals in log-odds, by `bench/answer.py --learn` on the even half of the public
# development questions, and of the demo's (docs/answering.md tells what the odd half says). The
# constant of own words is 0.2 above what was learned: what customers ask is answered more often.
WEIGHTS: Mapping[Knowledge, Mapping[str, float]] = {
    "documents": {
        "rank_score": 5.48,
        "document_chance": 4.83,
        "match": 2.29,
        "document_words": 1.17,
        "constant": -9.22,
    },
    "own words": {
        "strength": 2.15,
        "document_words": 1.35,
        "passage_words": 0.88,
        "constant": -2.70,
    },
}
# A match of 0.3 alone, or of match and BM25 / 30 together of 1.34, is a strength of 1.
FULL_MATCH = 0.3
FULL_EVIDENCE = 1.34
BM25_SCALE = 30.0
MAX_STRENGTH = 2.0

_TERM = attrgetter("term")
_MARKS = "?؟!.,،;؛:…«»()[]'\""


@dataclass(frozen=True, slots=True)
class Signal:
    """A figure of the evidence (`value`), and what one unit of it counts in log-odds (`weight`)."""

    name: str
    value: float
    weight: float


@dataclass(frozen=True, slots=True)
class Answerability:
    """The chance (0 to 1) that the sources answer, the least one to answer at, and the reasons.

    `knowledge` names the model, by the kind of source that answers best; `unknown_words` are the
    question's words that no citable passage holds that was found.
    """

    chance: float
    least_chance: float
    knowledge: Knowledge
    signals: tuple[Signal, ...]
    unknown_words: tuple[str, ...]

    @property
    def is_answerable(self) -> bool:
        """Tell whether to answer; otherwise to abstain."""
        return bool(self.signals) and self.chance >= self.least_chance

    @property
    def reason(self) -> str:
        """Return why, in a few words."""
        if not self.signals:
            return NO_EVIDENCE
        return ENOUGH if self.is_answerable else TOO_WEAK


@dataclass(frozen=True, slots=True)
class Match:
    """How well something that may be quoted matches the question (0 to 1), and its passage."""

    share: float
    passage: Passage


def judge(
    question: str,
    language: Language,
    decisions: Sequence[PassageDecision],
    matches: Sequence[Match],
    best: Passage | None,
    *,
    least_chance: float = LEAST_CHANCE,
) -> Answerability:
    """Return the chance that the sources answer; `best` is the passage that answers best, if any.

    `decisions` are all that was found; `matches` are those of everything that may be quoted.
    """
    words = _words(question, language)
    asked = frozenset(term for terms in words.values() for term in terms)
    found = [d.passage for d in decisions if d.passage.is_citable]
    held = {passage.passage_id: _held(asked, passage) for passage in found}
    unknown = _unknown(words, frozenset[str]().union(*held.values()))
    if best is None or not any(match.share > 0 for match in matches):
        return Answerability(0.0, least_chance, "own words", (), unknown)
    knowledge: Knowledge = "documents" if best.kind == "document" else "own words"
    document = _likeliest_document(found)
    in_document = frozenset[str]().union(*(held[p.passage_id] for p in document))
    values = {
        "rank_score": max(passage.score for passage in found),
        "document_chance": sum(passage.probability for passage in document),
        "match": max(match.share for match in matches),
        "strength": max(map(_strength, matches)),
        "document_words": _share(in_document, asked),
        "passage_words": _share(held[best.passage_id], asked),
        "constant": 1.0,
    }
    signals = tuple(Signal(name, values[name], own) for name, own in WEIGHTS[knowledge].items())
    chance = _logistic(sum(signal.value * signal.weight for signal in signals))
    return Answerability(chance, least_chance, knowledge, signals, unknown)


def _strength(match: Match) -> float:
    together = match.share + match.passage.lexical_score / BM25_SCALE
    return min(MAX_STRENGTH, max(match.share / FULL_MATCH, together / FULL_EVIDENCE))


def _likeliest_document(passages: Sequence[Passage]) -> Sequence[Passage]:
    """Return the passages of the document whose passages together most likely answer.

    What repeats one of them elsewhere is counted in: a shop that says a thing twice knows it.
    """
    documents: dict[tuple[UUID, str], list[Passage]] = defaultdict(list)
    for passage in passages:
        documents[passage.source_id, passage.title].append(passage)
    own = max(documents.values(), key=lambda own: sum(p.probability for p in own))
    first = max(own, key=attrgetter("probability")).text
    others = [p for p in passages if p not in own and p.probability >= LEAST_REPEATED_CHANCE]
    return own + [p for p in others if fuzz.ratio(first, p.text) >= 100 * SAME_TEXT]


def _words(question: str, language: Language) -> dict[str, tuple[str, ...]]:
    """Return the words of a question as they were typed, with their terms; no stopwords."""
    words = dict.fromkeys(word.strip(_MARKS) for word in question.split())
    return {word: terms for word in words if (terms := analyze(word, language))}


def _held(asked: frozenset[str], passage: Passage) -> frozenset[str]:
    """Return which terms a passage holds with its title; ranking has read it just before."""
    read = words_of(passage)
    return asked.intersection(map(_TERM, (*read.words, *read.title)))


def _share(held: frozenset[str], asked: frozenset[str]) -> float:
    return len(held) / len(asked) if asked else 0.0


def _unknown(words: Mapping[str, tuple[str, ...]], known: frozenset[str]) -> tuple[str, ...]:
    unknown = [word for word, terms in words.items() if known.isdisjoint(terms)]
    return tuple(unknown[:MAX_UNKNOWN_WORDS])


def _logistic(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))
