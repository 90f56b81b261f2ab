"""CSV files hold what the table holds, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanrag.csv_export import FORMULA_STARTS, CsvCell, disarm, export_csv, rearm


def _read(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"])
def test_a_cell_that_begins_like_a_formula_gets_an_apostrophe(start: str) -> None:
    cell = start + "HYPERLINK(1)"
    assert _read(export_csv(["name"], [[cell]]))[1] == ["'" + cell]


def test_the_header_is_disarmed_as_well() -> None:
    assert _read(export_csv(["=1+1"], []))[0] == ["'=1+1"]


def test_negative_numbers_stay_numbers() -> None:
    assert _read(export_csv(["a", "b"], [[-5, -0.25]]))[1] == ["-5", "-0.25"]


def test_an_unknown_value_is_an_empty_cell_and_not_a_zero() -> None:
    assert _read(export_csv(["cost_usd", "other"], [[None, 0]]))[1] == ["", "0"]


def test_times_are_written_with_their_zone() -> None:
    moment = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
    assert _read(export_csv(["at"], [[moment]]))[1] == ["2026-03-01T12:30:00+00:00"]


def test_commas_quotes_and_newlines_survive() -> None:
    cell = 'a, "b"\nc'
    assert _read(export_csv(["text"], [[cell]]))[1] == [cell]


def test_persian_text_opens_in_excel_as_utf_8() -> None:
    data = export_csv(["نام"], [["سلام"]])
    assert data.startswith(b"\xef\xbb\xbf")
    assert _read(data) == [["نام"], ["سلام"]]


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="2 cells and the header 1"):
        export_csv(["one"], [["a", "b"]])


@given(
    st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=2))
)
def test_no_text_begins_like_a_formula_and_none_is_lost(rows: list[list[str]]) -> None:
    cells: list[list[CsvCell]] = [list(row) for row in rows]
    read = _read(export_csv(["a", "b"], cells))[1:]
    assert read == [[disarm(cell) for cell in row] for row in rows]
    assert not any(cell.startswith(FORMULA_STARTS) for row in read for cell in row)


@given(st.text() | st.text(alphabet="'=+-@\t\r a"))
def test_what_was_disarmed_is_rearmed_to_the_same_text(text: str) -> None:
    assert rearm(disarm(text)) == text


@pytest.mark.parametrize("text", ["'quoted' words", "it's", "'", "''", "x'=1"])
def test_an_apostrophe_of_the_text_itself_stays(text: str) -> None:
    assert disarm(text) == rearm(text) == text
