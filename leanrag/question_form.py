"""A question as it is compared with another one: its words, numbers and signs, without courtesies.

Nothing that can change what is asked is lost: negations, prepositions, signs ("S21+", "-5 °C") and
every digit stay. So the analyzers of search are not used here, which drop function words.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from leanrag.text.analyzers import load_stopwords, with_small_turkish_i
from leanrag.text.normalize import fold
from leanrag.types import LANGUAGES, Language

WORDS_FILE = Path(__file__).with_name("same_question.toml")

# A number with what holds its digits together, a word with its marks, joiners and apostrophes, or
# one other character.
_PIECE = re.compile(
    r"(?P<number>\d+(?:[.,٫٬:/×xX–-]\d+)*)"
    r"|(?P<word>[^\W\d_](?:[^\W\d_]|[\u0300-\u036f\u064b-\u065f\u0670\u200c\u200d]|['’ʼ](?=[^\W\d_]))*)"
    r"|(?P<sign>\S)"
)
_RUN = re.compile(r"\d+|\D+")
_THOUSANDS = re.compile(r"[.,](?=\d{3}(?!\d))")
_NOT_IN_WORDS = re.compile(r"['’ʼ\s]+")
_MEANINGFUL_PUNCTUATION = frozenset("%٪&#@*\\")
_COURTEOUS_SIGNS = frozenset("🙏😊🙂😀😃😄😁👍🌹🌷🌸💐❤♥😍🤗👋™®©")
_IGNORED_CATEGORIES = frozenset({"Cc", "Cf", "Mn", "Me", "Zs", "Sk", "Lm"})
_MINUS = frozenset("-−–")
_TURKISH_LETTER = re.compile("[çğışöü]")
# Persian prefixes and endings that are written apart, joined, or with a joiner.
_PERSIAN_PREFIXES = frozenset({"می", "نمی"})
_PERSIAN_ENDINGS = frozenset(
    {
        *("ها", "های", "هایی", "هایم", "هایت", "هایش", "هایمان", "هایتان", "هایشان"),
        *("تر", "ترین", "ام", "ات", "اش", "ای", "اند", "اید", "ایم"),
    }
)


@dataclass(frozen=True, slots=True)
class QuestionWord:
    """A word, number or sign: folded, and as it was typed (lower-cased).

    `is_plain`: a word of letters that is no function word, so that it may be inflected or misspelt.
    """

    folded: str
    typed: str
    is_plain: bool


@dataclass(frozen=True, slots=True)
class QuestionForm:
    """A question without courtesies. `key`: equal where only spaces and letter variants differ.

    `letters` is the key with the letters as they were typed.
    """

    language: Language
    words: tuple[QuestionWord, ...]
    key: str
    letters: str

    @property
    def writes_turkish_letters(self) -> bool:
        """Tell whether the writer has a keyboard with ç, ğ, ı, ö, ş and ü, and uses it."""
        return self.language == "tr" and _TURKISH_LETTER.search(self.letters) is not None


@dataclass(frozen=True, slots=True)
class SameWords:
    """Of one language, folded: what may be dropped, exchanged or moved (see the file)."""

    around: tuple[tuple[str, ...], ...]
    anywhere: tuple[tuple[str, ...], ...]
    written_as: Mapping[str, tuple[str, ...]]
    skipped: frozenset[str]
    movable: frozenset[str]
    not_plural: frozenset[str]
    function_words: frozenset[str]


def read_question(text: str, language: Language) -> QuestionForm:
    """Return the form of `text`, which is written in `language`. About 0.05 ms."""
    known = load_same_words(language)
    words = list(_words(text, language))
    if language == "fa":
        words = list(_join_persian(words))
    words = [spelling for word in words for spelling in _as_written(word, known)]
    words = _without_courtesies(words, known)
    return QuestionForm(
        language,
        tuple(words),
        key=_joined([word.folded for word in words]),
        letters=_joined([word.typed for word in words]),
    )


@lru_cache(maxsize=len(LANGUAGES))
def load_same_words(language: Language) -> SameWords:
    """Load the words of `language` from the file beside this module (cached)."""
    with WORDS_FILE.open("rb") as file:
        tables: dict[str, dict[str, Any]] = tomllib.load(file)
    table = tables[language]
    return SameWords(
        around=_phrases(table["around"]),
        anywhere=_phrases(table["anywhere"]),
        written_as={fold(k): tuple(fold(v).split()) for k, v in table["written_as"].items()},
        skipped=frozenset(map(fold, table["skipped"])),
        movable=frozenset(map(fold, table["movable"])),
        not_plural=frozenset(map(fold, table["not_plural"])),
        function_words=load_stopwords(language),
    )


def _phrases(phrases: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Return the folded words of each phrase, the longest first."""
    return tuple(sorted((tuple(fold(one).split()) for one in phrases), key=len, reverse=True))


