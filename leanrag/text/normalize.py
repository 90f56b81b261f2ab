"""Two views of a text: `clean` for what is stored and shown, `fold` for what is searched."""

from __future__ import annotations

import re
import unicodedata

ZWNJ = "\u200c"

# What Unicode's decomposition leaves apart although customers type one for the other.
_SEARCH_LETTERS = {
    "ي": "ی",
    "ى": "ی",
    "ې": "ی",
    "ك": "ک",
    "ڪ": "ک",
    "ة": "ه",
    "ۃ": "ه",
    "ە": "ه",
    "ہ": "ه",
    "ھ": "ه",
    "ٱ": "ا",
    "ı": "i",
    "ـ": None,  # tatweel only stretches a word
}
_DROPPED_CATEGORIES = frozenset({"Mn", "Me", "Cf", "Cs", "Cc"})
# Newline and tab are text; line and paragraph separators become newlines.
_NEWLINES = re.compile("\r\n?|[\u0085\u2028\u2029\v\f]")
# C0 and C1 controls, lone surrogates, bidi embeddings, overrides, isolates and marks, the byte
# order mark. ZWNJ and ZWJ stay: Persian spelling and emoji need them.
_NEVER_SHOWN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)


class _FoldTable(dict[int, str | None]):
    """A table for str.translate that works each code point out once and keeps it."""

    def __missing__(self, code_point: int) -> str | None:
        self[code_point] = folded = _fold_letter(chr(code_point))
        return folded


def _fold_letter(letter: str) -> str | None:
    if letter in _SEARCH_LETTERS:
        return _SEARCH_LETTERS[letter]
    if letter.isspace():
        return " "
    category = unicodedata.category(letter)
    if category == "Nd":
        return str(unicodedata.decimal(letter))
    return None if category in _DROPPED_CATEGORIES else letter


_FOLD_TABLE = _FoldTable()


def fold(text: str) -> str:
    """Return `text` as it is searched: spelling variants of one word become one string.

    Compatibility decomposition, then marks and format characters (harakat, hamza seats, accents,
    tatweel, ZWNJ) off, Arabic and Persian letters unified, digits of all scripts to ASCII, case
    folded, dotless i to i. White space becomes plain spaces. Never show the result to a person.
    """
    if text.isascii():
        return text.lower() if text.isprintable() else text.lower().translate(_FOLD_TABLE)
    folded = unicodedata.normalize("NFKD", text).translate(_FOLD_TABLE).casefold()
    return unicodedata.normalize("NFC", folded)


def clean(text: str) -> str:
    """Return `text` as it is stored and shown: the same letters, without what misleads the eye.

    Removes NULs, other controls, lone surrogates and bidi controls; unifies newlines to LF; NFC.
    Letters are never folded, and ZWNJ is kept.
    """
    return unicodedata.normalize("NFC", _NEVER_SHOWN.sub("", _NEWLINES.sub("\n", text)))
