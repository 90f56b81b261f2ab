"""A CSV file that is a document: its rows under their header, each passage with its rows."""

from __future__ import annotations

import pytest

from leanrag.errors import ExtractionFailed, FileTooLarge, NoTextFound
from leanrag.ingest import csv_text
from leanrag.ingest.chunk import cut
from leanrag.ingest.csv_text import read_csv
from leanrag.ingest.document_child import read_document
from leanrag.ingest.document_report import Refused
from leanrag.ingest.extract import extract
from leanrag.ingest.row_label import read_row_label
from leanrag.ingest.validate import CSV, TSV
from leanrag.settings import Settings
from leanrag.text.tokens import TokenCounter

LANGUAGES = {
    "fa": ("نام کالا", "قیمت", "قابلمهٔ مسی دست‌ساز با درِ چوبی"),
    "ar": ("اسم المنتج", "السعر", "قدر نحاسي مصنوع يدويًا بغطاء خشبي"),
    "tr": ("Ürün adı", "Fiyat", "Ahşap kapaklı el yapımı bakır tencere"),
    "en": ("Name of product", "Price", "Handmade copper pot with a wooden lid"),
}
POTS = "| Item | Price |\n| --- | --- |\n| Pot | 90 |\n| Pan | 45 |"


def text_of(text: str) -> str:
    return read_csv(text.encode()).parts[0].text


def rows_of(text: str) -> tuple[int, ...]:
    return read_csv(text.encode()).parts[0].rows


@pytest.mark.parametrize("language", LANGUAGES)
def test_passages_of_a_table_repeat_its_header_and_name_their_rows(
    language: str, settings: Settings, counter: TokenCounter
) -> None:
    name, price, product = LANGUAGES[language]
    lines = [f"{name};{price}", *(f"{product} {n};{90 + n}" for n in range(60))]
    document = extract("\r\n".join(lines).encode("utf-8-sig"), CSV, settings=settings)
    chunks = cut(document, kind="product", counter=counter, fallback_title="x")
    assert len(chunks) > 1
    assert {chunk.language for chunk in chunks} == {language}
    next_row = 2
    for chunk in chunks:
        first, last = read_row_label(chunk.label) or (0, 0)
        assert first == next_row
        header, _, *rows = chunk.text.split("\n")
        assert header == f"| {name} | {price} |"
        assert rows == [f"| {product} {n - 2} | {88 + n} |" for n in range(first, last + 1)]
        next_row = last + 1
    assert next_row == 62


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_any_delimiter_and_line_end_gives_the_same_table(delimiter: str, newline: str) -> None:
    lines = [f"Item{delimiter}Price", f"Pot{delimiter}90", f"Pan{delimiter}45"]
    assert text_of(newline.join(lines)) == POTS


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1254"])
def test_a_table_in_another_encoding_is_read(encoding: str, settings: Settings) -> None:
    data = "Ürün\tAğırlık\nKaşık\t40 gram\nŞiş\t25 gram\n".encode(encoding)
    text = extract(data, TSV, settings=settings).pages[0].text
    assert text == "| Ürün | Ağırlık |\n| --- | --- |\n| Kaşık | 40 gram |\n| Şiş | 25 gram |"


def test_the_delimiter_that_excel_declares_is_kept_to() -> None:
    assert text_of("sep=^\nItem^Price\nPot^90\nPan^45\n") == POTS


def test_rows_are_counted_as_a_spreadsheet_does() -> None:
    text = 'Prices of spring\n\nItem,Price\n"Pot\nof copper",90\nPan,45\n\n\nCup,5\n'
    assert text_of(text) == (
        "Prices of spring\n\n"
        "| Item | Price |\n| --- | --- |\n| Pot; of copper | 90 |\n| Pan | 45 |\n\n"
        "| Item | Price |\n| --- | --- |\n| Cup | 5 |"
    )
    assert rows_of(text) == (1, 0, 0, 0, 4, 5, 0, 0, 0, 8)


def test_line_ends_that_were_written_twice_tear_no_table() -> None:
    assert text_of("Item,Price\n\nPot,90\n\nPan,45\n") == POTS
    assert rows_of("Item,Price\n\nPot,90\n\nPan,45\n") == (0, 0, 3, 5)


def test_ragged_rows_are_filled_up() -> None:
    assert text_of("a,b,c\n1,2\n3\n4,5,6,7\n") == (
        "| a | b | c |  |\n| --- | --- | --- | --- |\n| 1 | 2 |  |  |\n| 3 |  |  |  |\n"
        "| 4 | 5 | 6 | 7 |"
    )


def test_formulas_are_words_and_an_export_s_apostrophe_comes_off() -> None:
    text = text_of("Name,Sum\nA,=1+1\nB,'=HYPERLINK(0)\nC,'quoted'\n")
    assert text.endswith("| A | =1+1 |\n| B | =HYPERLINK(0) |\n| C | 'quoted' |")


