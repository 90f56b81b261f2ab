"""Whole files, read in a process of their own."""

from __future__ import annotations

import io
import zipfile
from decimal import Decimal

import openpyxl
import pytest

from leanrag.errors import (
    EmptyFile,
    EncryptedFile,
    ExtractionFailed,
    FileRejected,
    FileTooLarge,
    LeanRagError,
    UnsupportedFileType,
)
from leanrag.ingest import record_child
from leanrag.ingest.record_files import cut_records, write_records
from leanrag.ingest.record_import import read_records
from leanrag.ingest.record_rows import FaqRow, ImportedRecords, ProductRow, RecordKind
from leanrag.settings import Settings
from leanrag.text.tokens import TokenCounter

Cell = str | int | float | None


def book(*sheets: list[list[Cell]], formats: dict[str, str] | None = None) -> bytes:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)  # type: ignore[arg-type]
    for rows in sheets:
        sheet = workbook.create_sheet()
        for row in rows:
            sheet.append(row)
    for place, number_format in (formats or {}).items():
        workbook.worksheets[0][place].number_format = number_format
    output = io.BytesIO()
    workbook.save(output)
    return output.getvalue()


def read_file(
    data: bytes, settings: Settings, kind: RecordKind = "faq", name: str = "list.csv"
) -> ImportedRecords:
    return read_records(data, name, kind, settings=settings)


def test_a_csv_file_gives_its_rows_and_problems(settings: Settings) -> None:
    data = "پرسش,پاسخ,ردیف\nساعت کار؟,۹ تا ۵,1\n,بله,2\n".encode()
    found = read_file(data, settings)
    assert found.rows == (FaqRow("ساعت کار؟", "۹ تا ۵"),)
    assert [(p.row_number, p.column, p.is_left_out) for p in found.problems] == [(3, "پرسش", True)]
    assert found.ignored_columns == ("ردیف",)
    assert found.row_numbers == (2,)


def test_a_currency_for_prices_that_name_none_goes_to_the_reader(settings: Settings) -> None:
    found = read_records(
        b"title,price\nPot,1.250\n", "a.csv", "product", settings=settings, currency="TRY"
    )
    assert found.rows == (ProductRow("Pot", Decimal(1250), "TRY"),)


def test_the_first_sheet_with_a_known_header_is_read(settings: Settings) -> None:
    notes: list[list[Cell]] = [["Notes"], ["Prices are for 2026"]]
    prices: list[list[Cell]] = [["Price list"], [], ["Name", None, "Price (₺)"], ["Pot", "x", 1250]]
    found = read_file(book(notes, prices), settings, "product", "prices.xlsx")
    assert found.rows == (ProductRow("Pot", Decimal(1250), "TRY"),)
    assert found.ignored_columns == ("column 2",)
    assert found.row_numbers == (4,)


def test_numbers_of_a_sheet_are_clear_however_they_are_shown(settings: Settings) -> None:
    rows: list[list[Cell]] = [["Title", "Price", "Code"], ["Pot", 1250, 12345], ["Cup", 1250.5, 7]]
    data = book(rows, formats={"B2": "#,##0", "B3": '#,##0.00 "TL"', "C2": "#,##0"})
    found = read_file(data, settings, "product")
    assert found.rows == (
        ProductRow("Pot", Decimal(1250), attributes=(("Code", "12345"),)),
        ProductRow("Cup", Decimal("1250.50"), "TRY", attributes=(("Code", "7"),)),
    )


def test_a_workbook_of_questions_without_a_header_is_read(settings: Settings) -> None:
    found = read_file(book([], [["Nerede?", "Burada."], ["Ne zaman?", "Yarın."]]), settings)
    assert found.rows == (FaqRow("Nerede?", "Burada."), FaqRow("Ne zaman?", "Yarın."))


@pytest.mark.parametrize(
    ("data", "error", "sentence"),
    [
        (b"", EmptyFile, "0 bytes"),
        (b"%PDF-1.4 x", UnsupportedFileType, "document and no list; a list is read from CSV"),
        (b"<!doctype html><p>x", UnsupportedFileType, "a list is read from CSV"),
        (b"PK\x05\x06" + b"\0" * 18, UnsupportedFileType, "ZIP archive; a list is read"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, UnsupportedFileType, "an image .*; a list is read"),
        (b"question,answer\n", EmptyFile, "no row below it"),
        (b"foo,bar\n1,2\n", FileRejected, "name them “question” and “answer”"),
        (b"question,answer\nA?,b\0c\n", UnsupportedFileType, "binary data"),
        (b"question,answer\nA?," + b"x" * 10_000_000, FileTooLarge, "row 2 has more than 100,000"),
        (b"question,answer\n" + b"A?,b\n" * 50_001, FileTooLarge, "more than 50,000 rows"),
        (b"question,answer\n" + b"\n" * 2_000_000, FileTooLarge, "more than a million lines"),
        (b"question,answer\n" + b"," * 5_000_000, FileTooLarge, "5000001 columns"),
        (b'question,answer\n"A?,' + b"b,c\n" * 50_000, FileTooLarge, "close the quotation mark"),
        (b"x" * (25 * 2**20 + 1), FileTooLarge, "the limit is 25.0 MB"),
    ],
)
def test_files_that_are_no_list_end_in_one_sentence(
    data: bytes, error: type[LeanRagError], sentence: str, settings: Settings
) -> None:
    with pytest.raises(error, match=sentence) as caught:
        read_file(data, settings)
    assert "\n" not in caught.value.message


