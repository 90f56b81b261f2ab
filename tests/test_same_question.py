"""Two questions are the same where nothing that differs can change the answer."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leanrag.question_form import read_question
from leanrag.same_question import (
    MOST_COMPARED_WORDS,
    Difference,
    SameQuestion,
    compare_questions,
    question_hashes,
)
from leanrag.types import LANGUAGES, Language


def same(language: Language, first: str, second: str) -> SameQuestion | None:
    return compare_questions(read_question(first, language), read_question(second, language))


@pytest.mark.parametrize(
    ("language", "first", "second"),
    [
        ("en", "How much is delivery?", "  how MUCH is delivery ?! "),
        ("en", "Where is my order?", "Hello, where is my order please? Thank you 🙏"),
        ("en", "I don't see it", "I dont see it"),
        ("en", "Is the iPhone 13 in stock?", "is the iphone13 in stock"),
        ("fa", "هزینه ارسال به شیراز چقدر است؟", "هزينه ارسال به شيراز چقدر است"),
        ("fa", "می‌خواهم کالا را پس بدهم", "سلام، می خواهم کالا را پس بدهم"),
        ("fa", "قیمت آیفون ۱۳", "قیمت آیفون 13؟"),
        ("ar", "كم تكلفة التوصيل إلى جدة؟", "السلام عليكم كم تكلفه التوصيل الى جده"),
        ("ar", "كم مدّة الضمان؟", "كم مدة الضمـان"),
        ("tr", "Çalışma saatleriniz nedir?", "calisma saatleriniz nedir"),
        ("tr", "İzmir'e kargo ne kadar?", "izmire kargo ne kadar acaba"),
        ("tr", "MAĞAZA NEREDE", "mağaza nerede?"),
    ],
)
def test_letters_spaces_signs_and_courtesies_leave_a_question_exactly_the_same(
    language: Language, first: str, second: str
):
    assert same(language, first, second) == SameQuestion("exact")


@pytest.mark.parametrize(
    ("language", "first", "second", "difference"),
    [
        (
            "en",
            "How long is the warranty?",
            "How long is the waranty?",
            Difference("spelling", "warranty", "waranty"),
        ),
        (
            "en",
            "Where do I download the invoice?",
            "Where do I downlaod the invoice?",
            Difference("spelling", "download", "downlaod"),
        ),
        (
            "en",
            "Do you have leather jackets?",
            "Do you have leather jacket?",
            Difference("inflection", "jackets", "jacket"),
        ),
        (
            "en",
            "iphone 13 price",
            "price iphone 13",
            Difference("order", "iphone 13 price", "price iphone 13"),
        ),
        (
            "en",
            "What is the price of tea?",
            "What is price of tea?",
            Difference("left out", "the", ""),
        ),
        (
            "fa",
            "کیف چرمی موجود است؟",
            "کیف‌های چرمی موجود است؟",
            Difference("inflection", "کیف", "کیف\u200cهای"),
        ),
        (
            "ar",
            "لديكم حقائب جلدية؟",
            "لديكم الحقائب جلدية؟",
            Difference("inflection", "حقائب", "الحقائب"),
        ),
        (
            "tr",
            "Organik ürünler var mı?",
            "Organik ürün var mı?",
            Difference("inflection", "ürünler", "ürün"),
        ),
    ],
)
def test_a_slip_or_an_ending_leaves_it_nearly_the_same_and_is_named(
    language: Language, first: str, second: str, difference: Difference
):
    assert same(language, first, second) == SameQuestion("near", (difference,))


@pytest.mark.parametrize(
    ("language", "first", "second"),
    [
        ("en", "Can I return it?", "Can't I return it?"),
        ("en", "Is the S21 in stock?", "Is the S21+ in stock?"),
        ("en", "Does it work at 5 degrees?", "Does it work at -5 degrees?"),
        ("en", "A 1.5 m cable", "A 15 m cable"),
        ("en", "Delivery in 3-5 days?", "Delivery in 35 days?"),
        ("en", "2 shirts for 10", "21 shirts for 0"),
        ("en", "Do you have the A52?", "Do you have the 52?"),
        ("en", "vitamin a price", "vitamin price"),
        ("en", "Do you ship to the US?", "Do you ship to us?"),
        ("en", "price of C++ book", "price of C book"),
        ("en", "How do I change my order?", "How do I charge my order?"),
        ("en", "Where is the contract?", "Where is the contact?"),
        ("en", "scanner for rent", "spanner for rent"),
        ("en", "from London to Paris", "from Paris to London"),
        ("en", "Do you sell glasses?", "Do you sell glass?"),
        ("en", "who made the watch", "when made the watch"),
        ("en", "2 kg rice 5 kg sugar", "5 kg rice 2 kg sugar"),
        ("fa", "این لباس شسته می‌شود؟", "این لباس شسته نمی‌شود؟"),
        ("fa", "کالا را برمی‌گردانید؟", "کالا را برنمی‌گردانید؟"),
        ("fa", "چطور گوشی می‌خرم؟", "چطور گوشی می‌خرید؟"),
        ("fa", "گوشی ارزان است؟", "گوشی ارزان‌تر است؟"),
        ("fa", "از تهران به شیراز", "از شیراز به تهران"),
        ("fa", "طبقه دوازده", "طبقه دوازدهم"),
        ("fa", "تحلیل آزمایش دارید؟", "تحویل آزمایش دارید؟"),
        ("ar", "هل لديكم مدرس طبخ؟", "هل لديكم مدرسة طبخ؟"),
        ("ar", "هل لديكم كتاب للأطفال؟", "هل لديكم كاتب للأطفال؟"),
        ("ar", "هل أستطيع الشراء مع حساب؟", "هل أستطيع الشراء بدون حساب؟"),
        ("tr", "Makine çalışıyor mu?", "Makine çalışmıyor mu?"),
        ("tr", "Ön kamera kaç megapiksel?", "On kamera kaç megapiksel?"),
        ("tr", "Şekerli mi?", "Şekersiz mi?"),
        ("tr", "İzmir'e kargo var mı?", "İzmir'de kargo var mı?"),
        ("tr", "Ankara'dan İzmir'e tren", "İzmir'den Ankara'ya tren"),
        ("tr", "Telefon alır mısınız?", "Telefon alırım mısınız?"),
        ("tr", "Yarış bileti var mı?", "Yarısı bileti var mı?"),
    ],
)
def test_what_can_change_the_answer_makes_it_another_question(
    language: Language, first: str, second: str
):
    assert same(language, first, second) is None
    assert same(language, second, first) is None


def test_a_word_that_the_caller_knows_is_no_slip():
    first, second = (
        read_question(text, "en") for text in ("Is the kettle steel?", "Is the ketle steel?")
    )
    assert compare_questions(first, second) is not None
    assert compare_questions(first, second, is_known=lambda word: True) is None


def test_two_slips_are_too_many():
    assert same("en", "How long is the warranty?", "How long is the waranty?") is not None
    assert same("en", "Download the warranty", "Downlaod the waranty") is None


def test_questions_of_two_languages_are_never_the_same():
    assert compare_questions(read_question("iPhone", "en"), read_question("iPhone", "tr")) is None


def test_a_message_that_is_all_courtesy_keeps_its_words():
    assert [word.folded for word in read_question("Hello!", "en").words] == ["hello"]
    assert same("en", "Hello", "Thanks") is None


def test_nothing_is_the_same_as_nothing():
    assert same("en", "?", "!") is None


def test_a_long_question_is_only_compared_exactly():
    long = " ".join(["word"] * (MOST_COMPARED_WORDS + 1))
    assert same("en", f"{long} jackets", f"{long} jackets!") == SameQuestion("exact")
    assert same("en", f"{long} jackets", f"{long} jacket") is None


_LETTERS = st.text("abcdeşğıİI آبکيیةه\u200c0125۳.,-+?'’!", max_size=40)


@settings(max_examples=300, deadline=None)
@given(first=_LETTERS, second=_LETTERS, language=st.sampled_from(LANGUAGES))
def test_the_same_questions_find_each_other_whichever_comes_first(
    first: str, second: str, language: Language
):
    one, other = read_question(first, language), read_question(second, language)
    found = compare_questions(one, other)
    assert (compare_questions(other, one) is None) == (found is None)
    if found is not None:
        hashes, others = question_hashes(one), question_hashes(other)
        assert hashes.exact == others.exact or hashes.near == others.near


@settings(max_examples=200, deadline=None)
@given(text=_LETTERS, language=st.sampled_from(LANGUAGES))
def test_a_question_is_exactly_the_same_as_itself(text: str, language: Language):
    form = read_question(text, language)
    assert not form.words or compare_questions(form, form) == SameQuestion("exact")
    hashes = question_hashes(form)
    assert (len(hashes.exact), len(hashes.near)) == (32, 16)
