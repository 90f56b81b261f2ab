"""Which sentences of which passages are worth their tokens: the likeliest evidence a token first.

The greedy rule for the knapsack problem (Dantzig, "Discrete-Variable Extremum Problems", 1957): a
sentence's worth is its chance to answer, its price the tokens that it adds, and a passage's first
sentences also pay for its title. Questions and answers, and products, are taken whole where they
fit.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from leanrag.text.matching import sentence_spans
from leanrag.types import Passage, SentenceChance, SourceKind

WHOLE_KINDS: frozenset[SourceKind] = frozenset({"faq", "product"})
# A sentence that answers one question in three thousand is not worth its tokens: leaving such out
# spares a fifth of 1,000 tokens and lost no answer on public questions (docs/benchmarks.md).
LEAST_PROBABILITY = 3e-4
# Long sentences hold more answers, but not in proportion to their tokens.
LENGTH_POWER = 0.5
# After so many sentences in a row that found no room, there is none.
MAX_MISSES = 8
# The stored count is an estimate: it spares the exact one where there is clearly no room.
CLEARLY_TOO_LONG = 1.5
SHORTEST_REPEATED_SENTENCE = 20  # letters: shorter ones ("Yes.") stand for themselves

CountTokens = Callable[[Passage, str], int]


@dataclass(slots=True)
class Excerpt:
    """What is chosen of one passage so far: sentence numbers, the text and its exact tokens.

    `estimates` are about how many tokens each sentence takes, `order` is what comes first, and
    `head_tokens` are those of the title and the marker, once they are counted.
    """

    passage: Passage
    sentences: tuple[SentenceChance, ...]
    estimates: tuple[float, ...]
    order: tuple[int, ...]
    head_tokens: int | None = None
    chosen: set[int] = field(default_factory=set)
    text: str = ""
    tokens: int = 0

    def estimate(self, numbers: Iterable[int]) -> float:
        """Return about how many tokens sentences take, by the passage's stored count."""
        return sum(map(self.estimates.__getitem__, numbers))

    def text_of(self, numbers: Iterable[int]) -> str:
        """Return these sentences in order; all of them are the passage as it stands."""
        wanted = sorted(numbers)
        if len(wanted) == len(self.sentences):
            return self.passage.text
        return _join(self.passage.text, [self.sentences[number] for number in wanted])


@dataclass(frozen=True, slots=True, order=True)
class _Offer:
    """The next sentences of a passage, by worth a token; `place` keeps ties in rank order."""

    price_for_worth: float
    place: int
    numbers: tuple[int, ...] = field(compare=False)
    later: tuple[int, ...] = field(compare=False)
    worth: float = field(compare=False)


