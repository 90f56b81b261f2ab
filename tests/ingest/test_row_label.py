from __future__ import annotations

import pytest

from leanrag.ingest.row_label import read_row_label, row_label


@pytest.mark.parametrize(("first", "last", "label"), [(2, 9, "rows 2-9"), (12, 12, "row 12")])
def test_a_label_of_rows_is_read_as_it_was_written(first: int, last: int, label: str) -> None:
    assert row_label(first, last) == label
    assert read_row_label(label) == (first, last)


@pytest.mark.parametrize(
    "label", ["", "00:12:05", "rows", "rows 2-", "rows 2-9 and more", "row ٣-"]
)
def test_another_label_is_none_of_rows(label: str) -> None:
    assert read_row_label(label) is None