def test_hostile_workbooks_end_in_one_sentence(settings: Settings) -> None:
    good = book([["question", "answer"], ["A?", "b"]])
    with pytest.raises(FileRejected):
        read_file(good[: len(good) // 2], settings)
    with pytest.raises(ExtractionFailed, match="packed as no ordinary one is"):
        read_file(_with_part(good, "xl/bomb.xml", b"<a>" + b" " * 30_000_000), settings)
    with pytest.raises(ExtractionFailed, match="packed as no ordinary one is"):
        read_file(_with_part(good, "xl/e.xml", b'<!DOCTYPE a [<!ENTITY b "c">]><a/>'), settings)
    parts = {f"xl/{number}.xml": b"<a/>" for number in range(2001)}
    with pytest.raises(FileTooLarge, match="unpacked; split it"):
        read_file(_with_parts(good, parts), settings)
    with pytest.raises(ExtractionFailed, match="damaged"):
        read_file(_with_part(good, "xl/worksheets/sheet1.xml", b"<broken"), settings)
    with pytest.raises(EncryptedFile):
        read_file(_protected(), settings)


def test_a_cell_of_a_sheet_beyond_the_limit_is_refused(settings: Settings) -> None:
    sheet = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        b'<row r="1"><c t="inlineStr"><is><t>question</t></is></c>'
        b'<c t="inlineStr"><is><t>answer</t></is></c></row><row r="2"><c t="inlineStr"><is>'
        b'<t>A?</t></is></c><c t="inlineStr"><is><t>%s</t></is></c></row></sheetData></worksheet>'
    )
    good = book([["question", "answer"]])
    letters = bytes(65 + number * 7 % 26 for number in range(100_002))
    with pytest.raises(FileTooLarge, match="row 2 has more than 100,000 letters"):
        read_file(_with_part(good, "xl/worksheets/sheet1.xml", sheet % letters), settings)


def test_odd_letters_are_cleaned_and_names_with_paths_do_no_harm(settings: Settings) -> None:
    text = "question,answer\n\u202eA\ud800?,\u200fb\u0007\n=1+1?,+9\n" + "دیگر؟,متن\n" * 99
    data = text.encode("utf-8", "surrogatepass")
    found = read_file(data, settings, name="../../etc/passwd\0.csv")
    first, second, _ = found.rows
    assert isinstance(first, FaqRow)
    assert first.question.strip("\ufffd?") == "A"
    assert first.answer == "b"
    assert second == FaqRow("=1+1?", "+9")


def test_long_names_of_attributes_count_to_the_letters_of_a_list(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = b"title," + b"n" * 50 + b"\n" + b"".join(b"t%d,1\n" % number for number in range(10))
    assert len(record_child.read_list(data, "csv", "product", currency="")["rows"]) == 10
    monkeypatch.setattr(record_child, "MAX_TEXT_CHARACTERS", 500)
    code, sentence, _ = record_child.read_list(data, "csv", "product", currency="")["refusal"]
    assert (code, sentence) == (
        "file_too_large",
        "This list holds more than 10 million letters; split it.",
    )


def test_a_reader_over_its_time_is_ended(settings: Settings) -> None:
    hurried = settings.model_copy(update={"extraction_cpu_seconds": 1})
    rows = b"".join(b"t%d,<p>x</p>\n" % number for number in range(50_000))
    with pytest.raises(ExtractionFailed, match="more computing time than allowed"):
        read_file(b"title,description\n" + rows, hurried, "product")


def test_ten_thousand_rows_are_read_checked_and_cut(
    settings: Settings, counter: TokenCounter
) -> None:
    rows = [
        f"Kaç gün içinde {n} numaralı sipariş gelir?,{n % 9 + 1} iş günü." for n in range(10_000)
    ]
    found = read_file("\n".join(["Soru,Cevap", *rows]).encode(), settings)
    chunks = cut_records(write_records(found.rows, "faq"), "faq", title="SSS", counter=counter)
    assert (len(found.rows), len(chunks), len(found.problems)) == (10_000, 10_000, 0)


# ---- workbooks --------------------------------------------------------------------------------


def _with_part(data: bytes, name: str, content: bytes) -> bytes:
    return _with_parts(data, {name: content})


def _with_parts(data: bytes, parts: dict[str, bytes]) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(output, "w") as target:
        for part in source.infolist():
            if part.filename not in parts:
                target.writestr(part, source.read(part))
        for name, content in parts.items():
            target.writestr(name, content, zipfile.ZIP_DEFLATED)
    return output.getvalue()


def _protected() -> bytes:
    """Return the start of an OLE file that names what an encrypted workbook holds."""
    return (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le")
    )