class Selection:
    """Sentences chosen within a room of tokens, passage by passage. Deterministic."""

    def __init__(
        self, count: CountTokens, *, frames: dict[bool, int], min_trimmed_tokens: int
    ) -> None:
        """`count` gives the tokens of a passage rendered with a text; `frames` those around all
        citable (True) or learn-only (False) ones; a trimmed passage keeps `min_trimmed_tokens`.
        """
        self._count = count
        self._frames = frames
        self._min_trimmed_tokens = min_trimmed_tokens
        self._known: dict[UUID, Excerpt] = {}
        self._excerpts: dict[UUID, Excerpt] = {}
        self._refused: set[UUID] = set()
        self._seen: set[str] = set()

    @property
    def excerpts(self) -> dict[UUID, Excerpt]:
        """Return what is chosen, by passage, in the order in which passages were opened."""
        return self._excerpts

    def tokens(self) -> int:
        """Return the exact tokens of everything chosen, frames included."""
        kinds = {excerpt.passage.is_citable for excerpt in self._excerpts.values()}
        own = sum(excerpt.tokens for excerpt in self._excerpts.values())
        return own + sum(self._frames[kind] for kind in kinds)

    def fill(
        self, passages: Sequence[Passage], room: int, may_open: Callable[[Passage], bool]
    ) -> None:
        """Choose sentences of `passages` while `room` holds everything chosen.

        `may_open` is asked once, when a passage would get its first sentence.
        """
        known = [self._known_excerpt(p) for p in passages]
        offers = [o for i, excerpt in enumerate(known) if (o := self._first_offer(excerpt, i))]
        heapq.heapify(offers)
        misses = 0
        while offers and misses < MAX_MISSES:
            offer = heapq.heappop(offers)
            excerpt = known[offer.place]
            if offer.worth < LEAST_PROBABILITY:
                continue
            following: _Offer | None
            if self._repeats(excerpt, offer):
                # Without what was said before, what is left may be too short to be carried.
                following = self._first_offer(excerpt, offer.place, is_new=False)
            elif not excerpt.chosen and not may_open(excerpt.passage):
                self._refused.add(excerpt.passage.passage_id)
                continue
            elif self._take(excerpt, offer.numbers, room):
                misses = 0
                following = self._next_offer(excerpt, offer.later, offer.place)
            else:
                misses += 1
                following = self._smaller_offer(excerpt, offer, room - self.tokens())
            if following is not None:
                heapq.heappush(offers, following)

    def _take(self, excerpt: Excerpt, numbers: tuple[int, ...], room: int) -> bool:
        """Choose these sentences too, if they fit; what was said before is not said again."""
        passage = excerpt.passage
        is_new = not excerpt.chosen
        if not is_new:
            numbers = self._unsaid(excerpt, numbers)
            if not numbers:
                return True
        left = room - self.tokens()
        if is_new and not any(
            e.passage.is_citable is passage.is_citable for e in self._excerpts.values()
        ):
            left -= self._frames[passage.is_citable]
        if excerpt.estimate(numbers) > CLEARLY_TOO_LONG * left:
            return False
        chosen = excerpt.chosen | set(numbers)
        text = excerpt.text_of(chosen)
        tokens = self._count(passage, text)
        if tokens - excerpt.tokens > left:
            return False
        excerpt.chosen, excerpt.text, excerpt.tokens = chosen, text, tokens
        self._excerpts[passage.passage_id] = excerpt
        self._seen.update(key for n in numbers if (key := self._key(excerpt, n)))
        return True

    def _key(self, excerpt: Excerpt, number: int) -> str:
        sentence = excerpt.sentences[number]
        words = " ".join(excerpt.passage.text[sentence.start : sentence.end].casefold().split())
        return words if len(words) >= SHORTEST_REPEATED_SENTENCE else ""

    def _unsaid(self, excerpt: Excerpt, numbers: Iterable[int]) -> tuple[int, ...]:
        return tuple(n for n in numbers if self._key(excerpt, n) not in self._seen)

    def _repeats(self, excerpt: Excerpt, offer: _Offer) -> bool:
        """Tell whether a trimmed passage would be opened with what was said before."""
        if excerpt.chosen or len(offer.numbers) == len(excerpt.sentences):
            return False
        return len(self._unsaid(excerpt, offer.numbers)) < len(offer.numbers)

    def _first_offer(self, excerpt: Excerpt, place: int, *, is_new: bool = True) -> _Offer | None:
        """Offer the sentences that are worth most a token together with the passage's title.

        An offer that is not new repeated something: it is made again without that.
        """
        count = len(excerpt.sentences)
        if excerpt.chosen:
            left = tuple(n for n in excerpt.order if n not in excerpt.chosen)
            return self._next_offer(excerpt, left, place)
        total = sum(sentence.probability for sentence in excerpt.sentences)
        is_refused = excerpt.passage.passage_id in self._refused
        if is_refused or total < LEAST_PROBABILITY or not excerpt.passage.text.strip():
            return None
        head = self._head(excerpt)
        is_whole = is_new and _is_whole(excerpt)
        order = tuple(range(count)) if is_whole else excerpt.order
        if not is_new:
            order = self._unsaid(excerpt, order)
        best, worth, price = 0, 0.0, 0.0
        found: tuple[float, int, float] | None = None
        for taken, number in enumerate(order, start=1):
            worth += excerpt.sentences[number].probability
            price += excerpt.estimates[number]
            if taken < count and (is_whole or price < self._min_trimmed_tokens):
                continue
            rate = (head + price) / (worth or 1e-12)
            if found is None or rate < found[0]:
                found, best = (rate, taken, worth), taken
        if found is None:
            return None
        return _Offer(found[0], place, order[:best], order[best:], found[2])

    def _next_offer(self, excerpt: Excerpt, left: tuple[int, ...], place: int) -> _Offer | None:
        if not left:
            return None
        worth = excerpt.sentences[left[0]].probability
        rate = excerpt.estimate(left[:1]) / (worth or 1e-12)
        return _Offer(rate, place, left[:1], left[1:], worth)

    def _smaller_offer(self, excerpt: Excerpt, offer: _Offer, left: int) -> _Offer | None:
        """Offer less of a passage that did not fit: what fits, or else the next likely sentence."""
        if excerpt.chosen:
            return self._next_offer(excerpt, offer.later, offer.place)
        offered = {*offer.numbers, *offer.later}
        order = tuple(n for n in excerpt.order if n in offered)
        head, taken = self._head(excerpt), 0
        tokens = worth = 0.0
        for number in order[: len(offer.numbers) - 1]:
            price = excerpt.estimates[number]
            if head + tokens + price > left:
                break
            taken, tokens = taken + 1, tokens + price
            worth += excerpt.sentences[number].probability
        if not taken or tokens < self._min_trimmed_tokens:
            return None
        rate = (head + tokens) / (worth or 1e-12)
        return _Offer(rate, offer.place, order[:taken], order[taken:], worth)

    def _head(self, excerpt: Excerpt) -> int:
        """Return the tokens of a passage's title and marker.

        A note has none, but it must not go before the citable passage that says the same.
        """
        if excerpt.head_tokens is None:
            passage = excerpt.passage
            shown = passage if passage.is_citable else replace(passage, is_citable=True)
            excerpt.head_tokens = self._count(shown, "")
        return excerpt.head_tokens

    def _known_excerpt(self, passage: Passage) -> Excerpt:
        """Return the passage's excerpt, the same whenever the passage is filled in again."""
        known = self._known.get(passage.passage_id)
        if known is None:
            known = self._known[passage.passage_id] = _unopened(passage)
        return known


