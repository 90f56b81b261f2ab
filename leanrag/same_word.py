"""Whether two words are one: the same noun with another ending, or one of them mistyped.

What counts was chosen on pairs of real words that differ by one letter, in passages of public
encyclopedias: in Persian, Arabic and Turkish a missing or exchanged letter makes a word of its own
too often ("ترتیب/ترکیب", "savaş/sivas") to be taken for a slip.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

from rapidfuzz.distance import OSA

from leanrag.question_form import QuestionWord, load_same_words
from leanrag.text.tokens import load_counter
from leanrag.types import Language

SHORTEST_MISTYPED = 5  # letters: shorter words become other words by one letter
SHORTEST_UNKNOWN = 6  # letters of a word that no list knows and that may be mistyped all the same

# Plurals and possessives, folded. Never endings that turn a word into another question: cases and
# "with/without" in Turkish, comparatives and persons of the verb in Persian.
_ENDINGS: dict[Language, tuple[str, ...]] = {
    "en": ("s",),
    "fa": (
        *("ها", "های", "هایی", "هایم", "هایت", "هایش", "هایمان", "هایتان", "هایشان", "هام"),
        *("هات", "هاش", "هامون", "هاتون", "هاشون", "م", "ش", "مان", "تان", "شان", "ات"),
    ),
    "ar": ("ات", "ه"),
    "tr": (
        *("lar", "ler", "lari", "leri", "lariniz", "leriniz", "larim", "lerim", "i", "u", "si"),
        *("su", "im", "um", "imiz", "umuz", "iniz", "unuz", "niz", "nuz", "miz", "muz"),
        *("imi", "umu", "ini", "unu"),
    ),
}
_SHORTEST_STEM: dict[Language, int] = {"en": 3, "fa": 3, "ar": 3, "tr": 4}
_SHORTEST_PERSIAN_OWNED = 4  # letters: "کارت" (card) is no "your work"
_ENGLISH_PLURALS = (("y", "ies"), ("s", "ses"), ("x", "xes"), ("ch", "ches"), ("sh", "shes"))
_PERSIAN_PERSONS = frozenset({"م", "ش", "مان", "تان", "شان", "ات"})
# Verbs: an ending behind them is a person ("alır": takes, "alırım": I take).
_TURKISH_VERB = re.compile(r"(?:yor|[aeiu]r|acak|ecek|m[iu]s|[dt][iu]|mali|meli|maz|mez|sa|se)$")
_TURKISH_PERSONS = frozenset({"im", "um", "imiz", "umuz", "iniz", "unuz", "niz", "nuz"})
_PERSIAN_VERB = re.compile(r"^ن?می|[دتی]$")
_ARABIC_ARTICLE = "ال"
# "طريق/طريقة", "مدرس/مدرسة": another word, not another form; before a plural it is the same one.
_ARABIC_FEMININE = ("", "ه")
# A letter of these that is doubled or moved makes another word of the language: weak letters, and
# those of Persian plurals ("تواند/توانند").
_TELLING_LETTERS: dict[Language, frozenset[str]] = {
    "en": frozenset(),
    "fa": frozenset("اویهنت"),
    "ar": frozenset("اويیهء"),
    "tr": frozenset("aeıioöuü"),
}
# Letters that must follow a doubled one: nearer to the end stand endings ("saate/saatte").
_KEPT_END: dict[Language, int] = {"en": 0, "fa": 0, "ar": 0, "tr": 3}
_VOWELS = frozenset("aeiouy")

KnownWord = Callable[[str], bool]


def is_inflected(one: str, other: str, language: Language) -> bool:
    """Tell whether two words are one noun with different plural or possessive endings."""
    if language == "ar":
        bare = without_article(one), without_article(other)
        if bare[0] == bare[1]:
            return True
        one, other = bare
    excluded = load_same_words(language).not_plural
    if language == "en" and any(_is_plural(one, other, *ends) for ends in _ENGLISH_PLURALS):
        return True
    endings = ("", *_ENDINGS[language])
    for ending in endings:
        stem = one[: len(one) - len(ending)]
        rest = other[len(stem) :]
        if (
            len(stem) >= _SHORTEST_STEM[language]
            and one == stem + ending
            and other == stem + rest
            and rest in endings
            and stem not in excluded
        ):
            return _may_end(stem, ending, rest, language)
    return False


def is_common_word(word: str) -> bool:
    """Tell whether `word`, lower-cased with its own letters, is one token of o200k_base.

    The encoding was learned from text of all languages: in English, whole tokens are the common
    words. Of Persian, Arabic and Turkish words only the most common are.
    """
    encoding = load_counter().encoding
    for spelling in (word, word.capitalize()):  # names too
        try:
            encoding.encode_single_token(f" {spelling}")
        except KeyError:
            continue
        return True
    return False


def _is_plural(one: str, other: str, singular: str, plural: str) -> bool:
    """Tell whether the longer of two English words is the plural of the other by these ends."""
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    return (
        longer.endswith(plural)
        and shorter == longer.removesuffix(plural) + singular
        and len(shorter) > len(singular) + 1
        and shorter not in load_same_words("en").not_plural
    )


def _may_end(stem: str, one: str, other: str, language: Language) -> bool:
    """Tell whether two endings behind `stem` are a noun's, and neither the person of a verb."""
    if language == "ar":
        return tuple(sorted((one, other))) != _ARABIC_FEMININE
    if language == "fa" and not _PERSIAN_PERSONS.isdisjoint((one, other)):
        return len(stem) >= _SHORTEST_PERSIAN_OWNED and _PERSIAN_VERB.search(stem) is None
    if language == "tr" and not _TURKISH_PERSONS.isdisjoint((one, other)):
        return _TURKISH_VERB.search(stem) is None
    return True


