"""The stored and the exported form of lists, and the passages cut from them."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanrag.csv_export import FORMULA_STARTS
from leanrag.demo.loader import DEMO_DIRECTORY
from leanrag.errors import ExtractionFailed, InvalidInput
from leanrag.ingest.record_checks import check_table
from leanrag.ingest.record_files import (
    cut_records,
    export_records,
    read_stored,
    record_cells,
    write_records,
)
from leanrag.ingest.record_import import check_grid
from leanrag.ingest.record_rows import FaqRow, ProductRow, RecordKind, RecordRow
from leanrag.ingest.record_tables import read_delimited
from leanrag.ingest.record_texts import tidy
from leanrag.text.tokens import TokenCounter
from leanrag.types import LANGUAGES

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"])) | st.text(
    alphabet="'=-@\t\r\n,;\\\" a"
)
FILLED = ANY_TEXT.filter(str.strip)
TIDY = ANY_TEXT.map(tidy)
TIDY_FILLED = TIDY.filter(bool)
LANGUAGE = st.sampled_from([None, *LANGUAGES])
PRICE = st.none() | st.decimals(min_value=0, max_value=10**12, places=2)


def products(
    text: st.SearchStrategy[str], filled: st.SearchStrategy[str], url: str
) -> st.SearchStrategy[ProductRow]:
    return st.builds(
        ProductRow,
        title=filled,
        price=PRICE,
        currency=st.sampled_from(["TRY", "KWD", "تومان"]),
        description=text,
        attributes=st.lists(st.tuples(filled, filled), max_size=4).map(tuple),
        url=st.just(url),
        language=LANGUAGE,
    )


PAIRS = st.builds(FaqRow, FILLED, FILLED, LANGUAGE)
TIDY_PAIRS = st.builds(FaqRow, TIDY_FILLED, TIDY_FILLED, LANGUAGE)
ADDRESS = "https://shop.example/%20?a=1;b"


def again(data: bytes, kind: RecordKind) -> tuple[RecordRow, ...]:
    return check_table(read_delimited(data, kind), kind, currency="").rows


# ---- the stored form --------------------------------------------------------------------------


@given(st.lists(PAIRS, min_size=1, max_size=5))
def test_stored_pairs_come_back_exactly(rows: list[FaqRow]) -> None:
    assert read_stored(write_records(rows, "faq"), "faq") == tuple(rows)


@given(st.lists(products(ANY_TEXT, FILLED, " any\ttext "), min_size=1, max_size=5))
def test_stored_products_come_back_exactly(rows: list[ProductRow]) -> None:
    assert read_stored(write_records(rows, "product"), "product") == tuple(rows)


def test_the_stored_form_leaves_formulas_as_they_are_and_has_no_mark() -> None:
    data = write_records([FaqRow("=1+1?", "+90 555", "en")], "faq")
    assert data == b"language,question,answer\r\nen,=1+1?,+90 555\r\n"


def test_a_price_of_three_decimals_keeps_its_meaning_in_every_form() -> None:
    rows = [ProductRow("Pot", Decimal("12.345"), "KWD"), ProductRow("Cup", Decimal("1E+3"), "")]
    assert read_stored(write_records(rows, "product"), "product") == tuple(rows)
    assert again(export_records(rows, "product"), "product") == tuple(rows)


def test_half_of_a_letter_becomes_a_question_mark() -> None:
    data = write_records([FaqRow("a\ud800?", "b")], "faq")
    assert read_stored(data, "faq") == (FaqRow("a??", "b"),)


@pytest.mark.parametrize(
    ("rows", "kind", "sentence"),
    [
        ([], "faq", "This list is empty"),
        ([FaqRow("A?", "b"), FaqRow(" ", "c")], "faq", "Row 2 has no question"),
        ([FaqRow("A?", "\n")], "faq", "Row 1 has no answer"),
        ([ProductRow("")], "product", "Row 1 has no title"),
        ([ProductRow("a", Decimal("NaN"))], "product", "Row 1 has a price that is none"),
        ([ProductRow("a", Decimal(-1))], "product", "Row 1 has a price that is none"),
        ([ProductRow("a", description="x" * 100_001)], "product", "more than 100,000 letters"),
        ([ProductRow("a")], "faq", "Row 1 is not of this kind"),
        ([FaqRow("A?", "b")] * 50_001, "faq", "more than 50,000 rows"),
    ],
)
def test_rows_that_are_no_records_are_refused_with_their_number(
    rows: list[RecordRow], kind: RecordKind, sentence: str
) -> None:
    for write in (write_records, export_records):
        with pytest.raises(InvalidInput, match=sentence):
            write(rows, kind)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"question,answer\nA?,b\n",
        b"language,question,answer\nen,A?\n",
        b"language,question,answer\nen,A?,yes, we do\n",
        b"language,question,answer\nde,A?,b\n",
        b'language,question,answer\nen,"A?,b\n',
        b"language,question,answer\nen,\xff,b\n",
        b"title,price,currency,description,attributes,url\nPot,NaN,,,,\n",
        b"title,price,currency,description,attributes,url\nPot,-5,,,,\n",
    ],
)
def test_a_stored_list_that_is_broken_is_refused_in_a_sentence(data: bytes) -> None:
    kind: RecordKind = "product" if data.startswith(b"title") else "faq"
    with pytest.raises(ExtractionFailed, match="check its columns and prices"):
        read_stored(data, kind)


def test_a_stored_row_without_its_question_or_title_is_refused_with_its_number() -> None:
    with pytest.raises(ExtractionFailed, match="Row 2 of this list has no question"):
        read_stored(b"language,question,answer\nen,A?,b\nen, ,c\n", "faq")
    header = b"title,price,currency,description,attributes,url\n"
    with pytest.raises(ExtractionFailed, match="Row 1 of this list has no title"):
        read_stored(header + b",5,,,,\n", "product")
    assert read_stored(header + b"Pot,,,,,\n", "product") == (ProductRow("Pot"),)


# ---- the exported form ------------------------------------------------------------------------


@given(
    st.lists(
        TIDY_PAIRS,
        min_size=1,
        max_size=5,
        unique_by=lambda row: " ".join((row.question + "\0" + row.answer).split()),
    )
)
def test_exported_pairs_are_read_back_to_the_same_rows(rows: list[FaqRow]) -> None:
    unique = {(" ".join(r.question.split()), " ".join(r.answer.split())): r for r in rows}
    rows = list(unique.values())
    assert again(export_records(rows, "faq"), "faq") == tuple(rows)


@given(st.lists(products(TIDY, TIDY_FILLED, ADDRESS), min_size=1, max_size=4, unique=True))
def test_exported_products_are_read_back_to_the_same_rows(rows: list[ProductRow]) -> None:
    assert again(export_records(rows, "product"), "product") == tuple(rows)


@given(st.lists(products(ANY_TEXT, FILLED, "=1+1"), min_size=1, max_size=4))
def test_no_cell_of_an_export_is_a_formula(rows: list[ProductRow]) -> None:
    data = export_records(rows, "product")
    assert data.startswith(b"\xef\xbb\xbf")
    cells = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert not any(cell.startswith(FORMULA_STARTS) for row in cells for cell in row)


def test_an_export_that_excel_saved_with_semicolons_is_read_back() -> None:
    rows = (ProductRow("Pot", Decimal("12.50"), "TRY", "<br> & more", (("a", "b;c"),)),)
    text = export_records(rows, "product").decode("utf-8-sig")
    cells = list(csv.reader(io.StringIO(text, newline="")))
    cells[1][2] = cells[1][2].replace(".", ",")
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=";").writerows(cells)
    assert again(file.getvalue().encode("cp1254"), "product") == rows


# ---- the grid ---------------------------------------------------------------------------------


@given(st.lists(products(TIDY, TIDY_FILLED, ADDRESS), min_size=1, max_size=4, unique=True))
def test_an_unchanged_grid_gives_the_same_rows(rows: list[ProductRow]) -> None:
    found = check_grid([record_cells(row) for row in rows], "product")
    assert found.rows == tuple(rows)
    assert not found.problems


def test_a_grid_is_checked_row_by_row() -> None:
    found = check_grid([["", "A?", "b"], ["", "", ""], ["xx", "C?", "d"], ["", "", "e"]], "faq")
    assert found.rows == (FaqRow("A?", "b"), FaqRow("C?", "d"))
    assert [(p.row_number, p.column) for p in found.problems] == [(3, "language"), (4, "question")]
    assert found.row_numbers == (1, 3)


def test_a_price_typed_into_a_grid_is_read_as_people_write_it() -> None:
    cells = ["", "Pot", "1.250", "", "", "", ""]
    assert check_grid([cells], "product").problems[0].column == "price"
    assert check_grid([cells], "product", currency="TRY").rows == (
        ProductRow("Pot", Decimal(1250), "TRY"),
    )


def test_an_empty_grid_has_no_rows_and_no_problems() -> None:
    assert check_grid([], "faq").rows == check_grid([["", " ", ""]], "faq").rows == ()


def test_a_grid_of_other_columns_is_refused() -> None:
    with pytest.raises(InvalidInput, match="Row 1 must have 3 cells"):
        check_grid([["A?", "b"]], "faq")


# ---- passages ---------------------------------------------------------------------------------


def test_a_row_is_one_passage_in_the_language_that_it_or_its_text_names(
    counter: TokenCounter,
) -> None:
    rows = [FaqRow("Where?", "In Pera, near the tower."), FaqRow("Ok?", "Ok.", "tr")]
    chunks = cut_records(write_records(rows, "faq"), "faq", title="FAQ", counter=counter)
    assert [(c.title, c.tldr, c.language) for c in chunks] == [
        ("FAQ", "Where?", "en"),
        ("FAQ", "Ok?", "tr"),
    ]
    data = write_records([ProductRow("قوری"), ProductRow("Pot", language="tr")], "product")
    assert [c.language for c in cut_records(data, "product", title="", counter=counter)] == [
        *("fa", "tr"),
    ]


@pytest.mark.parametrize(("name", "kind"), [("faq.csv", "faq"), ("products.csv", "product")])
def test_the_lists_of_the_demo_are_imported_as_they_are_stored(name: str, kind: RecordKind) -> None:
    data = (DEMO_DIRECTORY / name).read_bytes()
    found = check_table(read_delimited(data, kind), kind, currency="")
    assert not found.problems
    assert len(found.rows) == len(read_stored(data, kind))
    if kind == "faq":
        assert found.rows == read_stored(data, kind)
    else:
        stored = [record_cells(row)[:5] for row in read_stored(data, kind)]
        assert [record_cells(row)[:5] for row in found.rows] == stored
