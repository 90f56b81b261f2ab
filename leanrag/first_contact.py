"""What is said around questions, decided before retrieval: greetings, thanks, a wish for a person.

A message is whole where nothing is left of it once the phrases of such acts and the words that go
with them are taken away: then a fixed text answers it, without passages and without a model. Where
something is left ("hello, what does the kettle cost?") it is a question, and goes on as one. Only
the wish for a person counts inside a longer message too.

The replies stand in `first_contact.toml`, the phrases in one such file a language. Those of all
languages are looked up together: customers mix them, and two words seldom tell which language they
are in.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, cast, get_args

from leanrag.errors import ConfigurationError
from leanrag.first_contact_phrases import Found, PhraseIndex, compile_phrases, spellings
from leanrag.first_contact_words import WordReader
from leanrag.text.analyzers import analyze_words, load_stopwords
from leanrag.types import LANGUAGES, Language

FirstContactAct = Literal["greeting", "thanks", "goodbye", "abuse", "robot", "person"]
ACTS: tuple[FirstContactAct, ...] = get_args(FirstContactAct)
DIRECTORY = Path(__file__).parent
READ_LETTERS = 2_000  # as many as are routed; keeps the cost bounded
LONGEST_WHOLE = 40  # words; nobody says hello in more

# What decides where several are said; among the courtesies the last one does ("hi, thanks, bye").
_RANKS: Mapping[str, int] = {"person": 3, "abuse": 2, "robot": 1}
# The share of words that may be unknown in a whole message. A greeting allows none: the unknown
# word is what is asked for ("hello, kettle?").
_UNKNOWN_SHARE: Mapping[str, float] = {
    "greeting": 0.0,
    "thanks": 0.2,
    "goodbye": 0.2,
    "robot": 0.25,
    "person": 0.25,
    "abuse": 1 / 3,
}
_CLAUSE_END = re.compile(r"[.!?,;:\n\u061f\u060c\u061b\u2026]+")


@dataclass(frozen=True, slots=True)
class FirstContactMatch:
    """What a message does besides asking.

    `phrases`: the customer's own words that decided, in their order. `language`: of those words;
    the given one where they belong to several or to none. `is_whole`: nothing else is said.
    `wants_person`: a person is asked for, be it beside a question.
    """

    act: FirstContactAct
    language: Language
    phrases: tuple[str, ...]
    is_whole: bool
    wants_person: bool


@dataclass(frozen=True, slots=True)
class _Reading:
    """Words of a message, what each is known as, the phrases found, and whether they say it all."""

    words: Sequence[str]
    kept: Sequence[Found]
    is_whole: bool


class FirstContact:
    """Recognises first contact and holds its fixed replies. Built once; thread-safe."""

    def __init__(self, directory: Path = DIRECTORY) -> None:
        """Compile the files of `directory`. Raises ConfigurationError for what they cannot hold."""
        shared = _read_file(directory / "first_contact.toml")
        self._replies: Mapping[str, Mapping[str, str]] = shared.get("replies", {})
        if any(not self._replies.get(a, {}).get(name) for a in ACTS for name in LANGUAGES):
            raise ConfigurationError("Every act needs a fixed reply in each of the four languages.")
        self._emoji = {symbol: act for act, line in shared["emoji"].items() for symbol in line}
        files = {name: _read_file(directory / f"first_contact.{name}.toml") for name in LANGUAGES}
        self._index = _index(files, {act: act for act in ACTS})
        # Wishes for a person that no other sentence would hold.
        self._inside = _index(files, {"person_inside": "person"})
        self._turning = _listed(files, "words", "turning")
        self._aimed = _listed(files, "words", "aimed")
        function_words = frozenset[str]().union(*(load_stopwords(name) for name in LANGUAGES))
        self._fillers = _listed(files, "around", "any") | (function_words - self._turning)
        self._around: Mapping[str, frozenset[str]] = {
            act: _listed(files, "around", act) for act in ACTS
        }
        self._reader = WordReader(
            self._index.words | self._inside.words | self._fillers.union(*self._around.values()),
            unmended=_listed(files, "words", "unmended") | self._turning,
        )

    def recognise(self, text: str, language: Language) -> FirstContactMatch | None:
        """Return what `text` does besides asking; None for a question without a wish for a person.

        `language` is the message's, as it was routed. A match that is not whole wants a person.
        Deterministic; about 0.07 ms a message.
        """
        text = text[:READ_LETTERS]
        if not analyze_words(text, language):
            return self._symbols(text, language)
        reading = self._read(text, language)
        return _match(reading, language) if reading.is_whole else self._wish(text, language)

    def reply(self, act: FirstContactAct, language: Language, greeting: Mapping[str, str]) -> str:
        """Return the fixed reply of `act`; a greeting is answered with the bot's own, if any.

        `greeting` is the bot's greeting by language; one that is empty counts as none.
        """
        own = greeting.get(language, "").strip() if act == "greeting" else ""
        return own or self._replies[act][language]

    def _symbols(self, text: str, language: Language) -> FirstContactMatch | None:
        """Recognise a message without a word by its last emoji that says anything."""
        said = [symbol for symbol in text if symbol in self._emoji]
        if not said:
            return None
        act = self._emoji[said[-1]]
        return FirstContactMatch(act, language, (said[-1],), is_whole=True, wants_person=False)

    def _read(self, text: str, language: Language) -> _Reading:
        """Find the phrases of `text` and see whether words are left over."""
        words, known = self._reader.read(text, language)
        if len(words) > LONGEST_WHOLE:
            return _Reading(words, (), is_whole=False)
        function_words = load_stopwords(language)
        found = [
            one
            for one in self._index.find(known)
            # A word of another language may be spelt like this language's "it" or "by".
            if one.phrase.language == language
            or not function_words.issuperset(words[place] for place in one.places)
        ]
        kept = _longest(found, language)
        said = self._fillers.union(*(self._around[one.phrase.act] for one in kept))
        covered = frozenset().union(*(one.places for one in found))
        left = [
            place
            for place, names in enumerate(known)
            if place not in covered and said.isdisjoint(names)
        ]
        is_whole = bool(kept) and (not left or self._may_leave(len(left), words, kept))
        return _Reading(words, kept, is_whole)

    def _may_leave(self, unknown: int, words: Sequence[str], kept: Sequence[Found]) -> bool:
        """Tell whether so few words are `unknown` that the message still says no more than an act.

        Nothing is let pass beside a word that asks or contradicts; a lone noun ("agent") is no wish
        then, and an insult none that is aimed at nobody ("the screen is trash").
        """
        deciding = _deciding(kept)
        act = deciding.phrase.act
        if unknown > _UNKNOWN_SHARE[act] * len(words) or not self._turning.isdisjoint(words):
            return False
        if act == "abuse":
            return not self._aimed.isdisjoint(words)
        return act not in ("robot", "person") or len(deciding.places) > 1

    def _wish(self, text: str, language: Language) -> FirstContactMatch | None:
        """Find a wish for a person: plain words for it anywhere, or a clause that says it alone."""
        words, known = self._reader.read(text, language)
        inside = self._inside.find(known)
        if inside:
            return _match(_Reading(words, inside[:1], is_whole=False), language)
        clauses = [clause for clause in _CLAUSE_END.split(text) if clause.strip()]
        for clause in clauses if len(clauses) > 1 else ():
            reading = self._read(clause, language)
            if reading.is_whole and _deciding(reading.kept).phrase.act == "person":
                return _match(replace(reading, is_whole=False), language)
        return None


def _read_file(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return tomllib.load(file)


def _index(files: Mapping[Language, dict[str, Any]], acts: Mapping[str, str]) -> PhraseIndex:
    """Index the phrases of all languages that stand under the keys of `acts`."""
    index = PhraseIndex()
    for language, file in files.items():
        for key, act in acts.items():
            for phrase in compile_phrases(file["phrases"][key], act, language, file["named"]):
                index.add(phrase)
    return index


def _listed(files: Mapping[Language, dict[str, Any]], table: str, key: str) -> frozenset[str]:
    """Return the folded words of all languages that stand under `key` of `table`."""
    return frozenset(
        word
        for language, file in files.items()
        for words in file[table][key].split()
        for spelling in spellings(words, language)
        for word in spelling
    )


def _longest(found: Sequence[Found], language: Language) -> list[Found]:
    """Keep the longest phrases that share no word, in their order in the message.

    Of several readings of the same words that of `language` is kept; and what is said on coming
    and on going ("iyi günler") is a goodbye only behind another act than a greeting.
    """

    def preference(one: Found) -> tuple[int, int, int, int, bool]:
        act = one.phrase.act
        is_other = one.phrase.language != language
        return -len(one.places), -_RANKS.get(act, 0), min(one.places), ACTS.index(act), is_other

    kept: list[Found] = []
    for one in sorted(found, key=preference):
        if all(one.places.isdisjoint(other.places) for other in kept):
            kept.append(one)
    kept.sort(key=lambda one: min(one.places))
    goodbyes = {one.places: one for one in found if one.phrase.act == "goodbye"}
    for place, one in enumerate(kept):
        if place and one.places in goodbyes and kept[place - 1].phrase.act != "greeting":
            kept[place] = goodbyes[one.places]
    return kept


def _deciding(kept: Sequence[Found]) -> Found:
    """Return what decides: the highest rank, and of that the last.

    One word for a person is no wish beside the question for a robot ("are you a bot or an agent").
    """
    asks_robot = any(one.phrase.act == "robot" for one in kept)
    if asks_robot:
        kept = [o for o in kept if o.phrase.act != "person" or len(o.places) > 1]
    return max(enumerate(kept), key=lambda pair: (_RANKS.get(pair[1].phrase.act, 0), pair[0]))[1]


def _match(reading: _Reading, language: Language) -> FirstContactMatch:
    deciding = _deciding(reading.kept)
    act = cast(FirstContactAct, deciding.phrase.act)
    same = [one for one in reading.kept if one.phrase.act == act]
    return FirstContactMatch(
        act=act,
        language=deciding.phrase.language,
        phrases=tuple(" ".join(reading.words[i] for i in sorted(one.places)) for one in same),
        is_whole=reading.is_whole,
        wants_person=act == "person",
    )
