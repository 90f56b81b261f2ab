from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import openpyxl
import pytest

from leanrag.errors import FileTooLarge, NoTextFound
from leanrag.ingest import xlsx_cells
from leanrag.ingest.chunk import cut
from leanrag.ingest.document_report import Refused
from leanrag.ingest.extract import extract
from leanrag.ingest.row_label import read_row_label
from leanrag.ingest.validate import XLSX
from leanrag.ingest.xlsx_text import read_xlsx
from leanrag.settings import Settings
from leanrag.text.tokens import TokenCounter

Fill = Callable[[Any], None]
LANGUAGES = {
    "fa": ("فهرست قیمت", "نام کالا", "قیمت", "قابلمهٔ مسی دست‌ساز با درِ چوبی"),
    "ar": ("قائمة الأسعار", "اسم المنتج", "السعر", "قدر نحاسي مصنوع يدويًا بغطاء خشبي"),
    "tr": ("Fiyat listesi", "Ürün adı", "Fiyat", "Ahşap kapaklı el yapımı bakır tencere"),
    "en": ("Price list", "Name of product", "Price", "Handmade copper pot with a wooden lid"),
}


def saved(workbook: Any) -> bytes:
    output = io.BytesIO()
    workbook.save(output)
    return output.getvalue()


def book(fill: Fill, title: str = "Sheet") -> bytes:
    workbook = openpyxl.Workbook()
    workbook.active.title = title
    fill(workbook.active)
    return saved(workbook)


def rows(*values: list[object]) -> Fill:
    return lambda sheet: [sheet.append(row) for row in values] and None


def text_of(data: bytes) -> str:
    return read_xlsx(data).parts[0].text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sheet_is_a_table_under_its_name_in_four_languages(
    language: str, settings: Settings, counter: TokenCounter
) -> None:
    title, name, price, product = LANGUAGES[language]
    data = book(rows([name, price], *[[f"{product} {n}", 90 + n] for n in range(40)]), title)
    document = extract(data, XLSX, settings=settings)
    assert document.title == title
    assert document.pages[0].text.startswith(
        f"# {title}\n\n| {name} | {price} |\n| --- | --- |\n| {product} 0 | 90 |\n"
    )
    chunks = cut(document, kind="product", counter=counter, fallback_title="x")
    assert len(chunks) > 1
    assert all(chunk.text.startswith(f"| {name} | {price} |") for chunk in chunks)
    assert {chunk.language for chunk in chunks} == {language}


def test_numbers_and_dates_are_read_as_they_are_shown() -> None:
    def fill(sheet: Any) -> None:
        sheet.append(["what", "shown"])
        shown = [
            (1234.5, '#,##0.00 "TL"'),
            (0.125, "0.0%"),
            (7, "000"),
            (-3, "0;(0)"),
            (date(2026, 1, 5), "dd.mm.yyyy"),
            (datetime(2026, 1, 5, 13, 30), "d mmm yyyy h:mm AM/PM"),
            (date(2026, 2, 3), "mm-dd-yy"),
            (timedelta(hours=30, minutes=5), "[h]:mm"),
            (0.1 + 0.2, "General"),
            (True, "General"),
        ]
        for number, (value, number_format) in enumerate(shown, start=2):
            sheet.cell(number, 1, "x")
            sheet.cell(number, 2, value).number_format = number_format

    written = text_of(book(fill)).split("\n")[2:]
    assert [line.split(" | ")[1].removesuffix(" |") for line in written] == [
        "1,234.50 TL",
        "12.5%",
        "007",
        "(3)",
        "05.01.2026",
        "5 Jan 2026 1:30 PM",
        "2026-02-03",
        "30:05:00",
        "0.3",
        "TRUE",
    ]


def test_dates_count_from_1904_where_the_workbook_says_so() -> None:
    workbook = openpyxl.Workbook()
    workbook.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    workbook.active.append(["day", date(2026, 1, 5)])
    workbook.active["B1"].number_format = "yyyy-mm-dd"
    assert text_of(saved(workbook)) == "day | 2026-01-05"


