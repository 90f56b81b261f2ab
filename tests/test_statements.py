"""What a sentence tells of its customer."""

from __future__ import annotations

import pytest

from leanrag.statements import find_codes, folded_words, read_statement


@pytest.mark.parametrize(
    ("sentence", "slot"),
    [
        ("My name is Sara", "name"),
        ("It's for the office, I'm Derya", "name"),
        ("My order is PD-48213", "order"),
        ("I can't have almonds", "health"),
        ("You can mail me at sara@shop.example", "contact"),
        ("Call +90 555 000 41 27", "contact"),
        ("We need it before 14 June", "date"),
        ("The counter has 32 cm", "measure"),
        ("اسم من نگاره", "name"),
        ("به بادوم آلرژی دارم", "health"),
        ("ساکن شیراز هستم", "place"),
        ("بودجه‌ام ۴۵۰۰ لیره", "money"),
        ("عروسی ۲۱ شهریوره", "date"),
        ("معك باسل، اسمي باسل", "name"),
        ("عندي حساسية من اللوز", "health"),
        ("الغطاء مكسور", "problem"),
        ("ميزانيتنا 5,500 ليرة", "money"),
        ("وأنا باسل", "name"),
        ("Adım Elif", "name"),
        ("Fındığa alerjim var", "health"),
        ("İzmir'de oturuyorum", "place"),
        ("9 Ekim'den önce lazım", "date"),
        ("Kapağı kırık geldi", "problem"),
    ],
)
def test_a_statement_has_the_slot_that_its_cue_names(sentence: str, slot: str):
    assert slot in read_statement(sentence, is_customers=True).slots


@pytest.mark.parametrize(
    "sentence", ["Where is my order?", "The tea is nice", "قهوه خوبه", "القهوة جيدة", "Çay güzel"]
)
def test_small_talk_has_no_code_and_hardly_any_worth(sentence: str):
    assert read_statement(sentence, is_customers=True).gain(frozenset(), frozenset()) < 1


def test_a_question_and_a_strangers_matter_are_worth_less():
    own = read_statement("My order is 48213.", is_customers=True)
    asked = read_statement("Is my order 48213?", is_customers=True)
    strangers = read_statement("My friend's order is 48213.", is_customers=True)
    worth = [s.gain(frozenset(), frozenset()) for s in (own, strangers, asked)]
    assert worth == sorted(worth, reverse=True)
    assert worth[0] > 2 * worth[1]


def test_codes_are_folded_and_found_once():
    assert find_codes("کد ۴۸۲۱۳ و 48213، PD-17 و a.b@c.example") == (
        "a.b@c.example",
        "48213",
        "pd-17",
    )


def test_the_persian_prefix_is_joined_to_its_verb():
    assert folded_words("من می خوام") == ("من", "میخوام")
    assert folded_words("می‌خوام") == ("میخوام",)
