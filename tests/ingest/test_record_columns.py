from __future__ import annotations

import pytest

from leanrag.ingest.record_columns import (
    RECORD_COLUMNS,
    is_hidden,
    is_ignored,
    read_header,
    read_language,
)
from leanrag.ingest.record_rows import RecordKind

FAMILIES: dict[str, tuple[RecordKind, list[str], dict[str, int]]] = {
    "English": (
        "faq",
        ["Question", "Answer", "Language"],
        {"question": 0, "answer": 1, "language": 2},
    ),
    "Persian": ("faq", ["ردیف", "پرسش", "پاسخ"], {"question": 1, "answer": 2}),
    "Persian plural": ("faq", ["سوال‌ها ", "جواب ها"], {}),
    "Arabic": ("faq", ["السؤال", "الإجابة"], {"question": 0, "answer": 1}),
    "Arabic keyboard": ("faq", ["سؤال", "جواب"], {"question": 0, "answer": 1}),
    "Turkish": ("faq", ["SORU", "YANIT", "Dil"], {"question": 0, "answer": 1, "language": 2}),
    "a help desk": (
        "faq",
        ["id", "title", "body", "locale"],
        {"question": 1, "answer": 2, "language": 3},
    ),
    "QnA Maker": (
        "faq",
        ["Question", "Answer", "Source", "Metadata"],
        {"question": 0, "answer": 1},
    ),
    "WordPress": ("faq", ["ID", "Title", "Content"], {"question": 1, "answer": 2}),
    "Shopify": (
        "product",
        ["Handle", "Title", "Body (HTML)", "Vendor", "Variant Price"],
        {"handle": 0, "title": 1, "description": 2, "price": 4},
    ),
    "Shopify, new": (
        "product",
        ["Title", "URL handle", "Description", "Price", "Compare-at price"],
        {"title": 0, "handle": 1, "description": 2, "price": 3},
    ),
    "WooCommerce": (
        "product",
        ["ID", "Name", "Short description", "Description", "Sale price", "Regular price"],
        {"title": 1, "summary": 2, "description": 3, "price": 5},
    ),
    "Google Merchant": (
        "product",
        ["id", "title", "description", "link", "price", "image_link"],
        {"title": 1, "description": 2, "url": 3, "price": 4},
    ),
    "Persian shop": (
        "product",
        ["نام کالا", "قیمت", "توضیحات", "ویژگی ها", "لینک", "واحد پول"],
        {"title": 0, "price": 1, "description": 2, "attributes": 3, "url": 4, "currency": 5},
    ),
    "Arabic shop": (
        "product",
        ["اسم المنتج", "السعر", "العملة", "الوصف", "الرابط"],
        {"title": 0, "price": 1, "currency": 2, "description": 3, "url": 4},
    ),
    "Turkish shop": (
        "product",
        ["Ürün Adı", "Satış Fiyatı", "Para Birimi", "Açıklama", "Bağlantı"],
        {"title": 0, "price": 1, "currency": 2, "description": 3, "url": 4},
    ),
    "a program's names": ("product", ["productName", "unit_price"], {"title": 0, "price": 1}),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_columns_of_usual_lists_are_known_by_their_names(family: str) -> None:
    kind, names, fields = FAMILIES[family]
    columns = read_header(names, kind, is_first=True)
    assert (dict(columns.fields) if columns else {}) == fields


@pytest.mark.parametrize(
    ("name", "currency"),
    [
        ("Fiyat (TL)", "TRY"),
        ("قیمت (تومان)", "تومان"),
        ("قیمت به ریال", "IRR"),
        ("Price in EUR", "EUR"),
        ("السعر - ريال سعودي", "SAR"),
        ("Price ($)", "USD"),
        ("السعر (ر.س)", "SAR"),
    ],
)
def test_the_header_of_a_price_may_name_its_currency(name: str, currency: str) -> None:
    columns = read_header(["Title", name], "product", is_first=True)
    assert columns is not None
    assert columns.fields["price"] == 1
    assert columns.currency == currency


def test_the_better_name_wins_where_two_columns_may_be_one_field() -> None:
    columns = read_header(["Title", "Question", "Answer"], "faq", is_first=True)
    assert columns is not None
    assert columns.fields == {"question": 1, "answer": 2}


@pytest.mark.parametrize("cells", [["Question", "Source"], ["Do you ship?", "Yes."], [], [""]])
def test_a_row_that_lacks_a_needed_name_is_no_header(cells: list[str]) -> None:
    assert read_header(cells, "faq", is_first=True) is None


def test_a_title_alone_is_a_header_in_the_first_row_only() -> None:
    assert read_header(["Name", "SKU"], "product", is_first=True)
    assert read_header(["Name", "SKU"], "product", is_first=False) is None


@pytest.mark.parametrize("kind", RECORD_COLUMNS)
def test_the_own_form_is_told_from_lists_with_the_same_names(kind: RecordKind) -> None:
    names = RECORD_COLUMNS[kind]
    own, empty_after = (read_header(n, kind, is_first=True) for n in (names, (*names, "")))
    other = read_header([*names, "sku"], kind, is_first=True)
    assert own
    assert own.is_own
    assert empty_after
    assert empty_after.is_own
    assert other
    assert not other.is_own


def test_pairs_of_columns_hold_the_name_and_the_value_of_an_attribute() -> None:
    woo = ["Name", "Attribute 1 name", "Attribute 1 value(s)", "Attribute 1 visible", "Price"]
    shopify = ["Title", "Option1 Name", "Option1 Value", "Option1 Linked To", "Option2 Name"]
    first, second = (read_header(names, "product", is_first=True) for names in (woo, shopify))
    assert first
    assert first.pairs == ((1, 2),)
    assert 3 in first.ignored
    assert second
    assert second.pairs == ((1, 2),)
    assert 3 in second.ignored


@pytest.mark.parametrize("name", ["cost per item", "image src", "seo title", "meta title", "image"])
def test_what_is_for_the_shop_alone_is_ignored(name: str) -> None:
    assert is_ignored(name)


@pytest.mark.parametrize("name", ["Maliyet", "قیمت خرید", "Wholesale price", "سعر التكلفة"])
def test_what_goods_cost_the_shop_is_ignored_in_four_languages(name: str) -> None:
    columns = read_header(["Title", "Price", name], "product", is_first=True)
    assert columns is not None
    assert columns.ignored == {2}


@pytest.mark.parametrize("name", ["metal", "imagery", "seoul", "colour", "sku"])
def test_words_that_only_begin_alike_are_not_ignored(name: str) -> None:
    assert not is_ignored(name)


@pytest.mark.parametrize("cell", ["0", "-1", "FALSE", " Draft", "پیش نویس", "archived", "Taslak"])
def test_drafts_and_what_is_not_published_is_hidden(cell: str) -> None:
    assert is_hidden(cell)


@pytest.mark.parametrize("cell", ["1", "TRUE", "", "active", "publish"])
def test_what_is_published_is_not_hidden(cell: str) -> None:
    assert not is_hidden(cell)


@pytest.mark.parametrize(
    ("cell", "language"),
    [
        ("fa", "fa"),
        ("FA-ir", "fa"),
        ("en_US", "en"),
        ("Türkçe", "tr"),
        ("العربية", "ar"),
        ("فارسی", "fa"),
        ("de", None),
        ("", None),
        ("Turkish (Turkey)", "tr"),
    ],
)
def test_a_language_is_told_by_code_or_name(cell: str, language: str | None) -> None:
    assert read_language(cell) == language
