from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from leanrag.text.stemmers import stem
from leanrag.types import Language


@pytest.mark.parametrize(
    ("language", "forms"),
    [
        ("en", ["price", "prices", "pricing", "priced"]),
        ("tr", ["fiyat", "fiyatı", "fiyatlarınız", "fiyatlar"]),
        ("fa", ["کتاب", "کتابها", "کتابهایش", "کتابهای", "کتابم", "کتاباتون"]),
        ("fa", ["گارانتی", "گارانتیش"]),
        ("fa", ["میخرید", "خرید"]),
        ("ar", ["کتاب", "الکتاب", "والکتاب", "بالکتاب", "کتابها"]),
    ],
)
def test_forms_of_one_word_share_a_stem(language: Language, forms: list[str]) -> None:
    assert len({stem(form, language) for form in forms}) == 1


@pytest.mark.parametrize(
    ("language", "word"),
    [("fa", "میز"), ("fa", "مات"), ("ar", "ان"), ("ar", "ولد"), ("tr", "müdür"), ("tr", "insan")],
)
def test_short_words_are_not_stripped_away(language: Language, word: str) -> None:
    assert len(stem(word, language)) >= min(len(word), 3)


def test_turkish_is_stemmed_before_its_letters_are_folded() -> None:
    assert stem("ışıklarımız", "tr") == stem("ışık", "tr") == "isik"


def test_every_thread_has_its_own_stemmer() -> None:
    words = ["running", "prices", "orders", "deliveries"] * 500
    with ThreadPoolExecutor(8) as pool:
        stems = list(pool.map(lambda word: stem(word, "en"), words))
    assert stems == ["run", "price", "order", "deliveri"] * 500
