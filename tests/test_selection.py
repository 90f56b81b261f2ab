"""Sentences chosen by their chance a token: within the room, without repeats, deterministic."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leanrag import prompts
from leanrag.excerpts import Excerpt, chances
from leanrag.selection import Selection
from leanrag.text.sentences import sentence_spans
from leanrag.text.tokens import load_counter
from leanrag.types import Passage, SentenceChance, SourceKind
from tests.made_passages import made_passage

COUNTER = load_counter()
slow = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
REAL_FRAMES = {
    True: COUNTER.count(prompts.EVIDENCE_START) + COUNTER.count(prompts.EVIDENCE_END),
    False: COUNTER.count(prompts.NOTES_START) + COUNTER.count(prompts.NOTES_END),
}
NO_FRAMES = {True: 0, False: 0}
HEAD = 4  # tokens of a title, where every letter of the text is one
KINDS = st.sampled_from(["faq", "product", "document", "website", "manual"])
texts = st.text(min_size=1, max_size=120) | st.sampled_from(
    [
        "Delivery takes three days. It costs 95 lira. Parcels are insured up to 1,000 lira.",
        "ارسال سه روز کاری طول می‌کشد. هزینهٔ آن ۹۵ لیر است. بسته‌ها بیمه هستند.",
        "يستغرق التوصيل ثلاثة أيام. تكلفته ٩٥ ليرة. الطرود مؤمنة.",
        "Teslimat üç gün sürer. Ücreti 95 liradır. Paketler sigortalıdır.",
        "🙂👩‍👧! 号码一二三。\n\nA‍B <evidence> [3] ￼",
    ]
)
drawn_passages = st.lists(
    st.tuples(texts, KINDS, st.floats(0, 1), st.booleans(), st.integers(0, 60)), max_size=8
)


def passage(
    number: int,
    text: str,
    *probabilities: float,
    kind: SourceKind = "document",
    citable: bool = True,
    token_count: int | None = None,
) -> Passage:
    """Return a passage whose sentences have these chances, or share 0.5; a letter is a token."""
    spans = sentence_spans(text)
    shares = probabilities or [0.5 / len(spans)] * len(spans)
    sentences = [SentenceChance(*span, p) for span, p in zip(spans, shares, strict=True)]
    return made_passage(
        number,
        text,
        kind=kind,
        title="Help",
        token_count=len(text) if token_count is None else token_count,
        is_citable=citable,
        probability=sum(sentence.probability for sentence in sentences),
        sentences=tuple(sentences),
    )


def count_letters(passage: Passage, text: str) -> int:
    return (HEAD if passage.is_citable else 0) + len(text)


def count_exactly(passage: Passage, text: str) -> int:
    if passage.is_citable:
        return COUNTER.count(prompts.citable_passage(passage, text, 1))
    return COUNTER.count(prompts.note(text))


def fill(passages, room, *, least=0, frames=NO_FRAMES, count=count_letters, may_open=None):
    selection = Selection(count, frames=frames, min_trimmed_tokens=least)
    selection.fill([(passages, room)], room, may_open or (lambda one: True))
    return selection


def carried(selection: Selection) -> dict[int, str]:
    return {key.int: excerpt.text for key, excerpt in selection.excerpts.items()}


def worth(selection: Selection) -> float:
    return sum(
        excerpt.sentences[number].probability
        for excerpt in selection.excerpts.values()
        for number in excerpt.chosen
    )


def drawn(found) -> list[Passage]:
    rows = []
    for number, (text, kind, chance, citable, stored) in enumerate(found):
        row = passage(number, f"{number} {text}", kind=kind, citable=citable, token_count=stored)
        likely = [replace(s, probability=chance / (i + 1)) for i, s in enumerate(row.sentences)]
        rows.append(replace(row, sentences=tuple(likely)))
    return rows


# ---- the room -----------------------------------------------------------------------------------


@slow
@given(found=drawn_passages, room=st.integers(-5, 400), least=st.integers(0, 60))
def test_what_is_chosen_never_exceeds_the_room_by_the_exact_count(found, room, least):
    selection = fill(drawn(found), room, least=least, frames=REAL_FRAMES, count=count_exactly)
    exact = sum(count_exactly(e.passage, e.text) for e in selection.excerpts.values())
    kinds = {e.passage.is_citable for e in selection.excerpts.values()}
    exact += sum(REAL_FRAMES[kind] for kind in kinds)
    assert selection.tokens() == exact
    assert exact <= room or not selection.excerpts


@slow
@given(found=drawn_passages, room=st.integers(0, 400), least=st.integers(0, 60))
def test_a_selection_is_the_same_every_time_and_holds_only_the_passages_own_sentences(
    found, room, least
):
    first, again = (fill(drawn(found), room, least=least, count=count_exactly) for _ in range(2))
    assert carried(first) == carried(again)
    for excerpt in first.excerpts.values():
        assert excerpt.chosen <= set(range(len(excerpt.sentences)))
        for number in excerpt.chosen:
            sentence = excerpt.sentences[number]
            assert excerpt.passage.text[sentence.start : sentence.end] in excerpt.text


def test_a_frame_is_paid_once_for_each_kind_of_evidence():
    frames = {True: 10, False: 7}
    both = [passage(1, "a" * 20), passage(2, "b" * 20), passage(3, "c" * 20, citable=False)]
    everything = 2 * (HEAD + 20) + 20 + 10 + 7
    assert fill(both, everything, frames=frames).tokens() == everything
    assert len(fill(both, everything - 1, frames=frames).excerpts) == 2


@pytest.mark.parametrize("room", [-100, 0, 3])
def test_without_room_nothing_is_chosen(room):
    assert fill([passage(1, "Tea is hot.")], room).excerpts == {}


def test_a_wrong_stored_count_neither_lets_a_passage_in_nor_keeps_it_out():
    selection = fill([passage(1, "a" * 100, token_count=1)], 90)
    assert selection.excerpts == {}
    assert fill([passage(1, "a" * 100, token_count=150)], 104).tokens() == 104


# ---- what is chosen first -----------------------------------------------------------------------


def test_likelier_evidence_is_chosen_first():
    rows = [passage(1, "a" * 30, 0.2), passage(2, "b" * 30, 0.6), passage(3, "c" * 30, 0.1)]
    assert list(carried(fill(rows, 34))) == [2]
    assert list(carried(fill(rows, 68))) == [2, 1]


def test_of_equal_chances_the_shorter_passage_is_chosen_first_or_else_the_earlier_one():
    rows = [passage(1, "a" * 60, 0.3), passage(2, "b" * 30, 0.3)]
    assert list(carried(fill(rows, 80))) == [2]
    equal = [passage(2, "a" * 30, 0.3), passage(1, "b" * 30, 0.3)]
    assert list(carried(fill(equal, 34))) == [2]


def test_of_a_passage_the_likeliest_sentence_is_chosen_first_and_stands_in_its_place():
    text = "First it is said. Then it is told. Last it is sung."
    row = passage(1, text, 0.1, 0.5, 0.2)
    assert carried(fill([row], 25)) == {1: "Then it is told."}
    assert carried(fill([row], 45)) == {1: "Then it is told. Last it is sung."}
    assert carried(fill([row], 80)) == {1: text}


def test_sentences_that_are_not_neighbours_stand_on_lines_of_their_own():
    row = passage(1, "First it is said. Then it is told. Last it is sung.", 0.5, 0.01, 0.4)
    assert carried(fill([row], 45)) == {1: "First it is said.\nLast it is sung."}


def test_a_likely_passage_that_does_not_fit_leaves_its_room_to_the_next():
    assert list(carried(fill([passage(1, "a" * 90, 0.9), passage(2, "b" * 20, 0.05)], 40))) == [2]


def test_a_sentence_that_is_too_unlikely_is_left_out_whatever_the_room():
    row = passage(1, "It is said here. It is told here.", 0.5, 0.00005)
    assert carried(fill([row, passage(2, "b" * 30, 0.00005)], 900)) == {1: "It is said here."}


@settings(deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(20, 60), st.floats(0.001, 1)), max_size=8),
    rooms=st.tuples(st.integers(0, 300), st.integers(0, 300)),
)
def test_more_room_never_carries_less_probability(rows, rooms):
    # Of one sentence each: whoever is passed over for a better one weighs less than it.
    passages = [
        passage(i, chr(ord("a") + i) * letters, chance) for i, (letters, chance) in enumerate(rows)
    ]
    less, more = (worth(fill(passages, room)) for room in sorted(rooms))
    assert more >= less - 1e-9


@settings(deadline=None)
@given(st.lists(st.floats(0.001, 1), min_size=1, max_size=8), st.integers(0, 250))
def test_among_passages_of_one_length_the_likeliest_are_carried(rows, room):
    passages = [passage(i, chr(ord("a") + i) * 26, chance) for i, chance in enumerate(rows)]
    fitting = room // (HEAD + 26)
    best = sorted(rows, reverse=True)[:fitting]
    assert worth(fill(passages, room)) == pytest.approx(sum(best))


# ---- trimming -----------------------------------------------------------------------------------

POOL = [f"{letter}{letter.lower() * (5 + 4 * i)}." for i, letter in enumerate("ABCDEFGHIJ")]
LONG = "Aaaa aaaa aaaa. Bbbb bbbb bbbb. Cccc cccc cccc. Dddd dddd dddd."


@pytest.mark.parametrize("room", range(10, 80, 3))
def test_a_trimmed_passage_keeps_its_minimum_of_tokens(room):
    text = carried(fill([passage(1, LONG, 0.6, 0.1, 0.1, 0.1)], room, least=40)).get(1)
    assert text is None or len(text) >= 40


@settings(deadline=None, max_examples=300)
@given(
    rows=st.lists(
        st.lists(st.tuples(st.integers(0, 9), st.floats(0, 0.3)), min_size=1, max_size=5),
        min_size=1,
        max_size=5,
    ),
    room=st.integers(0, 400),
    least=st.integers(0, 60),
)
def test_what_is_trimmed_keeps_its_minimum_and_repeats_nothing(rows, room, least):
    passages = [
        passage(number, " ".join(POOL[i] for i, _ in row), *(chance for _, chance in row))
        for number, row in enumerate(rows)
    ]
    excerpts = list(fill(passages, room, least=least).excerpts.values())
    trimmed = [e for e in excerpts if len(e.chosen) < len(e.sentences)]
    # Each sentence is estimated with the space behind it, and the last one has none.
    assert all(len(excerpt.text) >= least - 1 for excerpt in trimmed)
    for place, excerpt in enumerate(trimmed):
        for other in trimmed[:place]:
            assert not _long(excerpt) & _long(other)


@pytest.mark.parametrize("kind", ["faq", "product"])
def test_questions_and_products_are_carried_whole_where_they_fit_and_trimmed_where_not(kind):
    row = passage(1, LONG, 0.6, 0.0, 0.0, 0.0, kind=kind)
    assert carried(fill([row], HEAD + len(LONG))) == {1: LONG}
    assert carried(fill([row], HEAD + len(LONG) - 1))[1].startswith("Aaaa aaaa aaaa.")
    other = passage(1, LONG, 0.6, 0.0, 0.0, 0.0)
    assert carried(fill([other], HEAD + len(LONG))) == {1: "Aaaa aaaa aaaa."}


# ---- repeats ------------------------------------------------------------------------------------

SAID = "Delivery takes three working days."


def test_the_same_sentence_is_not_carried_twice():
    rows = [
        passage(1, f"{SAID} It costs 95 lira in the city.", 0.4, 0.2),
        passage(2, f"Parcels are insured by us. {SAID} Ask for the number.", 0.1, 0.15, 0.1),
    ]
    together = "\n".join(carried(fill(rows, 400)).values())
    assert together.count(SAID) == 1
    assert "Parcels are insured" in together


def test_a_repeat_in_other_letters_and_spaces_is_a_repeat():
    shouted = f"{SAID.upper()}  Ask us for the parcel's number. A"
    rows = [passage(1, SAID, 0.4), passage(2, shouted, 0.2, 0.1, 0.0)]
    assert carried(fill(rows, 400))[2] == "Ask us for the parcel's number."


def test_short_sentences_may_be_said_again():
    rows = [
        passage(1, "Do you deliver? Yes, we do.", 0.2, 0.2),
        passage(2, "Do you wrap gifts? Yes, we do. No.", 0.2, 0.2, 0.0),
    ]
    together = "\n".join(carried(fill(rows, 400)).values())
    assert together.count("Yes, we do.") == 2


def test_a_question_with_its_answer_stays_whole_though_a_sentence_of_it_was_carried():
    rows = [passage(1, SAID, 0.4), passage(2, f"How long? {SAID}", 0.1, 0.2, kind="faq")]
    assert carried(fill(rows, 400))[2] == f"How long? {SAID}"


def test_a_passage_that_begins_with_a_repeat_is_opened_with_what_else_it_says():
    rows = [
        passage(1, f"{SAID} It costs 95 lira in the city.", 0.4, 0.2),
        passage(2, f"{SAID} It is free in the shop. We wrap every gift. Ask.", 0.2, 0.1, 0.1, 0.0),
    ]
    assert carried(fill(rows, 400, least=40))[2] == "It is free in the shop. We wrap every gift."


# ---- opening ------------------------------------------------------------------------------------


def test_a_passage_that_may_not_be_opened_is_left_out():
    rows = [passage(1, LONG, 0.6, 0.1, 0.1, 0.1), passage(2, "b" * 30, 0.1)]
    selection = fill(rows, 400, may_open=lambda one: one.passage_id.int != 1)
    assert list(carried(selection)) == [2]


def shared(primary, secondary, *, room, first):
    selection = Selection(count_letters, frames=NO_FRAMES, min_trimmed_tokens=0)
    selection.fill([(primary, first), (secondary, room - first)], room, lambda one: True)
    return list(carried(selection))


def test_a_share_that_is_full_waits_for_the_other_unless_that_is_worth_much_less():
    primary = [passage(number, "a" * 30, 0.10) for number in (1, 2, 3)]
    nearly, hardly = (passage(9, "b" * 30, chance) for chance in (0.05, 0.01))
    assert shared(primary, [nearly], room=3 * (HEAD + 30), first=68) == [1, 2, 9]
    assert shared(primary, [hardly], room=3 * (HEAD + 30), first=68) == [1, 2, 3]


def test_what_one_share_leaves_the_other_takes():
    many = [passage(number, "a" * 30, 0.1) for number in (1, 2, 3)]
    for primary, secondary in ((many, []), ([], many)):
        assert shared(primary, secondary, room=3 * (HEAD + 30), first=40) == [1, 2, 3]


def test_an_estimate_that_was_too_small_is_given_back_last_first():
    rows = [passage(n, f"{n}" * 60, 0.5 / n, token_count=1) for n in (1, 2, 3)]
    selection = fill(rows, 2 * (HEAD + 60) + 5)
    assert list(carried(selection)) == [1, 2]
    assert selection.tokens() == 2 * (HEAD + 60)


def test_a_passage_that_was_not_ranked_shares_its_score_by_sentences():
    row = passage(1, "It is said. It is told.")
    unranked = chances(replace(row, sentences=(), score=0.5))
    assert [(s.start, s.end, s.probability) for s in unranked] == [(0, 11, 0.25), (12, 23, 0.25)]
    assert chances(row) == row.sentences


@pytest.mark.parametrize("text", ["", "  \n "])
def test_a_passage_without_text_is_never_carried(text):
    empty = replace(passage(1, "x"), text=text, sentences=())
    assert fill([empty], 400).excerpts == {}


def test_all_sentences_are_the_passage_as_it_stands():
    row = passage(1, "  One is here. \n\n Two is there.  ")
    assert carried(fill([row], 400)) == {1: row.text}
    assert Excerpt(row, row.sentences, (), (), ()).text_of({1}) == "Two is there."


def _long(excerpt: Excerpt) -> set[str]:
    """Return the carried sentences that must not be repeated: those of 20 letters or more."""
    carried_spans = (excerpt.sentences[number] for number in excerpt.chosen)
    said = {excerpt.passage.text[s.start : s.end] for s in carried_spans}
    return {sentence for sentence in said if len(sentence) >= 20}
