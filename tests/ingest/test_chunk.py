from __future__ import annotations

from itertools import pairwise

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from leanrag.errors import InvalidInput
from leanrag.ingest.chunk import cut
from leanrag.ingest.extracted import Chunk, ExtractedDocument, ExtractedPage
from leanrag.text.tokens import TokenCounter, load_counter
from leanrag.types import SourceKind

MARKDOWN = """# Care guide

Wash every copper pot by hand.

Never put it into a dishwasher.

## Cleaning

- Rub it with lemon.
- Rinse it with warm water.

| Part | Material |
|---|---|
| Pot | Copper |
| Handle | Brass |

## Storage

Keep it dry.
"""


def _cut(
    *texts: str,
    pdf: bool = False,
    max_tokens: int = 200,
    overlap_tokens: int = 0,
    kind: SourceKind = "document",
    title: str = "",
    torn_overlap_tokens: int = 32,
) -> tuple[Chunk, ...]:
    pages = [ExtractedPage(n if pdf else None, text) for n, text in enumerate(texts, start=1)]
    return cut(
        ExtractedDocument(title, tuple(pages)),
        kind=kind,
        max_tokens=max_tokens,
        overlap_tokens=overlap_tokens,
        torn_overlap_tokens=torn_overlap_tokens,
        counter=load_counter(),
        fallback_title="guide.md",
    )


def test_the_share_that_is_done_grows_from_nothing_to_all() -> None:
    pages = tuple(ExtractedPage(n, f"# Part {n}\n\n" + "A word. " * 90) for n in range(1, 41))
    told: list[float] = []
    chunks = cut(
        ExtractedDocument("", pages),
        kind="document",
        counter=load_counter(),
        fallback_title="guide.pdf",
        on_progress=told.append,
    )
    assert told == sorted(told)
    assert told[0] == 0
    assert 0.9 < told[-1] <= 1
    assert len(told) > len(chunks)


def _squeeze(text: str) -> str:
    return "".join(text.split())


def test_passages_follow_the_headings_and_keep_them_out_of_the_text() -> None:
    chunks = _cut(MARKDOWN, title="Care guide")
    assert [chunk.heading for chunk in chunks] == ["", "Cleaning", "Storage"]
    assert chunks[0].text == "Wash every copper pot by hand.\n\nNever put it into a dishwasher."
    assert chunks[1].text.startswith("- Rub it with lemon.\n- Rinse it with warm water.\n\n| Part")
    assert {chunk.title for chunk in chunks} == {"Care guide"}
    assert [chunk.position for chunk in chunks] == [0, 1, 2]


def test_a_document_without_a_title_takes_the_fallback_and_its_whole_heading_path() -> None:
    chunks = _cut(MARKDOWN)
    assert [chunk.heading for chunk in chunks][1:] == [
        "Care guide > Cleaning",
        "Care guide > Storage",
    ]
    assert chunks[0].title == "guide.md"


def test_setext_headings_and_inline_marks_of_headings_are_understood() -> None:
    chunks = _cut("The **bold** guide\n=====\n\nText.\n\nSmall part\n---\n\nMore text.")
    assert [chunk.heading for chunk in chunks] == ["The bold guide", "The bold guide > Small part"]


def test_a_hash_inside_a_code_block_is_no_heading() -> None:
    (chunk,) = _cut("# Setup\n\n```sh\n# not a heading\nmake run\n```\n")
    assert chunk.heading == "Setup"
    assert "# not a heading" in chunk.text


def test_a_long_table_is_cut_by_rows_and_repeats_its_header() -> None:
    rows = "\n".join(f"| Cup {n} | {n * 10} TRY |" for n in range(60))
    chunks = _cut(f"| Product | Price |\n|---|---|\n{rows}", max_tokens=100)
    assert len(chunks) > 3
    assert all(chunk.text.startswith("| Product | Price |\n|---|---|\n| Cup") for chunk in chunks)
    assert sum(chunk.text.count("| Cup ") for chunk in chunks) == 60


