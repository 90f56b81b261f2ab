from __future__ import annotations

import pytest

from leanrag.text.answer_type import ExpectedAnswer


@pytest.mark.parametrize(
    ("language", "question", "with_number", "without"),
    [
        ("en", "How much is the kettle?", "It costs 2,350 TRY.", "It costs little."),
        ("en", "When do you close?", "At 19:00.", "In the evening."),
        ("fa", "هزینهٔ ارسال چقدر است؟", "ارسال ۶۵ لیر است.", "ارسال رایگان است."),
        ("fa", "چند وات است؟", "۱٬۲۰۰ وات", "قوی است."),
        ("ar", "كم تبلغ رسوم التوصيل؟", "التوصيل بـ ٦٥ ليرة.", "التوصيل مجاني."),
        ("ar", "متى يفتح المتجر؟", "من الساعة 10:00", "في الصباح"),
        ("tr", "Kargo kaç lira?", "Kargo 65 TL.", "Kargo ücretsiz."),
        ("tr", "Ne zaman açıksınız?", "10.00'da açarız.", "Sabah açarız."),
    ],
)
def test_a_question_of_quantity_or_time_expects_a_number(language, question, with_number, without):
    expected = ExpectedAnswer(question, language)
    assert expected.is_in(with_number)
    assert not expected.is_in(without)


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("en", "Who founded the shop?"),
        ("fa", "مدیر فروشگاه کیست؟"),
        ("ar", "من يدير المتجر؟"),
        ("tr", "Mağazayı kim yönetiyor?"),
    ],
)
def test_other_questions_expect_nothing_in_particular(language, question):
    assert not ExpectedAnswer(question, language).is_in("It was 1998.")


def test_a_number_that_the_question_itself_says_is_no_answer():
    expected = ExpectedAnswer("How long does the grinder with 40 mm burrs last?", "en")
    assert not expected.is_in("The burrs measure ۴۰ mm.")
    assert expected.is_in("The 40 mm burrs last for 250 kg.")


def test_a_word_that_only_begins_like_a_question_word_asks_for_nothing():
    assert not ExpectedAnswer("Whenever is not the word.", "en").is_in("5")
    assert not ExpectedAnswer("کیف دارید؟", "fa").is_in("5")
