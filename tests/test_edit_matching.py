"""Where an edited passage stands in a source that was changed, cut anew, or shuffled."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from leanrag.edit_matching import LEAST_LIKENESS, EditedPassage, Match, likeness, match_edits
from leanrag.ingest.extracted import Chunk
from leanrag.ingest.passage import content_hash

REVISED = [
    (
        "Delivery in Istanbul takes three working days and costs 95 lira. Parcels above 20 kg go by"
        " freight. You can follow your parcel on the site of the carrier.",
        "Delivery in Istanbul takes two working days and costs 120 lira. Parcels above 30 kg go by"
        " freight. You can follow your parcel in the app.",
    ),
    (
        "Unused goods can be returned within thirty days with their receipt. The money is paid back"
        " to the card within a week.",
        "The money is paid back to the card within a week. Opened goods are inspected first. Unused"
        " goods can be returned within fourteen days with their receipt.",
    ),
    (
        "The warranty covers the heating element, the switch and the lid for two years. It does not"
        " cover lime, falls, or repairs by others.",
        "The warranty covers the heating element, the switch and the lid for two years.",
    ),
    (
        "ارسال به تهران دو روز کاری طول می‌کشد و هزینه آن ۵۰ هزار تومان است. برای شهرهای دیگر سه تا"
        " پنج روز زمان لازم است.",
        "ارسال به تهران یک روز کاری طول می‌کشد و هزینه آن ۶۵ هزار تومان است. برای شهرهای دیگر چهار"
        " تا شش روز زمان لازم است.",
    ),
    (
        "يستغرق التوصيل داخل القاهرة ثلاثة أيام عمل وتبلغ تكلفته خمسين جنيها. يمكن تتبع الطرد من"
        " موقع شركة الشحن.",
        "يستغرق التوصيل داخل القاهرة يومي عمل وتبلغ تكلفته ستين جنيها. يمكن تتبع الطرد من التطبيق.",
    ),
    (
        "Kargo İstanbul içinde üç iş günü sürer ve 95 liradır. 20 kilodan ağır koliler ambarla"
        " gider.",
        "Kargo İstanbul içinde iki iş günü sürer ve 120 liradır. 30 kilodan ağır koliler ambarla"
        " gider. Takip numarası e-posta ile gelir.",
    ),
    (
        "The shop is open from Monday to Friday, nine to six.",
        "The shop is open from Monday to Saturday, ten to seven.",
    ),
]
STRANGERS = [
    (REVISED[0][0], "A gift card is valid for a year and cannot be paid out in money."),
    (REVISED[1][0], "Damaged goods are replaced within a week. Send us a photo and your number."),
    (
        "The kettle holds two litres and switches itself off when the water boils.",
        "The samovar holds four litres, keeps the water warm and has a tap of brass.",
    ),
    (
        "The shop is open from Monday to Friday, nine to six.",
        "The workshop is closed on Sunday, and repairs wait until Tuesday at noon.",
    ),
    (REVISED[3][0], "کالای استفاده‌نشده تا سی روز با رسید خرید پس گرفته می‌شود."),
    (REVISED[4][0], "يمكن إرجاع البضاعة غير المستعملة خلال ثلاثين يوما مع الفاتورة."),
    (REVISED[5][0], "Kullanılmamış ürünler otuz gün içinde fişiyle iade edilebilir."),
]


def chunk(
    position: int, text: str, *, title: str = "Rules", heading: str = "", **more: Any
) -> Chunk:
    hashed = content_hash(title, heading, text)
    return Chunk(position, title, heading, text, text[:20], "en", 9, hashed, **more)


def edit_of(made_of: Chunk, number: int = 0, **more: Any) -> EditedPassage:
    return EditedPassage(
        UUID(int=number + 1),
        made_of.position,
        made_of.content_hash,
        made_of.heading,
        made_of.text,
        **more,
    )


def place(edit: EditedPassage, chunks: list[Chunk], **more: Any) -> Match | None:
    return match_edits([edit], chunks, **more).get(edit.edit_id)


@pytest.mark.parametrize(("old", "new"), REVISED)
def test_a_revised_passage_is_found_among_strangers(old: str, new: str):
    texts = [stranger for _, stranger in STRANGERS]
    chunks = [chunk(n, text) for n, text in enumerate([*texts, new])]
    edit = edit_of(chunk(2, old))
    assert place(edit, chunks) == Match("changed", (len(texts),))


@pytest.mark.parametrize(("old", "new"), STRANGERS)
def test_a_stranger_in_the_old_place_is_no_place(old: str, new: str):
    assert place(edit_of(chunk(0, old)), [chunk(0, new)]) is None


def test_the_threshold_stands_between_revisions_and_strangers():
    revisions = [likeness(old, new) for old, new in REVISED]
    strangers = [likeness(old, new) for old, new in STRANGERS]
    # With what the same heading and place add, no stranger comes up to it.
    assert max(strangers) + 0.05 < LEAST_LIKENESS < min(revisions)
    assert (round(max(strangers), 2), round(min(revisions), 2)) == (0.39, 0.65)


def test_the_same_words_are_found_wherever_they_moved():
    chunks = [chunk(n, f"Rule {n} of the house, and what follows from it.") for n in range(30)]
    moved = [replace(c, position=n) for n, c in enumerate(reversed(chunks))]
    assert place(edit_of(chunks[4]), moved) == Match("same", (25,))


def test_of_the_same_words_the_nearest_are_taken_in_their_order():
    twins = [chunk(n, "Ask at the counter." if n in (0, 4) else f"Rule {n}.") for n in range(6)]
    edits = [edit_of(replace(twins[0], position=at), at) for at in (3, 10)]
    found = match_edits(edits, twins)
    assert [found[edit.edit_id].numbers for edit in edits] == [(0,), (4,)]
    assert match_edits(edits[1:], twins)[edits[1].edit_id].numbers == (4,)


def test_another_title_alone_is_no_change():
    old = chunk(0, REVISED[0][0])
    renamed = [chunk(0, "A new first passage."), chunk(1, REVISED[0][0], title="House rules")]
    assert place(edit_of(old), renamed) == Match("same", (1,))


def test_few_words_under_another_heading_are_looked_at():
    old = chunk(0, "Yes.", heading="Returns")
    assert place(edit_of(old), [chunk(0, "Yes.", heading="Parking")]) == Match("changed", (0,))
    long = chunk(0, REVISED[0][0], heading="Returns")
    assert place(edit_of(long), [replace(long, heading="Delivery", content_hash="x")]) == (
        Match("same", (0,))
    )


def test_a_passage_that_was_there_before_is_never_taken_for_likeness():
    kettle = chunk(0, "The small kettle holds two litres, is made of steel and costs 90 euros.")
    other = chunk(1, "The large kettle holds four litres, is made of steel and costs 95 euros.")
    assert place(edit_of(kettle), [other]) == Match("changed", (0,))
    assert place(edit_of(kettle), [other], known=[other.content_hash]) is None


def test_an_original_inside_a_longer_passage_is_found_there():
    old = chunk(3, REVISED[1][0])
    longer = chunk(0, f"{STRANGERS[0][0]}\n\n{REVISED[1][0].replace(' ', '  ')} See page 4.")
    assert place(edit_of(old), [longer, chunk(1, "Rule 2.")]) == Match("inside", (0,))


def test_the_pieces_of_an_original_are_all_its_place():
    sentences = [f"Sentence {n} of the rules says what is to be done on day {n}." for n in range(6)]
    old = chunk(0, " ".join(sentences))
    pieces = [chunk(0, "The rules begin here and nowhere else, as you will see soon.")]
    pieces += [chunk(n + 1, " ".join(sentences[2 * n : 2 * n + 2])) for n in range(3)]
    assert place(edit_of(old), pieces) == Match("split", (1, 2, 3))
    again = edit_of(old, newer_hash=pieces[1].content_hash, newer_text=pieces[1].text)
    assert place(again, pieces) == Match("split", (1, 2, 3))


def test_what_was_hidden_is_found_again_in_every_part():
    sentences = [f"Secret {n} is kept in the drawer number {n} of the office." for n in range(3)]
    others = ["The first rule is that of the house and of nobody else.", "The last rule is short."]
    old = chunk(1, " ".join(sentences))
    recut = [
        chunk(0, f"{others[0]} {sentences[0]} {sentences[1]}"),
        chunk(1, f"{sentences[2]} {others[1]}"),
    ]
    found = place(edit_of(old, is_restricted=True), recut)
    assert found is not None
    assert sorted((*found.numbers, *found.holding)) == [0, 1]
    assert place(edit_of(old), recut) == Match("changed", found.numbers)


def test_a_record_is_known_by_its_question_and_never_by_likeness():
    old = chunk(0, "What does delivery to Ankara cost?\nIt costs 95 lira.")
    question = "What does delivery to Ankara cost?"
    texts = [
        "What does delivery to Izmir cost?\nIt costs 95 lira.",
        "What does delivery to ankara cost?\nSee the list on our site.",
    ]
    chunks = [chunk(n, text) for n, text in enumerate(texts)]
    keys = [text.partition("\n")[0] for text in texts]
    assert place(edit_of(old, key=question), chunks, keys=keys) == Match("changed", (1,))
    assert place(edit_of(old, key=question), chunks[:1], keys=keys[:1]) is None
    assert place(edit_of(old), chunks, keys=keys) is None


def test_what_changed_twice_is_found_by_what_it_said_last():
    old, newer = REVISED[0]
    newest = newer.replace("two working days", "one day").replace("by freight", "by ship or train")
    edit = edit_of(chunk(0, old), newer_hash="gone", newer_text=newer)
    assert place(edit, [chunk(0, newest)]) == Match("changed", (0,))


def test_two_edits_never_stand_on_one_passage():
    merged = chunk(0, f"{REVISED[0][0]} {REVISED[1][0]}")
    edits = [edit_of(chunk(n, REVISED[n][0]), n) for n in (0, 1)]
    found = match_edits(edits, [merged])
    assert list(found.values()) == [Match("inside", (0,))]


@pytest.mark.timeout(60)
def test_two_hundred_edits_find_their_place_among_five_thousand_passages():
    draw = random.Random(5)
    words = [f"{a}{b}" for a in "bcdfghklmnprst" for b in ("ara", "elo", "imu", "onte", "urri")]
    texts = [" ".join(draw.choices(words, k=160)) for _ in range(5_000)]
    old = [chunk(n, text) for n, text in enumerate(texts)]
    edited = draw.sample(range(5_000), 200)
    for number in edited:  # every edited passage was revised
        said = texts[number].split()
        for at in draw.sample(range(160), 30):
            said[at] = "altered"
        texts[number] = " ".join(said)
    new = [chunk(n, text) for n, text in enumerate(["A new beginning.", *texts])]
    edits = [edit_of(old[number], number) for number in edited]
    known = [c.content_hash for n, c in enumerate(old) if n not in set(edited)]
    for given in (known, []):  # also where every passage is new, as after another title
        found = match_edits(edits, new, known=given)
        assert {n: found[UUID(int=n + 1)].numbers for n in edited} == {n: (n + 1,) for n in edited}
