"""Bytes of a text file → text, when the file does not say in which encoding it was written.

A byte order mark decides; then UTF-8, which other encodings hardly ever look like; then one of the
single-byte code pages of our languages. charset-normalizer ranks those well for Arabic script but
takes Turkish for Western European, so words and letters have the last say.
"""

from __future__ import annotations

import codecs
import re

import charset_normalizer

from leanrag.errors import ExtractionFailed

_BYTE_ORDER_MARKS = (  # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UNREADABLE = (
    "This text file is in an unknown or damaged encoding; save it as UTF-8 and upload it again."
)
_MAX_DAMAGE = 0.01  # share of letters that may be lost before a text counts as unreadable
_SAMPLE_BYTES = 64 * 1024
_CODE_PAGES = ["cp1256", "iso8859_6", "cp1254", "iso8859_9", "cp1252"]

# Bytes that cp1254 reads as Ğ İ Ş ğ ı ş and cp1252 as Ð Ý Þ ð ý þ.
_TURKISH_BYTES = frozenset(b"\xd0\xdd\xde\xf0\xfd\xfe")
_ICELANDIC_BYTES = frozenset(b"\xe1\xe6\xe9\xed\xf3\xfa\xc6")  # á æ é í ó ú Æ: not Turkish letters
_HIGH_RUN = re.compile(rb"[\x80-\xff]{2,}")
_DAMAGE = re.compile("\ufffd+")
_WORD = re.compile(r"[^\W\d_]+")
_ARABIC_LETTER = re.compile("[\u0621-\u064a\u067e\u0686\u0698\u06a9\u06af\u06cc]")
_FREQUENT_ARABIC = frozenset("اليومنرتدب")  # over half of the letters of Arabic and Persian texts


def decode_text(data: bytes) -> str:
    """Decode a text file of unknown encoding, without its byte order mark.

    Raises ExtractionFailed where nothing reads it as text.
    """
    for mark, codec in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _decode_damaged(data, codec)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    if _is_mostly_utf8(data):
        return _decode_damaged(data, "utf-8")
    return data.decode(_guess_code_page(data[:_SAMPLE_BYTES]), errors="replace")


def _decode_damaged(data: bytes, codec: str) -> str:
    """Decode with U+FFFD in the place of broken bytes, as long as they are few."""
    text = data.decode(codec, errors="replace")
    runs = len(_DAMAGE.findall(text))
    if runs > 1 + _MAX_DAMAGE * len(text) or 2 * text.count("\ufffd") > len(text):
        raise ExtractionFailed(_UNREADABLE)
    return text


def _is_mostly_utf8(data: bytes) -> bool:
    """Tell whether nearly all bytes above ASCII stand in whole UTF-8 sequences."""
    text = data.decode("utf-8", errors="replace")
    whole = sum(letter > "\x7f" and letter != "\ufffd" for letter in text)
    return whole > 20 * len(_DAMAGE.findall(text))


def _guess_code_page(sample: bytes) -> str:
    """Name the single-byte code page that `sample` is written in."""
    high = sum(byte > 0x7F for byte in sample)
    in_runs = sum(len(run) for run in _HIGH_RUN.findall(sample))
    if in_runs > 0.5 * high:  # words of high bytes alone: not a Latin alphabet
        return _guess_arabic(sample)
    if _TURKISH_BYTES.isdisjoint(sample):
        return "cp1252"
    turkish = sum(byte in _TURKISH_BYTES for byte in sample)
    icelandic = sum(byte in _ICELANDIC_BYTES for byte in sample)
    return "cp1252" if 3 * icelandic > turkish else "cp1254"


def _guess_arabic(sample: bytes) -> str:
    scores = {page: _arabic_score(sample, page) for page in ("cp1256", "iso8859_6")}
    best = max(scores, key=lambda page: scores[page])
    if scores[best] > 0.4:
        return best
    guess = charset_normalizer.from_bytes(sample, cp_isolation=_CODE_PAGES).best()
    if guess is None:
        raise ExtractionFailed(_UNREADABLE)
    return guess.encoding


def _arabic_score(sample: bytes, code_page: str) -> float:
    """Score up to 1: the share of frequent Arabic letters among all that is not ASCII.

    Words that mix two scripts lower it, and so do bytes without a meaning in `code_page`.
    """
    text = sample.decode(code_page, errors="replace")
    words = [word for word in _WORD.findall(text) if _ARABIC_LETTER.search(word)]
    mixed = sum(len(word) for word in words if re.search("[A-Za-zÀ-ÿŒœ]", word))
    frequent = sum(letter in _FREQUENT_ARABIC for word in words for letter in word)
    senseless = len(re.findall("[\x80-\x9f\ufffd]", text))
    above_ascii = sum(letter > "\x7f" for letter in text)
    return (frequent - mixed - 2 * senseless) / above_ascii
