from __future__ import annotations

from datetime import date, datetime, timedelta
from datetime import time as clock

import pytest

from leanrag.ingest.xlsx_values import from_serial, is_time_format, show


@pytest.mark.parametrize(
    ("value", "number_format", "shown"),
    [
        (3, "General", "3"),
        (1e20, "General", "100000000000000000000"),
        (0.00001, "General", "0.00001"),
        (44, 'General" TL"', "44 TL"),
        (12345.678, "#,##0", "12,346"),
        (0, '0;-0;"none"', "none"),
        (-5, "0.0", "-5.0"),
        (-0.01, "0.0", "0.0"),
        (0.5, "# ?/?", "0.5"),
        (1234567, '0.0,,"M"', "1.2M"),
        (5, '"No. "0', "No. 5"),
        (2.5, "0.##", "2.5"),
        (2, "0.##", "2"),
        (0.5, "#.##", ".5"),
        (1500, "[$₺-41F]#,##0.00", "₺1,500.00"),
        (1500, "#,##0.00\\ [$€-407]", "1,500.00 €"),
        (12345.6, "0.00E+00", "1.23E+04"),
        (5551234, "000-0000", "5551234"),
        (3, "_(* #,##0.00_);_(* (#,##0.00)", "3.00"),
        (1, "[Red]0;[Blue]-0", "1"),
        (3, "@", "3"),
        (1, ";;;", ""),
        (1e308, "0.00", "1e+308"),
        (float("inf"), "0", ""),
        (float("nan"), "0", ""),
        (10**400, "0", ""),
        (None, "0", ""),
        (False, "0", "FALSE"),
        ("text", "0.00", "text"),
    ],
)
def test_a_value_is_shown_as_its_format_says(value: object, number_format: str, shown: str) -> None:
    assert show(value, number_format) == shown


@pytest.mark.parametrize(
    ("value", "number_format", "shown"),
    [
        (date(2026, 3, 2), "mm-dd-yy", "2026-03-02"),
        (datetime(2026, 3, 2, 14, 5), "mm-dd-yy", "2026-03-02 14:05"),
        (datetime(2026, 3, 2, 14, 5, 9), "yyyy/mm/dd hh:mm:ss", "2026/03/02 14:05:09"),
        (datetime(2026, 3, 2), "[$-F800]dddd\\, mmmm\\ d\\, yyyy", "Monday, March 2, 2026"),
        (datetime(2026, 3, 2, 0, 5), "h:mm AM/PM", "12:05 AM"),
        (datetime(2026, 3, 2), "d.m.yy", "2.3.26"),
        (clock(9, 5), "hh:mm", "09:05"),
        (timedelta(hours=30, minutes=5), "[h]:mm", "30:05:00"),
    ],
)
def test_a_date_is_spelt_by_the_letters_of_its_format(
    value: object, number_format: str, shown: str
) -> None:
    assert show(value, number_format) == shown


def test_formats_of_times_are_told_from_those_of_numbers() -> None:
    assert all(map(is_time_format, ("d.m.yy", "[h]:mm", "h:mm AM/PM", '"am "yyyy')))
    assert not any(map(is_time_format, ("General", "0.00", '0 "days"', "[Red]0", "0\\m")))


def test_days_count_as_in_a_sheet_and_impossible_ones_are_none() -> None:
    assert from_serial(46027, "d.m.yy", counts_from_1904=False) == datetime(2026, 1, 5)
    assert from_serial(1, "d.m.yy", counts_from_1904=False) == datetime(1900, 1, 1)
    assert from_serial(1, "d.m.yy", counts_from_1904=True) == datetime(1904, 1, 2)
    assert from_serial(0.5, "h:mm", counts_from_1904=False) == clock(12)
    for serial in (-1, 1e12, float("nan"), float("inf")):
        assert from_serial(serial, "d.m.yy", counts_from_1904=False) is None


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "number_format", ["0" * 10**6, "[$" * 300_000, '"' * 10**6, "ymd" * 300_000, "# " * 200_000]
)
def test_an_endless_format_is_no_format(number_format: str) -> None:
    assert show(1.5, number_format) == "1.5"
