from __future__ import annotations

import pytest

from leanrag.ingest.tldr import summarize
from leanrag.types import Language

TEXT = (
    "It was sunny. A copper pot must be washed by hand with warm water. "
    "Never wash a copper pot in a dishwasher, for hot water harms copper. Call us."
)


def test_the_most_central_sentences_are_chosen_in_their_order() -> None:
    assert summarize(TEXT, "en", max_words=13) in TEXT
    assert "copper pot" in summarize(TEXT, "en", max_words=13)
    both = summarize(TEXT, "en", max_words=26)
    assert both.index("by hand") < both.index("dishwasher")


def test_a_short_text_is_its_own_extract() -> None:
    assert summarize("We open at ten.", "en") == "We open at ten."
    assert summarize("", "en") == ""


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("fa", "فروشگاه ساعت ده باز می‌شود. فروشگاه روز جمعه باز نیست. ممنون."),
        ("ar", "يفتح المتجر في الساعة العاشرة. المتجر مغلق يوم الجمعة. شكرا."),
        ("tr", "Mağaza saat onda açılır. Mağaza cuma günü kapalıdır. Teşekkürler."),
    ],
)
def test_every_language_is_summarized_by_whole_sentences(language: Language, text: str) -> None:
    extract = summarize(text, language, max_words=6)
    assert extract in text
    assert extract.endswith(".")
    assert len(extract.split()) >= 3


def test_a_single_sentence_that_is_too_long_is_cut_with_an_ellipsis() -> None:
    text = " ".join(["word"] * 100)
    assert summarize(text, "en", max_words=40) == " ".join(["word"] * 40) + "…"
    assert len(summarize(text, "en", max_words=99)) <= len(text)
