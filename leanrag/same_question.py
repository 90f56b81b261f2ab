"""Whether two questions are the same one, so that the answer to one may be given to the other.

Precision first: a wrong yes answers what nobody asked. Exactly the same are two questions that
differ by spaces, punctuation, letter variants and courtesies. Nearly the same are two that differ
by a plural or possessive ending, by one slip of the keyboard, or by the order of a short query;
every number, sign, function word and name must then be the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from leanrag.question_form import QuestionForm, QuestionWord, load_same_words
from leanrag.same_word import (
    KnownWord,
    is_common_word,
    is_inflected,
    is_misspelt,
    without_article,
)
from leanrag.types import Language

MOST_COMPARED_WORDS = 40
MOST_MOVED_WORDS = 5
MOST_INFLECTED_WORDS = 3

DifferenceKind = Literal["spelling", "inflection", "order", "left out"]


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs, in the words of the two questions; empty where a word stands in one alone."""

    kind: DifferenceKind
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class SameQuestion:
    """Two questions are the same; `differences` are none where they are exactly the same."""

    match: Literal["exact", "near"]
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class QuestionHashes:
    """What is equal for questions that are exactly (`exact`) or possibly nearly (`near`) the same.

    32 and 16 hex digits; two questions that share neither are different.
    """

    exact: str
    near: str


def compare_questions(
    first: QuestionForm, second: QuestionForm, *, is_known: KnownWord | None = None
) -> SameQuestion | None:
    """Return how two questions of one language are the same; None where they are not surely so.

    `is_known` tells whether a word, as it is typed, is a word; the default knows those that are
    one token of o200k_base. Symmetric in its answer; about 0.02 ms.
    """
    if first.language != second.language or not first.words or not second.words:
        return None
    if first.key == second.key:
        return SameQuestion("exact") if _letters_agree(first, second) else None
    if max(len(first.words), len(second.words)) > MOST_COMPARED_WORDS:
        return None
    left, right = _without_skipped(first), _without_skipped(second)
    found = _in_order(left, right, first, second, is_known or is_common_word)
    if found is None:
        found = _moved(left, right, first, second)
    return None if found is None else SameQuestion("near", (*_skipped(first, second), *found))


def question_hashes(form: QuestionForm) -> QuestionHashes:
    """Return the two hashes by which the same questions find each other."""
    rigid = sorted(_signature(word, form.language) for word in _without_skipped(form))
    return QuestionHashes(
        exact=_sha256(f"{form.language} {form.key}")[:32],
        near=_sha256(f"{form.language} {' '.join(rigid)}")[:16],
    )


def _in_order(
    left: Sequence[QuestionWord],
    right: Sequence[QuestionWord],
    first: QuestionForm,
    second: QuestionForm,
    is_known: KnownWord,
) -> tuple[Difference, ...] | None:
    """Compare word by word; None where a word is another one."""
    if len(left) != len(right) or not left:
        return None
    found: list[Difference] = []
    for one, other in zip(left, right, strict=True):
        kind = _word_difference(one, other, first, second, is_known)
        if kind is None:
            return None
        if kind != "same":
            found.append(Difference(kind, one.typed, other.typed))
    misspelt = sum(one.kind == "spelling" for one in found)
    is_little = misspelt <= 1 and len(found) - misspelt <= MOST_INFLECTED_WORDS
    return tuple(found) if is_little else None


def _word_difference(
    one: QuestionWord,
    other: QuestionWord,
    first: QuestionForm,
    second: QuestionForm,
    is_known: KnownWord,
) -> Literal["same", "inflection", "spelling"] | None:
    if one.folded == other.folded:
        both_write = first.writes_turkish_letters and second.writes_turkish_letters
        return None if both_write and one.typed != other.typed else "same"
    if not one.is_plain or not other.is_plain:
        return None
    if is_inflected(one.folded, other.folded, first.language):
        return "inflection" if _stems_agree(one, other, first, second) else None
    return "spelling" if is_misspelt(one, other, first.language, is_known) else None


def _stems_agree(
    one: QuestionWord, other: QuestionWord, first: QuestionForm, second: QuestionForm
) -> bool:
    """Tell whether two words share their stem with its own letters: "yarış" and "yarısı" do not."""
    if not (first.writes_turkish_letters and second.writes_turkish_letters):
        return True
    shared = next(
        (i for i, (a, b) in enumerate(zip(one.folded, other.folded, strict=False)) if a != b),
        min(len(one.folded), len(other.folded)),
    )
    return one.typed[:shared] == other.typed[:shared]


def _moved(
    left: Sequence[QuestionWord],
    right: Sequence[QuestionWord],
    first: QuestionForm,
    second: QuestionForm,
) -> tuple[Difference, ...] | None:
    """Compare short queries of nouns, whose order says nothing ("iphone 13 price")."""
    if len(left) != len(right) or len(left) > MOST_MOVED_WORDS:
        return None
    if sorted(w.folded for w in left) != sorted(w.folded for w in right):
        return None
    movable = load_same_words(first.language).movable
    numbers = [word for word in left if not word.is_plain and word.folded not in movable]
    if len(numbers) > 1 or any(not word.folded.isdigit() for word in numbers):
        return None
    if numbers and not _neighbours(left, numbers[0]) & _neighbours(right, numbers[0]):
        return None
    both_write = first.writes_turkish_letters and second.writes_turkish_letters
    if both_write and sorted(w.typed for w in left) != sorted(w.typed for w in right):
        return None
    return (Difference("order", " ".join(w.typed for w in left), " ".join(w.typed for w in right)),)


def _neighbours(words: Sequence[QuestionWord], number: QuestionWord) -> set[tuple[int, str]]:
    """Return the words before (-1) and after (1) a number: it belongs to one of them."""
    place = next(i for i, word in enumerate(words) if word.folded == number.folded)
    return {
        (step, words[place + step].folded) for step in (-1, 1) if 0 <= place + step < len(words)
    }


def _without_skipped(form: QuestionForm) -> list[QuestionWord]:
    skipped = load_same_words(form.language).skipped
    left = [word for word in form.words if word.folded not in skipped]
    return left or list(form.words)


def _skipped(first: QuestionForm, second: QuestionForm) -> tuple[Difference, ...]:
    """Return the words that add nothing and stand in one question alone."""
    skipped = load_same_words(first.language).skipped
    left, right = ({w.folded for w in form.words} & skipped for form in (first, second))
    return tuple(
        Difference("left out", word if word in left else "", word if word in right else "")
        for word in sorted(left ^ right)
    )


def _signature(word: QuestionWord, language: Language) -> str:
    """Return what no inflection or misspelling changes: the first letter of a plain word."""
    if not word.is_plain:
        return word.folded
    return (without_article(word.folded) if language == "ar" else word.folded)[0]


def _letters_agree(first: QuestionForm, second: QuestionForm) -> bool:
    """Tell whether "ön" and "on" are the same: not if both writers have the Turkish letters."""
    both_write = first.writes_turkish_letters and second.writes_turkish_letters
    return not both_write or first.letters == second.letters


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
