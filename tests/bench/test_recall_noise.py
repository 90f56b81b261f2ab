from __future__ import annotations

import unicodedata
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench._recall_noise import MIN_LETTERS, add_noise
from leanrag.text.normalize import ZWNJ
from leanrag.types import LANGUAGES

KEYS = [f"7:{number}" for number in range(200)]
EN = "Which Ottoman admiral compiled the famous world chart?"
FA = f"کتاب{ZWNJ}های علمی ایران در سال ۱۳۹۰ کدام بودند؟"
AR = "متى أُسِّسَت مدرسة الإسكندرية في عام 1935؟"
TR = "IĞDIR şehrinin İçişleri Müdürlüğü nerede çalışıyor?"
QUESTIONS = {"en": EN, "fa": FA, "ar": AR, "tr": TR}


def lost_and_gained(before, after):
    """Letters of each side that the other lacks, spaces aside."""
    old, new = Counter(before.replace(" ", "")), Counter(after.replace(" ", ""))
    return sum((old - new).values()), sum((new - old).values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_question_and_a_key_always_give_the_same_typing(language):
    question = QUESTIONS[language]
    for key in KEYS[:20]:
        assert add_noise(question, language, key=key) == add_noise(question, language, key=key)


@pytest.mark.parametrize("language", LANGUAGES)
def test_another_key_types_otherwise(language):
    typed = {add_noise(QUESTIONS[language], language, key=key) for key in KEYS}
    assert len(typed) > 20


def test_one_english_word_loses_a_letter_and_one_has_two_swapped_or_one_doubled():
    plain = EN.rstrip("?").lower()
    kinds = Counter(lost_and_gained(plain, add_noise(EN, "en", key=key)) for key in KEYS)
    # Lost and swapped: one letter fewer. Lost and doubled: fewer and more, or the same one twice.
    assert set(kinds) <= {(1, 0), (1, 1), (0, 0)}
    assert kinds[1, 0] > 40
    assert kinds[1, 1] > 40


def test_only_two_words_change_and_short_words_stay():
    words = EN.rstrip("?").lower().split()
    for key in KEYS:
        typed = add_noise(EN, "en", key=key).split()
        changed = [old for old, new in zip(words, typed, strict=True) if old != new]
        assert 1 <= len(changed) <= 2
        assert all(len(word) >= MIN_LETTERS for word in changed)


def test_the_first_letter_of_a_word_stays():
    initials = [word[0] for word in EN.lower().split()]
    for key in KEYS:
        assert [word[0] for word in add_noise(EN, "en", key=key).split()] == initials


@pytest.mark.parametrize("mark", ["?", "؟", ".", "!", " ?", "?!"])
def test_the_final_mark_is_not_typed(mark):
    assert add_noise(f"who is he{mark}", "en", key="1") == "who is he"


@pytest.mark.parametrize("text", ["", "?", "who", "1 2 3", "؟"])
def test_a_question_without_a_long_word_loses_no_letter(text):
    assert add_noise(text, "en", key="1") == text.rstrip("?؟")


def test_persian_has_arabic_letters_no_zwnj_and_another_keyboards_digits():
    typed = [add_noise(FA, "fa", key=key) for key in KEYS]
    for text in typed:
        assert not set(text) & {"ی", "ک", ZWNJ, *"۱۳۹۰"}
    assert any("1390" in text for text in typed)
    assert any("١٣٩٠" in text for text in typed)


def test_persian_is_typed_without_vowel_marks():
    assert add_noise("گُل", "fa", key="1") == "گل"


def test_a_missing_zwnj_joins_the_parts_or_leaves_a_space():
    typed = [add_noise(f"می{ZWNJ}رود", "fa", key=key) for key in KEYS]
    assert {text.count(" ") for text in typed} == {0, 1}


def test_arabic_has_no_hamza_ta_marbuta_or_harakat():
    for key in KEYS:
        text = add_noise(AR, "ar", key=key)
        assert not set(text) & set("أإآٱؤئةى")
        assert not any(unicodedata.category(letter) == "Mn" for letter in text)


def test_arabic_digits_are_of_an_ascii_or_persian_keyboard():
    typed = {add_noise("عام ١٩٣٥", "ar", key=key) for key in KEYS}
    assert typed == {"عام 1935", "عام ۱۹۳۵"}


def test_turkish_is_typed_in_ascii_with_both_capital_is_right():
    for key in KEYS:
        assert add_noise(TR, "tr", key=key).isascii()
    assert add_noise("IĞ İÇ", "tr", key="1") == "ig ic"


def test_english_keeps_its_accents_and_digits():
    assert add_noise("1935 café", "en", key="1") == "1935 café"


@given(text=st.text(max_size=80), language=st.sampled_from(LANGUAGES), key=st.text(max_size=5))
def test_any_text_can_be_mistyped(text, language, key):
    assert isinstance(add_noise(text, language, key=key), str)
