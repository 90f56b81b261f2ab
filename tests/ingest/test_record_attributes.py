from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanrag.ingest.record_attributes import join_attributes, split_attributes
from leanrag.text.normalize import clean

TEXT = st.text() | st.text(alphabet="a\\;= \n\u0338")


def test_attributes_read_as_a_person_would_write_them() -> None:
    cell = join_attributes([("Colour", "red"), ("Size", "40 cm")])
    assert cell == "Colour=red; Size=40 cm"
    assert split_attributes(" Colour = red ;Size=40 cm;; no pair ") == split_attributes(cell)


@pytest.mark.parametrize("value", ["a;b", "a=b", "a\\", "\\;", " a ", "\n", "a\\ ", r"C:\new"])
def test_the_marks_between_attributes_may_stand_inside_of_them(value: str) -> None:
    attributes = (("name", value), (value, "x"))
    assert split_attributes(join_attributes(attributes)) == attributes


def test_a_lone_backslash_is_a_letter_like_any_other() -> None:
    assert split_attributes(r"path=C:\temp; x=\d") == (("path", r"C:\temp"), ("x", r"\d"))


@given(st.lists(st.tuples(TEXT, TEXT)))
def test_attributes_come_back_exactly(attributes: list[tuple[str, str]]) -> None:
    assert split_attributes(join_attributes(attributes)) == tuple(attributes)


@given(st.lists(st.tuples(TEXT, TEXT)))
def test_cleaning_a_cell_merges_no_mark_with_a_letter(pairs: list[tuple[str, str]]) -> None:
    attributes = [(clean(name).strip(), clean(value).strip()) for name, value in pairs]
    assert split_attributes(clean(join_attributes(attributes))) == tuple(attributes)


def test_long_runs_of_blanks_and_backslashes_take_no_time() -> None:
    for text in (" " * 100_000 + "x", "\\" * 100_001, "\\;=" * 33_000, "; " * 50_000):
        split_attributes(f"a=b{text}")
