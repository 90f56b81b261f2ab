from __future__ import annotations

import pytest

from leanrag.text.confusables import latin_skeleton


@pytest.mark.parametrize(
    ("word", "latin"),
    [
        ("pаsswоrd", "password"),
        ("РАУ", "PAY"),
        ("se\u200bcr\u00adet", "secret"),
        ("ｐｒｉｃｅ", "price"),
        ("ΡRICE", "PRICE"),
        ("price", "price"),
    ],
)
def test_look_alikes_and_hidden_characters_become_plain_latin(word, latin):
    assert latin_skeleton(word) == latin


@pytest.mark.parametrize("word", ["Россия", "λόγος", "قیمت", "Şişli", "ürün"])
def test_real_words_of_other_scripts_stay(word):
    assert latin_skeleton(word) == word
