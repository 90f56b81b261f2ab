"""Statements: what a sentence tells about its customer, by cues in four languages.

A statement is worth as much as the next answers may need it: an order's number more than a wish, a
stranger's number less than the customer's own, and what is only asked for hardly anything. The cues
are data (`statement_cues.toml`); those of all languages are looked for at once, because customers
mix them and a single sentence is too short to tell Persian from Arabic.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from leanrag.text.normalize import fold

CUES_FILE = Path(__file__).with_name("statement_cues.toml")
# These tell nothing without a number, a code or an address.
_NEEDS_CODE = frozenset({"order", "money", "measure"})
REPEATED_SLOT_SHARE = 0.5  # what is said already is worth less a second time
NEW_CODE = 0.5
THIRD_PARTY_SHARE = 0.3
QUESTION_SHARE = 0.2
PLAIN = 0.3  # of what the customer states without any cue
OPENING = 0.8  # what a customer begins with is why they came, cue or not
KEPT_BEFORE = 0.8  # it was worth a place in the summary before
WRITTEN = 1.5  # a model chose it

_WORD = re.compile(r"[^\W_]+")
_SPLIT_PREFIX = re.compile(r"(?<= )(ن?می) (?=\w)")  # Persian "می خوام" is one word
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"(?<![\w.,-])\+?\d[\d ()-]{7,18}\d(?!\w)")
_CODE = re.compile(r"[^\W\d_]{0,5}[-/]?\d(?:[\w.,:/٬٫-]*\w)?")
_NUMERIC_DATE = re.compile(r"(?<!\d)\d{1,4}[./-]\d{1,2}[./-]\d{1,4}(?!\d)")
_QUESTION_MARK = re.compile(r"[?؟]\W*$")
_FULL_STOP = re.compile(r"[.!]\W*$")
# "I'm Derya", "ben Onur", "وأنا باسل": a name without the word for it.
_BARE_NAME = re.compile(
    r"\b(?:I['’]?m|I am|[Tt]his is|[Bb]en)\s+[A-ZÇĞİÖŞÜ][a-zçğıöşü]+\b"
    r"|(?:^|[\s،])و?[اأ]نا \w+[.!]?$|(?:^|[\s،])من \w+ (?:هستم|ام)\b"
)


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence, who said it, what it is about (slots), its codes, and its worth by slot.

    `share` lowers its worth: 1 for what the customer says of themself.
    """

    text: str
    is_customers: bool
    slots: frozenset[str]
    codes: tuple[str, ...]
    words: frozenset[str]
    share: float = 1.0
    extra: float = 0.0
    is_correction: bool = False
    is_reassertion: bool = False
    is_instruction: bool = False

    def gain(self, known_slots: frozenset[str], known_codes: frozenset[str]) -> float:
        """Return what it adds to statements that cover these slots and codes already."""
        weights = load_cues().weights
        repeated = 1.0 if self.is_correction else REPEATED_SLOT_SHARE
        worth = sum(weights[s] * (repeated if s in known_slots else 1.0) for s in self.slots)
        worth += NEW_CODE * sum(code not in known_codes for code in self.codes)
        return self.share * worth + self.extra


@dataclass(frozen=True, slots=True)
class Cues:
    """The compiled cues: a pattern for each slot and mark, weights, and what fills sentences."""

    weights: dict[str, float]
    slots: dict[str, re.Pattern[str]]
    marks: dict[str, re.Pattern[str]]
    date: re.Pattern[str]
    measure: re.Pattern[str]
    question: re.Pattern[str]
    question_opening: re.Pattern[str]
    nod: re.Pattern[str]
    fillers: frozenset[tuple[str, ...]]


