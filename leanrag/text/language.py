"""Which of the four languages a text is written in: letters, then function words, then lingua.

Customers write three words without a verb, on the wrong keyboard, around an English product name.
Letters and function words that only one language has settle nearly all of that within
microseconds; lingua's statistics decide what they leave open.
"""

from __future__ import annotations

import re
import threading
from functools import lru_cache
from typing import Literal

from lingua import Language as LinguaLanguage
from lingua import LanguageDetector, LanguageDetectorBuilder

from leanrag.text.analyzers import load_stopwords
from leanrag.text.normalize import fold
from leanrag.types import RIGHT_TO_LEFT, Language

SAMPLE_LETTERS = 2_000  # the start of a long text tells its language
_ENOUGH_EVIDENCE = 2
_FUNCTION_WORD_WEIGHT = 2

_WORD = re.compile(r"[^\W\d_]+")
_ARABIC_WORD = re.compile("[\u0620-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc]")
_LATIN_WORD = re.compile("[a-zA-Z\u00c0-\u024f]")
# (letters, weight): letters that the other language lacks, then those of its keyboard alone.
_PERSIAN_LETTERS = ((re.compile("[پچژگ]"), 2), (re.compile("[کی]"), 1))
_ARABIC_LETTERS = ((re.compile("[ةإأ]"), 2), (re.compile("[ىكي]"), 1))
_ARABIC_ARTICLE = re.compile(r"\b(?:وال|بال|لل|ال)(?!ان\b|بته\b|[کك])\w{3,}")
_TURKISH_LETTERS = ((re.compile("[ışğİŞĞ]"), 2), (re.compile("[çöüÇÖÜ]"), 1))
_ENGLISH_LETTERS = ((re.compile("[qwxQWX]"), 1),)
_Letters = tuple[tuple[re.Pattern[str], int], ...]
_building = threading.Lock()


def detect_language(text: str, *, default: Language = "en") -> Language:
    """Return the language of `text`; `default` where it has no letter of the four languages."""
    sample = text[:SAMPLE_LETTERS]
    words = _WORD.findall(sample)
    arabic = [word for word in words if _ARABIC_WORD.search(word)]
    latin = [word for word in words if _LATIN_WORD.search(word)]
    if not arabic and not latin:
        return default
    if arabic and (len(arabic) >= len(latin) or not _is_sentence(latin)):
        return _persian_or_arabic(" ".join(arabic), default)
    return _turkish_or_english(" ".join(latin), default)


def direction(language: Language) -> Literal["rtl", "ltr"]:
    """Return the writing direction of `language`."""
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


def _is_sentence(latin: list[str]) -> bool:
    """Tell a Latin sentence from Latin names inside a text of Arabic script."""
    function_words = load_stopwords("en") | load_stopwords("tr")
    return any(len(word) > 1 and fold(word) in function_words for word in latin)


def _persian_or_arabic(text: str, default: Language) -> Language:
    evidence = _letter_evidence(text, _PERSIAN_LETTERS) + _word_evidence(text, "fa", "ar")
    evidence -= _letter_evidence(text, _ARABIC_LETTERS) + _word_evidence(text, "ar", "fa")
    evidence -= _FUNCTION_WORD_WEIGHT * len(_ARABIC_ARTICLE.findall(text))
    return _decide(text, evidence, ("fa", "ar"), default)


def _turkish_or_english(text: str, default: Language) -> Language:
    evidence = _letter_evidence(text, _TURKISH_LETTERS) + _word_evidence(text, "tr", "en")
    evidence -= _letter_evidence(text, _ENGLISH_LETTERS) + _word_evidence(text, "en", "tr")
    return _decide(text, evidence, ("tr", "en"), default)


def _decide(
    text: str, evidence: int, pair: tuple[Language, Language], default: Language
) -> Language:
    """Return the first of `pair` for clear positive evidence, else ask lingua."""
    if abs(evidence) >= _ENOUGH_EVIDENCE:
        return pair[0] if evidence > 0 else pair[1]
    detected = _detector(pair).detect_language_of(text)
    if detected is None:
        return default if default in pair else pair[0]
    return pair[0] if detected == _LINGUA[pair[0]] else pair[1]


def _letter_evidence(text: str, letters: _Letters) -> int:
    return sum(weight * len(pattern.findall(text)) for pattern, weight in letters)


def _word_evidence(text: str, language: Language, other: Language) -> int:
    own = load_stopwords(language) - load_stopwords(other)
    return _FUNCTION_WORD_WEIGHT * sum(word in own for word in _WORD.findall(fold(text)))


_LINGUA: dict[Language, LinguaLanguage] = {
    "fa": LinguaLanguage.PERSIAN,
    "en": LinguaLanguage.ENGLISH,
    "ar": LinguaLanguage.ARABIC,
    "tr": LinguaLanguage.TURKISH,
}


def _detector(pair: tuple[Language, Language]) -> LanguageDetector:
    with _building:  # lru_cache alone would let two threads build it twice
        return _build_detector(pair)


@lru_cache(maxsize=2)
def _build_detector(pair: tuple[Language, Language]) -> LanguageDetector:
    # Its small models take 14 MB and 0.04 s; the large ones 150 MB and 0.4 s for a few messages
    # in a hundred that have neither a telling letter nor a function word.
    languages = (_LINGUA[name] for name in pair)
    return LanguageDetectorBuilder.from_languages(*languages).with_low_accuracy_mode().build()
