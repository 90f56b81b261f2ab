"""Letters that look Latin but are not, so that a copied sentence cannot hide behind them."""

from __future__ import annotations

import re
import unicodedata

# The Cyrillic and Greek letters of Unicode's confusables.txt (UTS 39) that occur in forged words.
_LOOK_ALIKES = (
    ("аеорсухіјѕԁһкмтвн", "aeopcyxijsdhkmtbh"),
    ("АЕОРСУХІЈЅКМТВН", "AEOPCYXIJSKMTBH"),
    ("οαρεικντυχ", "oapeikvtux"),
    ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX"),
)
_TO_LATIN = {
    ord(letter): latin
    for letters, latins in _LOOK_ALIKES
    for letter, latin in zip(letters, latins, strict=True)
}
_LATIN = re.compile("[A-Za-z]")


def latin_skeleton(word: str) -> str:
    """Return `word` with look-alikes as Latin letters and without invisible characters.

    Only a word that mixes in Latin letters, or consists of look-alikes alone, is changed: real
    Russian and Greek words stay.
    """
    if word.isascii():
        return word
    word = unicodedata.normalize("NFKC", word)
    word = "".join(letter for letter in word if unicodedata.category(letter) != "Cf")
    latin = word.translate(_TO_LATIN)
    return latin if latin.isascii() or _LATIN.search(word) else word
