"""The typing that people really do, the same for a question and a seed on every machine."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable

from leanrag.text.normalize import ZWNJ
from leanrag.types import Language

MIN_LETTERS = 5  # of a word that a letter is lost or moved in: shorter ones become other words

_WORD = re.compile(r"[^\W\d_]+")
_FINAL_MARK = re.compile(r"[\s?؟.!]+$")
_ASCII_DIGITS = "0123456789"
_PERSIAN_DIGITS = "۰۱۲۳۴۵۶۷۸۹"
_ARABIC_DIGITS = "٠١٢٣٤٥٦٧٨٩"
_ARABIC_KEYBOARD = str.maketrans("یک", "يك")
_NO_HAMZA = str.maketrans("أإآٱؤئةى", "ااااويهي")
_ASCII_TURKISH = str.maketrans("çğıöşüâîû", "cgiosuaiu")


def add_noise(question: str, language: Language, *, key: str) -> str:
    """Return `question` as a hurried customer types it; `key` names the question and the seed.

    One long word loses a letter; in another two letters are swapped, or one is typed twice. The
    final mark and capitals are gone. Persian: Arabic ي and ك, ZWNJ missing or a space, digits of
    another keyboard. Arabic: no hamza, ta marbuta or harakat, digits of another keyboard. Turkish:
    ASCII letters.
    """
    chance = random.Random(key)
    text = _FINAL_MARK.sub("", question)
    text = _lower(text, language)
    text = _change_words(text, chance)
    if language == "fa":
        text = text.replace(ZWNJ, chance.choice(("", " "))).translate(_ARABIC_KEYBOARD)
        return _without_marks(_other_digits(text, chance, (_ASCII_DIGITS, _ARABIC_DIGITS)))
    if language == "ar":
        text = _without_marks(text.translate(_NO_HAMZA))
        return _other_digits(text, chance, (_ASCII_DIGITS, _PERSIAN_DIGITS))
    return text.translate(_ASCII_TURKISH) if language == "tr" else text


def _lower(text: str, language: Language) -> str:
    if language == "tr":
        text = text.replace("İ", "i").replace("I", "ı")
    return text.lower()


def _change_words(text: str, chance: random.Random) -> str:
    """Drop a letter of one long word, and swap or double letters of another."""
    words = [match for match in _WORD.finditer(text) if len(match.group()) >= MIN_LETTERS]
    second = chance.choice((_swap, _double))
    changes: tuple[Callable[[str, int], str], ...] = (_drop, second)
    chosen = chance.sample(words, min(len(changes), len(words)))
    pairs = sorted(zip(chosen, changes, strict=False), key=lambda pair: -pair[0].start())
    for match, change in pairs:  # from the end, so that the places before stay true
        place = chance.randrange(1, len(match.group()) - 1)  # people get the first letter right
        text = text[: match.start()] + change(match.group(), place) + text[match.end() :]
    return text


def _drop(word: str, place: int) -> str:
    return word[:place] + word[place + 1 :]


def _swap(word: str, place: int) -> str:
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


def _double(word: str, place: int) -> str:
    return word[: place + 1] + word[place:]


def _other_digits(text: str, chance: random.Random, keyboards: tuple[str, ...]) -> str:
    digits = chance.choice(keyboards)
    return "".join(digits[unicodedata.decimal(c)] if c.isdecimal() else c for c in text)


def _without_marks(text: str) -> str:
    return "".join(letter for letter in text if unicodedata.category(letter) != "Mn")