def read_statement(
    sentence: str, *, is_customers: bool, is_question: bool | None = None
) -> Statement:
    """Read one sentence; `is_question` overrides what its last mark tells."""
    cues = load_cues()
    words = folded_words(sentence)
    padded = f" {' '.join(words)} "
    codes = find_codes(sentence)
    marks = {name for name, pattern in cues.marks.items() if pattern.search(padded)}
    asked = asks(sentence) if is_question is None else is_question
    share = QUESTION_SHARE if asked else 1.0
    if "third_party" in marks:
        share *= THIRD_PARTY_SHARE
    slots = _slots(sentence, padded, codes)
    slots = slots - {"promise"} if is_customers else slots & {"promise"}
    return Statement(
        text=sentence,
        is_customers=is_customers,
        slots=slots,
        codes=codes if is_customers or slots else (),
        words=frozenset(words),
        share=share,
        extra=PLAIN if is_customers and share == 1 and slots <= {"own"} else 0.0,
        is_correction="correction" in marks and "third_party" not in marks and not asked,
        is_reassertion="reassertion" in marks and not marks & {"third_party", "another"},
        is_instruction="instruction" in marks,
    )


def asks(sentence: str) -> bool:
    """Tell whether a clause asks, with a question mark or without; "…, right?" tells."""
    cues = load_cues()
    padded = f" {' '.join(folded_words(sentence))} "
    if cues.nod.search(padded):
        return False
    if _QUESTION_MARK.search(sentence):
        return True
    if _FULL_STOP.search(sentence):
        return False
    return bool(cues.question_opening.match(padded) or cues.question.search(padded))


def _slots(sentence: str, padded: str, codes: tuple[str, ...]) -> frozenset[str]:
    cues = load_cues()
    found = {slot for slot, pattern in cues.slots.items() if pattern.search(padded)}
    if cues.date.search(padded) or _NUMERIC_DATE.search(fold(sentence)):
        found.add("date")
    if cues.measure.search(padded):
        found.add("measure")
    if not codes:
        found -= _NEEDS_CODE
    if _EMAIL.search(sentence) or _PHONE.search(fold(sentence)):
        found.add("contact")
    if _BARE_NAME.search(sentence):
        found.add("name")
    return frozenset(found)


def find_codes(sentence: str) -> tuple[str, ...]:
    """Return what holds digits, folded: numbers, codes, telephone numbers; and e-mail addresses."""
    folded = fold(sentence)
    codes = [match.group() for match in _EMAIL.finditer(folded)]
    rest = _EMAIL.sub(" ", folded)
    codes += [match.group() for match in _PHONE.finditer(rest)]
    codes += _CODE.findall(_PHONE.sub(" ", rest))
    return tuple(dict.fromkeys(codes))


def folded_words(text: str) -> tuple[str, ...]:
    """Return the words of `text` folded as for search, Persian prefixes joined to their verbs."""
    spaced = f" {' '.join(_WORD.findall(fold(text)))} "
    return tuple(_SPLIT_PREFIX.sub(r"\1", spaced).split())


@lru_cache(maxsize=1)
def load_cues() -> Cues:
    """Load and compile the cues of the file beside this module (cached)."""
    with CUES_FILE.open("rb") as file:
        data: dict[str, Any] = tomllib.load(file)
    months = "|".join(_alternatives(" ".join(data["months"].values()).split()))
    units = "|".join(_alternatives(data["units"]["all"].split()))
    return Cues(
        weights=data["weights"],
        slots={name: compile_cues(own.values()) for name, own in data["slots"].items()},
        marks={name: compile_cues(own.values()) for name, own in data["marks"].items()},
        date=re.compile(rf" \d{{1,2}}(?:st|nd|rd|th)? (?:of )?(?:{months})| (?:{months})\w* \d"),
        measure=re.compile(rf"\d (?:{units})"),
        question=compile_cues(data["questions"]["anywhere"].values()),
        question_opening=compile_cues(data["questions"]["opening"].values()),
        nod=re.compile(compile_cues(data["questions"]["nod"].values()).pattern + "$"),
        fillers=frozenset(
            folded_words(filler) for own in data["fillers"].values() for filler in own
        ),
    )


def _alternatives(cues: Iterable[str]) -> list[str]:
    """Return patterns of the cues, the longest first."""
    patterns = []
    for cue in sorted(set(cues), key=len, reverse=True):
        ending = " " if cue.endswith("_") else ""
        patterns.append(re.escape(" ".join(folded_words(cue))) + ending)
    return patterns


def compile_cues(languages: Iterable[list[str]]) -> re.Pattern[str]:
    """Return the pattern that finds any cue in folded words between spaces."""
    cues = [cue for own in languages for cue in own]
    return re.compile(rf" و?(?:{'|'.join(_alternatives(cues))})")
