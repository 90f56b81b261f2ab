from __future__ import annotations

import hashlib
import random
import time
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanrag.privacy import MASK, LeakFinding, LearnOnlyGuard, split
from leanrag.types import Evidence
from tests.made_passages import made_passage

LEARN_ONLY = [
    "Wholesale partners receive a discount of eighteen percent when they order more than forty"
    " kettles in one month, but agents must never mention this before a contract is signed.",
    "به همکاران عمده‌فروش در سفارش بیش از چهل کتری هجده درصد تخفیف داده می‌شود و پیش از امضای"
    " قرارداد نباید چیزی از آن گفته شود.",
    "يحصل شركاء الجملة على خصم قدره ثمانية عشر بالمئة عند طلب أكثر من أربعين إبريقا في الشهر ولا"
    " يجوز ذكر ذلك قبل توقيع العقد.",
    "Toptan satış ortakları ayda kırktan fazla çaydanlık sipariş ettiğinde yüzde on sekiz indirim"
    " alır ve sözleşme imzalanmadan bundan söz edilmemelidir.",
]
CITABLE = [
    "Delivery inside Turkey costs 95 lira and takes two to four working days for every order.",
    "ارسال در استانبول شصت و پنج لیر است و یک تا دو روز کاری زمان می‌برد و رایگان هم می‌شود.",
    "تبلغ رسوم التوصيل داخل تركيا خمسا وتسعين ليرة ويستغرق ذلك من يومين إلى أربعة أيام عمل.",
    "Türkiye içi teslimat doksan beş liradır ve siparişiniz iki ile dört iş günü içinde ulaşır.",
]
HOMOGLYPHS = str.maketrans("aeopcxyi", "аеорсхуі")


def copies() -> list[tuple[int, str]]:
    """200 copies of learn-only text: runs of 8 words and more, disguised in five ways."""
    chance = random.Random(7)
    made = []
    for number in range(200):
        index = number % len(LEARN_ONLY)
        words = LEARN_ONLY[index].split()
        size = chance.randint(8, len(words))
        start = chance.randint(0, len(words) - size)
        run = " ".join(words[start : start + size])
        way = number // len(LEARN_ONLY) % 5
        if way == 1:
            run = f"Sure, here you are: {run}. {CITABLE[index]}"
        elif way == 2:
            run = run.upper() if index != 3 else run.title()  # upper() is not Turkish
        elif way == 3:
            run = "".join(letter + chance.choice(["", "\u200b", "\u2060"]) for letter in run)
        elif way == 4:
            run = run.translate(HOMOGLYPHS).replace("ی", "ي").replace("ک", "ك").replace(" ", ", ")
        made.append((index, run))
    return made


def guard(**changes) -> LearnOnlyGuard:
    return LearnOnlyGuard(
        changes.pop("learn_only", LEARN_ONLY), changes.pop("allowed", CITABLE), **changes
    )


def stream(guarded: LearnOnlyGuard, text: str, size: int = 0) -> str:
    size = size or max(1, len(text))
    pieces = [text[i : i + size] for i in range(0, len(text), size)]
    return "".join(guarded.feed(piece) for piece in pieces) + guarded.finish()


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13, 40, 0])
def test_200_disguised_copies_are_caught_at_every_delta_size(size):
    for index, text in copies():
        guarded = guard()
        said = stream(guarded, text, size)
        assert MASK in said, text
        assert len(said.replace(CITABLE[index], "")) < 40, said
        (finding,) = guarded.findings
        assert finding.words >= 8
        assert finding.passage_index == index
        whole = guard()
        assert stream(whole, text) == said
        assert whole.findings == guarded.findings


def test_no_false_alarm_on_200_citable_quotes():
    for number in range(200):
        words = CITABLE[number % 4].split()
        start = number // 4 % (len(words) - 8)
        text = f"As our sources say: {' '.join(words[start:])} [{number % 9}]."
        guarded = guard()
        assert stream(guarded, text, 1 + number % 7) == text
        assert guarded.findings == ()


def test_a_run_that_a_citable_text_holds_too_may_be_said():
    assert stream(guard(allowed=[LEARN_ONLY[0]]), LEARN_ONLY[0]) == LEARN_ONLY[0]


def test_seven_words_pass_and_eight_do_not():
    words = LEARN_ONLY[0].split()
    seven, eight = " ".join(words[3:10]), " ".join(words[3:11])
    assert stream(guard(), f"Well {seven} indeed") == f"Well {seven} indeed"
    assert stream(guard(), f"Well {eight} indeed") == f"Well {MASK} indeed"


@pytest.mark.parametrize("limit", [3, 5, 12])
def test_the_longest_run_that_may_be_said_can_be_set(limit):
    words = LEARN_ONLY[0].split()
    allowed, leak = " ".join(words[:limit]), " ".join(words[: limit + 1])
    assert stream(guard(max_run_words=limit), allowed) == allowed
    assert stream(guard(max_run_words=limit), leak) == MASK


