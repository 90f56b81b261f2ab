from __future__ import annotations

import io
import zipfile

import pytest
from PIL import Image

from leanrag.errors import EmptyFile, FileTooLarge, UnsupportedFileType
from leanrag.ingest.validate import MARKDOWN, PDF, PLAIN_TEXT, UploadType, identify, safe_filename

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
        b"<!DOCTYPE html><html><body>Hi</body></html>": "web page",
        b"<?xml version='1.0'?><a/>": "XML",
    }
    for data, words in cases.items():
        with pytest.raises(UnsupportedFileType, match=words):
            _identify(data, "a.txt")


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
