"""What a question wants to be told, by its words: a number, a time, a name, a reason, an address.

A sentence that holds a number answers "how much" better than one that shares as many words: the
expected answer type of Prager et al., "Question-answering by predictive annotation" (2000).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from leanrag.text.normalize import fold
from leanrag.types import LANGUAGES, Language

AnswerKind = Literal["number", "time", "name", "reason", "contact"]
ANSWER_KINDS: tuple[AnswerKind, ...] = ("number", "time", "name", "reason", "contact")
WORDS_FILE = Path(__file__).with_name("answer_types.toml")

_NUMBER = re.compile(r"\d+")
_WORD = re.compile(r"[^\W\d_]+")
_CONTACT = re.compile(r"\w@\w|\bwww\.|https?://|\+?\d(?:[ ()-]?\d){8,}")
# Not the first word of a text or sentence, which has a capital whatever it is.
_CAPITALIZED = re.compile(r"(?<=[\w,;:)’'\"»] )[A-ZÇĞİÖŞÜ][^\W\d_]+")


@dataclass(frozen=True, slots=True)
class _AnswerWords:
    """Of one language: how each kind is asked for, and the words that say it."""

    asks: Mapping[AnswerKind, re.Pattern[str]]
    says: Mapping[AnswerKind, frozenset[str]]


class ExpectedAnswer:
    """What the answer to a question should hold: one or more kinds, or nothing in particular."""

    def __init__(self, question: str, language: Language) -> None:
        """Read the question's words once."""
        words = load_answer_words(language)
        folded = fold(question)
        self.kinds = tuple(kind for kind in words.asks if words.asks[kind].search(folded))
        self._says = words.says
        self._numbers = frozenset(_NUMBER.findall(folded))
        self._words = frozenset(_WORD.findall(folded))

    def is_in(self, text: str) -> bool:
        """Tell whether `text` holds a number that was asked for, and not said in the question."""
        return "number" in self.kinds and self._has_new_number(fold(text))

    def kinds_in(self, text: str) -> tuple[AnswerKind, ...]:
        """Return the kinds that were asked for and that `text` holds beside the question's words.

        A number may be spelled out; a time may be a year; a name is a word with a capital letter;
        a contact is an e-mail address, a web address or a telephone number.
        """
        if not self.kinds:
            return ()
        folded = fold(text)
        words = frozenset(_WORD.findall(folded)) - self._words
        return tuple(kind for kind in self.kinds if self._holds(kind, text, folded, words))

    def _holds(self, kind: AnswerKind, text: str, folded: str, words: frozenset[str]) -> bool:
        if kind == "name":
            return any(fold(name) not in self._words for name in _CAPITALIZED.findall(text))
        if kind == "contact":
            return bool(_CONTACT.search(folded))
        if not words.isdisjoint(self._says[kind]):
            return True
        return kind in {"number", "time"} and self._has_new_number(folded)

    def _has_new_number(self, folded: str) -> bool:
        return not self._numbers.issuperset(_NUMBER.findall(folded))


@lru_cache(maxsize=len(LANGUAGES))
def load_answer_words(language: Language) -> _AnswerWords:
    """Load the words of `language` from the file beside this module (cached)."""
    with WORDS_FILE.open("rb") as file:
        kinds: dict[AnswerKind, dict[str, dict[str, str]]] = tomllib.load(file)  # type: ignore[assignment]
    return _AnswerWords(
        asks={
            kind: re.compile(kinds[kind]["asks"][language])
            for kind in ANSWER_KINDS
            if language in kinds[kind]["asks"]
        },
        says={
            kind: frozenset(kinds[kind].get("says", {}).get(language, "").split())
            for kind in ANSWER_KINDS
        },
    )
