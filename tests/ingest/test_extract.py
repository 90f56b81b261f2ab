from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

from leanrag.errors import (
    EmptyFile,
    EncryptedFile,
    ExtractionFailed,
    FileTooLarge,
    NoTextFound,
)
from leanrag.ingest.extract import extract
from leanrag.ingest.validate import MARKDOWN, PDF, PLAIN_TEXT
from leanrag.settings import Settings

MakePdf = Callable[..., bytes]

ROOM = {"extraction_memory_bytes": 1024**3}  # so that time runs out before memory does


def test_a_two_page_pdf_gives_its_title_and_numbered_pages(
    make_pdf: MakePdf, settings: Settings
) -> None:
    data = make_pdf([["# Returns", "You have 14 days."], ["# Delivery", "Two days."]], "Shop guide")
    document = extract(data, PDF, settings=settings)
    assert document.title == "Shop guide"
    assert [page.number for page in document.pages] == [1, 2]
    assert document.pages[0].text == "# Returns\n\nYou have 14 days."
    assert document.pages[1].text == "# Delivery\n\nTwo days."


@pytest.mark.parametrize("useless", ["untitled", "Microsoft Word - a.docx", "scan001.pdf", "42"])
def test_a_title_that_a_program_made_up_gives_way_to_the_first_heading(
    useless: str, make_pdf: MakePdf, settings: Settings
) -> None:
    body = ["Enough text of the usual size to show what is larger."] * 3
    document = extract(make_pdf([["# House rules", *body]], useless), PDF, settings=settings)
    assert document.title == "House rules"


def test_lines_become_paragraphs_and_broken_words_are_mended(
    make_pdf: MakePdf, settings: Settings
) -> None:
    lines = [
        "The copper pot must be washed by hand, and it must never be put into a dish-",
        "washer, because the tin on its inside does not stand the heat of the machine.",
        "",
        "A second paragraph begins here.",
    ]
    text = extract(make_pdf([lines]), PDF, settings=settings).pages[0].text
    first, second = text.split("\n\n")
    assert "into a dishwasher, because" in first
    assert second == "A second paragraph begins here."


def test_two_columns_are_read_one_after_the_other(
    two_column_pdf: bytes, settings: Settings
) -> None:
    text = extract(two_column_pdf, PDF, settings=settings).pages[0].text
    assert text.index("left 29") < text.index("right 0")


def test_running_heads_and_page_numbers_are_dropped(make_pdf: MakePdf, settings: Settings) -> None:
    pages = [
        ["The Shop Handbook", "", f"Content number {n * n}.", "", f"Page {n} of 6"]
        for n in range(1, 7)
    ]
    document = extract(make_pdf(pages), PDF, settings=settings)
    assert [page.text for page in document.pages] == [
        f"Content number {n * n}." for n in range(1, 7)
    ]


def test_a_table_of_contents_is_dropped_and_a_price_list_is_kept(
    make_pdf: MakePdf, settings: Settings
) -> None:
    contents = [f"{n} Chapter {'. ' * 20}{n * 3}" for n in range(1, 9)]
    prices = [f"Tea no. {n} {'. ' * 20}{p}" for n, p in enumerate((90, 45, 60, 30, 75, 20, 10, 55))]
    pages = extract(make_pdf([contents, prices]), PDF, settings=settings).pages
    assert "Chapter" not in pages[0].text
    assert "Tea no. 1 … 45\nTea no. 2 … 60" in pages[1].text


def test_a_line_that_begins_with_a_hash_does_not_become_a_heading(
    make_pdf: MakePdf, settings: Settings
) -> None:
    lines = [
        "# Install",
        "Run this command as the administrator of the machine:",
        "",
        "## apt upgrade",
    ]
    text = extract(make_pdf([lines]), PDF, settings=settings).pages[0].text
    assert text.endswith("\n\n\\## apt upgrade")


def test_an_encrypted_pdf_asks_to_be_saved_without_its_password(
    encrypted_pdf: Callable[[str], bytes], settings: Settings
) -> None:
    with pytest.raises(EncryptedFile, match="password"):
        extract(encrypted_pdf("secret"), PDF, settings=settings)


def test_a_pdf_that_only_restricts_its_owner_is_read(
    encrypted_pdf: Callable[[str], bytes], settings: Settings
) -> None:
    assert extract(encrypted_pdf(""), PDF, settings=settings).pages[0].text == "A secret line."


def test_a_scan_is_refused_with_the_advice_to_run_text_recognition(
    scanned_pdf: bytes, settings: Settings
) -> None:
    with pytest.raises(NoTextFound, match="OCR"):
        extract(scanned_pdf, PDF, settings=settings)


def test_501_pages_are_refused_with_both_numbers(make_pdf: MakePdf, settings: Settings) -> None:
    with pytest.raises(FileTooLarge, match="501 pages and the limit is 500"):
        extract(make_pdf([["x"]] * 501), PDF, settings=settings)


@pytest.mark.parametrize("data", [b"%PDF-1.7\n", b"%PDF-1.4\nnothing that follows is a PDF" * 9])
def test_a_broken_pdf_is_refused_in_one_sentence(data: bytes, settings: Settings) -> None:
    with pytest.raises(ExtractionFailed, match="damaged"):
        extract(data, PDF, settings=settings)


def test_a_truncated_pdf_fails_cleanly_or_gives_what_is_left(
    make_pdf: MakePdf, settings: Settings
) -> None:
    data = make_pdf([["First page text."], ["Second page text."]])
    for share in (0.2, 0.5, 0.9):
        try:
            document = extract(data[: int(len(data) * share)], PDF, settings=settings)
        except (ExtractionFailed, NoTextFound):
            continue
        assert "page text." in document.pages[0].text


