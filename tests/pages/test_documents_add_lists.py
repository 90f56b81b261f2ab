"""Adding lists: typed or brought, checked row by row, kept until saved."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from decimal import Decimal

import pytest
from streamlit.testing.v1 import AppTest

from leanrag.bootstrap import Services
from leanrag.ingest.record_files import read_stored
from leanrag.ingest.record_rows import FaqRow, ProductRow
from pages._documents_grid_rows import ROWS_PER_PAGE
from tests.knowledge_page import (
    added,
    choose,
    edit,
    open_page,
    opened_page,
    problems,
    shown_rows,
    speak,
    texts,
)

FAQ, PRODUCTS = "documents_add_faq", "documents_add_product"
PAIR = {"question": "How heavy is the Zephyr?", "answer": "It weighs four kilograms."}


@pytest.fixture
def page(services: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    with opened_page(services, monkeypatch) as opened:
        yield opened


@pytest.fixture
def typed(page: AppTest) -> AppTest:
    """The page with a pair typed into the first row, not saved yet."""
    return edit(choose(page, "faq"), FAQ, {"edited_rows": {0: PAIR}})


def save(page: AppTest, grid: str = FAQ) -> AppTest:
    page.button(key=f"{grid}_save").click().run()
    assert not page.exception
    return page


def bring(page: AppTest, name: str, data: bytes) -> AppTest:
    page.file_uploader[0].set_value((name, data, "text/csv")).run()
    assert not page.exception
    return page


def stored(services: Services, title: str) -> tuple[object, ...]:
    source = added(services, title)
    data = services.sources.file(services.local_tenant_id, source.source_id).data
    return read_stored(data, source.kind)


def test_a_typed_pair_is_saved_as_one_passage(page: AppTest, services: Services) -> None:
    edit(choose(page, "faq"), FAQ, {"edited_rows": {1: PAIR}})
    assert "1 row · not saved yet" in texts(page)
    page.text_input(key="documents_title_faq_0").set_value("Zephyr")
    save(page)
    source = added(services, "Zephyr")
    assert (source.kind, source.form, source.passage_count) == ("faq", "records", 1)
    assert stored(services, "Zephyr") == (FaqRow(PAIR["question"], PAIR["answer"]),)
    assert "0 rows" in texts(page.run())
    assert page.text_input(key="documents_title_faq_1").value == ""


def test_rows_that_are_typed_stay_while_another_form_is_open(typed: AppTest) -> None:
    choose(typed, "website")
    assert "Not saved yet in “Questions and answers”: 1 row." in texts(typed)
    typed.button(key="documents_unsaved_faq").click().run()
    assert shown_rows(typed, FAQ)[0]["question"] == PAIR["question"]
    edit(typed, FAQ, {"edited_rows": {0: {"answer": "Five."}}})
    choose(choose(typed, "files"), "faq")
    assert shown_rows(typed, FAQ)[0]["answer"] == "Five."


def test_rows_stay_while_another_page_of_the_console_is_open(typed: AppTest) -> None:
    typed.switch_page("pages/usage.py").run()
    typed.switch_page("pages/documents.py").run()
    assert shown_rows(typed, FAQ)[0]["answer"] == PAIR["answer"]


def test_a_row_without_an_answer_is_shown_before_it_is_left_out(
    page: AppTest, services: Services
) -> None:
    edit(
        choose(page, "faq"),
        FAQ,
        {"edited_rows": {0: PAIR, 1: {"question": "How big is the Boreas?"}}},
    )
    save(page)
    assert "Rows with something to look at: 1. Left out: 1." in texts(page)
    found = problems(page)
    assert list(found["row"]) == [2]
    assert "There is no answer" in found["problem"][0]
    assert shown_rows(page, FAQ)[1]["question"] == "How big is the Boreas?"
    page.text_input(key="documents_title_faq_0").set_value("Sizes")
    page.button(key=f"{FAQ}_anyway").click().run()
    assert len(stored(services, "Sizes")) == 1


def test_mending_the_row_takes_its_problem_away(page: AppTest) -> None:
    edit(choose(page, "faq"), FAQ, {"edited_rows": {0: {"question": "Why?"}}})
    save(page)
    edit(page, FAQ, {"edited_rows": {0: {"answer": "Because."}}})
    assert "Left out" not in texts(page)


def test_what_was_discarded_can_be_brought_back(typed: AppTest) -> None:
    typed.button(key=f"{FAQ}_drop").click().run()
    assert "0 rows" in texts(typed)
    typed.button(key=f"{FAQ}_bring_back").click().run()
    assert shown_rows(typed, FAQ)[0]["question"] == PAIR["question"]
    assert "1 row · not saved yet" in texts(typed)


def test_the_same_list_again_is_said_to_be_there(page: AppTest, services: Services) -> None:
    for _ in range(2):
        save(edit(choose(page, "faq"), FAQ, {"edited_rows": {0: PAIR}}))
        added(services, "Questions and answers")
    assert "already there as “Questions and answers”" in page.info[0].value
    (source,) = (
        s
        for s in services.sources.list(services.local_tenant_id)
        if s.form == "records" and s.title == "Questions and answers"
    )
    assert page.button(key=f"documents_outcome_{source.source_id}")


def test_the_rows_of_a_file_come_into_the_grid_with_its_problems(page: AppTest) -> None:
    data = "Soru;Yanıt;Not\nNe kadar ağır?;Dört kilo.;x\nBu ne?;;y\n".encode("cp1254")
    bring(choose(page, "faq"), "sss.csv", data)
    assert "In the grid below: 1 row." in texts(page)
    assert "Columns not taken: Not" in texts(page)
    found = problems(page)
    assert list(found[["row", "column", "left_out"]].iloc[0]) == [3, "Yanıt", True]
    (row,) = shown_rows(page, FAQ)
    assert (row["question"], row["answer"]) == ("Ne kadar ağır?", "Dört kilo.")
    assert page.text_input(key="documents_title_faq_0").value == "sss"


def test_a_file_adds_to_what_is_typed_already(page: AppTest) -> None:
    edit(choose(page, "faq"), FAQ, {"edited_rows": {2: PAIR}})
    bring(page, "faq.csv", b"question,answer\nWhy?,Because.\n")
    assert [row["question"] for row in shown_rows(page, FAQ)] == [PAIR["question"], "Why?"]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("list.csv", b"\x89PNG\r\n\x1a\n" + bytes(500), "CSV"),
        ("list.csv", b"colour,size\nred,4\n", "no row that names"),
        ("list.csv", b"question,answer\n", "no row below it"),
        ("list.xlsx", b"PK\x03\x04broken", "xlsx"),
    ],
)
def test_a_file_that_is_no_list_says_so_and_leaves_the_grid(
    typed: AppTest, name: str, data: bytes, said: str
) -> None:
    bring(typed, name, data)
    assert said in typed.error[-1].value
    assert "1 row · not saved yet" in texts(typed)


def test_ten_thousand_rows_are_shown_page_by_page_and_saved_whole(
    page: AppTest, services: Services
) -> None:
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(["question", "answer"])
    writer.writerows([f"What is part {n}?", f"It is part {n} of all."] for n in range(10_000))
    bring(choose(page, "faq"), "parts.csv", file.getvalue().encode())
    assert f"Rows 1 to {ROWS_PER_PAGE} of 10,000" in texts(page)
    page.pagination[0].set_value(20).run()
    rows = shown_rows(page, FAQ)
    assert rows[-1]["row"] == 10_000
    edit(page, FAQ, {"edited_rows": {len(rows) - 1: {"answer": "The last."}}})
    page.pagination[0].set_value(1).run()
    save(page)
    saved = stored(services, "parts")
    assert len(saved) == 10_000
    assert saved[-1] == FaqRow("What is part 9999?", "The last.")


def test_products_are_saved_with_prices_as_people_write_them(
    page: AppTest, services: Services
) -> None:
    kettle = {
        "title": "Kettle",
        "price": "1.234,50 TL",
        "description": "Steel",
        "attributes": "Colour=red; Size=2 l",
        "url": "www.shop.example/kettle",
    }
    edit(choose(page, "products"), PRODUCTS, {"edited_rows": {0: kettle}})
    page.text_input(key="documents_title_product_0").set_value("Kettles")
    save(page, PRODUCTS)
    expected = ProductRow(
        "Kettle",
        Decimal("1234.50"),
        "TRY",
        "Steel",
        (("Colour", "red"), ("Size", "2 l")),
        "https://www.shop.example/kettle",
    )
    assert stored(services, "Kettles") == (expected,)


def test_an_unclear_price_is_asked_about_until_the_currency_is_named(
    page: AppTest, services: Services
) -> None:
    edit(
        choose(page, "products"),
        PRODUCTS,
        {"edited_rows": {0: {"title": "Kettle", "price": "1.250"}}},
    )
    save(page, PRODUCTS)
    found = problems(page)
    assert "may mean 1250 or 1.250" in found["problem"][0]
    assert found["column"][0] == "Price"
    page.text_input(key="documents_add_currency").set_value("TRY").run()
    page.text_input(key="documents_title_product_0").set_value("Kettles")
    save(page, PRODUCTS)
    assert stored(services, "Kettles") == (ProductRow("Kettle", Decimal(1250), "TRY"),)


def test_a_grid_says_in_persian_what_is_wrong(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    speak(monkeypatch, "fa")
    persian = choose(open_page(), "faq")
    edit(persian, FAQ, {"edited_rows": {0: {"question": "چرا؟"}}})
    save(persian)
    assert problems(persian)["problem"][0] == "پاسخ ندارد."
