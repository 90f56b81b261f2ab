from __future__ import annotations

import tomllib

import pytest

from leanrag.text.answer_type import ANSWER_KINDS, WORDS_FILE, ExpectedAnswer, load_answer_words
from leanrag.text.normalize import fold
from leanrag.types import LANGUAGES


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


@pytest.mark.parametrize(
    ("language", "question", "kind", "holding", "without"),
    [
        ("en", "How many cups fit?", "number", "Twelve cups fit.", "Many cups fit."),
        ("fa", "چند فنجان دارد؟", "number", "دوازده فنجان دارد.", "فنجان زیاد دارد."),
        ("ar", "كم فنجانا في العلبة؟", "number", "في العلبة ستة فناجين.", "فيها فناجين."),
        ("tr", "Kaç fincan var?", "number", "On fincan var.", "Fincan çok."),
        ("en", "When do you close?", "time", "We close on Friday.", "We close early."),
        ("fa", "چه روزی بسته‌اید؟", "time", "جمعه بسته‌ایم.", "گاهی بسته‌ایم."),
        ("ar", "متى تغلقون؟", "time", "نغلق الجمعة.", "نغلق مبكرا."),
        ("tr", "Ne zaman kapalısınız?", "time", "Pazar kapalıyız.", "Bazen kapalıyız."),
        ("en", "Who makes the cups?", "name", "The cups come from Pervin.", "They come by post."),
        ("tr", "Fincanları kim yapıyor?", "name", "Fincanları bize Pervin yapıyor.", "Ustalar."),
        ("en", "Why is it closed?", "reason", "It is closed because of rain.", "It is closed."),
        ("fa", "چرا بسته است؟", "reason", "به دلیل باران بسته است.", "بسته است."),
        ("ar", "لماذا المحل مغلق؟", "reason", "المحل مغلق بسبب المطر.", "المحل مغلق."),
        ("tr", "Neden kapalı?", "reason", "Kapalı, çünkü yağmur var.", "Kapalı."),
        ("en", "Which email do I write to?", "contact", "Write to a@b.example.", "Write to us."),
        ("fa", "به کدام ایمیل بنویسم؟", "contact", "به a@b.example بنویسید.", "بنویسید."),
        ("ar", "ما رقم الهاتف؟", "contact", "الهاتف +90 000 000 00 12", "الهاتف مشغول."),
        ("tr", "Hangi telefonu arayayım?", "contact", "+90 000 000 00 12", "Bizi arayın."),
    ],
)
def test_a_sentence_that_holds_what_was_asked_for_is_told_apart(
    language, question, kind, holding, without
):
    expected = ExpectedAnswer(question, language)
    assert kind in expected.kinds
    assert kind in expected.kinds_in(holding)
    assert kind not in expected.kinds_in(without)


def test_what_the_question_says_itself_is_no_answer():
    expected = ExpectedAnswer("Who sent Pervin two letters in May, and how many?", "en")
    assert expected.kinds_in("Then Pervin got two of them in May.") == ()
    assert expected.kinds_in("Then Deniz sent three.") == ("number", "name")


def test_a_question_that_asks_for_nothing_in_particular_gets_nothing_in_particular():
    expected = ExpectedAnswer("Tell me about the samovar.", "en")
    assert expected.kinds == ()
    assert expected.kinds_in("Since 1998 Pervin has sold 12 of them: a@b.example.") == ()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_are_spelled_as_folded_text_is(language):
    words = load_answer_words(language)
    said = [word for kind in ANSWER_KINDS for word in words.says[kind]]
    assert [word for word in said if fold(word) != word] == []
    kinds = tomllib.loads(WORDS_FILE.read_text("utf-8"))
    asked = [own["asks"].get(language, "") for own in kinds.values()]
    assert [pattern for pattern in asked if fold(pattern) != pattern] == []