def chances(passage: Passage) -> tuple[SentenceChance, ...]:
    """Return the passage's sentences; one that was not ranked shares its score evenly."""
    if passage.sentences:
        return passage.sentences
    spans = sentence_spans(passage.text) or ((0, len(passage.text)),)
    share = passage.score / len(spans)
    return tuple(SentenceChance(start, end, share) for start, end in spans)


def _is_whole(excerpt: Excerpt) -> bool:
    return excerpt.passage.kind in WHOLE_KINDS


def _unopened(passage: Passage) -> Excerpt:
    sentences = chances(passage)
    tokens_per_letter = (passage.token_count or len(passage.text) / 2) / max(1, len(passage.text))
    estimates = tuple(tokens_per_letter * (s.end - s.start + 1) for s in sentences)
    rates = [
        -sentence.probability / math.pow(max(1.0, tokens), LENGTH_POWER)
        for sentence, tokens in zip(sentences, estimates, strict=True)
    ]
    order = tuple(sorted(range(len(sentences)), key=rates.__getitem__))
    return Excerpt(passage, sentences, estimates, order)


def _join(text: str, sentences: Sequence[SentenceChance]) -> str:
    """Join sentences of `text`: neighbours as they stand, others on a line of their own."""
    pieces: list[str] = []
    before = -1
    for sentence in sentences:
        gap = text[before : sentence.start] if before >= 0 else ""
        pieces.append(("\n" if gap.strip() else gap) + text[sentence.start : sentence.end])
        before = sentence.end
    return "".join(pieces)
