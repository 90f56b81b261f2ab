from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanrag.text.normalize import clean, fold


@pytest.mark.parametrize(
    ("typed", "standard"),
    [
        ("قيمت كالا", "قیمت کالا"),  # an Arabic keyboard
        ("مُؤَسَّسَةٌ", "موسسه"),
        ("إلى أين آخر", "الى اين اخر"),
        ("خانۀ", "خانه"),
        ("عائشة", "عایشه"),
        ("مـــرحـــبا", "مرحبا"),
        ("می‌خواهم", "میخواهم"),
        ("۱۲۳ و ٤٥٦ و １２", "123 و 456 و 12"),
        ("İSTANBUL IŞIK", "istanbul isik"),
        ("ışık", "ISIK"),
        ("Café ﬁne", "cafe fine"),
        ("ﻻ", "لا"),
        ("a\u00a0b", "a b"),
    ],
)
def test_spelling_variants_fold_to_the_same_string(typed: str, standard: str) -> None:
    assert fold(typed) == fold(standard)


def test_folding_keeps_different_words_apart() -> None:
    assert len({fold(word) for word in ("قیمت", "قسمت", "price", "prices", "سلام")}) == 5


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(st.characters(max_codepoint=127)))
def test_ascii_text_folds_as_other_text_does(text: str) -> None:
    assert fold(text + "é") == fold(text) + "e"


def test_cleaning_removes_what_misleads_the_eye() -> None:
    hostile = "a\x00b\u202ec\u2066d\u2069e\u200ff\ud800g\x1bh\ufeff"
    assert clean(hostile) == "abcdefgh"


def test_cleaning_unifies_newlines_and_keeps_tabs() -> None:
    assert clean("a\r\nb\rc\u2028d\te") == "a\nb\nc\nd\te"


def test_cleaning_keeps_letters_zwnj_and_emoji_as_they_are() -> None:
    text = "می‌خواهم كتاب İstanbul 👩‍👩‍👧"
    assert clean(text) == text


def test_cleaning_composes_letters() -> None:
    assert clean("e\u0301") == "é"


@given(st.text())
def test_cleaned_text_can_be_stored(text: str) -> None:
    stored = clean(text)
    assert "\x00" not in stored
    assert stored.encode("utf-8").decode("utf-8") == stored
    assert clean(stored) == stored