def test_a_heading_with_nothing_under_it_is_kept_as_text() -> None:
    chunks = _cut("# Contact\n\n# Delivery\n\nTwo days.\n\n# Returns to 12 Orange Street")
    assert [chunk.text for chunk in chunks] == [
        "Contact",
        "Two days.",
        "Returns to 12 Orange Street",
    ]


def test_numbered_and_title_like_lines_of_a_pdf_become_headings() -> None:
    page = (
        "1. Opening hours\n\nWe open at ten and close at seven, from Monday to Saturday.\n\n"
        "1.1 Holidays\n\nWe close on 1 January.\n\nContact us\n\nWrite to help@shop.example."
    )
    assert [chunk.heading for chunk in _cut(page, pdf=True)] == [
        "1. Opening hours",
        "1. Opening hours > 1.1 Holidays",
        "Contact us",
    ]


def test_marked_headings_of_a_pdf_leave_numbered_lines_alone() -> None:
    (chunk,) = _cut("# Steps\n\n1. Open the lid\n\nPour the water in slowly.", pdf=True)
    assert chunk.text == "1. Open the lid\n\nPour the water in slowly."


def test_a_passage_bears_the_page_on_which_it_begins() -> None:
    first = " ".join(f"Sentence number {n} of the first page." for n in range(30))
    chunks = _cut(first, "# Second\n\nShort.", "Third page, same heading.", pdf=True)
    assert [chunk.page for chunk in chunks] == [1, 1, 2]
    assert chunks[-1].text == "Short.\n\nThird page, same heading."


def test_a_sentence_that_runs_over_a_page_break_is_joined() -> None:
    (chunk,) = _cut("The pot must be", "washed by hand.", pdf=True)
    assert (chunk.text, chunk.page) == ("The pot must be washed by hand.", 1)


def test_an_escaped_hash_of_a_pdf_is_text_without_its_backslash() -> None:
    (chunk,) = _cut("# Install\n\n\\# apt upgrade", pdf=True)
    assert (chunk.heading, chunk.text) == ("Install", "# apt upgrade")


def test_a_long_paragraph_is_cut_between_sentences_without_a_crumb() -> None:
    sentences = [f"This is sentence number {n} of a paragraph about tea." for n in range(42)]
    chunks = _cut(" ".join(sentences), max_tokens=100)
    assert all(chunk.text.startswith("This") and chunk.text.endswith("tea.") for chunk in chunks)
    assert min(chunk.token_count for chunk in chunks) > 50


def test_every_language_is_named_passage_by_passage() -> None:
    texts = {
        "fa": "# یک\n\nفروشگاه ما در استانبول است و هر روز باز می‌شود؛ پیش از آمدن تماس بگیرید.",
        "ar": "# واحد\n\nيمكنكم إرجاع المنتجات خلال أربعة عشر يومًا من تاريخ الاستلام.",
        "tr": "# Bir\n\nÜrünlerinizi on dört gün içinde iade edebilirsiniz, lütfen bizi arayın.",
        "en": "# One\n\nYou can return the products within fourteen days of their delivery.",
    }
    chunks = _cut("\n\n".join(texts.values()))
    assert [chunk.language for chunk in chunks] == list(texts)


def test_overlap_begins_a_passage_with_the_last_sentences_before_it() -> None:
    text = " ".join(f"Sentence {n} tells of cup {n}." for n in range(60))
    chunks = _cut(text, max_tokens=100, overlap_tokens=20)
    for before, after in pairwise(chunks):
        assert after.text.split("\n")[0] in before.text
        assert after.token_count <= 100
    with pytest.raises(InvalidInput):
        _cut(text, max_tokens=100, overlap_tokens=60)