def is_misspelt(
    one: QuestionWord, other: QuestionWord, language: Language, is_known: KnownWord
) -> bool:
    """Tell whether one of two words is the other with one slip of the keyboard.

    A letter that is missing or another one makes a word of its own too often where no list of
    words is at hand: in English alone may it be so, and then the other word must be unknown.
    """
    words = (one.typed, other.typed) if language == "tr" else (one.folded, other.folded)
    if language == "ar":
        words = (without_article(one.folded), without_article(other.folded))
    shortest = min(map(len, words))
    if shortest < SHORTEST_MISTYPED or OSA.distance(*words, score_cutoff=1) > 1:
        return False
    if words[0][0] != words[1][0] or words[0][-1] != words[1][-1]:
        return False
    known = is_known(one.typed) + is_known(other.typed)
    if known < 2 and (_is_swapped(*words, language) or _is_doubled(*words, language)):
        return shortest >= SHORTEST_UNKNOWN or (known == 1 and language != "ar")
    return language == "en" and known == 1 and _is_slip(*words)


def _is_swapped(one: str, other: str, language: Language) -> bool:
    """Tell whether two neighbouring letters changed places."""
    if len(one) != len(other) or sorted(one) != sorted(other):
        return False
    moved = {a for a, b in zip(one, other, strict=True) if a != b}
    return language != "ar" or moved.isdisjoint(_TELLING_LETTERS["ar"])


def _is_doubled(one: str, other: str, language: Language) -> bool:
    """Tell whether a letter was typed twice, or once instead of twice."""
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    return len(longer) > len(shorter) and any(
        a == b
        and i > 0
        and a not in _TELLING_LETTERS[language]
        and longer[:i] + longer[i + 1 :] == shorter
        and len(longer) - i - 2 >= _KEPT_END[language]
        for i, (a, b) in enumerate(pairwise(longer))
    )


def _is_slip(one: str, other: str) -> bool:
    """Tell whether a letter is missing, or a vowel is another vowel."""
    return len(one) != len(other) or all(
        {a, b} <= _VOWELS for a, b in zip(one, other, strict=True) if a != b
    )


def without_article(word: str) -> str:
    """Return a folded Arabic word without its article, where three letters and more are left."""
    has_article = word.startswith(_ARABIC_ARTICLE) and len(word) >= len(_ARABIC_ARTICLE) + 3
    return word.removeprefix(_ARABIC_ARTICLE) if has_article else word
