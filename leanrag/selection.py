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
from dataclasses import dataclass, replace
from typing import NamedTuple
from uuid import UUID

from leanrag.excerpts import Excerpt, unopened
from leanrag.types import Passage, SourceKind

WHOLE_KINDS: frozenset[SourceKind] = frozenset({"faq", "product"})
# A sentence that answers one question in three thousand is not worth its tokens: leaving such out
# spares a fifth of 1,000 tokens and lost no answer on public questions (docs/benchmarks.md).
LEAST_PROBABILITY = 3e-4
# After so many sentences in a row that found no room, there is none.
MAX_MISSES = 8
# A share that is full waits for what costs at most so many times as much for the same chance.
PATIENCE = 4.0
# The stored count is an estimate: it spares the exact one where there is clearly no room.
CLEARLY_TOO_LONG = 1.5
# ... and where there clearly is: what was taken is counted when room runs short, or at the end.
CLEARLY_ENOUGH = 1.25

CountTokens = Callable[[Passage, str], int]


class _Offer(NamedTuple):
    """The next sentences of a passage, by worth a token; `place` keeps ties in rank order."""

    price_for_worth: float
    place: int
    numbers: tuple[int, ...]
    later: tuple[int, ...]
    worth: float


@dataclass(frozen=True, slots=True)
class _Queue:
    """What the passages of one share offer, and the tokens that it may take before the others."""

    excerpts: list[Excerpt]
    offers: list[_Offer]
    max_tokens: int

    def is_full(self) -> bool:
        """Tell whether most of the next offer goes beyond the share, as far as it is estimated."""
        offer = self.offers[0]
        taken = sum([excerpt.tokens for excerpt in self.excerpts])
        return taken + self.excerpts[offer.place].estimate(offer.numbers) / 2 > self.max_tokens


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
        self._excerpts: dict[UUID, Excerpt] = {}
        self._own_tokens = 0  # of the excerpts, without frames
        self._opened = dict.fromkeys(frames, 0)  # how many passages of each kind are chosen
        self._seen: set[str] = set()
        self._taken: list[tuple[Excerpt, tuple[int, ...]]] = []  # since the last exact count

    @property
    def excerpts(self) -> dict[UUID, Excerpt]:
        """Return what is chosen, by passage, in the order in which passages were opened."""
        return self._excerpts

    def tokens(self) -> int:
        """Return the tokens of everything chosen, frames included; exact after `fill`."""
        framed = sum([self._frames[kind] for kind, opened in self._opened.items() if opened])
        return self._own_tokens + framed

    def fill(
        self,
        shares: Sequence[tuple[Sequence[Passage], int]],
        room: int,
        may_open: Callable[[Passage], bool],
    ) -> None:
        """Choose sentences of each share's passages while `room` holds everything chosen.

        A share that has its tokens lets the others go first, unless what they offer is worth much
        less. `may_open` is asked once, when a passage would get its first sentence.
        """
        queues = [self._queue(passages, max_tokens) for passages, max_tokens in shares]
        misses = 0
        while misses < MAX_MISSES and (queue := _next_queue(queues)) is not None:
            offer = heapq.heappop(queue.offers)
            excerpt = queue.excerpts[offer.place]
            if offer.worth < LEAST_PROBABILITY:
                continue
            following: _Offer | None
            if self._repeats(excerpt, offer):
                # Without what was said before, what is left may be too short to be carried.
                following = self._first_offer(excerpt, offer.place, is_new=False)
            elif not excerpt.chosen and not may_open(excerpt.passage):
                continue
            elif self._take(excerpt, offer.numbers, room):
                misses = 0
                following = self._next_offer(excerpt, offer.later, offer.place)
            else:
                misses += 1
                following = self._smaller_offer(excerpt, offer, room - self.tokens())
            if following is not None:
                heapq.heappush(queue.offers, following)
        self._settle(room)

    def _queue(self, passages: Sequence[Passage], max_tokens: int) -> _Queue:
        excerpts = [unopened(passage) for passage in passages if not _is_unlikely(passage)]
        offers = [o for i, excerpt in enumerate(excerpts) if (o := self._first_offer(excerpt, i))]
        heapq.heapify(offers)
        return _Queue(excerpts, offers, max_tokens)

    def _take(self, excerpt: Excerpt, numbers: tuple[int, ...], room: int) -> bool:
        """Choose these sentences too, if they fit; what was said before is not said again."""
        if excerpt.chosen:
            numbers = self._unsaid(excerpt, numbers)
            if not numbers:
                return True
        likely = math.ceil(CLEARLY_ENOUGH * excerpt.estimate(numbers))
        likely += excerpt.tokens if excerpt.chosen else self._head(excerpt)
        for is_settled in (False, True):
            if is_settled:
                self._settle(room)
            left = self._left(excerpt, room)
            if likely - excerpt.tokens <= left:
                self._choose(excerpt, numbers, likely, is_counted=False)
                return True
        if excerpt.estimate(numbers) > CLEARLY_TOO_LONG * left:
            return False
        text = excerpt.text_of(excerpt.chosen | set(numbers))
        tokens = self._count(excerpt.passage, text)
        if tokens - excerpt.tokens > left:
            return False
        excerpt.text = text
        self._choose(excerpt, numbers, tokens, is_counted=True)
        return True

    def _left(self, excerpt: Excerpt, room: int) -> int:
        """Return the room for more of `excerpt`, whose kind's frame may still have to be paid."""
        left = room - self.tokens()
        kind = excerpt.passage.is_citable
        return left if self._opened[kind] else left - self._frames[kind]

    def _choose(
        self, excerpt: Excerpt, numbers: tuple[int, ...], tokens: int, *, is_counted: bool
    ) -> None:
        if not excerpt.chosen:
            self._excerpts[excerpt.passage.passage_id] = excerpt
            self._opened[excerpt.passage.is_citable] += 1
        excerpt.chosen.update(numbers)
        self._pay(excerpt, tokens)
        excerpt.is_counted = is_counted
        self._seen.update(key for number in numbers if (key := excerpt.key(number)))
        self._taken.append((excerpt, numbers))

    def _settle(self, room: int) -> None:
        """Count exactly what was only estimated; give back, last first, what is too much."""
        for excerpt in self._excerpts.values():
            if not excerpt.is_counted:
                self._recount(excerpt)
        while self._taken and self.tokens() > room:
            excerpt, numbers = self._taken.pop()
            excerpt.chosen -= set(numbers)
            self._seen.difference_update(excerpt.key(number) for number in numbers)
            if excerpt.chosen:
                self._recount(excerpt)
            else:
                excerpt.text = ""
                self._pay(excerpt, 0)
                del self._excerpts[excerpt.passage.passage_id]
                self._opened[excerpt.passage.is_citable] -= 1
        self._taken.clear()

    def _recount(self, excerpt: Excerpt) -> None:
        excerpt.text = excerpt.text_of(excerpt.chosen)
        self._pay(excerpt, self._count(excerpt.passage, excerpt.text))
        excerpt.is_counted = True

    def _pay(self, excerpt: Excerpt, tokens: int) -> None:
        self._own_tokens += tokens - excerpt.tokens
        excerpt.tokens = tokens

    def _unsaid(self, excerpt: Excerpt, numbers: Iterable[int]) -> tuple[int, ...]:
        return tuple(n for n in numbers if excerpt.key(n) not in self._seen)

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
        if sum(excerpt.worths) < LEAST_PROBABILITY or not excerpt.passage.text.strip():
            return None
        head = self._head(excerpt)
        is_whole = is_new and _is_whole(excerpt)
        order = tuple(range(count)) if is_whole else excerpt.order
        if not is_new:
            order = self._unsaid(excerpt, order)
        best, worth, price = 0, 0.0, 0.0
        found: tuple[float, int, float] | None = None
        for taken, number in enumerate(order, start=1):
            worth += excerpt.worths[number]
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
        worth = excerpt.worths[left[0]]
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
            worth += excerpt.worths[number]
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


def _next_queue(queues: Sequence[_Queue]) -> _Queue | None:
    """Return the queue whose turn it is: the best offer's, or of a share that has room."""
    waiting = [queue for queue in queues if queue.offers]
    if len(waiting) < 2:
        return waiting[0] if waiting else None
    waiting.sort(key=lambda queue: queue.offers[0][:2])
    if not waiting[0].is_full():
        return waiting[0]
    price = waiting[0].offers[0].price_for_worth * PATIENCE
    return next(
        (q for q in waiting[1:] if q.offers[0].price_for_worth <= price and not q.is_full()),
        waiting[0],
    )


def _is_unlikely(passage: Passage) -> bool:
    """Tell whether ranking gave all sentences together less than one is worth its tokens for."""
    return bool(passage.sentences) and passage.probability < LEAST_PROBABILITY


def _is_whole(excerpt: Excerpt) -> bool:
    return excerpt.passage.kind in WHOLE_KINDS
