"""One passage as far as it is chosen: its sentences, about what they cost, and what is taken."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from leanrag.text.sentences import sentence_spans
from leanrag.types import Passage, SentenceChance

# Long sentences hold more answers, but not in proportion to their tokens.
LENGTH_POWER = 0.5
SHORTEST_REPEATED_SENTENCE = 20  # letters: shorter ones ("Yes.") stand for themselves


@dataclass(slots=True)
class Excerpt:
    """What is chosen of one passage so far: sentence numbers, the text and its exact tokens.

    `worths` are the sentences' probabilities, `estimates` about how many tokens each takes, `order`
    is what comes first, and `head_tokens` are those of the title and the marker, once they are
    counted. Until the excerpt `is_counted`, `tokens` are what it will hardly exceed, and `text` is
    as it was counted last.
    """

    passage: Passage
    sentences: tuple[SentenceChance, ...]
    worths: tuple[float, ...]
    estimates: tuple[float, ...]
    order: tuple[int, ...]
    head_tokens: int | None = None
    chosen: set[int] = field(default_factory=set)
    text: str = ""
    tokens: int = 0
    is_counted: bool = True
    keys: dict[int, str] = field(default_factory=dict)

    def key(self, number: int) -> str:
        """Return what repeats of a sentence have in common; empty for very short ones."""
        known = self.keys.get(number)
        if known is None:
            sentence = self.sentences[number]
            said = self.passage.text[sentence.start : sentence.end].casefold()
            words = " ".join(said.split())
            known = words if len(words) >= SHORTEST_REPEATED_SENTENCE else ""
            self.keys[number] = known
        return known

    def estimate(self, numbers: Iterable[int]) -> float:
        """Return about how many tokens sentences take, by the passage's stored count."""
        return sum(map(self.estimates.__getitem__, numbers))

    def text_of(self, numbers: Iterable[int]) -> str:
        """Return these sentences in order; all of them are the passage as it stands."""
        wanted = sorted(numbers)
        if len(wanted) == len(self.sentences):
            return self.passage.text
        return _join(self.passage.text, [self.sentences[number] for number in wanted])


def chances(passage: Passage) -> tuple[SentenceChance, ...]:
    """Return the passage's sentences; one that was not ranked shares its score evenly."""
    if passage.sentences:
        return passage.sentences
    spans = sentence_spans(passage.text) or ((0, len(passage.text)),)
    share = passage.score / len(spans)
    return tuple(SentenceChance(start, end, share) for start, end in spans)


def unopened(passage: Passage) -> Excerpt:
    """Return the excerpt of a passage of which nothing is chosen yet."""
    sentences = chances(passage)
    tokens_per_letter = (passage.token_count or len(passage.text) / 2) / max(1, len(passage.text))
    estimates = tuple([tokens_per_letter * (s.end - s.start + 1) for s in sentences])
    worths = tuple([sentence.probability for sentence in sentences])
    rates = [
        -worth / math.pow(tokens if tokens > 1.0 else 1.0, LENGTH_POWER)
        for worth, tokens in zip(worths, estimates, strict=True)
    ]
    order = tuple(sorted(range(len(sentences)), key=rates.__getitem__))
    return Excerpt(passage, sentences, worths, estimates, order)


def _join(text: str, sentences: Sequence[SentenceChance]) -> str:
    """Join sentences of `text`: neighbours as they stand, others on a line of their own."""
    pieces: list[str] = []
    before = -1
    for sentence in sentences:
        gap = text[before : sentence.start] if before >= 0 else ""
        pieces.append(("\n" if gap.strip() else gap) + text[sentence.start : sentence.end])
        before = sentence.end
    return "".join(pieces)
