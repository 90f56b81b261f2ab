"""Mistyped words and words without their space, found among those of the keywords."""

from __future__ import annotations

import random

import pytest
from rapidfuzz.distance import OSA

from leanrag.keyword_spelling import NearWords, split_word, without_repeats

WORDS = ("delivery", "deliver", "discount", "address", "installation", "price", "گارانتی", "kargo")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("delivry", "delivery"),
        ("dleivery", "delivery"),
        ("discuont", "discount"),
        ("adress", "address"),
        ("instalation", "installation"),
        ("instlalatoin", "installation"),
        ("گارنتی", "گارانتی"),
        ("price", "price"),
    ],
)
def test_a_slip_of_the_keyboard_finds_the_word_that_was_meant(typed: str, meant: str) -> None:
    assert NearWords(WORDS).nearest(typed) == meant


@pytest.mark.parametrize(
    "typed",
    [
        "brice",  # another first letter
        "pric",  # too short
        "kettle",
        "addr355",  # a number is never mended
        "a" * 21,
        "nstallation",
    ],
)
def test_what_is_not_near_finds_nothing(typed: str) -> None:
    assert NearWords(WORDS).nearest(typed) is None


def test_three_wrong_letters_are_another_word_however_long_it_is() -> None:
    near_words = NearWords(["internationalization"])
    assert near_words.nearest("internatoinalizatoin") == "internationalization"
    assert near_words.nearest("internxtionxlizxtion") is None


def test_nothing_that_is_nearer_is_passed_over() -> None:
    chance = random.Random(7)
    words = ["k" + "".join(chance.choices("aelrt", k=chance.randint(4, 9))) for _ in range(200)]
    near_words = NearWords(words)
    for word in words:
        place = chance.randrange(1, len(word))
        typed = word[:place] + chance.choice("aelrt") + word[place + 1 :]
        found = near_words.nearest(typed)
        assert found is not None
        best = max(OSA.normalized_similarity(typed, other) for other in words)
        assert OSA.normalized_similarity(typed, found) == best


def test_a_forgotten_space_is_put_back_between_known_words() -> None:
    vocabulary, function_words = frozenset({"price", "kettle"}), frozenset({"of"})
    assert split_word("pricekettle", vocabulary, function_words) == ("price", "kettle")
    assert split_word("ofkettle", vocabulary, function_words) == ("of", "kettle")
    assert split_word("kettlexx", vocabulary, function_words) is None
    assert split_word("offof", vocabulary, function_words) is None


def test_a_letter_that_is_held_down_counts_once() -> None:
    assert without_repeats("sooooo goood") == "so god"
