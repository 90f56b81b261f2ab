"""Passages that say what another one says."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from leanrag.repeats import Repeats
from leanrag.types import Passage
from tests.made_passages import made_passage

TEXT = "Delivery in Istanbul takes three working days, and parcels are insured up to 500 lira."
ZWNJ = "\u200c"


def passage(number: int, text: str, *, is_citable: bool = True, language="en") -> Passage:
    return made_passage(number, text, language=language, is_citable=is_citable)


def found(first: Passage, second: Passage) -> bool:
    repeats = Repeats()
    assert repeats.find(first, []) is None
    return repeats.find(second, [first]) == first.passage_id


@pytest.mark.parametrize(
    "text",
    [TEXT, TEXT.upper(), TEXT.replace(",", " –"), "Delivery in Istanbul takes three working days"],
)
def test_a_passage_whose_words_stand_in_another_repeats_it(text):
    assert found(passage(1, TEXT), passage(2, text))


def test_a_longer_passage_does_not_repeat_the_shorter_one_that_it_holds():
    longer = f"{TEXT} Gifts are wrapped in paper of your choice on the same day, at no cost."
    assert not found(passage(1, TEXT), passage(2, longer))
    assert found(passage(2, longer), passage(1, TEXT))


def test_the_same_words_in_another_order_say_something_else():
    turned = " ".join(reversed(TEXT.split()))
    assert not found(passage(1, TEXT), passage(2, turned))


def test_what_was_typed_on_another_keyboard_repeats():
    persian = "هزینه‌ی ارسال به شیراز ۹۵ هزار تومان است و کالا بیمه می‌شود"
    arabic = persian.replace("ی", "ي").replace("ک", "ك").replace("۹۵", "95")
    assert found(passage(1, persian, language="fa"), passage(2, arabic, language="fa"))


def test_words_that_are_spread_over_many_passages_are_no_repeat():
    repeats = Repeats()
    halves = [passage(1, TEXT[:44]), passage(2, TEXT[44:])]
    for number, half in enumerate(halves):
        assert repeats.find(half, halves[:number]) is None
    assert repeats.find(passage(3, TEXT), halves) is None


def test_a_note_never_displaces_a_citable_passage():
    note = passage(1, TEXT, is_citable=False)
    assert not found(note, passage(2, TEXT))
    assert found(passage(2, TEXT), note)
    assert found(note, replace(note, passage_id=UUID(int=3)))