def test_what_is_hidden_is_left_out() -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    for row in (["Item", "Cost", "Price"], ["Pot", "SECRET", 90], ["SECRET", 1, 2], ["Pan", 1, 5]):
        sheet.append(row)
    sheet.column_dimensions["B"].hidden = True
    sheet.row_dimensions[3].hidden = True
    for name, state in (("SECRET", "hidden"), ("SECRET2", "veryHidden")):
        hidden = workbook.create_sheet(name)
        hidden.append(["SECRET"])
        hidden.sheet_state = state
    assert text_of(saved(workbook)) == "| Item | Price |\n| --- | --- |\n| Pot | 90 |\n| Pan | 5 |"


def test_formulas_without_a_saved_value_and_errors_show_nothing() -> None:
    data = book(rows(["What", "Value"], ["Sum", "=SUM(1,2)"], ["Error", "#N/A"]))
    assert text_of(data) == "| What | Value |\n| --- | --- |\n| Sum |  |\n| Error |  |"


def test_lines_above_a_table_are_text_and_a_gap_goes_on_under_the_same_header() -> None:
    data = book(
        rows(
            ["Prices of spring"], ["Item", "Price"], ["Pot", 90], [], ["Pan", 45], [], ["as of May"]
        )
    )
    assert text_of(data) == (
        "Prices of spring\n\n| Item | Price |\n| --- | --- |\n| Pot | 90 |\n\n"
        "| Item | Price |\n| --- | --- |\n| Pan | 45 |\n\nas of May"
    )


def test_a_second_table_has_a_header_of_its_own() -> None:
    data = book(rows(["Item", "Price"], ["Pot", 90], [], ["City", "Days"], ["Ankara", 2]))
    assert text_of(data).endswith("| City | Days |\n| --- | --- |\n| Ankara | 2 |")


def test_a_wide_table_is_written_row_by_row_with_the_name_of_each_value() -> None:
    header: list[object] = [f"h{n}" for n in range(13)]
    values: list[object] = [n if n % 2 else None for n in range(13)]
    assert text_of(book(rows(header, values))) == "h1: 1; h3: 3; h5: 5; h7: 7; h9: 9; h11: 11"


def test_passages_name_their_rows_as_the_sheet_numbers_them(
    settings: Settings, counter: TokenCounter
) -> None:
    workbook = openpyxl.Workbook()
    workbook.active.title = "Prices"
    for row in (["Prices of spring"], [], ["Item", "Price"], *([f"Pot {n}", n] for n in range(90))):
        workbook.active.append(row)
    workbook.active.row_dimensions[4].hidden = True
    workbook.create_sheet("Cities").append(["Ankara"])
    document = extract(saved(workbook), XLSX, settings=settings)
    chunks = cut(document, kind="product", counter=counter, fallback_title="x")
    spans = [read_row_label(chunk.label) or (0, 0) for chunk in chunks]
    assert (spans[0][0], spans[-2][1], chunks[-1].label) == (1, 93, "row 1")
    assert [first for first, _ in spans[1:-1]] == [last + 1 for _, last in spans[:-2]]
    assert (chunks[1].title, chunks[-1].heading) == ("Prices", "Cities")
    assert f"| Pot {spans[1][0] - 4} |" in chunks[1].text


def test_a_sheet_far_out_costs_nothing() -> None:
    def fill(sheet: Any) -> None:
        sheet["A1"] = "first"
        sheet["XFD1048576"] = "last"

    assert text_of(book(fill)) == "first\n\nlast"


def test_more_cells_than_are_taken_are_refused_with_the_number(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx_cells, "MAX_CELLS", 3)
    with pytest.raises(Refused, match="too_many_cells"):
        read_xlsx(book(rows(["a", "b"], ["c", "d"])))


def test_an_empty_workbook_holds_no_text(settings: Settings) -> None:
    with pytest.raises(NoTextFound, match="workbook holds no text"):
        extract(saved(openpyxl.Workbook()), XLSX, settings=settings)


@pytest.mark.slow
def test_half_a_million_cells_are_too_many(settings: Settings) -> None:
    workbook = openpyxl.Workbook(write_only=True)
    sheet = workbook.create_sheet()
    for number in range(5001):
        sheet.append([number] * 100)
    with pytest.raises(FileTooLarge, match=r"more than 500,000 filled cells; split it\.$"):
        extract(saved(workbook), XLSX, settings=settings)
