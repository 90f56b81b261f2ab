"""Persian and Arabic that customers type in Latin letters: Finglish and Arabizi.

No library is used: those there are give one reading of a word, and which is the right one only
shows when it meets a passage. So each Latin word becomes a few plausible spellings, best first: by
a table of chat words, and for all other words by letter rules with costs.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from heapq import nsmallest
from pathlib import Path
from typing import Literal

from leanrag.text.analyzers import analyze, load_stopwords
from leanrag.text.normalize import fold

RomanizedLanguage = Literal["fa", "ar"]

ROMANIZED_FILE = Path(__file__).with_name("romanized.toml")
MAX_SPELLINGS = 16
SAMPLE_WORDS = 100  # the start of a long text tells what it is written in
LONGEST_WORD = 24  # letters of a word that is spelt: a longer one is no word
SPELT_WORDS = 60  # of a question: with their n-grams they stay below pgvector's 16,000 terms
BEAM = 32  # beginnings of a word that are kept while it is spelt

_LANGUAGES: tuple[RomanizedLanguage, ...] = ("fa", "ar")
# What a word says for its language, and an English or Turkish function word against it.
_CERTAIN, _SHARED, _OTHER = 2, 1, 2
_FEWEST_CHAT_WORDS = 4  # of so many words, one point of evidence

_WORD = re.compile(r"[a-z0-9']*[a-z][a-z0-9']*")
_NOT_A_LETTER = re.compile(r"[\W_]+")
_DOUBLED = re.compile(r"([b-df-hj-np-tv-z])\1")
# A digit for a letter stands inside a word, before it or behind it: "se3r", "3ayz", "share3".
_DIGIT_LETTER = re.compile(
    r"[a-z]{2}'?[235679][a-z]|[a-z]'?[235679][a-z]{2}|^[2379][a-z]{3}|^[a-z]{3,}[379]$"
)
# ... but not in "mp3", "2nd", "5days", "x500".
_PLAIN_DIGIT = re.compile(
    r"\d\d|^(?:mp|ps|web|win|top|gen|vol|no|nr)\d"
    r"|^\d(?:rd|nd|th|pcs|min|days|gun|adet|taksit|lira|lit|gram|inch|year|month|week|hour)"
)


@dataclass(frozen=True, slots=True)
class RomanizedWord:
    """A folded Latin word and its folded spellings in Arabic script, the likeliest first.

    `is_known`: it is a chat word, with one spelling; any other may as well be English.
    """

    latin: str
    spellings: tuple[str, ...]
    is_known: bool


@dataclass(frozen=True, slots=True)
class _Romanization:
    """What the file holds of one language.

    Chat words with their spelling; letter groups with costs and spellings, and the longest group.
    """

    certain: dict[str, str]
    shared: dict[str, str]
    letters: dict[str, tuple[tuple[int, str], ...]]
    longest_group: int


def romanized_language(text: str) -> RomanizedLanguage | None:
    """Return the language of Persian or Arabic in Latin letters; None for any other text.

    A chat word that no English or Turkish sentence has must be there, or a digit for a letter, and
    such words must outweigh those that only an English or Turkish sentence has. Without them, two
    words in five must be chat words that are no function words of English or Turkish either.
    """
    words = _WORD.findall(fold(text))[:SAMPLE_WORDS]
    against = _OTHER * sum(word in _other_words() for word in words)
    best, found = max(against, len(words) // _FEWEST_CHAT_WORDS), None
    for language in _LANGUAGES:
        points = [_evidence(word, language) for word in words]
        is_sure = _CERTAIN in points or (not against and _are_chat(words, language))
        if sum(points) > best and is_sure:
            best, found = sum(points), language
    return found


def romanized_words(question: str, language: RomanizedLanguage) -> tuple[RomanizedWord, ...]:
    """Return the Latin words of `question` in order, each with at most 16 spellings.

    Words after the sixtieth, and words of more than 24 letters, have no spelling.
    """
    words = _WORD.findall(fold(question))
    spelt = [_spelt(word, language) for word in words[:SPELT_WORDS]]
    return (*spelt, *(RomanizedWord(word, (), is_known=False) for word in words[SPELT_WORDS:]))


def without_latin_words(question: str) -> str:
    """Return `question` folded and without its Latin words: numbers and words of other scripts."""
    return _WORD.sub(" ", fold(question))


def respell(question: str, language: RomanizedLanguage, texts: Sequence[str]) -> str:
    """Return `question` in Arabic script, each word as `texts` write it.

    Of a word's spellings it takes the first with whose stem a word of `texts` begins. A word of
    which they hold none stays in Latin letters.
    """
    marked = f"_{_NOT_A_LETTER.sub('_', fold(' '.join(texts)))}"

    def chosen(match: re.Match[str]) -> str:
        word = _spelt(match.group(), language)
        if word.is_known:
            return word.spellings[0]
        return next((s for s in word.spellings if _is_held(s, language, marked)), word.latin)

    return _WORD.sub(chosen, fold(question))


def _is_held(spelling: str, language: RomanizedLanguage, marked: str) -> bool:
    stems = analyze(spelling, language)
    starts = ("_", "_ال") if language == "ar" else ("_",)
    return bool(stems) and all(any(f"{s}{stem}" in marked for s in starts) for stem in stems)


def _evidence(word: str, language: RomanizedLanguage) -> int:
    table = _load(language)
    if word in table.certain:
        return _CERTAIN
    if word in table.shared:
        return _SHARED
    is_arabizi = language == "ar" and _DIGIT_LETTER.search(word) and not _PLAIN_DIGIT.search(word)
    return _CERTAIN if is_arabizi else 0


def _are_chat(words: Sequence[str], language: RomanizedLanguage) -> bool:
    """Tell whether two words in five are chat words, though shared ones, and not one repeated.

    Fewer than four words, or words like "el" and "al" alone, may be a name: "El Al airline".
    """
    shared = _load(language).shared.keys() - load_stopwords("en") - load_stopwords("tr")
    found = [word for word in words if word in shared]
    is_long = len(words) >= 4 and len(set(found)) >= 2 and max(map(len, found)) >= 3
    return is_long and 5 * len(found) >= 2 * len(words)


def _spelt(word: str, language: RomanizedLanguage) -> RomanizedWord:
    table = _load(language)
    known = table.certain.get(word) or table.shared.get(word)
    if known is not None:
        return RomanizedWord(word, (known,), is_known=True)
    spellings = _spell(word, language) if len(word) <= LONGEST_WORD else ()
    return RomanizedWord(word, spellings, is_known=False)


@lru_cache(maxsize=4_096)
def _spell(word: str, language: RomanizedLanguage) -> tuple[str, ...]:
    """Write `word` from left to right by the letter rules, keeping the cheapest beginnings."""
    word = _DOUBLED.sub(r"\1", word)
    table = _load(language)
    beginnings: list[tuple[int, str]] = [(0, "")]
    place = 0
    while place < len(word):
        group, alternatives = _group_at(word, place, table)
        longer: dict[str, int] = {}
        for cost, beginning in beginnings:
            for more, letters in alternatives:
                written = beginning + letters
                longer[written] = min(longer.get(written, cost + more), cost + more)
        beginnings = nsmallest(BEAM, ((cost, written) for written, cost in longer.items()))
        place += len(group)
    return tuple(written for _, written in beginnings if written)[:MAX_SPELLINGS]


def _group_at(
    word: str, place: int, table: _Romanization
) -> tuple[str, tuple[tuple[int, str], ...]]:
    """Return the longest letter group of the rules at `place`, and how it may be written."""
    for size in range(min(table.longest_group, len(word) - place), 0, -1):
        group = word[place : place + size]
        keys = [f"^{group}"] * (place == 0) + [f"{group}$"] * (place + size == len(word)) + [group]
        for key in keys:
            if key in table.letters:
                return group, table.letters[key]
    return word[place], ()


@lru_cache(maxsize=1)
def _other_words() -> frozenset[str]:
    """Return the function words of English and Turkish that are no chat words here."""
    romanized: set[str] = set()
    for language in _LANGUAGES:
        romanized |= _load(language).certain.keys() | _load(language).shared.keys()
    return (load_stopwords("en") | load_stopwords("tr")) - romanized


@lru_cache(maxsize=len(_LANGUAGES))
def _load(language: RomanizedLanguage) -> _Romanization:
    with ROMANIZED_FILE.open("rb") as file:
        table: dict[str, dict[str, str]] = tomllib.load(file)[language]
    return _Romanization(
        certain=_words(table["certain"]),
        shared=_words(table["shared"]),
        letters={group: _alternatives(line) for group, line in table["letters"].items()},
        longest_group=max(len(group.strip("^$")) for group in table["letters"]),
    )


def _words(lines: dict[str, str]) -> dict[str, str]:
    return {typed: fold(word) for word, line in lines.items() for typed in line.split()}


def _alternatives(line: str) -> tuple[tuple[int, str], ...]:
    pairs = (alternative.partition(":") for alternative in line.split())
    return tuple((int(cost or 0), fold(letters.strip("-"))) for letters, _, cost in pairs)
