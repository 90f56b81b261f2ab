"""Phrases of the first contact, compiled for lookup word by word.

A phrase is written as words with a small notation, in the spelling of its language:

- `good (morning|day) (to you)?`: one of several, each of one or more words, and what may be left
  out; alternatives longer than a word need brackets;
- `konuş*`: a word that begins so, for the endings of Turkish and Arabic;
- `<human>`: one of the words listed under that name;
- `<want> & <human>`: both, anywhere and in any order.

A half space (ZWNJ) stands for "joined or apart", as people type it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from leanrag.errors import ConfigurationError
from leanrag.text.analyzers import analyze_words
from leanrag.text.normalize import ZWNJ
from leanrag.types import Language

_SLOT = re.compile(r"\(([^()]*)\)(\?)?|<(\w+)>(\?)?|([^\s()<>?]+)(\?)?")

_Alternative = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Slot:
    """One place of a phrase: its alternatives by their first word; `optional` ones may be empty."""

    alternatives: Mapping[str, Sequence[_Alternative]]
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Phrase:
    """A compiled phrase of an act; `is_bag`: its places may stand anywhere, in any order."""

    act: str
    language: Language
    slots: tuple[Slot, ...]
    is_bag: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A phrase that a message holds, and the positions of its words, counted from 0."""

    phrase: Phrase
    places: frozenset[int]


@dataclass(slots=True)
class PhraseIndex:
    """Phrases by the words that they may begin with. Filled once, then only read: thread-safe.

    A message comes as one set of known words for each of its words: the word as typed or as
    mended, and the beginnings (`konus*`) that it has.
    """

    words: set[str] = field(default_factory=set)
    _by_first: dict[str, list[Phrase]] = field(default_factory=lambda: defaultdict(list))

    def add(self, phrase: Phrase) -> None:
        """Add a phrase and learn its words."""
        for slot in phrase.slots:
            for alternatives in slot.alternatives.values():
                self.words.update(word for words in alternatives for word in words)
        for first in _first_words(phrase):
            self._by_first[first].append(phrase)

    def find(self, message: Sequence[frozenset[str]]) -> list[Found]:
        """Return every phrase at every place of `message` where it fits, the longest there."""
        found: list[Found] = []
        for start, known in enumerate(message):
            phrases = (phrase for word in known for phrase in self._by_first.get(word, ()))
            for phrase in phrases:
                if phrase.is_bag:
                    places = _places_anywhere(phrase, message, start)
                else:
                    end = _end(phrase.slots, 0, message, start)
                    places = frozenset(range(start, end))
                if places:
                    found.append(Found(phrase, places))
        return found


def compile_phrases(
    text: str, act: str, language: Language, named: Mapping[str, str]
) -> Iterator[Phrase]:
    """Yield the phrases of `text`, one a line or separated by commas.

    `named` holds what `<name>` stands for. Raises ConfigurationError for a name that it lacks, and
    for a phrase that would fit nothing at all.
    """
    for line in split_phrases(text):
        parts = line.split("&")
        slots = tuple(
            _slot(match, language, named) for part in parts for match in _SLOT.finditer(part)
        )
        if all(slot.optional for slot in slots):
            raise ConfigurationError(f"The phrase {line!r} may be empty; make one word required.")
        yield Phrase(act, language, slots, is_bag=len(parts) > 1)


def split_phrases(text: str) -> list[str]:
    """Split at commas and line ends; what is empty is left out."""
    return [part.strip() for part in re.split(r"[,\n]", text) if part.strip()]


def spellings(words: str, language: Language) -> Iterator[_Alternative]:
    """Yield the folded words of `words`, with a half space as nothing and as a space."""
    for variant in dict.fromkeys((words.replace(ZWNJ, ""), words.replace(ZWNJ, " "))):
        folded: list[str] = []
        for word in variant.split():
            folded += [analyzed.folded for analyzed in analyze_words(word, language)]
            if word.endswith("*") and folded:
                folded[-1] += "*"
        if folded:
            yield tuple(folded)


def _slot(match: re.Match[str], language: Language, named: Mapping[str, str]) -> Slot:
    group, group_mark, name, name_mark, word, word_mark = match.groups()
    if name is not None and name not in named:
        raise ConfigurationError(f"No words of {language!r} are listed under the name {name!r}.")
    texts = split_phrases(named[name]) if name else (group or word).split("|")
    alternatives: defaultdict[str, list[_Alternative]] = defaultdict(list)
    for text in texts:
        for words in spellings(text, language):
            alternatives[words[0]].append(words)
    return Slot(dict(alternatives), optional=bool(group_mark or name_mark or word_mark))


def _first_words(phrase: Phrase) -> set[str]:
    first: set[str] = set()
    for slot in phrase.slots:
        first |= slot.alternatives.keys()
        if not slot.optional:
            break
    return first


def _end(slots: Sequence[Slot], place: int, message: Sequence[frozenset[str]], start: int) -> int:
    """Return where the slots from `place` on end at most if they begin at `start`; -1: nowhere."""
    if place == len(slots):
        return start
    best = _end(slots, place + 1, message, start) if slots[place].optional else -1
    for end in _ends(slots[place], message, start):
        best = max(best, _end(slots, place + 1, message, end))
    return best


def _ends(slot: Slot, message: Sequence[frozenset[str]], start: int) -> Iterator[int]:
    if start >= len(message):
        return
    for word in message[start]:
        for alternative in slot.alternatives.get(word, ()):
            end = start + len(alternative)
            if end <= len(message) and all(
                part in known for part, known in zip(alternative, message[start:end], strict=True)
            ):
                yield end


def _places_anywhere(
    phrase: Phrase, message: Sequence[frozenset[str]], start: int
) -> frozenset[int]:
    """Return the places of a bag whose first slot fits at `start`; none where a slot fits nowhere.

    No word counts for two slots.
    """
    places: set[int] = set()
    for number, slot in enumerate(phrase.slots):
        starts = range(start, start + 1) if number == 0 else range(len(message))
        spans = (
            range(begin, end)
            for begin in starts
            for end in sorted(_ends(slot, message, begin))[-1:]
        )
        span = next((span for span in spans if places.isdisjoint(span)), None)
        if span is None:
            return frozenset()
        places.update(span)
    return frozenset(places)