def test_what_misleads_the_eye_is_left_out() -> None:
    assert text_of("\ufeffItem,Price\nPo\u202et\x07,9\x000\nPan,45\n") == POTS


def test_a_wide_table_is_written_row_by_row_and_each_row_is_cited(
    settings: Settings, counter: TokenCounter
) -> None:
    header = ",".join(f"name {n}" for n in range(14))
    body = "\n".join(",".join(f"value {row} {n}" for n in range(14)) for row in range(9))
    document = extract(f"{header}\n{body}\n".encode(), CSV, settings=settings)
    chunks = cut(document, kind="document", counter=counter, fallback_title="x")
    assert len(chunks) > 1
    assert not any(chunk.heading for chunk in chunks)
    assert chunks[0].text.startswith("name 0: value 0 0; name 1: value 0 1; ")
    spans = [read_row_label(chunk.label) for chunk in chunks]
    assert [span[0] for span in spans if span] == [2, *(span[1] + 1 for span in spans[:-1] if span)]


def test_a_row_longer_than_a_passage_is_cited_by_each_of_its_parts(
    settings: Settings, counter: TokenCounter
) -> None:
    long = " ".join(f"word{n}" for n in range(900))
    data = f"Item,About\nPot,short\nPan,{long}\nCup,short\n".encode()
    document = extract(data, CSV, settings=settings)
    chunks = cut(document, kind="document", counter=counter, fallback_title="x")
    labels = [chunk.label for chunk in chunks]
    assert labels[0] == "rows 2-3"
    assert labels[1:-1] == ["row 3"] * (len(labels) - 2)
    assert labels[-1] == "rows 3-4"
    assert all(chunk.text.startswith("| Item | About |") for chunk in chunks)


# ---- no table ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "One column\nof prose.\nNothing else.\n",
        "Dear all, I am here.\nThe day was long, cold, and wet.\nNo comma\nWe went, slept.\n",
        "It was dark, cold and late\nShe slept\nIn 1,500 houses, nobody spoke, or moved\nYes, no\n",
        "Dear Sir,\nthank you,\nAli\n",
        "a,b,c\n",
    ],
)
def test_a_text_without_a_table_stays_a_plain_text(text: str, settings: Settings) -> None:
    document = extract(text.encode(), CSV, settings=settings)
    assert [(page.text, page.rows) for page in document.pages] == [(text, ())]
    with pytest.raises(Refused, match="no_table"):
        read_csv(text.encode())


def test_a_table_with_a_blank_after_each_comma_is_one() -> None:
    assert text_of("Item, Price\nPot, 90\nPan, 45\n") == POTS


def test_a_table_of_empty_cells_holds_no_text(settings: Settings) -> None:
    with pytest.raises(NoTextFound, match="table holds no text"):
        extract(b"sep=,\n\x01,\x02\n\x01,\x02\n", CSV, settings=settings)


# ---- limits -----------------------------------------------------------------------------------


def test_a_cell_without_end_is_refused_with_its_row(settings: Settings) -> None:
    for cell in ("x" * 100_002, "x" * 10_000_000, '"' + "x,y\n" * 100_000):
        with pytest.raises(FileTooLarge, match=r"^A cell that begins in row 3 has more than 100"):
            extract(f"Item,Price\nPot,90\n{cell},1\n".encode(), CSV, settings=settings)


def test_too_many_columns_are_refused_with_their_row(settings: Settings) -> None:
    data = b"a,b\n1,2\n" + b"x," * 500 + b"x\n"
    with pytest.raises(FileTooLarge, match="Row 3 has 501 columns and the limit is 500") as caught:
        extract(data, CSV, settings=settings)
    assert caught.value.details == {"row_number": 3}


def test_too_many_cells_are_refused(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_text, "MAX_CELLS", 5)
    assert read_document(b"a,b\n1,2\n3,\n", "csv").refusal is None
    assert read_document(b"a,b\n1,2\n3,4\n", "csv").refusal == "too_many_cells"


def test_a_million_rows_are_refused_in_one_sentence(settings: Settings) -> None:
    with pytest.raises(FileTooLarge, match=r"table has more than 500,000 filled cells; split it\."):
        extract(b"a,b\n" + b"1,2\n" * 1_000_000, CSV, settings=settings)


def test_lines_without_end_are_refused_in_one_sentence(settings: Settings) -> None:
    with pytest.raises(FileTooLarge, match="table has more than a million lines; delete blank"):
        extract(b"a,b\n1,2\n" + b"\n" * 1_100_000, CSV, settings=settings)


def test_an_encoding_that_nothing_reads_is_said_to_be_one(settings: Settings) -> None:
    with pytest.raises(ExtractionFailed, match="unknown or damaged encoding"):
        extract(b"\xef\xbb\xbf" + b"a,\xff\xfe\n" * 50, CSV, settings=settings)
