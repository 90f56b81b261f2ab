"""The rows of a grid: edits in place, page by page, and what counts as unsaved."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from leanrag.ingest.record_columns import RECORD_COLUMNS
from leanrag.ingest.record_rows import FaqRow
from pages._documents_grid_rows import (
    BLANK_ROWS,
    ROWS_PER_PAGE,
    GridRows,
    apply_edits,
    filled,
    new_rows,
)

COLUMNS = RECORD_COLUMNS["faq"]


def edits(**changes: Any) -> dict[str, Any]:
    return {"edited_rows": {}, "added_rows": [], "deleted_rows": [], **changes}


def grid_of(count: int) -> GridRows:
    return new_rows("faq", [FaqRow(f"Question {n}?", f"Answer {n}.") for n in range(count)])


def test_an_edit_a_deletion_and_an_addition_are_applied_together() -> None:
    rows = [("", "a", "1"), ("", "b", "2"), ("", "c", "3")]
    said = edits(
        edited_rows={2: {"answer": "three"}, 0: {"answer": None}},
        deleted_rows=[1],
        added_rows=[{"question": "d", "language": "fa"}, {}],
    )
    assert apply_edits(rows, COLUMNS, said) == [
        ("", "a", ""),
        ("", "c", "three"),
        ("fa", "d", ""),
        ("", "", ""),
    ]


@given(
    count=st.integers(0, 8),
    deleted=st.sets(st.integers(0, 7)),
    changed=st.dictionaries(st.integers(0, 7), st.text(max_size=5)),
    new=st.lists(st.text(max_size=5), max_size=3),
)
def test_every_row_that_is_not_deleted_stays_in_its_order(
    count: int, deleted: set[int], changed: dict[int, str], new: list[str]
) -> None:
    rows = [("", f"q{n}", f"a{n}") for n in range(count)]
    said = edits(
        edited_rows={place: {"answer": text} for place, text in changed.items()},
        deleted_rows=sorted(place for place in deleted if place < count),
        added_rows=[{"question": text} for text in new],
    )
    result = apply_edits(rows, COLUMNS, said)
    kept = [n for n in range(count) if n not in deleted]
    assert [row[1] for row in result] == [f"q{n}" for n in kept] + new
    assert [row[2] for row in result[: len(kept)]] == [changed.get(n, f"a{n}") for n in kept]


def test_a_new_grid_has_blank_rows_and_nothing_unsaved() -> None:
    grid = new_rows("product", [])
    assert len(grid.on_page()) == BLANK_ROWS
    assert not grid.is_unsaved()
    assert filled(grid.now) == []


def test_edits_of_a_later_page_change_that_page_alone() -> None:
    grid = grid_of(ROWS_PER_PAGE * 2 + 10)
    grid.refill(page=2)
    grid.take(edits(edited_rows={0: {"answer": "changed"}}, deleted_rows=[1]))
    assert grid.now[ROWS_PER_PAGE][2] == "changed"
    assert len(grid.now) == ROWS_PER_PAGE * 2 + 9
    assert grid.now[:ROWS_PER_PAGE] == grid.saved[:ROWS_PER_PAGE]
    assert grid.now[-1] == grid.saved[-1]


def test_taking_the_same_edits_again_changes_nothing() -> None:
    grid = grid_of(3)
    said = edits(added_rows=[{"question": "new"}], deleted_rows=[0])
    grid.take(said)
    once = grid.now
    grid.take(said)
    assert grid.now == once


def test_blank_rows_alone_are_not_unsaved() -> None:
    grid = grid_of(2)
    grid.take(edits(added_rows=[{}, {"question": "  "}]))
    assert not grid.is_unsaved()
    grid.take(edits(added_rows=[{"question": "Why?"}]))
    assert grid.is_unsaved()


def test_a_page_that_is_gone_after_deletions_becomes_the_last() -> None:
    grid = grid_of(ROWS_PER_PAGE + 1)
    grid.refill(page=2)
    grid.take(edits(deleted_rows=[0]))
    grid.refill()
    assert grid.page == 1
    assert len(grid.on_page()) == ROWS_PER_PAGE
