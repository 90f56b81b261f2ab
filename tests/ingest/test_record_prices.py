from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanrag.ingest.record_currencies import has_three_decimals, read_currency
from leanrag.ingest.record_prices import price_cell, read_price, short_price

WRITTEN = {
    "1.234,50 TL": ("1234.50", "TRY"),
    "₺1.250": ("1250", "TRY"),
    "1.299,- TL": ("1299", "TRY"),
    "12 bin TL": ("12000", "TRY"),
    "1,5 milyon TL": ("1500000", "TRY"),
    "۱۲۰٬۰۰۰ تومان": ("120000", "تومان"),
    "۱۲۰ هزار تومان": ("120000", "تومان"),
    "۲٫۵ میلیون تومان": ("2500000", "تومان"),
    "۱۲۰,۰۰۰ ریال": ("120000", "IRR"),
    "۱۲۰،۰۰۰ ﷼": ("120000", "IRR"),
    "٣٥٠ ر.س": ("350", "SAR"),
    "ريال ١٬٢٥٠": ("1250", "ريال"),
    "١٢٫٥٠ د.إ.": ("12.50", "AED"),
    "٣ آلاف دولار": ("3000", "USD"),
    "١٢٠": ("120", ""),
    "$1,299.00": ("1299.00", "USD"),
    "US$ 5": ("5", "USD"),
    "15.00 USD": ("15.00", "USD"),
    "usd 1,000": ("1000", "USD"),
    "12,50": ("12.50", ""),
    "12.5": ("12.5", ""),
    "0.500": ("0.50", ""),
    "1234.567": ("1234.567", ""),
    "1.234.567": ("1234567", ""),
    "1,234,567.89": ("1234567.89", ""),
    "1 234,50 €": ("1234.50", "EUR"),
    "1\u202f234,50\u00a0€": ("1234.50", "EUR"),
    "1'299.00 CHF": ("1299.00", "CHF"),
    "12.500,750 KWD": ("12500.75", "KWD"),
    "\u200f۴۵۰ تومان\u200f": ("450", "تومان"),
}


@pytest.mark.parametrize("written", WRITTEN)
def test_prices_are_read_as_people_write_them(written: str) -> None:
    amount, currency = WRITTEN[written]
    price = read_price(written)
    assert not price.fault
    assert (str(price.amount), price.currency) == (amount, currency)


@pytest.mark.parametrize(
    "written", ["1.234", "1,250", "۱٬۲۵۰ دينار".replace("٬", ","), "12.345 KWD"]
)
def test_a_mark_that_may_mean_thousands_or_decimals_is_not_guessed(written: str) -> None:
    price = read_price(written)
    assert price.amount is None
    assert "may mean" in price.fault
    assert ("name the currency" in price.fault) is not any(c.isalpha() for c in written)


def test_what_the_sentence_on_an_unclear_price_proposes_is_clear() -> None:
    assert read_price("1.234").fault.endswith("or write 1234 or 1.2340.")
    assert read_price("1234").amount == 1234
    assert read_price("1.2340").amount == Decimal("1.234")


def test_a_known_currency_of_two_decimals_settles_what_the_mark_means() -> None:
    assert read_price("1.234", currency="TRY").amount == 1234
    assert read_price("120,000", currency="تومان").amount == 120_000
    assert read_price("1.234", currency="KWD").fault


@pytest.mark.parametrize(
    "written", ["", " ", "-", "—", "N/A", "on request", "تماس بگیرید", "اتصل بنا", "Sorunuz"]
)
def test_a_price_on_request_is_no_price_and_no_fault(written: str) -> None:
    assert read_price(written, currency="TRY") == read_price("", currency="TRY")
    assert read_price(written).amount is None
    assert not read_price(written).fault


@pytest.mark.parametrize("written", ["free", "رایگان", "مجانًا", "Ücretsiz"])
def test_what_is_free_costs_nothing(written: str) -> None:
    assert read_price(written).amount == 0


@pytest.mark.parametrize(
    "written",
    [
        "100-200 TL",
        "from 5 €",
        "12 adet",
        "1e5",
        "1,5.2",
        "12,34,567",
        "0.125.000,5",
        "5 / 6",
        "= 5",
        "1.2345678",
        "٬",
        "12 TL + KDV",
        "9" * 90,
        "NaN5",
        "Infinity",
    ],
)
def test_what_is_not_one_price_is_a_fault_that_quotes_it(written: str) -> None:
    price = read_price(written)
    assert price.amount is None
    assert "is not one price" in price.fault
    assert written[:20] in price.fault


def test_prices_below_zero_or_beyond_any_sense_are_faults() -> None:
    assert "below zero" in read_price("-5").fault
    assert "below zero" in read_price("− 5 TL").fault
    assert "more than any price" in read_price("9" * 16).fault


@given(st.decimals(min_value=0, max_value=10**9, places=2), st.sampled_from(["TL", "€", "ر.س", ""]))
def test_every_way_of_writing_an_amount_means_the_amount(amount: Decimal, currency: str) -> None:
    english = f"{amount:,.2f}"
    swapped = english.translate(str.maketrans(",.", ".,"))
    persian = english.translate(str.maketrans(",.0123456789", "٬٫۰۱۲۳۴۵۶۷۸۹"))
    for written in (english, swapped, persian, english.replace(",", " "), str(amount)):
        assert read_price(f"{written} {currency}".strip()).amount == amount
        assert read_price(f"{currency} {written}".strip()).amount == amount


@given(st.text(max_size=90))
def test_any_text_is_a_price_from_zero_or_none(text: str) -> None:
    price = read_price(text)
    assert price.amount is None or 0 <= price.amount < 10**15
    assert not (price.fault and price.amount is not None)


@given(
    st.decimals(min_value=0, max_value=10**12, allow_nan=False, places=3),
    st.sampled_from(["", "KWD", "TRY"]),
)
def test_the_cell_of_a_price_is_clear_in_any_currency(price: Decimal, currency: str) -> None:
    assert read_price(price_cell(price), currency=currency).amount == price


def test_zeros_beyond_the_second_decimal_are_left_out() -> None:
    assert [str(short_price(Decimal(p))) for p in ("12.3450", "1.5000", "7.000", "5", "1.5")] == [
        *("12.345", "1.50", "7.00", "5", "1.5"),
    ]


@pytest.mark.parametrize(
    ("written", "currency"),
    [
        ("TL", "TRY"),
        ("tl.", "TRY"),
        ("€", "EUR"),
        ("Euro", "EUR"),
        ("ر.س.", "SAR"),
        ("TOP", "TOP"),
        ("تومان", "تومان"),
        ("ریال", "IRR"),
        ("ريال", "ريال"),
        ("top", None),
        ("pieces", None),
        ("", None),
        ("x" * 40, None),
    ],
)
def test_currencies_are_told_by_code_symbol_or_name(written: str, currency: str | None) -> None:
    assert read_currency(written) == currency


def test_some_currencies_have_three_decimals() -> None:
    assert has_three_decimals("KWD")
    assert not has_three_decimals("TRY")
