"""One stemmer a language: Snowball for English and Turkish, light ones for Arabic and Persian."""

from __future__ import annotations

import threading

import Stemmer

from leanrag.text.normalize import fold
from leanrag.types import Language

# Larkey, Ballesteros, Connell, "Light Stemming for Arabic Information Retrieval" (2007): light10,
# written for folded letters.
_ARABIC_PREFIXES = ("وال", "بال", "کال", "فال", "ال", "لل")
_ARABIC_SUFFIXES = ("ها", "ان", "ات", "ون", "ین", "یه", "ه", "ی")

# Plural, possessive, comparative and indefinite endings, written and colloquial.
_PERSIAN_ENDINGS = """
های هایی هایم هایت هایش هایمان هایتان هایشان ها هام هات هاش هامون هاتون هاشون اتون
مان تان شان مون تون شون ام ات اش ای ان تر ترین ی م ت ش یم یت یش یمون یتون یشون
"""
_PERSIAN_SUFFIXES = frozenset(_PERSIAN_ENDINGS.split())
_LONGEST_PERSIAN_SUFFIX = max(map(len, _PERSIAN_SUFFIXES))
_PERSIAN_CONTINUOUS = "می"
_PERSIAN_POSSESSIVES = frozenset({"م", "ت", "ش"})
_SHORTEST_STEM = 3  # letters that a Persian ending must leave
_SHORTEST_BEFORE_LETTER = 4  # ... and a possessive of one letter, or "قیمت" (price) would lose one
_SHORTEST_VERB = 4  # letters that the prefix of continuous verbs must leave
_SHORTEST_TURKISH_STEM = 3  # Snowball makes "müdür" (manager) the particle "mü"

_snowball = threading.local()  # a Stemmer object must not be shared by threads


def stem(word: str, language: Language) -> str:
    """Return the folded stem of one word.

    Arabic and Persian words come folded; Turkish ones lower-cased with their own letters, because
    Snowball's Turkish rules need ı, ş and ğ; English ones lower-cased.
    """
    if language == "fa":
        return _stem_persian(word)
    if language == "ar":
        return _stem_arabic(word)
    if language == "en":
        return fold(_stemmer("english").stemWord(word))
    stemmed: str = _stemmer("turkish").stemWord(word)
    return fold(stemmed if len(stemmed) >= _SHORTEST_TURKISH_STEM else word)


def _stem_persian(word: str) -> str:
    if word.startswith(_PERSIAN_CONTINUOUS) and len(word) - 2 >= _SHORTEST_VERB:
        word = word[2:]
    shorter = _without_persian_ending(word)
    while shorter != word:  # to the end, so that a noun that looks inflected meets its own plural
        word, shorter = shorter, _without_persian_ending(shorter)
    return word


def _without_persian_ending(word: str) -> str:
    """Return `word` without the longest ending that leaves enough of it."""
    for left in range(max(_SHORTEST_STEM, len(word) - _LONGEST_PERSIAN_SUFFIX), len(word)):
        suffix = word[left:]
        if suffix in _PERSIAN_SUFFIXES and (
            left >= _SHORTEST_BEFORE_LETTER or suffix not in _PERSIAN_POSSESSIVES
        ):
            return word[:left]
    return word


def _stem_arabic(word: str) -> str:
    if word.startswith("و") and len(word) >= 4:
        word = word[1:]
    for prefix in _ARABIC_PREFIXES:
        if word.startswith(prefix) and len(word) - len(prefix) >= 2:
            word = word[len(prefix) :]
            break
    for suffix in _ARABIC_SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 2:
            word = word[: -len(suffix)]
    return word


def _stemmer(algorithm: str) -> Stemmer.Stemmer:
    stemmer = getattr(_snowball, algorithm, None)
    if stemmer is None:
        stemmer = Stemmer.Stemmer(algorithm)
        setattr(_snowball, algorithm, stemmer)
    return stemmer