def _words(text: str, language: Language) -> Iterator[QuestionWord]:
    tells_case = not text.isupper()
    for match in _PIECE.finditer(unicodedata.normalize("NFC", text)):
        piece = match.group()
        if match.lastgroup == "number":
            number = _number(piece)
            yield QuestionWord(number, number, is_plain=False)
        elif match.lastgroup == "word":
            is_country = piece == "US" and tells_case and language == "en"
            yield from _letters("USA" if is_country else piece, language)
        elif _is_meaningful(match):
            sign = "-" if piece in _MINUS else fold(piece) or piece
            yield QuestionWord(sign, sign, is_plain=False)


def _letters(piece: str, language: Language) -> Iterator[QuestionWord]:
    """Yield the words of a run of letters: "m²" folds to a letter and a digit."""
    typed = with_small_turkish_i(piece) if language == "tr" else piece
    typed = _NOT_IN_WORDS.sub("", typed).lower()
    runs = _RUN.findall(_NOT_IN_WORDS.sub("", fold(piece)))
    for run in runs:
        yield QuestionWord(run, typed if len(runs) == 1 else run, is_plain=run.isalpha())


def _as_written(word: QuestionWord, known: SameWords) -> Iterator[QuestionWord]:
    """Yield the words that `word` stands for: "don't" is two."""
    for spelling in known.written_as.get(word.folded, (word.folded,)):
        typed = word.typed if spelling == word.folded else spelling
        is_plain = word.is_plain and spelling not in known.function_words
        yield QuestionWord(spelling, typed, is_plain)


def _number(piece: str) -> str:
    """Return the digits as ASCII; a decimal comma is a point, and thousands keep their mark."""
    digits = fold(piece).replace("٫", ".").replace("٬", "").replace("–", "-").replace("×", "x")
    return digits if _THOUSANDS.search(digits) else digits.replace(",", ".")


def _is_meaningful(match: re.Match[str]) -> bool:
    """Tell whether a character that is neither letter nor digit can change what is asked."""
    sign, text = match.group(), match.string
    if sign in _MINUS:  # before a number, and not between words
        before, after = text[: match.start()][-1:], text[match.end() :][:1]
        return after.isdigit() and not before.isalnum()
    if sign in _MEANINGFUL_PUNCTUATION:
        return True
    category = unicodedata.category(sign)
    is_ignored = category.startswith("P") or category in _IGNORED_CATEGORIES
    return not is_ignored and sign not in _COURTEOUS_SIGNS


def _join_persian(words: Sequence[QuestionWord]) -> Iterator[QuestionWord]:
    """Join the prefix of continuous verbs to the next word, and endings to the one before."""
    held: QuestionWord | None = None
    for word in words:
        follows = held is not None and held.folded.isalpha() and word.folded.isalpha()
        if (
            held is not None
            and follows
            and (held.folded in _PERSIAN_PREFIXES or word.folded in _PERSIAN_ENDINGS)
        ):
            held = QuestionWord(held.folded + word.folded, held.typed + word.typed, is_plain=True)
            continue
        if held is not None:
            yield held
        held = word
    if held is not None:
        yield held


def _without_courtesies(words: Sequence[QuestionWord], known: SameWords) -> list[QuestionWord]:
    """Drop courtesies; a question that is nothing else keeps its words."""
    left = list(words)
    for phrase in known.anywhere:
        left = _without_phrase(left, phrase)
    while True:
        folded = [word.folded for word in left]
        size = next((len(p) for p in known.around if tuple(folded[: len(p)]) == p), 0)
        if size:
            left = left[size:]
            continue
        size = next((len(p) for p in known.around if tuple(folded[-len(p) :]) == p), 0)
        if not size:
            return left or list(words)
        left = left[:-size]


def _without_phrase(words: list[QuestionWord], phrase: tuple[str, ...]) -> list[QuestionWord]:
    for start in range(len(words) - len(phrase), -1, -1):
        if tuple(word.folded for word in words[start : start + len(phrase)]) == phrase:
            words = words[:start] + words[start + len(phrase) :]
    return words


def _joined(words: Sequence[str]) -> str:
    """Join words without spaces, except between digits: "1 2" is not "12"."""
    if not words:
        return ""
    joined = [words[0]]
    for before, word in pairwise(words):
        joined.append(f" {word}" if before[-1].isdigit() and word[0].isdigit() else word)
    return "".join(joined)
