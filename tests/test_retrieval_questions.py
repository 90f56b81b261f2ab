"""Test questions are read from any CSV file that a spreadsheet writes, and nothing else."""

from __future__ import annotations

from uuid import uuid4

import pytest

from leanrag.errors import FileRejected, InvalidInput
from leanrag.retrieval_questions import MAX_QUESTIONS, RetrievalQuestion, read_questions
from leanrag.types import Passage

ONE = (RetrievalQuestion("How much, really?", "5 lira", "FAQ"),)


@pytest.mark.parametrize(
    "text",
    [
        'question,expected,source\r\n"How much, really?",5 lira,FAQ\r\n',
        "Source;Question;Expected answer\nFAQ;How much, really?;5 lira\n",
        "soru\tbeklenen\tkaynak\nHow much, really?\t5 lira\tFAQ",
        "پرسش|پاسخ|منبع\nHow much, really?|5 lira|FAQ",
        "السؤال;الجواب;المصدر\n\n;;\nHow much, really?;5 lira;FAQ\n",
        "sep=;\r\nquestion;answer;file\r\nHow much, really?;5 lira;FAQ\r\n",
    ],
)
def test_columns_are_told_by_their_names_in_four_languages(text: str) -> None:
    assert read_questions(text.encode(), "q.csv") == ONE


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1256"])
def test_any_encoding_is_read(encoding: str) -> None:
    text = "پرسش;پاسخ\nهزينه ارسال در شهر ما چقدر است و کجا پرداخت می شود؟;پنج لير\n"
    text = text.replace("ی", "ي").replace("ک", "ك") if encoding == "cp1256" else text
    if encoding == "utf-16-le":
        text = "\ufeff" + text
    (found,) = read_questions(text.encode(encoding), "q.csv")
    assert found.question.startswith("هزينه ارسال")
    assert found.expected == "پنج لير"


def test_without_a_header_the_first_column_is_asked() -> None:
    found = read_questions(b"How much?,note\nWhere to?,other\n", "q.csv")
    assert [asked.question for asked in found] == ["How much?", "Where to?"]
    assert not any(asked.expects for asked in found)


def test_commas_in_plain_lines_part_no_question() -> None:
    lines = "Do you ship to Izmir, Ankara?\nHow are you?\nIf so, when, and how?\n"
    found = read_questions(lines.encode(), "q.txt")
    assert [asked.question for asked in found] == lines.splitlines()


def test_an_unnamed_question_stands_in_the_first_column_that_is_left() -> None:
    (found,) = read_questions(b"expected,text\n5,How much?\n", "q.csv")
    assert found == RetrievalQuestion("How much?", "5")


def test_an_apostrophe_of_our_own_export_is_taken_off() -> None:
    (found,) = read_questions(b"question\n'=SUM(A1) what is it?\n", "q.csv")
    assert found.question == "=SUM(A1) what is it?"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"question,expected\n,x\n",
        b'"' + b"a" * 200_000,
        b"question\n" + b"x?\n" * (MAX_QUESTIONS + 1),
        b"x" * (6 * 2**20),
        b"\x00\x00\x00",
    ],
)
def test_what_holds_no_questions_or_too_many_is_refused_with_one_sentence(data: bytes) -> None:
    with pytest.raises((InvalidInput, FileRejected)) as refused:
        read_questions(data, "q.csv")
    assert refused.value.message.endswith(".")


def test_controls_and_direction_marks_are_taken_out() -> None:
    (found,) = read_questions("question\nHow\u202e mu\x00ch?\n".encode(), "q.csv")
    assert found.question == "How much?"


@pytest.mark.parametrize(
    ("asked", "is_right"),
    [
        (RetrievalQuestion("q", "25 LİRA"), True),
        (RetrievalQuestion("q", "۲۵ lira"), True),
        (RetrievalQuestion("q", "5 lira"), False),
        (RetrievalQuestion("q", "shipping"), True),
        (RetrievalQuestion("q", source="price list"), True),
        (RetrievalQuestion("q", "25 lira", "Manual"), False),
        (RetrievalQuestion("q", "…"), False),
        (RetrievalQuestion("q"), False),
    ],
)
def test_a_right_passage_holds_what_is_expected_however_it_is_written(
    asked: RetrievalQuestion, is_right: bool
) -> None:
    assert asked.is_met_by(a_passage()) is is_right


def test_what_the_prompt_left_out_of_a_passage_does_not_count() -> None:
    asked = RetrievalQuestion("q", "25 lira")
    assert not asked.is_met_by(a_passage(), "It is cheap.")
    assert asked.is_met_by(a_passage(), "It costs 25 lira.")


def a_passage() -> Passage:
    return Passage(
        passage_id=uuid4(),
        source_id=uuid4(),
        kind="product",
        source_title="Price list 2026",
        title="Teapot",
        heading="Shipping",
        text="It is cheap. It costs 25 lira.",
        language="en",
        position=0,
        page=1,
        token_count=9,
        is_citable=True,
        lexical_score=1.0,
        dense_score=0.0,
        score=1.0,
    )
