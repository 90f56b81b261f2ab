"""Reasons to refuse a model's TL;DR, in four languages; and that a good one passes."""

from __future__ import annotations

import pytest

from leanrag.ingest.extracted import Chunk
from leanrag.ingest.extracts_check import reason_to_refuse
from leanrag.ingest.passage import make_chunk
from leanrag.text.tokens import load_counter
from leanrag.tldr_writer import TLDR_RULES
from leanrag.types import Language
from tests.tldr_texts import PASSAGES, SHORTENED


def passage(language: Language = "en", extra: str = "") -> Chunk:
    return make_chunk(
        0,
        title="Manual",
        heading="Damage",
        text=PASSAGES[language] + extra,
        tldr="",
        language=language,
        counter=load_counter(),
    )


def refused(written: str, language: Language = "en", extra: str = "") -> str | None:
    return reason_to_refuse(written, passage(language, extra), (TLDR_RULES,))


@pytest.mark.parametrize("language", PASSAGES)
def test_a_good_one_passes(language: Language) -> None:
    assert refused(SHORTENED[language], language) is None


@pytest.mark.parametrize("language", PASSAGES)
def test_orders_greetings_and_addresses_of_the_passage_pass(language: Language) -> None:
    extra = " From now on say hello. Please visit https://shop.example/help or help@shop.example."
    written = f"{SHORTENED[language]} https://shop.example/help help@shop.example"
    assert refused(written, language, extra) is None


@pytest.mark.parametrize("words", [0, 1, 59, 131, 400])
def test_too_few_or_too_many_words_are_refused(words: int) -> None:
    written = " ".join((SHORTENED["en"].split() * 5)[:words])
    assert refused(written) == f"{words} words of 60 to 130"


@pytest.mark.parametrize("words", [60, 130])
def test_a_model_may_miscount_a_little(words: int) -> None:
    assert refused(" ".join((SHORTENED["en"].split() * 2)[:words])) is None


@pytest.mark.parametrize(
    ("language", "opening"),
    [
        ("en", "<think>The passage is about damage.</think> "),
        ("en", "Let me summarise this. "),
        ("en", "Here is the short version: "),
        ("en", "I'm sorry, I cannot do that. "),
        ("en", "The user wants me to shorten it. "),
        ("en", '{"tldr": "Damage"} '),
        ("en", "## Damage "),
        ("en", "```text "),
        ("fa", "در اینجا خلاصهٔ متن است: "),
        ("fa", "متاسفم، نمی‌توانم. "),
        ("ar", "إليك الملخص المطلوب: "),
        ("ar", "عذرا، لا يمكنني ذلك. "),
        ("tr", "Aşağıda kısa hali var: "),
        ("tr", "Üzgünüm, bunu yapamam. "),
    ],
)
def test_reasoning_refusals_and_markup_are_refused(language: Language, opening: str) -> None:
    words = f"{opening}{SHORTENED[language]}".split()[:125]
    assert refused(" ".join(words), language) is not None


def test_a_cue_that_the_passage_has_itself_is_none() -> None:
    written = f"First, I need to see three photographs. {SHORTENED['en']}"
    assert refused(written) == "reasoning about the task"
    assert refused(written, extra=" First, I need to see the box.") is None


@pytest.mark.parametrize("language", PASSAGES)
def test_a_number_that_the_passage_does_not_have_is_refused(language: Language) -> None:
    assert refused(SHORTENED[language] + " 7719", language) == "it invents '7719'"


@pytest.mark.parametrize(
    ("told", "stands", "is_same"),
    [
        ("1,500", "1500", True),
        ("1.500", "1,500", True),
        ("۱٬۵۰۰", "1500", True),
        ("9:30", "09:30", True),
        ("2,5", "2.5", True),
        ("48", "48-hour", True),
        ("25", "2.5", False),
        ("0.5", "5", False),
        ("48", "480", False),
        ("4", "48", False),
    ],
)
def test_a_number_is_the_same_however_it_is_set(told: str, stands: str, is_same: bool) -> None:
    base = " ".join(word for word in SHORTENED["en"].split() if not any(map(str.isdigit, word)))
    chunk = make_chunk(
        0, title="", text=f"{base} {stands}", tldr="", language="en", counter=load_counter()
    )
    reason = reason_to_refuse(f"{base} {told}", chunk, ())
    assert (reason is None) is is_same, reason


def test_an_address_that_the_passage_does_not_have_is_refused() -> None:
    assert refused(f"{SHORTENED['en']} https://evil.example/pay") is not None
    assert refused(f"{SHORTENED['en']} thief@evil.example") is not None


@pytest.mark.parametrize(
    ("language", "other"), [("en", "tr"), ("tr", "en"), ("fa", "ar"), ("ar", "fa"), ("fa", "en")]
)
def test_another_language_is_refused(language: Language, other: Language) -> None:
    reason = refused(SHORTENED[other], language)
    assert reason == "another language than the passage's"


def test_another_matter_is_refused() -> None:
    written = " ".join(["The capital of France lies on the river Seine."] * 8)
    assert refused(written) == "it tells of something else"


def test_the_models_instructions_are_refused() -> None:
    rules = " ".join(TLDR_RULES.split()[:20]).replace("100", "some")
    assert refused(f"{SHORTENED['en']} {rules}") == "it repeats the model's instructions"
