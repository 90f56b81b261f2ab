from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanrag.text.analyzers import analyze, term_id
from leanrag.text.lexical import document_weights, question_terms
from leanrag.text.normalize import fold
from leanrag.text.transliteration import (
    LONGEST_WORD,
    MAX_SPELLINGS,
    SPELT_WORDS,
    RomanizedLanguage,
    respell,
    romanized_language,
    romanized_words,
    without_latin_words,
)
from leanrag.types import Language

QUESTIONS = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "bench/romanized.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("gheymat e in ketri chande", "fa"),
        ("salam, che modat tool mikeshe berese", "fa"),
        ("Gheymat?", "fa"),
        ("ba PayPal mishe pardakht kard", "fa"),
        ("kam se3r el shay", "ar"),
        ("3ayz a3raf mo3ad el tawsil", "ar"),
        ("3andkom dallah?", "ar"),
        ("kam nafar bel warsha", "ar"),  # shared words alone, but half of the message
        ("kart hedie ta key etebar dare", "fa"),
        ("law sama7t ra2m el WhatsApp", "ar"),
    ],
)
def test_persian_and_arabic_in_latin_letters_are_told(
    text: str, language: RomanizedLanguage
) -> None:
    assert romanized_language(text) == language


@pytest.mark.parametrize("language", ["fa", "ar"])
def test_nine_in_ten_labelled_questions_are_told(language: RomanizedLanguage) -> None:
    own = [q["question"] for q in QUESTIONS if q["lang"] == language]
    assert len(own) == 40
    assert sum(romanized_language(text) == language for text in own) >= 36


@pytest.mark.parametrize(
    "text",
    [
        "",
        "how much is the kettle",
        "kargo ucreti ne kadar",
        "bu urun var mi, ne zaman gelir",
        "salam alaikum, do you have tea",
        "man, I need a key in the bazaar",
        "garanti kaç yıl",
        "El Al airline ticket price",
        "La La Land",
        "man ham",
        "2nd order of 3kg, mp3player and win7, 5days late",
        "H2O filter for the CW-205",
        "قیمت iPhone چند است",
        "Persian customers write 'gheymat' when they ask us how much it is",
    ],
)
def test_no_other_message_is_taken_for_it(text: str) -> None:
    assert romanized_language(text) is None


@pytest.mark.parametrize(
    ("language", "latin", "written"),
    [
        ("fa", "ketri", "کتری"),
        ("fa", "ghahve", "قهوه"),
        ("fa", "samavar", "سماور"),
        ("fa", "asiab", "آسیاب"),
        ("fa", "rosoob", "رسوب"),
        ("fa", "tamiz", "تمیز"),
        ("ar", "ghallaya", "غلاية"),
        ("ar", "2ahwe", "قهوة"),
        ("ar", "n7as", "نحاس"),
        ("ar", "mat7ana", "مطحنة"),
        ("ar", "kahraba2i", "كهربائي"),
        ("ar", "fatoora", "فاتورة"),
    ],
)
def test_the_right_spelling_is_among_the_plausible_ones(
    language: RomanizedLanguage, latin: str, written: str
) -> None:
    (word,) = romanized_words(latin, language)
    assert fold(written) in word.spellings
    assert not word.is_known


def test_a_chat_word_has_one_spelling() -> None:
    (word,) = romanized_words("Gheymatesh", "fa")
    assert (word.spellings, word.is_known) == (("قیمت",), True)


@given(st.text(max_size=60), st.sampled_from(["fa", "ar"]))
def test_any_text_has_few_distinct_spellings_in_arabic_script(
    text: str, language: RomanizedLanguage
) -> None:
    for word in romanized_words(text, language):
        assert len(word.spellings) == len(set(word.spellings)) <= MAX_SPELLINGS
        assert all(spelling == fold(spelling) for spelling in word.spellings)


def test_a_word_too_long_to_be_one_has_no_spelling() -> None:
    (word,) = romanized_words("salam" * LONGEST_WORD, "fa")
    assert word.spellings == ()


def test_the_longest_question_stays_below_the_terms_that_a_sparse_vector_holds() -> None:
    chance = random.Random(7)
    groups = ["s", "t", "gh", "z", "h", "k", "a", "e", "o", "oo", "ei", "i"]
    words = ["".join(chance.choices(groups, k=10)) for _ in range(SPELT_WORDS)]
    question = " ".join(f"chande {word}" for word in words)
    assert romanized_language(question) == "fa"
    assert len(romanized_words(question, "fa")) > SPELT_WORDS
    assert 1_000 < len(question_terms(question, "fa")) < 16_000


def test_digits_and_other_scripts_stay_beside_the_latin_words() -> None:
    assert without_latin_words("chai ۵۰۰ gerami, چای 12").split() == ["500", ",", "چای", "12"]


@pytest.mark.parametrize(
    ("language", "question", "right", "wrong"),
    [
        ("fa", "gheymat e in ketri chande", "کتری برقی استیل", "ساعت کار فروشگاه"),
        ("fa", "asiab ghahve ro chetor tamiz konam", "آسیاب قهوه را تمیز کنید", "کارت هدیه"),
        ("ar", "kam se3r mat7anet el 2ahwe", "مطحنة قهوة يدوية", "ساعات العمل في المتجر"),
        ("ar", "3andkom taghleef hadaya", "تغليف الهدايا مجاني", "رسوم التوصيل إلى جدة"),
    ],
)
def test_a_question_in_latin_letters_finds_the_passage(
    language: Language, question: str, right: str, wrong: str
) -> None:
    terms = question_terms(question, language)

    def score(text: str) -> float:
        weights = document_weights("", "", text, language)
        return sum(weight * weights.get(term, 0.0) for term, weight in terms.items())

    assert score(right) > 3 * score(wrong)


def test_sixteen_spellings_weigh_less_than_four_words() -> None:
    (word,) = [w for w in romanized_words("samavar chande", "fa") if not w.is_known]
    assert len(word.spellings) == MAX_SPELLINGS
    terms = question_terms("samavar chande", "fa")
    stems = {term_id(stem) for s in word.spellings for stem in analyze(s, "fa")}
    assert sum(terms[stem] for stem in stems) < 4
    assert max(terms.values()) == 1.0


def test_an_english_word_in_the_question_is_still_searched_and_a_chat_word_is_not() -> None:
    terms = question_terms("el ghallaya 3andkom whatsapp", "ar")
    assert terms[term_id("whatsapp")] > 0
    assert term_id("el") not in terms


def test_a_question_is_respelt_as_the_texts_write_it() -> None:
    texts = ["هزینهٔ ارسال کتری برقی", "دستگاه قهوه‌ساز"]
    assert respell("ketri bargi, whatsapp?", "fa", texts) == "کتری برقی, whatsapp?"
    assert respell("kam se3r el 2ahwe", "ar", ["نبيع القهوة"]).split()[-1] == "قهوه"


def test_a_word_that_no_text_holds_stays_in_latin_letters() -> None:
    assert respell("gheymat zafaran", "fa", ["چای سیاه"]) == "قیمت zafaran"
