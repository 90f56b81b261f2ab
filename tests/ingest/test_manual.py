"""A manual under 1,000 words is one passage; a longer one is cut by headings and paragraphs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanrag.errors import InvalidInput
from leanrag.ingest.chunk import cut
from leanrag.ingest.extracted import ExtractedDocument, ExtractedPage
from leanrag.ingest.manual import MAX_WHOLE_TOKENS, count_words, cut_manual, is_whole
from leanrag.text.tokens import TokenCounter, load_counter

COUNTER = load_counter()
SENTENCE = "Refunds of the shop take five working days after the parcel came back."  # 13 words


def sentences(count: int) -> str:
    return " ".join([SENTENCE] * count)


def words(count: int) -> str:
    return " ".join(["word"] * count)


@pytest.mark.parametrize(
    ("text", "passages"),
    [
        (words(999), 1),
        (f"# Rules\n\n{words(500)}\n\n## Delivery\n\n{words(496)}", 1),  # "#" is no word
        (f"Rules\n\n{words(500)}\n\nDelivery\n\n{words(497)}", 1),
    ],
)
def test_under_a_thousand_words_it_is_one_passage(text: str, passages: int) -> None:
    chunks = cut_manual(text, title="Rules of the house", counter=COUNTER)
    assert len(chunks) == passages
    assert chunks[0].text == text
    assert (chunks[0].title, chunks[0].heading) == ("Rules of the house", "")
    assert chunks[0].token_count == COUNTER.count(text)


def test_from_a_thousand_words_on_it_is_cut() -> None:
    assert is_whole(words(999), COUNTER)
    assert not is_whole(words(1_000), COUNTER)
    assert len(cut_manual(words(1_000), title="Rules", counter=COUNTER)) > 1


def test_what_no_embedding_model_reads_whole_is_cut_however_few_its_words_are() -> None:
    text = "\n\n".join("客服不可以承诺任何折扣" * 200 for _ in range(10))
    assert count_words(text) < 1_000 < MAX_WHOLE_TOKENS < COUNTER.count(text)
    chunks = cut_manual(text, title="Rules", counter=COUNTER)
    assert max(chunk.token_count for chunk in chunks) <= 320


def test_a_word_is_what_holds_a_letter_or_a_digit() -> None:
    assert count_words("- one,  (2) — … | می‌شود | * # ---\n3.") == 4
    assert count_words("-" * 2_000_000) == 0  # and is counted in no time


def test_a_long_one_is_cut_by_its_headings_and_paragraphs() -> None:
    short = ["We never promise a day.", "We never name a colleague.", "We write in plain words."]
    text = "\n\n".join(
        [
            "# House rules",
            *("## Tone", *short),
            *("## Refunds", sentences(40)),
            *("## Delivery", sentences(15), "### Abroad", sentences(30)),
        ]
    )
    chunks = cut_manual(text, title="House rules", counter=COUNTER)
    by_heading: dict[str, list[str]] = {}
    for chunk in chunks:
        by_heading.setdefault(chunk.heading, []).append(chunk.text)
    assert list(by_heading) == ["Tone", "Refunds", "Delivery", "Delivery > Abroad"]
    assert by_heading["Tone"] == ["\n\n".join(short)]  # short neighbours are joined
    assert len(by_heading["Refunds"]) > 1  # a long paragraph is cut, and only between sentences
    assert all(piece.endswith(".") for piece in by_heading["Refunds"])
    assert " ".join(by_heading["Refunds"]) == sentences(40)
    assert [chunk.position for chunk in chunks] == list(range(len(chunks)))


def test_a_long_one_without_headings_is_cut_as_any_document_is() -> None:
    text = "\n\n".join(sentences(12) for _ in range(10))
    document = ExtractedDocument("Rules", (ExtractedPage(None, text),))
    assert cut_manual(text, title="Rules", counter=COUNTER, max_tokens=200) == cut(
        document, kind="manual", max_tokens=200, counter=COUNTER, fallback_title="Rules"
    )


def test_a_blank_one_gives_nothing() -> None:
    assert cut_manual(" \n\t\n", title="Rules", counter=COUNTER) == ()


def test_an_overlap_of_more_than_half_is_refused() -> None:
    with pytest.raises(InvalidInput):
        cut_manual(words(2_000), title="R", counter=COUNTER, max_tokens=100, overlap_tokens=60)


PARAGRAPHS = st.lists(
    st.one_of(
        st.sampled_from(
            ["# House", "## Refunds", "- one\n- two", "| a | b |\n|---|---|\n| 1 | 2 |"]
        ),
        st.text("abc یکگ çğ.?!\n 1", min_size=1, max_size=80),
        st.integers(1, 60).map(sentences),
    ),
    max_size=30,
)


@given(PARAGRAPHS)
def test_no_word_is_lost_and_no_passage_is_too_long(paragraphs: list[str]) -> None:
    text = "\n\n".join(paragraphs)
    chunks = cut_manual(text, title="The rules", counter=COUNTER)
    assert chunks == cut_manual(text, title="The rules", counter=COUNTER)
    if is_whole(text, COUNTER):
        assert len(chunks) == bool(text.strip())
    else:
        assert max(chunk.token_count for chunk in chunks) <= 320
    kept = " ".join(f"{chunk.heading} {chunk.text}" for chunk in chunks)
    for word in {word for word in text.split() if word.isalpha()}:
        assert word in kept


def test_each_language_is_told(counter: TokenCounter) -> None:
    texts = {
        "fa": "پشتیبانی هرگز شمارهٔ کارت نمی‌خواهد.",
        "en": "Support never asks for a card number.",
        "ar": "لا يطلب فريق الدعم رقم البطاقة أبدًا.",
        "tr": "Destek ekibi kart numarası istemez.",
    }
    for language, text in texts.items():
        assert cut_manual(text, title="R", counter=counter)[0].language == language
