"""A price as people write it → an exact amount and its currency, or what is unclear about it.

"1.234,50 TL", "$1,299.00", "۱۲۰٬۰۰۰ تومان", "12 bin TL". A single point or comma before three
digits marks thousands where the currency is known to have two decimals at most; elsewhere it is
unclear, and nothing is guessed.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

from leanrag.ingest.record_currencies import has_three_decimals, read_currency
from leanrag.ingest.record_texts import excerpt
from leanrag.text.normalize import clean, fold

MAX_PRICE = Decimal(10) ** 15
MAX_DECIMALS = 6
_MAX_CHARACTERS = 80
_NO_PRICE = re.compile(r"[-–—.…/?\s]*")
_LISTS = {
    "on_request": "n/a|na|none|null|nan|on request|price on request|call|call us|call for price"
    "|تماس بگیرید|استعلام|تماس|ناموجود|عند الطلب|اتصل بنا|اتصل|sorunuz|sorun|fiyat sorunuz|arayınız"
    "|bilgi alınız",
    "free": "free|free of charge|رایگان|مجانی|مجاني|مجانا|ücretsiz|bedava",
}
_ON_REQUEST, _FREE = (
    frozenset(fold(word) for word in _LISTS[name].split("|")) for name in ("on_request", "free")
)
_MULTIPLIERS = {
    fold(word): factor
    for words, factor in (
        ("هزار|ألف|آلاف|bin|thousand", Decimal(1000)),
        ("میلیون|مليون|milyon|million", Decimal(1_000_000)),
        ("میلیارد|مليار|milyar|billion", Decimal(1_000_000_000)),
    )
    for word in words.split("|")
}
_BLANKS = " \u00a0\u2007\u2009\u202f"
_SIGNS = re.compile(rf"[{_BLANKS}'’٬]")  # marks of thousands that are never decimal marks
_PRICE = re.compile(rf"(\D*?)(\d(?:[\d.,،٫٬'’{_BLANKS}]*\d)?)(\D*)")
_WHOLE = re.compile(r"\d+|[1-9]\d{0,2}([_.,])\d{3}(?:\1\d{3})*")
_DECIMAL_MARK = "D"


@dataclass(frozen=True, slots=True)
class Price:
    """What a cell says: the amount in units of `currency`, None where it is on request.

    `fault` says in a sentence why there is no amount although something is written.
    """

    amount: Decimal | None = None
    currency: str = ""
    fault: str = ""


def read_price(text: str, *, currency: str = "") -> Price:
    """Read a price; `currency` is what the list says of prices that name none ("" for unknown)."""
    written = _ascii_digits(clean(text)).strip()
    words = fold(written)
    if _NO_PRICE.fullmatch(written) or words in _ON_REQUEST:
        return Price(None, currency)
    if words in _FREE:
        return Price(Decimal(0), currency)
    matched = _PRICE.fullmatch(written) if len(written) <= _MAX_CHARACTERS else None
    if matched is None:
        return _unclear(text)
    if matched[1].rstrip(_BLANKS).endswith(("-", "−")):
        return Price(fault=f"{excerpt(text)} is below zero.")
    factor, named = _read_words(f"{matched[1].strip()} {matched[3].strip(' .-–—/,')}".strip())
    if named is None:
        return _unclear(text)
    return _read_amount(matched[2], text, factor=factor, currency=named or currency)


def price_cell(price: Decimal | None) -> str:
    """Return a price as digits and a point, in a form that `read_price` reads in any currency."""
    if price is None:
        return ""
    digits = f"{price:f}"
    return f"{digits}0" if len(digits.partition(".")[2]) == 3 else digits


def short_price(price: Decimal) -> Decimal:
    """Return a price without zeros beyond its second decimal."""
    exponent = price.as_tuple().exponent
    if not isinstance(exponent, int) or exponent >= -2:
        return price
    digits = f"{price:f}".rstrip("0")
    missing = 2 - len(digits.partition(".")[2])
    return Decimal(digits + "0" * max(0, missing))


def _unclear(text: str) -> Price:
    return Price(fault=f"{excerpt(text)} is not one price; write a number and a currency.")


def _ascii_digits(text: str) -> str:
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)


def _read_words(words: str) -> tuple[Decimal, str | None]:
    """Return the factor and the currency of the words beside a number; None for other words."""
    first, _, rest = words.partition(" ")
    factor = _MULTIPLIERS.get(fold(first))
    if factor is not None:
        words = rest.strip()
    return factor or Decimal(1), read_currency(words) if words else ""


def _read_amount(digits: str, text: str, *, factor: Decimal, currency: str) -> Price:
    number = _SIGNS.sub("_", digits).replace("٫", _DECIMAL_MARK).replace("،", ",")
    mark = _decimal_mark(number, currency)
    if mark is None:
        whole, fraction = re.split("[.,]", number)
        return Price(
            fault=f"{excerpt(text)} may mean {whole}{fraction} or {whole}.{fraction};"
            f"{'' if currency else ' name the currency, or'}"
            f" write {whole}{fraction} or {whole}.{fraction}0."
        )
    whole, _, fraction = number.partition(mark) if mark else (number, "", "")
    if not _WHOLE.fullmatch(whole) or not re.fullmatch(rf"\d{{0,{MAX_DECIMALS}}}", fraction):
        return _unclear(text)
    digits = re.sub("[_.,]", "", whole)
    amount = Decimal(f"{digits}.{fraction}" if fraction else digits)
    if factor != 1:
        amount *= factor
        amount = amount.to_integral_value() if amount == amount.to_integral_value() else amount
    if amount >= MAX_PRICE:
        return Price(fault=f"{excerpt(text)} is more than any price.")
    return Price(short_price(amount), currency)


def _decimal_mark(number: str, currency: str) -> str | None:
    """Return the decimal mark of a number ("" for none), None where it cannot be told."""
    if _DECIMAL_MARK in number:
        return _DECIMAL_MARK
    mark = number[max(number.rfind(","), number.rfind("."))]
    if mark not in ",." or number.count(mark) > 1:
        return ""
    if "_" in number or ("." if mark == "," else ",") in number:
        return mark
    whole, fraction = number.split(mark)
    if len(fraction) != 3 or len(whole) > 3 or whole.startswith("0"):
        return mark
    if not currency or has_three_decimals(currency):
        return None
    return ""