def test_only_a_sentence_that_is_torn_is_repeated_in_part() -> None:
    torn = " ".join(f"word{number}" for number in range(200))
    first, second, *_ = _cut(torn, max_tokens=200)
    repeated = second.text.split()[:3]
    assert repeated == first.text.split()[-len(_shared(first.text, second.text)) :][:3]
    assert 3 <= len(_shared(first.text, second.text)) <= 32
    whole = " ".join(f"Sentence {number} stands alone." for number in range(100))
    first, second, *_ = _cut(whole, max_tokens=200)
    assert _shared(first.text, second.text) == []


def _shared(before: str, after: str) -> list[str]:
    """Return the words that end one passage and begin the next."""
    left, right = before.split(), after.split()
    lengths = [n for n in range(1, min(len(left), len(right))) if left[-n:] == right[:n]]
    return right[: max(lengths, default=0)]


def test_an_uploaded_faq_keeps_each_question_with_its_answer_alone() -> None:
    text = "Do you ship?\nYes, daily.\n\nآیا ارسال دارید؟\nبله.\n\nCan I pay cash?\n\nNo."
    chunks = _cut(text, kind="faq")
    assert [chunk.text.count("?") + chunk.text.count("؟") for chunk in chunks] == [1, 1, 1]
    assert chunks[2].text == "Can I pay cash?\n\nNo."


def test_the_hash_tells_titles_apart_and_ignores_white_space() -> None:
    one, two = _cut("Some  text.")[0], _cut("Some\ntext.")[0]
    assert one.content_hash == two.content_hash
    assert one.content_hash != _cut("Some text.", title="Other")[0].content_hash
    assert len(one.content_hash) == 64


def test_a_word_without_end_is_never_cut_inside_a_letter() -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"  # one picture of five code points
    chunks = _cut(family * 200, max_tokens=50)
    assert all(set(chunk.text.split(family)) == {""} for chunk in chunks)
    assert all(chunk.token_count <= 50 for chunk in chunks)


def test_a_letter_of_more_tokens_than_a_passage_is_cut_all_the_same() -> None:
    chunks = _cut("a" + "\u0301\u0316\u0334" * 300, max_tokens=32)
    assert all(chunk.token_count <= 32 for chunk in chunks)


def test_nothing_gives_no_passage() -> None:
    assert _cut("") == ()
    assert _cut("\n\n---\n\n") == ()


WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=40)
LETTERS = st.text("abcdefgh یکسلام.؟!ışğ", min_size=1, max_size=400)
PARAGRAPHS = st.lists(st.one_of(LETTERS, st.lists(WORDS, max_size=30).map(" ".join)), max_size=8)


@given(paragraphs=PARAGRAPHS, max_tokens=st.integers(32, 80), overlap=st.sampled_from([0, 10]))
@hypothesis_settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_passages_fit_are_counted_exactly_and_are_the_same_every_time(
    paragraphs: list[str], max_tokens: int, overlap: int
) -> None:
    counter: TokenCounter = load_counter()
    for pdf in (False, True):
        text = "\n\n".join(paragraphs)
        chunks = _cut(text, pdf=pdf, max_tokens=max_tokens, overlap_tokens=overlap)
        for chunk in chunks:
            assert chunk.text.strip()
            assert chunk.token_count == counter.count(chunk.text) <= max_tokens
        assert chunks == _cut(text, pdf=pdf, max_tokens=max_tokens, overlap_tokens=overlap)


@given(paragraphs=PARAGRAPHS, max_tokens=st.integers(32, 80))
@hypothesis_settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_but_white_space_is_lost_from_paragraphs(
    paragraphs: list[str], max_tokens: int
) -> None:
    plain = [f"x{paragraph}." for paragraph in paragraphs]  # neither a heading, a rule nor a table
    chunks = _cut("\n\n".join(plain), pdf=True, max_tokens=max_tokens, torn_overlap_tokens=0)
    assert _squeeze("".join(chunk.text for chunk in chunks)) == _squeeze("".join(plain))
