"""Sentences of a text, as exact substrings of it, in Persian, English, Arabic and Turkish."""

from __future__ import annotations

import re
from collections.abc import Iterator

# Runs are matched whole and from their first mark only, so that hostile text stays linear.
_BOUNDARY = re.compile(
    r"""\n+
      | (?<![!?؟۔…。])[!?؟۔…。]++\.*+["'»”’)\]]*+(?=\s|$)  # closing quotes belong to the sentence
      | (?<![؟۔。])[؟۔。]++(?=\w)                          # the space after these is often missing
      | (?<![.!?؟۔…。])\.++["'»”’)\]]*+(?=\s|$)           # unless _is_inner_stop
    """,
    re.VERBOSE,
)
_MARK = re.compile("[\n!?؟۔…。.]")  # what a boundary begins with: found faster than the boundary
_LAST_WORD = re.compile(r"[^\s(\[«“\"']*$")
_FOLLOWING = re.compile(r"\s*[(\[«“\"']*(\S?)")
_LIST_NUMBER = re.compile(r"\d{1,3}|[a-zA-Z]|[ivxIVX]{1,4}")
_INITIALS = re.compile(r"[^\W\d_a-z]|(?:[^\W\d_]\.)+[^\W\d_]{1,2}")
_LONGEST_WORD = 40
_LONGEST_LIST_NUMBER = 8  # with its white space
# Without their last full stop, lower case; the numbered ones only before a number.
_ABBREVIATION_LIST = """
mr mrs ms dr prof st jr sr vs eg ie cf approx inc ltd co corp dept gen gov rev
jan feb mar apr jun jul aug sep sept oct nov dec
vb örn bkz sn doç av tic şti cad sok mah yrd öğr gör müh krş
أ د
"""
_NUMBERED_LIST = "no nr nos fig figs eq sec ch vol p pp tel s m ص ج ش"
_ABBREVIATIONS = frozenset(_ABBREVIATION_LIST.split())
_NUMBERED = frozenset(_NUMBERED_LIST.split())


def split_sentences(text: str) -> tuple[str, ...]:
    """Return the sentences of `text` in order, each an exact substring without outer white space.

    A full stop does not end a sentence after an abbreviation, an initial or a list number, nor
    inside a decimal, an address or before a lower-case letter (Turkish ordinals: "19. yüzyıl").
    """
    return tuple(text[start:end] for start, end in sentence_spans(text))


def sentence_spans(text: str) -> tuple[tuple[int, int], ...]:
    """Return start and end of every sentence of `text`, in order."""
    spans: list[tuple[int, int]] = []
    start = 0
    for match in _boundaries(text):
        if match.group().startswith(".") and _is_inner_stop(text, start, match):
            continue
        spans += _stripped(text, start, match.end())
        start = match.end()
    spans += _stripped(text, start, len(text))
    return tuple(spans)


def _stripped(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the span without its outer white space, if anything is left."""
    begun = text[start:end].lstrip()
    if begun:
        yield end - len(begun), end - len(begun) + len(begun.rstrip())


def _boundaries(text: str) -> Iterator[re.Match[str]]:
    end = 0
    for mark in _MARK.finditer(text):
        if mark.start() >= end and (boundary := _BOUNDARY.match(text, mark.start())):
            end = boundary.end()
            yield boundary


def _is_inner_stop(text: str, start: int, match: re.Match[str]) -> bool:
    """Tell whether the full stop of `match` belongs to a word of a sentence that goes on."""
    following = _FOLLOWING.match(text, match.end())
    if following is None or not following.group(1) or "\n" in following.group():
        return False
    if following.group(1).islower():
        return True
    if match.group() != ".":
        return False
    if match.start() - start <= _LONGEST_LIST_NUMBER and _LIST_NUMBER.fullmatch(
        text[start : match.start()].strip()
    ):
        return True
    found = _LAST_WORD.search(text, max(start, match.start() - _LONGEST_WORD), match.start())
    word = found.group() if found else ""
    if word.lower() in _NUMBERED:
        return following.group(1).isdigit()
    return word.lower() in _ABBREVIATIONS or bool(_INITIALS.fullmatch(word))
