from __future__ import annotations

import io
import zipfile
from typing import Any

import docx
import openpyxl
import pytest
from PIL import Image

from leanrag.errors import (
    EmptyFile,
    EncryptedFile,
    ExtractionFailed,
    FileTooLarge,
    UnsupportedFileType,
)
from leanrag.ingest.record_files import RECORDS_MEDIA_TYPE
from leanrag.ingest.validate import (
    CSV,
    DOCX,
    HTML,
    MARKDOWN,
    PDF,
    PLAIN_TEXT,
    SRT,
    TSV,
    VTT,
    XLSX,
    UploadType,
    identify,
    safe_filename,
)

LIMIT = 25 * 2**20
PROGRAM = b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0" + bytes(range(256)) * 8


def _identify(data: bytes, name: str = "file.bin") -> UploadType:
    return identify(data, name, max_bytes=LIMIT)


def test_a_pdf_is_told_by_its_bytes_whatever_its_name() -> None:
    assert _identify(b"%PDF-1.7\n...", "notes.txt") == PDF
    assert _identify(b"\r\n junk \r\n%PDF-1.4\n...", "a") == PDF


def test_a_pdf_marker_after_the_first_kilobyte_is_no_pdf() -> None:
    assert _identify(b" " * 1024 + b"%PDF-1.4") == PLAIN_TEXT


@pytest.mark.parametrize("name", ["readme.md", "README.MD", "notes.markdown"])
def test_markdown_is_told_from_text_by_its_extension(name: str) -> None:
    assert _identify(b"# Title\n\ntext", name) == MARKDOWN
    assert _identify(b"# Title\n\ntext", "notes.txt") == PLAIN_TEXT


@pytest.mark.parametrize(("name", "found"), [("a.csv", CSV), ("B.CSV", CSV), ("a.tsv", TSV)])
def test_csv_is_told_from_text_by_its_extension(name: str, found: UploadType) -> None:
    assert _identify(b"Item,Price\nPot,90\n", name) == found
    assert _identify(b"Item,Price\nPot,90\n", "csv") == PLAIN_TEXT
    assert _identify(b"%PDF-1.7\n...", name) == PDF
    assert _identify(b"<html><p>Text", name) == HTML


def test_a_document_in_csv_is_never_taken_for_a_list_of_records() -> None:
    assert RECORDS_MEDIA_TYPE not in (CSV.media_type, TSV.media_type)


def test_a_text_that_begins_like_a_bitmap_or_a_program_is_a_text() -> None:
    assert _identify(b"BMW and MZ are just letters in a text.") == PLAIN_TEXT
    assert _identify(b"MZ is a prefix of motorcycles.") == PLAIN_TEXT


def test_zero_bytes_are_an_empty_file() -> None:
    with pytest.raises(EmptyFile, match="0 bytes"):
        _identify(b"")


def test_26_megabytes_are_refused_with_both_sizes() -> None:
    with pytest.raises(FileTooLarge, match=r"26\.0 MB .* 25\.0 MB"):
        _identify(b"a" * (26 * 2**20))


@pytest.mark.parametrize("name", ["invoice.pdf", "invoice.txt", "invoice.md"])
def test_a_renamed_program_is_refused_by_name_of_its_kind(name: str) -> None:
    with pytest.raises(UnsupportedFileType, match="Windows program; LeanRAG reads PDF"):
        _identify(PROGRAM, name)


def test_a_program_with_a_pdf_marker_inside_is_still_a_program() -> None:
    with pytest.raises(UnsupportedFileType, match="Windows program"):
        _identify(PROGRAM[:100] + b"%PDF-1.7" + PROGRAM[100:], "a.pdf")


def test_images_archives_and_markup_are_refused_in_words() -> None:
    picture, archive = io.BytesIO(), io.BytesIO()
    Image.new("RGB", (4, 4)).save(picture, "PNG")
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("a.txt", "text")
    cases = {
        picture.getvalue(): "an image",
        archive.getvalue(): "ZIP archive",
        b"{\\rtf1\\ansi Hello}": "RTF",
        b"<?xml version='1.0'?><a/>": "XML",
    }
    for data, words in cases.items():
        with pytest.raises(UnsupportedFileType, match=words):
            _identify(data, "a.txt")


