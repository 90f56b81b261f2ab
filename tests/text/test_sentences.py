from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanrag.text.sentences import sentence_spans, split_sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("سلام. قیمت چند است؟ ممنون!", ["سلام.", "قیمت چند است؟", "ممنون!"]),
        ("چند است؟بله موجود است", ["چند است؟", "بله موجود است"]),
        ("یہ ہے۔ وہ ہے۔", ["یہ ہے۔", "وہ ہے۔"]),
        ("ما هذا؟ لا أعرف… حسنا", ["ما هذا؟", "لا أعرف…", "حسنا"]),
        ("Bu ürün iyi. Fiyatı nedir?", ["Bu ürün iyi.", "Fiyatı nedir?"]),
        ("first line\nsecond line", ["first line", "second line"]),
        ('He said "Stop." Then he left.', ['He said "Stop."', "Then he left."]),
        ("Is it right? No. Then go.", ["Is it right?", "No.", "Then go."]),
        ("Wait?! Really.", ["Wait?!", "Really."]),
        ("", []),
        (" \n ", []),
    ],
)
def test_sentences_end_at_their_marks(text: str, sentences: list[str]) -> None:
    assert list(split_sentences(text)) == sentences


@pytest.mark.parametrize(
    "text",
    [
        "Dr. Smith and Prof. Jones agree.",
        "It costs 3.50 or 4.75 dollars.",
        "نسخه ۳.۵ منتشر شد.",
        "J. K. Rowling wrote it.",
        "See www.example.com for more.",
        "Use tools, e.g. a hammer.",
        "See fig. 3 and No. 5.",
        "19. yüzyılda kuruldu.",
        "Prof. Dr. Ayşe geldi.",
        "T.C. Merkez Bankası açıkladı.",
        "1. Open the app.",
        "II. Dünya Savaşı bitti.",
        "در قرن ۵ ق.م. ساخته شد.",
        "And then... nothing happened.",
    ],
)
def test_a_full_stop_inside_a_sentence_does_not_end_it(text: str) -> None:
    assert split_sentences(text) == (text,)


@given(st.text(st.sampled_from("aB 1.!?؟۔…\n\"')سDr")))
def test_sentences_are_exact_substrings_in_order_and_lose_only_white_space(text: str) -> None:
    position = 0
    for sentence in split_sentences(text):
        found = text.index(sentence, position)
        assert not text[position:found].strip()
        position = found + len(sentence)
    assert not text[position:].strip()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("unit", ["!", ".", "A. ", "a. ", "؟", "\n", '"', "x.", " "])
def test_hostile_text_takes_linear_time(unit: str) -> None:
    assert split_sentences(unit * 100_000 + "x")


@given(st.text(alphabet="ab .!?؟\n\"'۔3", max_size=60))
def test_spans_cover_every_visible_letter_once_and_in_order(text):
    spans = sentence_spans(text)
    assert all(start < end for start, end in spans)
    assert all(a[1] <= b[0] for a, b in pairwise(spans))
    covered = "".join(text[start:end] for start, end in spans)
    assert "".join(covered.split()) == "".join(text.split())
