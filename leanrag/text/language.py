"""Which of the four languages a text is written in, and whether in its own script.

Customers write three words without a verb, on the wrong keyboard, around an English product name,
or Persian and Arabic in Latin letters. Function words, letters that only one language has, and
weights of letter groups are summed into one score of two languages that share a script.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from leanrag.text.analyzers import load_stopwords
from leanrag.text.normalize import fold
from leanrag.text.transliteration import romanized_language
from leanrag.types import LANGUAGES, RIGHT_TO_LEFT, Language

SAMPLE_LETTERS = 2_000  # the start of a long text tells its language
# Weights of letter groups in tenths of their log-odds: bench/_letter_statistics.py writes the file.
LETTERS_FILE = Path(__file__).with_name("letter_statistics.tsv")
LONGEST_GROUP = 3
_REMEMBERED_WORDS = 16_384
# In the same tenths: a function word outweighs a content word or two.
_FUNCTION_WORD = 130
_OWN_LETTER = 40
_KEYBOARD = 30  # once for a text: a name has the letter, and phones the other language's keyboard
_ARTICLE = 50
# Folded words of chat that tell the language and yet are worth a search: no stopwords.
_CHAT_WORDS: dict[Language, str] = {
    "fa": "چنده چقدره کجاست کجایید میخوام میخواستم دارین داری هستین میشه",
    "ar": "بدی عایز عاوز ابغی ارید مش بکام عندکم عندک هیک کمان لسه وینکم",
}

_WORD = re.compile(r"[^\W\d_]+")
_ARABIC_WORD = re.compile("[\u0620-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc]")
_LATIN_WORD = re.compile("[a-zA-Z\u00c0-\u024f]")
_PERSIAN_LETTER, _ARABIC_LETTER = re.compile("[پچژگ]"), re.compile("[ةإأ]")
_PERSIAN_KEYBOARD, _ARABIC_KEYBOARD = re.compile("[کی]"), re.compile("[ىكي]")
_ARABIC_ARTICLE = re.compile(r"\b(?:وال|بال|لل|ال)(?!ان\b|بته\b|[کك])\w{3,}")
_TURKISH_LETTER, _ENGLISH_LETTER = re.compile("[ışğİŞĞçöüÇÖÜ]"), re.compile("[qwxQWX]")


@dataclass(frozen=True, slots=True)
class DetectedLanguage:
    """A text's language; `is_romanized`: Persian or Arabic in Latin letters."""

    language: Language
    is_romanized: bool = False


def detect_language(text: str, *, default: Language = "en") -> Language:
    """Return the language of `text`; `default` where it has no letter of the four languages."""
    return detect(text, default=default).language


def detect(text: str, *, default: Language = "en") -> DetectedLanguage:
    """Return the language of `text` and its script; deterministic, about 0.05 ms a message.

    `default` is the language where no letter of the four languages tells one.
    """
    sample = text[:SAMPLE_LETTERS]
    words = _WORD.findall(sample)
    arabic = _written_in(_ARABIC_WORD, words, sample)
    latin = _written_in(_LATIN_WORD, words, sample)
    if not arabic and not latin:
        return DetectedLanguage(default)
    if arabic and (len(arabic) >= len(latin) or not _is_sentence(latin)):
        score = _persian_score(" ".join(arabic))
        return DetectedLanguage(_choose(score, ("fa", "ar"), default))
    romanized = romanized_language(sample)
    if romanized is not None:
        return DetectedLanguage(romanized, is_romanized=True)
    score = _turkish_score(" ".join(latin))
    return DetectedLanguage(_choose(score, ("tr", "en"), default))


def direction(language: Language) -> Literal["rtl", "ltr"]:
    """Return the writing direction of `language`."""
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


def letter_groups(word: str) -> list[str]:
    """Return the groups of one to three letters of a folded word, with boundary marks."""
    marked = f"_{word}_"
    longer = [
        marked[start : start + size]
        for size in range(2, LONGEST_GROUP + 1)
        for start in range(len(marked) - size + 1)
    ]
    return [*word, *longer]


def _written_in(script: re.Pattern[str], words: list[str], sample: str) -> list[str]:
    """Return the words of a script; most texts have none of the other one."""
    return [word for word in words if script.search(word)] if script.search(sample) else []


def _is_sentence(latin: list[str]) -> bool:
    """Tell a Latin sentence from Latin names inside a text of Arabic script."""
    function_words = load_stopwords("en") | load_stopwords("tr")
    return any(len(word) > 1 and fold(word) in function_words for word in latin)


def _persian_score(text: str) -> int:
    """Return tenths of log-odds that `text` is Persian rather than Arabic."""
    score = _word_score(text, "fa", "ar")
    score += _OWN_LETTER * len(_PERSIAN_LETTER.findall(text))
    score -= _OWN_LETTER * len(_ARABIC_LETTER.findall(text))
    score += _KEYBOARD * bool(_PERSIAN_KEYBOARD.search(text))
    score -= _KEYBOARD * bool(_ARABIC_KEYBOARD.search(text))
    return score - _ARTICLE * len(_ARABIC_ARTICLE.findall(text))


def _turkish_score(text: str) -> int:
    """Return tenths of log-odds that `text` is Turkish rather than English."""
    score = _word_score(text, "tr", "en")
    score += _OWN_LETTER * len(_TURKISH_LETTER.findall(text))
    return score - _KEYBOARD * bool(_ENGLISH_LETTER.search(text))


def _word_score(text: str, language: Language, other: Language) -> int:
    own, others = _telling_words(language), _telling_words(other)
    score = 0
    for word in _WORD.findall(fold(text)):
        score += _FUNCTION_WORD * ((word in own) - (word in others))
        score += _letter_score(word, language)
    return score


@lru_cache(maxsize=_REMEMBERED_WORDS)
def _letter_score(word: str, language: Language) -> int:
    weights = _load_letter_weights(language)
    return sum(filter(None, map(weights.get, letter_groups(word))))


@lru_cache(maxsize=len(LANGUAGES))
def _telling_words(language: Language) -> frozenset[str]:
    return load_stopwords(language).union(_CHAT_WORDS.get(language, "").split())


def _choose(score: int, pair: tuple[Language, Language], default: Language) -> Language:
    if score == 0 and default in pair:
        return default
    return pair[0] if score >= 0 else pair[1]


@lru_cache(maxsize=2)
def _load_letter_weights(language: Language) -> dict[str, int]:
    """Load the weights of the pair whose first language is `language` (cached)."""
    rows = (line.split("\t") for line in LETTERS_FILE.read_text(encoding="utf-8").splitlines())
    return {group: int(weight) for name, group, weight in rows if name == language}
