"""What people changed stays: whatever a source becomes, no edit is lost and no passage either."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.models import PassageEdit
from leanrag.edit_rows import copied
from leanrag.ingest.extracted import Chunk
from leanrag.ingest.kept_edits import NO_ORIGINAL, Before, Placed, place_edits
from leanrag.ingest.passage import make_chunk
from leanrag.text.tokens import load_counter

COUNTER = load_counter()
DELIVERY = "Delivery in Istanbul takes three working days and costs 95 lira, paid at the door."
RETURNS = "Unused goods can be returned within thirty days with their receipt and the box."
HOURS = "The shop in the old market is open from nine to six, on Fridays until noon only."
SENTENCES = [
    *(DELIVERY, RETURNS, HOURS, "Yes.", "Ask at the counter."),
    "Delivery in Istanbul takes two working days and costs 120 lira, paid in advance.",
    "ارسال به تهران دو روز کاری طول می‌کشد و هزینه آن پنجاه هزار تومان است.",
]


def chunk(position: int, text: str, *, heading: str = "", title: str = "Rules") -> Chunk:
    return make_chunk(
        position,
        title=title,
        heading=heading,
        text=text,
        tldr=text[:30],
        language="en",
        counter=COUNTER,
    )


def edit_of(made_of: Chunk, text: str | None = None, **more: Any) -> PassageEdit:
    values: dict[str, Any] = {
        "tenant_id": uuid4(),
        "edit_id": uuid4(),
        "source_id": uuid4(),
        "position": made_of.position,
        "page": None,
        "original_hash": made_of.content_hash,
        "original_heading": made_of.heading,
        "original_text": made_of.text,
        "original_tldr": made_of.tldr,
        "edited_text": text,
        "edited_tldr": None,
        "is_citable": None,
        "enabled": None,
        "state": "applied",
        "newer_hash": "",
        "newer_text": "",
        "newer_tldr": "",
        "edited_by": "sara",
        "edited_at": datetime.now(UTC),
        **more,
    }
    return PassageEdit(**values)


def place(
    chunks: Sequence[Chunk], *edits: PassageEdit, before: Before | None = None
) -> tuple[Placed, dict[UUID, str]]:
    placed = place_edits(chunks, edits, before, counter=COUNTER)
    return placed, {outcome.edit_id: outcome.state for outcome in placed.outcomes}


def after(edits: Sequence[PassageEdit], placed: Placed) -> list[PassageEdit]:
    """Return the edits as they are kept once what became of them is recorded."""
    became = {outcome.edit_id: outcome for outcome in placed.outcomes}
    return [
        copied(
            edit,
            state=became[edit.edit_id].state,
            position=became[edit.edit_id].position,
            original_hash=became[edit.edit_id].original_hash,
            original_heading=became[edit.edit_id].heading,
            newer_hash=became[edit.edit_id].newer_hash,
            newer_text=became[edit.edit_id].newer_text,
            newer_tldr=became[edit.edit_id].newer_tldr,
        )
        for edit in edits
    ]


def before(placed: Placed) -> Before:
    return Before(known=tuple(c.content_hash for c in placed.chunks if c.edit_id is None))


def test_an_edit_stays_where_the_source_says_the_same():
    edit = edit_of(chunk(1, DELIVERY), "Delivery takes a day.", enabled=False)
    placed, states = place([chunk(0, HOURS), chunk(1, RETURNS), chunk(2, DELIVERY)], edit)
    assert states == {edit.edit_id: "applied"}
    made = placed.chunks[2]
    assert (made.text, made.enabled, made.edit_id) == ("Delivery takes a day.", False, edit.edit_id)
    assert made.token_count == COUNTER.count("Delivery takes a day.")
    assert made.tldr == "Delivery takes a day."
    assert made.content_hash == edit.original_hash
    assert placed.outcomes[0].position == 2
    assert placed.chunks[:2] == (chunk(0, HOURS), chunk(1, RETURNS))


def test_the_words_of_an_edit_tell_its_language():
    edit = edit_of(chunk(0, DELIVERY), SENTENCES[-1])
    assert place([chunk(0, DELIVERY)], edit)[0].chunks[0].language == "fa"


@pytest.mark.parametrize(
    "change", [{"text": "Delivery takes a day."}, {"is_citable": False}, {"edited_tldr": "A day."}]
)
def test_an_edit_stays_in_force_where_the_source_changed_and_waits_for_a_look(
    change: dict[str, Any],
):
    newer = chunk(0, SENTENCES[5])
    edit = edit_of(chunk(0, DELIVERY), **change)
    placed, states = place([newer], edit)
    assert states == {edit.edit_id: "changed"}
    (outcome,) = placed.outcomes
    assert (outcome.newer_hash, outcome.newer_text) == (newer.content_hash, newer.text)
    (made,) = placed.chunks
    assert made.text == change.get("text", newer.text)
    assert made.is_citable == change.get("is_citable")
    assert made.edit_id == edit.edit_id


def test_an_edit_whose_passage_is_gone_is_kept_and_comes_back_with_it():
    edit = edit_of(chunk(0, DELIVERY), "Delivery takes a day.")
    placed, states = place([chunk(0, HOURS)], edit)
    assert states == {edit.edit_id: "gone"}
    assert placed.chunks == (chunk(0, HOURS),)
    (kept,) = after([edit], placed)
    placed, states = place([chunk(0, HOURS), chunk(1, DELIVERY)], kept, before=before(placed))
    assert states == {edit.edit_id: "applied"}
    assert placed.chunks[1].text == "Delivery takes a day."


def test_words_put_in_place_of_others_stay_so_in_a_longer_passage():
    edit = edit_of(chunk(0, DELIVERY), "Delivery takes a day.", is_citable=True, enabled=None)
    longer = chunk(0, f"{HOURS}\n\n{DELIVERY.replace(' ', chr(10))} {RETURNS}")
    placed, states = place([longer], edit)
    assert states == {edit.edit_id: "changed"}
    assert placed.chunks[0].text == f"{HOURS}\n\nDelivery takes a day. {RETURNS}"
    assert placed.chunks[0].is_citable is None  # its neighbours were not let out


def test_edited_words_stand_in_place_of_all_pieces_of_the_original():
    whole = chunk(0, " ".join([DELIVERY, RETURNS, HOURS]))
    pieces = [chunk(n, text) for n, text in enumerate([DELIVERY, RETURNS, HOURS])]
    edit = edit_of(whole, "Ask us.")
    placed, states = place([*pieces, chunk(3, SENTENCES[-1])], edit)
    assert states == {edit.edit_id: "changed"}
    assert [c.text for c in placed.chunks if c.enabled] == ["Ask us.", SENTENCES[-1]]
    assert [c.edit_id for c in placed.chunks] == [edit.edit_id] * 3 + [None]


def test_a_hidden_passage_stays_hidden_however_it_is_cut():
    whole = chunk(0, " ".join([DELIVERY, RETURNS, HOURS]))
    edit = edit_of(whole, enabled=False)
    for texts in (
        [DELIVERY, RETURNS, HOURS],
        [f"{SENTENCES[-1]} {DELIVERY}", f"{RETURNS} {HOURS} {SENTENCES[-1]}"],
        [f"{SENTENCES[-1]} {' '.join([DELIVERY, RETURNS, HOURS])}"],
    ):
        placed, states = place([chunk(n, text) for n, text in enumerate(texts)], edit)
        assert not any(c.enabled for c in placed.chunks)
        assert {c.edit_id for c in placed.chunks} == {edit.edit_id}
        assert states[edit.edit_id] != "applied"


def test_hidden_words_stay_hidden_even_where_the_edited_ones_have_no_place():
    hidden = "The master key lies in the second drawer of the manager's desk, on the left."
    whole = chunk(0, f"{hidden} {' '.join(SENTENCES[:3])}")
    edit = edit_of(whole, "Ask the manager.", is_citable=False)
    rest = " ".join(f"Rule {n} of the yard is about gate {n}." for n in range(20))
    recut = [chunk(0, f"{rest} {hidden}")]
    placed, states = place(recut, edit)
    assert states == {edit.edit_id: "gone"}
    assert (placed.chunks[0].is_citable, placed.chunks[0].text) == (False, recut[0].text)


def test_a_standing_edit_is_a_passage_of_its_own():
    edit = edit_of(chunk(0, DELIVERY), "Delivery takes a day.", original_hash=NO_ORIGINAL)
    placed, states = place([chunk(0, HOURS)], edit, before=Before(title="Rules"))
    assert states == {edit.edit_id: "applied"}
    made = placed.chunks[1]
    assert (made.position, made.text, made.title) == (1, "Delivery takes a day.", "Rules")


def test_a_products_edit_never_moves_to_another_product():
    kettle = chunk(0, "Kettle 2 l: 90 EUR\nSteel, with a whistle.", title="Kettle 2 l")
    other = chunk(0, "Kettle 4 l: 95 EUR\nSteel, with a whistle.", title="Kettle 4 l")
    dearer = chunk(1, "Kettle 2 l: 99 EUR\nNow of glass.", title="Kettle 2 l")
    edit = edit_of(kettle, "Kettle 2 l: 50 EUR")
    shop = Before(records="product", titles={edit.edit_id: "Kettle 2 l"})
    placed, states = place([other, dearer], edit, before=shop)
    assert states == {edit.edit_id: "changed"}
    assert placed.chunks[1].text == "Kettle 2 l: 50 EUR"
    assert place([other], edit, before=shop)[1] == {edit.edit_id: "gone"}


texts = st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=4).map(" ".join)
passages = st.lists(st.tuples(texts, st.sampled_from(["", "Delivery"])), max_size=7)
changes = st.fixed_dictionaries(
    {
        "text": st.none() | st.sampled_from(["Ask us.", DELIVERY, "Delivery takes a day."]),
        "is_citable": st.none() | st.booleans(),
        "enabled": st.none() | st.booleans(),
        "edited_tldr": st.none() | st.just("In short."),
    }
)


def cut(said: Sequence[tuple[str, str]], title: str = "Rules") -> list[Chunk]:
    return [chunk(n, text, heading=h, title=title) for n, (text, h) in enumerate(said)]


@given(
    old=passages.filter(bool),
    new=passages,
    wanted=st.lists(st.tuples(st.integers(0, 6), changes), max_size=5),
    title=st.sampled_from(["Rules", "New rules"]),
)
def test_no_edit_disappears_and_no_passage_is_lost_whatever_the_new_passages_are(
    old: list[tuple[str, str]],
    new: list[tuple[str, str]],
    wanted: list[tuple[int, dict[str, Any]]],
    title: str,
):
    first = cut(old)
    edits = [edit_of(first[n], **change) for n, change in dict(wanted).items() if n < len(first)]
    edited = {edit.original_hash for edit in edits}
    chunks = cut(new, title)
    known = Before(known=tuple(c.content_hash for c in first if c.content_hash not in edited))
    placed, states = place(chunks, *edits, before=known)
    assert set(states) == {edit.edit_id for edit in edits}
    assert len(placed.outcomes) == len(edits)
    assert [c.content_hash for c in placed.chunks] == [c.content_hash for c in chunks]
    for number, (made, own) in enumerate(zip(placed.chunks, chunks, strict=True)):
        assert made.position == number
        if made.edit_id is None:
            assert made == own
    for edit in edits:
        carrying = [c for c in placed.chunks if c.edit_id == edit.edit_id]
        assert bool(carrying) or states[edit.edit_id] == "gone"
        if states[edit.edit_id] == "applied":
            assert len(carrying) == 1
            assert carrying[0].text == (edit.edited_text or edit.original_text)
            assert carrying[0].is_citable == edit.is_citable
        if edit.enabled is False:
            assert not any(c.enabled for c in carrying)
    again, states_again = place(chunks, *after(edits, placed), before=before(placed))
    assert states_again == states
    assert again.chunks == placed.chunks
    assert again.outcomes == placed.outcomes
