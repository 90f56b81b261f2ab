"""Where in a source's new passages the passage stands that a person had edited.

First what says the very same; then what holds the original or is a piece of it, as when a source
is cut to another size; then what is most like it. Passages that stood there before, unedited, are
somebody else's place and never taken for likeness. docs/edits.md tells the rules in words.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from heapq import nlargest
from typing import Literal
from uuid import UUID

from rapidfuzz.distance import Indel

from leanrag.ingest.extracted import Chunk
from leanrag.text.normalize import fold
from leanrag.text.sentences import split_sentences

# Of `likeness`. In tests/test_edit_matching.py the least alike revision has 0.65, the most alike
# stranger 0.39.
LEAST_LIKENESS = 0.5
_SAME_HEADING = 0.03  # of two that are as much alike the one under the same heading, or nearer
_SAME_PLACE = 0.02
_SAME_KEY = 3.0  # a list's record is the one with the same question or name, whatever else it says
_VERBATIM = 1.0  # found word for word: before anything that is only alike
LEAST_LETTERS = 40  # of a passage that is told by its words alone: "Yes." stands in many places
LEAST_COVER = 0.5  # of an original by the pieces that it was cut into
_WORD = re.compile(r"[^\W_]+")
_NEAR = 2  # passages before and after the old place
_WORD_CANDIDATES = 8
_MOST_VOTES = 1_000  # of an original's rarest words: bounds the time of an edit


@dataclass(frozen=True, slots=True)
class EditedPassage:
    """What an edit was made of, and what the source said there last (empty unless it changed).

    `key` is what a list's record is known by (its question or name), None outside lists.
    `is_restricted`: it hides the passage or makes it learn-only, which has to hold for its words
    wherever they stand. `is_gone`: it had no place before.
    """

    edit_id: UUID
    position: int
    original_hash: str
    heading: str
    text: str
    newer_hash: str = ""
    newer_text: str = ""
    key: str | None = None
    is_restricted: bool = False
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """The passages (by number) that an edit stands on, the first one first.

    "same": it says the same. "changed": it says something like it. "inside": it holds the original
    word for word, and more. "split": all of them are pieces of the original. "parts": none is its
    place. `holding` are others that hold a sentence of a restricted original.
    """

    form: Literal["same", "changed", "inside", "split", "parts"]
    numbers: tuple[int, ...]
    holding: tuple[int, ...] = ()

    @property
    def is_cut(self) -> bool:
        """Tell whether words of the original may stand elsewhere as well."""
        return self.form in ("changed", "split")


def match_edits(
    edits: Sequence[EditedPassage],
    chunks: Sequence[Chunk],
    *,
    known: Iterable[str] = (),
    keys: Sequence[str] | None = None,
) -> Mapping[UUID, Match]:
    """Return the place of each edit that still has one; no passage is the place of two.

    `known`: content hashes of the passages that stood there before without an edit. `keys`: of a
    list, what each passage is known by. The same passages again give the same places, once what
    this found is kept in the edits.
    """
    places = _Places(chunks, keys, Counter(known))
    places.take_same(edits)
    places.take_alike(places.without_place(edits))
    found = {edit.edit_id: places.match(edit) for edit in edits if edit.edit_id in places.taken}
    return {**found, **places.holding([edit for edit in edits if edit.is_restricted], found)}


def squeezed(text: str) -> str:
    """Return a text with single blanks: what counts when words are compared."""
    return " ".join(text.split())


def holds(longer: str, shorter: str) -> bool:
    """Tell whether a squeezed text holds another one that is long enough to be told by it."""
    return len(shorter) >= LEAST_LETTERS and f" {shorter} " in f" {longer} "


def likeness(one: str, other: str) -> float:
    """Return how much of two texts' words are the same, 0 to 1: half of it in their order.

    The mean of 2 x common / (words of both) for the words in common in order, and in any order.
    """
    return _Said(one).share(_Said(other))


@dataclass
class _Said:
    """A text that is compared: squeezed and, when it comes to that, as folded words."""

    text: str

    @cached_property
    def _words(self) -> list[str]:
        return _WORD.findall(fold(self.text))

    @cached_property
    def _counts(self) -> Counter[str]:
        return Counter(self._words)

    def share(self, other: _Said) -> float:
        in_order: float = Indel.normalized_similarity(self._words, other._words)
        common = sum(min(n, other._counts[word]) for word, n in self._counts.items())
        both = len(self._words) + len(other._words)
        return (in_order + 2 * common / both) / 2 if both else 0.0


@dataclass
class _Places:
    chunks: Sequence[Chunk]
    keys: Sequence[str] | None
    known: Counter[str]
    taken: dict[UUID, int] = field(default_factory=dict)
    _used: set[int] = field(default_factory=set)

    @cached_property
    def _said(self) -> list[_Said]:
        return [_Said(squeezed(chunk.text)) for chunk in self.chunks]

    def without_place(self, edits: Iterable[EditedPassage]) -> list[EditedPassage]:
        return [edit for edit in edits if edit.edit_id not in self.taken]

    def take_same(self, edits: Sequence[EditedPassage]) -> None:
        """Give each edit the passage that says what it was made of, or what was there last."""
        by_hash: dict[str, list[int]] = defaultdict(list)
        for number, chunk in enumerate(self.chunks):
            by_hash[chunk.content_hash].append(number)
        for name in ("original_hash", "newer_hash"):
            wanted: dict[str, list[EditedPassage]] = defaultdict(list)
            for edit in self.without_place(edits):
                wanted[getattr(edit, name)].append(edit)
            for content, waiting in wanted.items():
                self._take_nearest(waiting, by_hash.get(content, []))
        if self.without_place(edits):
            self._take_same_text(edits)

    def _take_same_text(self, edits: Sequence[EditedPassage]) -> None:
        """Where only a title or a heading is another: under the same heading before others."""
        by_text: dict[str, list[int]] = defaultdict(list)
        for number, said in enumerate(self._said):
            by_text[said.text].append(number)
        for is_same_heading in (True, False):
            for edit in self.without_place(edits):
                found = by_text.get(squeezed(edit.text)) or by_text.get(squeezed(edit.newer_text))
                if is_same_heading:
                    found = [n for n in found or () if self.chunks[n].heading == edit.heading]
                self._take_nearest([edit], found or [])

    def _take_nearest(self, edits: Sequence[EditedPassage], numbers: Sequence[int]) -> None:
        """Give edits of one text the nearest of the passages that say it, in their order."""
        free = [number for number in numbers if number not in self._used]
        if not free:
            return

        def away(edit: EditedPassage, number: int) -> int:
            return abs(self.chunks[number].position - edit.position)

        def first(edit: EditedPassage) -> tuple[bool, int, UUID]:
            return edit.is_gone, min(away(edit, number) for number in free), edit.edit_id

        chosen, served = [], sorted(edits, key=first)[: len(free)]
        for edit in served:
            chosen.append(min(free, key=lambda number: (away(edit, number), number)))
            free.remove(chosen[-1])
        in_order = sorted(served, key=lambda edit: (edit.position, edit.edit_id))
        for edit, number in zip(in_order, sorted(chosen), strict=True):
            self._take(edit, number)

    def _take(self, edit: EditedPassage, number: int) -> None:
        self.taken[edit.edit_id] = number
        self._used.add(number)

    def _fresh(self) -> list[int]:
        """Return the passages that nobody's edit has and that were not there before."""
        known, fresh = self.known.copy(), []
        for number, chunk in enumerate(self.chunks):
            if known[chunk.content_hash]:
                known[chunk.content_hash] -= 1
            elif number not in self._used:
                fresh.append(number)
        return fresh

    def take_alike(self, edits: Sequence[EditedPassage]) -> None:
        """Give the rest, the most alike pair first, passages that were not there before."""
        fresh = self._fresh() if edits else []
        if not fresh:
            return
        pairs = []
        for edit, numbers in zip(edits, self._candidates(edits, fresh), strict=True):
            originals = [_Said(squeezed(t)) for t in (edit.text, edit.newer_text) if t]
            for number in numbers:
                alike = max(self._likeness(edit, said, number) for said in originals)
                if alike >= LEAST_LIKENESS:
                    away = abs(self.chunks[number].position - edit.position)
                    pairs.append((-alike, away, number, edit.edit_id.int, edit))
        for *_, number, _id, edit in sorted(pairs, key=lambda pair: pair[:4]):
            if edit.edit_id not in self.taken and number not in self._used:
                self._take(edit, number)

    def _candidates(
        self, edits: Sequence[EditedPassage], fresh: Sequence[int]
    ) -> Iterator[set[int]]:
        """Yield for each edit the passages worth a comparison: of its key, its words, its place."""
        if self.keys is not None:
            by_key: dict[str, set[int]] = defaultdict(set)
            for number in fresh:
                by_key[fold(self.keys[number])].add(number)
            yield from (by_key[fold(edit.key)] if edit.key else set() for edit in edits)
            return
        originals = [set(f"{edit.text} {edit.newer_text}".split()) for edit in edits]
        vocabulary = set().union(*originals)
        holding: dict[str, list[int]] = defaultdict(list)
        for number in fresh:
            for word in vocabulary.intersection(self._said[number].text.split()):
                holding[word].append(number)
        for edit, words in zip(edits, originals, strict=True):
            at = bisect_left(fresh, edit.position)
            yield set(_voted(words, holding)).union(fresh[max(0, at - _NEAR) : at + _NEAR + 1])

    def _likeness(self, edit: EditedPassage, original: _Said, number: int) -> float:
        chunk, said = self.chunks[number], self._said[number]
        extra = _SAME_HEADING if chunk.heading == edit.heading else 0.0
        if abs(chunk.position - edit.position) <= _NEAR:
            extra += _SAME_PLACE
        if self.keys is not None:
            extra += _SAME_KEY
        elif holds(said.text, original.text):
            return _VERBATIM + len(original.text) / len(said.text) + extra
        elif holds(original.text, said.text):
            run = self._run(original.text, number)
            if run[0] != number:
                return 0.0  # the first of its pieces stands for them all
            cover = sum(len(self._said[n].text) for n in run) / len(original.text)
            if cover >= LEAST_COVER:
                return _VERBATIM + cover + extra
        return original.share(said) + extra

    def _run(self, original: str, number: int, blocked: frozenset[int] = frozenset()) -> list[int]:
        """Return the pieces of an original that stand side by side around one of them."""
        run = [number]
        for step, end in ((-1, -1), (1, len(self.chunks))):
            for at in range(number + step, end, step):
                if at in blocked or not holds(original, self._said[at].text):
                    break
                run.append(at)
        return sorted(run)

    def match(self, edit: EditedPassage) -> Match:
        """Return how the passage that an edit was given relates to its original."""
        number = self.taken[edit.edit_id]
        chunk = self.chunks[number]
        if chunk.content_hash == edit.original_hash:
            return Match("same", (number,))
        original, now = squeezed(edit.text), self._said[number].text
        if original == now:
            is_told = chunk.heading == edit.heading or len(now) >= LEAST_LETTERS
            return Match("same" if is_told else "changed", (number,))
        if self.keys is None and holds(now, original):
            return Match("inside", (number,))
        if self.keys is None and holds(original, now):
            others = frozenset(self._used - {number})
            run = [at for at in self._run(original, number, others) if at >= number]
            return Match("split" if len(run) > 1 else "changed", tuple(run))
        return Match("changed", (number,))

    def holding(
        self, edits: Sequence[EditedPassage], found: Mapping[UUID, Match]
    ) -> Mapping[UUID, Match]:
        """Return the matches with the passages besides that hold a sentence of the original."""
        for match in found.values():
            self._used.update(match.numbers)
        cut = [edit for edit in edits if edit.edit_id not in found or found[edit.edit_id].is_cut]
        fresh = self._fresh() if cut and self.keys is None else []
        if not fresh:
            return {}
        wider = {}
        for edit, numbers in zip(cut, self._candidates(cut, fresh), strict=True):
            sentences = [squeezed(sentence) for sentence in split_sentences(edit.text)]
            parts = tuple(
                number
                for number in sorted(numbers - self._used)
                if any(holds(self._said[number].text, sentence) for sentence in sentences)
            )
            self._used.update(parts)
            if edit.edit_id in found:
                wider[edit.edit_id] = replace(found[edit.edit_id], holding=parts)
            elif parts:
                wider[edit.edit_id] = Match("parts", (), parts)
        return wider


def _voted(words: Iterable[str], holding: Mapping[str, Sequence[int]]) -> list[int]:
    """Return the passages that hold most of the rarest of these words, a rare one counting more."""
    votes: dict[int, float] = defaultdict(float)
    left = _MOST_VOTES
    for _, word in sorted((len(holding[word]), word) for word in words if word in holding):
        numbers = holding[word][:left]
        left -= len(numbers)
        for number in numbers:
            votes[number] += 1 / len(holding[word])
    return nlargest(_WORD_CANDIDATES, votes, key=votes.__getitem__)