def _saved(document: Any) -> bytes:
    output = io.BytesIO()
    document.save(output)
    return output.getvalue()


@pytest.mark.parametrize("name", ["a.docx", "a.xlsx", "a.txt", "a.pdf", "a"])
def test_office_documents_are_told_by_their_parts_whatever_their_name(name: str) -> None:
    assert _identify(_saved(docx.Document()), name) == DOCX
    assert _identify(_saved(openpyxl.Workbook()), name) == XLSX


@pytest.mark.parametrize(
    "start",
    [
        "<!DOCTYPE html><html>",
        "\n <HTML lang=fa>",
        "<!-- saved --><!-- twice --><html>",
        '<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "x">',
        "\ufeff<html>",
    ],
)
def test_a_web_page_is_told_by_its_start(start: str) -> None:
    page = f"{start}<body><p>راهنما</p></body></html>"
    assert _identify(page.encode(), "a.txt") == HTML
    assert _identify(page.encode("utf-16"), "a.txt") == HTML


def test_tags_alone_are_a_web_page_only_under_its_name() -> None:
    assert _identify(b"<p>Text</p>", "part.html") == HTML
    assert _identify(b"<p align=center>Text</p>", "readme.md") == MARKDOWN
    assert _identify(b"1 < 2 and 3 > 2", "part.html") == PLAIN_TEXT


def test_subtitles_are_told_by_their_first_cue() -> None:
    srt = "1\n00:00:01,000 --> 00:00:02,000\nHello.\n"
    assert _identify(srt.encode(), "a.txt") == SRT
    assert _identify(srt.encode("utf-16"), "a.txt") == SRT
    assert _identify(srt.replace("\n", "\r\n").encode("utf-8-sig"), "a") == SRT
    assert _identify(b"WEBVTT - talk\n\n00:01.000 --> 00:02.000\nHi", "a.srt") == VTT
    assert _identify(b"WEBVTTX is a word.") == PLAIN_TEXT
    assert _identify(f"How SRT looks:\n\n{srt}".encode()) == PLAIN_TEXT


def test_an_office_document_with_a_password_or_macros_says_how_to_save_it() -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
    with pytest.raises(EncryptedFile, match="save it without one"):
        _identify(ole + "EncryptedPackage".encode("utf-16-le"), "a.docx")
    with pytest.raises(UnsupportedFileType, match=r"before 2007.*save it as \.docx or \.xlsx"):
        _identify(ole, "a.doc")


def test_a_broken_or_endless_archive_is_refused_before_it_is_listed() -> None:
    data = _saved(docx.Document())
    with pytest.raises(ExtractionFailed, match="damaged"):
        _identify(data[:-30], "a.docx")
    end = data.rfind(b"PK\x05\x06")
    endless = data[: end + 12] + (2**31).to_bytes(4, "little") + data[end + 16 :]
    with pytest.raises(ExtractionFailed, match="damaged"):
        _identify(endless, "a.docx")


def test_a_nul_byte_makes_a_text_binary_unless_it_is_utf_16_with_its_mark() -> None:
    with pytest.raises(UnsupportedFileType, match="binary"):
        _identify(b"some text\0more text")
    assert _identify("some text".encode("utf-16")) == PLAIN_TEXT
    with pytest.raises(UnsupportedFileType):
        _identify("some text".encode("utf-16-le"))


def test_persian_text_in_any_encoding_is_text() -> None:
    text = "فروشگاه از ساعت ده باز است؛ می‌توانید تماس بگیرید. " * 30
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        assert _identify(text.encode(encoding)) == PLAIN_TEXT
    assert _identify(text.replace("ی", "ي").encode("cp1256")) == PLAIN_TEXT


def test_noise_without_a_nul_byte_is_no_text() -> None:
    noise = bytes((i * 7919 + i * i * 31) % 255 + 1 for i in range(4096))
    with pytest.raises(UnsupportedFileType):
        _identify(noise)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\report.pdf", "report.pdf"),
        ("a\x00b\nc\u202efdp.exe", "abcfdp.exe"),
        ("", "file"),
        ("...", "file"),
        ("  راهنمای\u200cما.pdf ", "راهنمای\u200cما.pdf"),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
    ],
)
def test_file_names_are_shown_without_paths_controls_or_bidi_marks(name: str, safe: str) -> None:
    assert safe_filename(name) == safe