def test_two_leaks_are_two_marks_and_two_findings_with_the_hash_of_their_words():
    guarded = guard()
    said = stream(guarded, f"{LEARN_ONLY[0]} And also: {LEARN_ONLY[3]}\n\nGoodbye.", 4)
    assert said == f"{MASK}. And also: {MASK}.\n\nGoodbye."
    first, second = guarded.findings
    words = LEARN_ONLY[0].lower().replace(",", "").rstrip(".")
    assert first == LeakFinding(len(words.split()), hashlib.sha256(words.encode()).hexdigest(), 0)
    assert second.passage_index == 3


def test_a_citation_mark_inside_a_run_does_not_break_it():
    words = LEARN_ONLY[0].split()
    text = f"{' '.join(words[:5])} [1] {' '.join(words[5:9])} [2] as agreed [1]."
    assert stream(guard(), text, 3) == f"{MASK} [2] as agreed [1]."


def test_punctuation_and_markdown_inside_a_run_do_not_break_it():
    assert stream(guard(), "**" + "** - ".join(LEARN_ONLY[0].split()) + "**") == f"**{MASK}.**"


def test_text_that_matches_nothing_waits_for_no_more_than_its_word():
    guarded = guard()
    assert guarded.feed("Delivery costs nin") == "Delivery costs "
    assert guarded.feed("ety lira") == "ninety "
    assert guarded.feed(". ") == "lira. "
    assert guarded.finish() == ""


def test_held_text_is_released_when_the_match_breaks():
    guarded = guard()
    assert guarded.feed("Wholesale partners receive ") == ""
    assert guarded.feed("tea ") == "Wholesale partners receive tea "


def test_text_held_at_the_end_is_released_by_finish():
    guarded = guard()
    assert guarded.feed("Wholesale partners receive a") == ""
    assert guarded.finish() == "Wholesale partners receive a"


@given(st.lists(st.text(max_size=20)))
def test_without_learn_only_text_every_stream_passes_unchanged_and_at_once(pieces):
    guarded = guard(learn_only=[])
    assert [guarded.feed(piece) for piece in pieces] == pieces
    assert guarded.finish() == ""


@given(st.lists(st.text(max_size=20), max_size=20))
def test_a_stream_without_learn_only_words_comes_out_as_it_went_in(pieces):
    guarded = guard()
    assert "".join(map(guarded.feed, pieces)) + guarded.finish() == "".join(pieces)
    assert guarded.findings == ()


@given(
    st.lists(st.sampled_from([*LEARN_ONLY[0].split()[:12], "tea", "[1]", "lira."]), max_size=40),
    st.integers(1, 9),
)
def test_any_split_of_any_mixture_gives_the_same_text_and_no_run_of_eight(words, size):
    text = " ".join(words)
    guarded, whole = guard(), guard()
    said = stream(guarded, text, size)
    assert said == stream(whole, text)
    assert guarded.findings == whole.findings
    assert stream(guard(), said) == said


def test_titles_and_file_names_of_learn_only_sources_are_withheld_whole():
    names = ["internal-margins_2026.xlsx", "Supplier handbook", "Handbook", "q3-plan.pdf"]
    guarded = guard(forbidden_phrases=names)
    said = stream(
        guarded,
        "See Internal Margins 2026, the supplier  handbook or Q3-Plan.PDF, not our handbook.",
        3,
    )
    assert said == f"See {MASK}, the {MASK} or {MASK}, not our handbook."
    assert [finding.passage_index for finding in guarded.findings] == [None, None, None]


def test_a_phrase_that_the_customer_used_may_be_said():
    question = "What is in your supplier handbook?"
    guarded = guard(allowed=[question], forbidden_phrases=["Supplier handbook"])
    assert stream(guarded, "The supplier handbook is not public.") == (
        "The supplier handbook is not public."
    )


def test_guarding_an_answer_of_300_words_takes_little_time():
    learn_only = [text + f" {i}" for i in range(3) for text in LEARN_ONLY]
    answer = " ".join((CITABLE[0] + " " + " ".join(LEARN_ONLY[0].split()[:6])).split() * 14)
    started = time.thread_time()
    stream(guard(learn_only=learn_only), answer, 4)
    assert time.thread_time() - started < 0.2


def test_evidence_is_split_by_citability_in_its_order():
    base = made_passage(
        0,
        "text",
        source_id=UUID(int=9),
        kind="manual",
        source_title="",
        token_count=1,
        lexical_score=0.1,
        dense_score=0.1,
        score=0.1,
    )
    passages = [replace(base, passage_id=UUID(int=i), is_citable=i % 2 == 0) for i in range(6)]
    evidence = Evidence(tuple(passages[:4]), tuple(passages[4:]), widened=True, searched=50)
    citable, learn_only = split(evidence)
    assert citable == Evidence((passages[0], passages[2]), (passages[4],), True, 50)
    assert learn_only == Evidence((passages[1], passages[3]), (passages[5],), True, 50)
