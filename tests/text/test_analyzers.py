from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanrag.text.analyzers import (
    NGRAM_PREFIX,
    analyze,
    analyze_with_ngrams,
    analyze_words,
    character_ngrams,
    load_stopwords,
    term_id,
)
from leanrag.types import LANGUAGES, Language


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("fa", "قیمتِ کتاب‌ها", "قيمت كتاب ها"),
        ("fa", "می‌خرید", "می خرید"),
        ("ar", "الأسعار والمُنتَجات", "اسعار منتجات"),
        ("tr", "İstanbul'dan SİPARİŞ", "istanbul sipariş"),
        ("tr", "ücretleri", "ucretleri"),
        ("en", "The customer's orders", "customer order"),
        ("en", "Don't we'll", ""),
    ],
)
def test_variants_of_a_text_have_the_same_words(language: Language, one: str, other: str) -> None:
    assert analyze(one, language) == analyze(other, language)


def test_stopwords_go_but_analyze_words_keeps_them() -> None:
    assert analyze("how much is the price", "en") == ("price",)
    assert [word.term for word in analyze_words("how much", "en")] == ["how", "much"]


def test_an_english_name_in_a_persian_text_is_stemmed_as_english() -> None:
    assert analyze("قیمت batteries", "fa")[-1] == analyze("battery", "en")[0]


def test_ngrams_mark_the_boundaries_of_words() -> None:
    assert character_ngrams("Price") == ("~_pri", "~pric", "~rice", "~ice_")
    assert character_ngrams("ab a") == ("~_ab_", "~_a_")
    assert character_ngrams("abc", size=3) == ("~_ab", "~abc", "~bc_")


def test_a_typing_error_keeps_most_ngrams() -> None:
    right, wrong = set(character_ngrams("subscription")), set(character_ngrams("subscriptoin"))
    assert len(right & wrong) >= len(right) / 2


@given(st.text(), st.sampled_from(LANGUAGES))
def test_words_and_ngrams_never_share_a_term(text: str, language: Language) -> None:
    words, ngrams = analyze_with_ngrams(text, language)
    assert words == analyze(text, language)
    assert all(word and not word.startswith(NGRAM_PREFIX) for word in words)
    assert all(ngram.startswith(NGRAM_PREFIX) for ngram in ngrams)


def test_a_term_id_never_changes_because_indexes_are_stored() -> None:
    assert term_id("price") == 402_113_753
    assert term_id("~price") != term_id("price")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_term_ids_fit_the_sparse_vector(term: str) -> None:
    assert 0 <= term_id(term) < 10**9


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_a_list_of_stopwords(language: Language) -> None:
    assert 60 <= len(load_stopwords(language)) <= 220
