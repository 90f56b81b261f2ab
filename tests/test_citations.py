from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanrag.citations import MAX_QUOTE_CHARACTERS, CitationTracker
from leanrag.types import CitationMade, PassageDecision, TextDelta
from tests.made_passages import made_passage

DELIVERY = (
    "The shop is in Istanbul. Delivery inside Turkey costs 95 lira and takes two to four working"
    " days. Gift wrapping is free."
)
RETURNS = "Returns are possible within fourteen days. Keep the receipt."
WASHING = "این لیوان را در ماشین ظرفشویی نشویید. با آب ولرم بشویید."


def decided(number: int, text: str, *, language="en", marker: int | None = None):
    passage = made_passage(
        number,
        text,
        source_id=UUID(int=100 + number),
        source_title="Handbook",
        title="Delivery" if number == 1 else "",
        heading="Shipping > Prices",
        language=language,
        position=0,
        page=4,
        token_count=30,
        is_citable=marker is not None,
        lexical_score=0.5,
        dense_score=0.5,
    )
    return PassageDecision(passage, "primary", "kept", "fits as a whole", 30, text, marker)


DECISIONS = (
    decided(1, DELIVERY, marker=1),
    decided(2, RETURNS, marker=2),
    decided(3, WASHING, language="fa", marker=3),
    decided(4, "A note that nobody may cite."),
)


def run(pieces):
    """Return the whole text, the citations and where in the text each was made."""
    tracker = CitationTracker(DECISIONS)
    events = [event for piece in pieces for event in tracker.feed(piece)]
    events += tracker.finish()
    text, made = "", []
    for event in events:
        if isinstance(event, TextDelta):
            assert event.text
            text += event.text
        else:
            assert isinstance(event, CitationMade)
            made.append((event.citation, len(text)))
    assert tracker.citations == tuple(citation for citation, _ in made)
    return text, made


@pytest.mark.parametrize(
    ("answer", "text", "numbers"),
    [
        ("It costs 95 lira [1].", "It costs 95 lira [1].", [1]),
        ("Both [1, 2].", "Both [1][2].", [1, 2]),
        ("Both [2][1].", "Both [2][1].", [2, 1]),
        ("All [1-3], all [1–3].", "All [1][2][3], all [1][2][3].", [1, 2, 3]),
        ("بله [۱] و [٢، ۳].", "بله [1] و [2][3].", [1, 2, 3]),
        ("Full width ［１］ and 【2】.", "Full width [1] and [2].", [1, 2]),
        ("Blanks [ 1 ; 2 ].", "Blanks [1][2].", [1, 2]),
        ("Unknown [9] here [4].", "Unknown here.", []),
        ("Half known [1, 9].", "Half known [1].", [1]),
        ("Zero [0] and [007].", "Zero and.", []),
        ("A year [2024], a list [a], an end [", "A year [2024], a list [a], an end [", []),
        ("[1] first, [1] again", "[1] first, [1] again", [1]),
        ("A link [terms](https://x.example)", "A link [terms](https://x.example)", []),
        ("Nested [[2]]", "Nested [[2]]", [2]),
        ("Huge range [1-999]", "Huge range [1]", [1]),
        ("Long [" + "1, " * 12 + "1]", "Long [" + "1, " * 12 + "1]", []),
        ("Wide" + " " * 60 + "[9].", "Wide" + " " * 57 + ".", []),
        ("", "", []),
    ],
)
def test_marks_are_written_one_way_at_every_split_of_the_stream(answer, text, numbers):
    whole = run([answer])
    assert whole[0] == text
    assert [citation.number for citation, _ in whole[1]] == numbers
    for size in range(1, len(answer) + 1):
        pieces = [answer[i : i + size] for i in range(0, len(answer), size)]
        assert run(pieces) == whole
    for cut in range(len(answer)):
        assert run([answer[:cut], answer[cut:]]) == whole


@given(pieces=st.lists(st.text(alphabet="ab .[]1239۲٣،,-–［】\n\t", max_size=12), max_size=30))
def test_any_stream_gives_the_same_result_as_its_whole(pieces):
    assert run(pieces) == run(["".join(pieces)])


@given(text=st.text(alphabet=st.characters(exclude_characters="[［【", exclude_categories=["Cs"])))
def test_text_without_brackets_passes_unchanged(text):
    assert run([text]) == (text, [])


def test_nothing_waits_but_a_partial_mark_and_the_blanks_before_it():
    tracker = CitationTracker(DECISIONS)
    assert list(tracker.feed("It costs 95 lira")) == [TextDelta("It costs 95 lira")]
    assert list(tracker.feed(" [1")) == []
    mark, made, rest = tracker.feed("] in all")
    assert (mark, rest) == (TextDelta(" [1]"), TextDelta(" in all"))
    assert isinstance(made, CitationMade)


def test_an_endless_bracket_is_not_held_back_for_ever():
    tracker = CitationTracker(DECISIONS)
    emitted = [event for _ in range(100) for event in tracker.feed("[1, " if _ == 0 else "1, ")]
    assert sum(len(event.text) for event in emitted if isinstance(event, TextDelta)) > 200


def test_the_quote_is_the_sentence_closest_to_the_answers_sentence():
    (citation, _), *_ = run(["Hello! Sending it inside Turkey costs 95 lira. [1] Anything else?"])[
        1
    ]
    assert citation.quote == (
        "Delivery inside Turkey costs 95 lira and takes two to four working days."
    )
    assert (citation.title, citation.heading, citation.page) == ("Delivery", "Shipping > Prices", 4)
    assert (citation.passage_id, citation.source_id) == (UUID(int=1), UUID(int=101))


def test_the_quote_is_the_first_sentence_when_none_is_close():
    (citation, _), *_ = run(["Certainly [2]."])[1]
    assert citation.quote == "Returns are possible within fourteen days."
    assert citation.title == "Handbook"


def test_a_persian_quote_is_found_by_its_words():
    (citation, _), *_ = run(["لیوان را با آب ولرم بشویید [۳]."])[1]
    assert citation.quote == "با آب ولرم بشویید."


def test_a_long_quote_is_cut_between_words_and_says_so():
    long_sentence = "Delivery " + "costs ninety five lira " * 30
    tracker = CitationTracker([decided(1, long_sentence, marker=1)])
    list(tracker.feed("Delivery costs [1]."))
    quote = tracker.citations[0].quote
    assert len(quote) <= MAX_QUOTE_CHARACTERS
    assert quote.endswith("…")
    assert long_sentence.startswith(quote[:-1] + " ")


def test_a_dropped_passage_cannot_be_cited():
    tracker = CitationTracker([decided(4, "secret")])
    assert list(tracker.feed("As said [1]!")) == [TextDelta("As said"), TextDelta("!")]
    assert tracker.citations == ()