@pytest.mark.timeout(60)
def test_a_pdf_that_never_ends_is_stopped_by_the_wall_clock(
    looping_pdf: bytes, settings: Settings
) -> None:
    short = settings.model_copy(update={**ROOM, "extraction_wall_seconds": 1})
    with pytest.raises(ExtractionFailed, match="longer than 1 seconds"):
        extract(looping_pdf, PDF, settings=short)


@pytest.mark.timeout(60)
def test_a_pdf_that_never_ends_is_stopped_by_its_computing_time(
    looping_pdf: bytes, settings: Settings
) -> None:
    short = settings.model_copy(
        update={**ROOM, "extraction_cpu_seconds": 1, "extraction_wall_seconds": 20}
    )
    with pytest.raises(ExtractionFailed, match="computing time"):
        extract(looping_pdf, PDF, settings=short)


def test_a_pdf_that_takes_too_much_memory_is_stopped(
    looping_pdf: bytes, settings: Settings
) -> None:
    small = settings.model_copy(
        update={"extraction_memory_bytes": 160 * 2**20, "extraction_wall_seconds": 20}
    )
    with pytest.raises(ExtractionFailed):
        extract(looping_pdf, PDF, settings=small)


def test_no_process_and_no_secret_is_left_to_the_reader(
    make_pdf: MakePdf, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, object] = {}
    readers: list[subprocess.Popen[bytes]] = []

    class Spy(subprocess.Popen[bytes]):
        def __init__(self, *args: object, **kwargs: object) -> None:
            seen.update(kwargs)
            super().__init__(*args, **kwargs)  # type: ignore[call-overload]
            readers.append(self)

    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setattr("leanrag.ingest.child_process.subprocess.Popen", Spy)
    extract(make_pdf([["text"]]), PDF, settings=settings)
    assert set(seen["env"]) == {"LC_ALL", "LEANRAG_PARENT", "LEANRAG_PROGRESS"}
    assert [reader.returncode for reader in readers] == [0]  # waited for: none is left


def test_pypdf_reads_what_pdfium_refuses(
    make_pdf: MakePdf, monkeypatch: pytest.MonkeyPatch
) -> None:
    from leanrag.ingest import pdf_child
    from leanrag.ingest.pdf_report import ChildReport

    monkeypatch.setattr(
        pdf_child, "_read_with_pdfium", lambda data, most, copy: ChildReport("broken")
    )
    report = pdf_child.read_pdf(make_pdf([["Plain text."], ["More."]], "Guide"), 500)
    assert (report.outcome, report.title, report.page_count) == ("read", "Guide", 2)
    assert "Plain text." in report.pages[0]
    assert pdf_child.read_pdf(make_pdf([["x"]] * 3), 2) == ChildReport("too_many_pages", "", 3)


def test_plain_text_is_one_page_without_a_number_and_without_controls(settings: Settings) -> None:
    document = extract("سلام\r\nدنیا\u202e\x07".encode(), PLAIN_TEXT, settings=settings)
    assert [(page.number, page.text) for page in document.pages] == [(None, "سلام\nدنیا")]


def test_markdown_is_titled_by_its_first_heading(settings: Settings) -> None:
    document = extract(b"intro\n\n## Care of copper ##\n\ntext", MARKDOWN, settings=settings)
    assert document.title == "Care of copper"


@pytest.mark.timeout(60)
def test_a_heading_of_blanks_without_end_is_read(settings: Settings) -> None:
    assert extract(b"# x" + b" " * 500_000 + b"y", MARKDOWN, settings=settings).pages


def test_white_space_alone_is_an_empty_file(settings: Settings) -> None:
    with pytest.raises(EmptyFile):
        extract(b" \n\t\n", PLAIN_TEXT, settings=settings)


PERSIAN_LINES = (
    "راهنمای فروشگاه پروین",
    "فروشگاه استانبول از ساعت ۱۰:۰۰ تا ۱۹:۰۰ باز است.",
    "هزینهٔ ارسال ۶۵ لیر است و سفارش بالای ۱٬۰۰۰ لیر رایگان است.",
    "به help@shop.example ایمیل بزنید (هر روز).",
    "مدل XR-200 با ۱۵٪ تخفیف تا ۲۰۲۴/۰۶/۱۲ عرضه دارد.",
    "لا يمكن إرجاع المنتجات المستعملة.",
)


@pytest.mark.browser
@pytest.mark.parametrize("font", ["Noto Naskh Arabic", "Noto Sans Arabic", "DejaVu Sans"])
def test_persian_and_arabic_lines_come_out_in_logical_order(
    font: str, print_html: Callable[[str], bytes], settings: Settings
) -> None:
    body = "".join(f"<p>{line}</p>" for line in PERSIAN_LINES[1:])
    html = (
        f"<html lang=fa dir=rtl><meta charset=utf-8><body style=\"font:14pt '{font}'\">"
        f"<h1>{PERSIAN_LINES[0]}</h1>{body}"
    )
    document = extract(print_html(html), PDF, settings=settings)
    lines = [line for line in document.pages[0].text.split("\n") if line]
    assert lines[0] == f"# {PERSIAN_LINES[0]}"
    assert tuple(lines[1:]) == PERSIAN_LINES[1:]


@pytest.mark.timeout(60)
def test_a_hundred_pages_are_read(make_pdf: MakePdf, settings: Settings) -> None:
    line = "A line of the usual length, with words enough to fill the whole of it."
    data = make_pdf([[line] * 45] * 100)
    assert len(extract(data, PDF, settings=settings).pages) == 100
