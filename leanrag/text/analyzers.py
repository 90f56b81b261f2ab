"""Words as they are searched: folded, without stopwords, stemmed; and their character n-grams.

The script of each word chooses its stemmer, and the text's language only decides between the two
languages of that script. So an English product name in a Persian text is stemmed as English, and
a wrongly detected language costs little.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
import zlib
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from leanrag.text.normalize import fold
from leanrag.text.stemmers import stem
from leanrag.types import LANGUAGES, Language

STOPWORDS_FILE = Path(__file__).with_name("stopwords.toml")
NGRAM_PREFIX = "~"  # no word holds it, so a word and an n-gram are never the same term
BOUNDARY = "_"
NGRAM_SIZE = 4
_KEPT_WORDS = 65_536  # about 16 MB for each of three ways to analyse a word
_KEPT_NGRAMS = 16_384  # words whose n-grams are kept: about 8 MB
_KEPT_TERMS = 65_536  # whose ids are kept: about 8 MB
_KEPT_TEXTS = 64  # a question is analysed by routing, search, ranking and memory: well below 1 MB
TERM_IDS = 10**9  # dimensions of pgvector's sparsevec

_WORD = re.compile(r"[^\W_]+")
_ARABIC_SCRIPT = re.compile("[\u0620-\u06ff]")
# Behind an apostrophe stand case endings in Turkish, contractions and the possessive in English.
_TURKISH_ENDING = re.compile(r"(?<=[^\W_])['’ʼ][^\W_]+")
_ENGLISH_ENDING = re.compile(r"(?<=[^\W_])['’ʼ](?:s|t|m|d|re|ve|ll)\b", re.IGNORECASE)


class AnalyzedWord(NamedTuple):
    """A word of a text: its folded spelling, and the folded stem it is searched by."""

    folded: str
    term: str


def analyze_words(text: str, language: Language) -> tuple[AnalyzedWord, ...]:
    """Return every word of `text` in order, stopwords too: phrases live on them ("how much")."""
    # Script chooses between Persian or Arabic and English, word by word.
    if language == "en" or (language == "ar" and text.isascii()):
        language = "fa"
    return _analyze_text(text, language)


@lru_cache(maxsize=_KEPT_TEXTS)
def _analyze_text(text: str, language: Language) -> tuple[AnalyzedWord, ...]:
    if language == "tr":
        return tuple(map(_analyze_turkish, _turkish_words(text)))
    analyzed = _analyze_arabic if language == "ar" else _analyze_persian
    return tuple(map(analyzed, _folded_words(text)))


# Most words of a text have been met before (Zipf), so they are kept.
@lru_cache(maxsize=_KEPT_WORDS)
def _analyze_persian(folded: str) -> AnalyzedWord:
    """Analyse a word of a Persian or English text."""
    return AnalyzedWord(folded, stem(folded, "fa" if _ARABIC_SCRIPT.search(folded) else "en"))


@lru_cache(maxsize=_KEPT_WORDS)
def _analyze_arabic(folded: str) -> AnalyzedWord:
    if _ARABIC_SCRIPT.search(folded):
        return AnalyzedWord(folded, stem(folded, "ar"))
    return _analyze_persian(folded)


@lru_cache(maxsize=_KEPT_WORDS)
def _analyze_turkish(word: str) -> AnalyzedWord:
    """Analyse a lower-cased word with its own letters, which the Turkish stemmer wants."""
    folded = fold(word)
    if _ARABIC_SCRIPT.search(folded):
        return _analyze_persian(folded)
    return AnalyzedWord(folded, stem(word, "tr"))


def analyze(text: str, language: Language) -> tuple[str, ...]:
    """Return the searchable words of `text` in order: folded, stopwords off, stemmed."""
    stopwords = load_stopwords(language)
    words = analyze_words(text, language)
    return tuple(word.term for word in words if word.folded not in stopwords)


def analyze_with_ngrams(text: str, language: Language) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return `analyze`'s words, and the character n-grams of the same words before stemming."""
    stopwords = load_stopwords(language)
    words = [w for w in analyze_words(text, language) if w.folded not in stopwords]
    ngrams = chain.from_iterable([_kept_ngrams(word.folded) for word in words])
    return tuple([word.term for word in words]), tuple(ngrams)


def character_ngrams(text: str, size: int = NGRAM_SIZE) -> tuple[str, ...]:
    """Return the character n-grams of the folded words of `text`, with boundary marks.

    A word that is shorter than `size` with its two marks gives one n-gram, the whole word.
    """
    return tuple(gram for word in _WORD.findall(fold(text)) for gram in _word_ngrams(word, size))


@lru_cache(maxsize=_KEPT_TERMS)
def term_id(term: str) -> int:
    """Return the 0-based dimension of `term`: its CRC-32 modulo 10**9."""
    return zlib.crc32(term.encode()) % TERM_IDS


@lru_cache(maxsize=len(LANGUAGES))
def load_stopwords(language: Language) -> frozenset[str]:
    """Load the folded stopwords of `language` from the file beside this module (cached)."""
    with STOPWORDS_FILE.open("rb") as file:
        lists: dict[str, str] = tomllib.load(file)
    return frozenset(_WORD.findall(fold(lists[language])))


def _folded_words(text: str) -> list[str]:
    return _WORD.findall(fold(_without_endings(_ENGLISH_ENDING, text)))


def _without_endings(endings: re.Pattern[str], text: str) -> str:
    has_apostrophe = "'" in text or "’" in text or "ʼ" in text
    return endings.sub("", text) if has_apostrophe else text


def with_small_turkish_i(text: str) -> str:
    """Return `text` with every capital i small: in Turkish I is that of ı, and İ that of i."""
    return text.replace("I", "ı").replace("İ", "i")


def _turkish_words(text: str) -> list[str]:
    """Return the lower-cased words as the Turkish stemmer wants them."""
    # NFC: a letter and its combining mark must be one letter to the stemmer, and to _WORD.
    composed = unicodedata.normalize("NFC", _without_endings(_TURKISH_ENDING, text))
    if not composed.isascii():  # a keyboard without ı means i by I
        composed = with_small_turkish_i(composed)
    return _WORD.findall(composed.lower())


@lru_cache(maxsize=_KEPT_NGRAMS)
def _kept_ngrams(word: str) -> tuple[str, ...]:
    return tuple(_word_ngrams(word, NGRAM_SIZE))


def _word_ngrams(word: str, size: int) -> Iterator[str]:
    marked = f"{BOUNDARY}{word}{BOUNDARY}"
    for start in range(max(1, len(marked) - size + 1)):
        yield NGRAM_PREFIX + marked[start : start + size]
