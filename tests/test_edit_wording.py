"""What a person's words make of a passage."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from leanrag.edit_wording import language_of, passage_version, reworded
from leanrag.ingest.extracted import Chunk
from leanrag.ingest.passage import make_chunk
from leanrag.sources import ChunkView
from leanrag.text.tokens import load_counter

COUNTER = load_counter()
ANSWER = "How long is delivery?\nIt takes three days in Istanbul, and a week elsewhere."


def own(text: str = ANSWER, tldr: str = "How long is delivery?") -> Chunk:
    return make_chunk(0, title="", text=text, tldr=tldr, language="en", counter=COUNTER)


def test_nothing_said_leaves_the_passage_as_it_is():
    assert reworded(own(), None, None, counter=COUNTER) == own()
    assert reworded(own(), ANSWER, None, counter=COUNTER) == own()
    assert reworded(own(), None, "Short.", counter=COUNTER) == replace(own(), tldr="Short.")


def test_the_tldr_of_a_question_follows_the_question():
    made = reworded(own(), "How fast  is delivery?\nIt takes a day.", None, counter=COUNTER)
    assert made.tldr == "How fast is delivery?"
    assert made.token_count == COUNTER.count(made.text)
    assert made.content_hash == own().content_hash  # of what the source says


def test_the_extract_of_changed_words_is_made_anew_in_its_old_length():
    words = " ".join(f"Sentence number {n} says a little of it." for n in range(40))
    long = own(words, " ".join(words.split()[:100]))
    made = reworded(long, words.replace("little", "lot"), None, counter=COUNTER)
    assert "little" not in made.tldr
    assert 41 <= len(made.tldr.split()) <= 100
    short = reworded(own(words, "A summary."), words + " The end.", None, counter=COUNTER)
    assert len(short.tldr.split()) <= 40


def test_a_given_language_stays_unless_the_words_are_seen_to_change_it():
    english, persian = "Delivery takes three days.", "ارسال سه روز کاری طول می‌کشد."
    assert language_of("Delivery takes two days.", instead_of=english, language="en") == "en"
    assert language_of(persian, instead_of=english, language="en") == "fa"
    # A brand that a person called Turkish, and that looks English, is not called so for an edit.
    assert language_of("Tea Time Deluxe", instead_of="Tea Time", language="tr") == "tr"


@pytest.mark.parametrize(
    "other",
    [
        {"text": "b"},
        {"tldr": "b"},
        {"is_citable": False},
        {"enabled": False},
        {"edit_id": UUID(int=9)},
    ],
)
def test_all_that_can_be_edited_changes_the_version(other: dict[str, object]):
    view = ChunkView(
        *(UUID(int=1), UUID(int=2), "Rules", "faq", 0, "", "", "a", "a", "en", None, "", "", 1),
        is_citable=True,
        enabled=True,
        edit_id=None,
    )
    assert passage_version(replace(view, **other)) != passage_version(view)  # type: ignore[arg-type]
    assert passage_version(replace(view, position=7)) == passage_version(view)
