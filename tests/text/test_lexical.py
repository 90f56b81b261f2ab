from __future__ import annotations

import pytest

from leanrag.text import lexical
from leanrag.text.analyzers import analyze_with_ngrams, term_id
from leanrag.text.lexical import (
    AVERAGE_NGRAMS,
    AVERAGE_WORDS,
    document_weights,
    question_terms,
)
from leanrag.types import Language


def _score(question: str, passage: str, language: Language = "en", title: str = "") -> float:
    weights = document_weights(title, "", passage, language)
    return sum(weights.get(term, 0.0) for term in question_terms(question, language))


def test_a_word_weighs_what_the_bm25_formula_says() -> None:
    text = "battery charger battery"
    norm = 1.2 * (1 - 0.75 + 0.75 * 3 / AVERAGE_WORDS)
    weights = document_weights("", "", text, "en")
    assert weights[term_id("batteri")] == pytest.approx(2 * 2.2 / (2 + norm))
    assert weights[term_id("charger")] == pytest.approx(2.2 / (1 + norm))


def test_an_ngram_counts_half_and_by_its_own_length() -> None:
    _, ngrams = analyze_with_ngrams("charger", "en")
    norm = 1.2 * (1 - 0.75 + 0.75 * len(ngrams) / AVERAGE_NGRAMS)
    weights = document_weights("", "", "charger", "en")
    assert weights[term_id("~char")] == pytest.approx(0.5 * 2.2 / (1 + norm))


def test_title_and_heading_are_found_and_the_title_weighs_more() -> None:
    as_title = document_weights("Warranty", "", "two years", "en")
    as_heading = document_weights("", "Warranty", "two years", "en")
    term = term_id("warranti")
    assert as_title[term] > as_heading[term] > 0


def test_the_heaviest_terms_are_kept_of_a_passage_with_too_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = " ".join(f"{chr(97 + i % 26)}part{i}" for i in range(2_000)) + " charger" * 50
    kept = document_weights("", "", text, "en")
    monkeypatch.setattr(lexical, "MAX_TERMS", 10**6)
    everything = document_weights("", "", text, "en")
    dropped = [weight for term, weight in everything.items() if term not in kept]
    assert len(kept) == 1_000 < len(everything)
    assert min(kept.values()) >= max(dropped)
    assert term_id("charger") in kept


def test_question_terms_all_weigh_one() -> None:
    terms = question_terms("How long does the battery last?", "en")
    assert set(terms.values()) == {1.0}
    assert term_id("batteri") in terms


def test_nothing_to_search_gives_no_terms() -> None:
    assert question_terms("؟!", "fa") == {}
    assert document_weights("", "", "", "tr") == {}


def test_a_misspelt_question_still_prefers_the_right_passage() -> None:
    right, wrong = "The subscription renews every year.", "The kettle has a steel handle."
    assert _score("subscriptoin renewl", right) > _score("subscriptoin renewl", wrong)


@pytest.mark.parametrize(
    ("text_language", "question_language", "text", "question", "other"),
    [
        ("fa", "ar", "هزینه ارسال کالا به شیراز", "هزینه ارسال", "ساعات کار فروشگاه"),
        ("ar", "fa", "رسوم التوصيل إلى جدة", "رسوم توصيل", "ساعات العمل في الفرع"),
        ("tr", "en", "Kargo ücreti elli liradır", "kargo ucreti", "Mağaza saatleri değişti"),
        ("en", "tr", "Shipping costs five dollars", "shipping cost", "Opening hours changed"),
    ],
)
def test_a_misdetected_language_still_finds_the_passage(
    text_language: Language, question_language: Language, text: str, question: str, other: str
) -> None:
    terms = question_terms(question, question_language)
    right, wrong = (document_weights("", "", passage, text_language) for passage in (text, other))
    assert sum(right.get(t, 0) for t in terms) > 2 * sum(wrong.get(t, 0) for t in terms)
