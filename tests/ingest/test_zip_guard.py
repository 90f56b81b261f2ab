from __future__ import annotations

import io
import zipfile

import pytest

from leanrag.ingest.document_report import Refused
from leanrag.ingest.zip_guard import MAX_PARTS, check_archive


def archive(parts: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", method) as files:
        for name, content in parts.items():
            files.writestr(name, content)
    return output.getvalue()


def reason(data: bytes) -> str:
    with pytest.raises(Refused) as refused:
        check_archive(data)
    return refused.value.reason


def test_an_ordinary_archive_passes() -> None:
    check_archive(
        archive({"a.xml": b'<?xml version="1.0" encoding="utf-8"?><a/>', "b/c.png": b"\x89"})
    )
    check_archive(archive({"blank.xml": b" " * 900_000}))
    check_archive(archive({f"{n}": b"" for n in range(MAX_PARTS)}))


def test_one_part_too_many_is_refused() -> None:
    assert reason(archive({f"{n}": b"" for n in range(MAX_PARTS + 1)})) == "too_many_parts"


def test_a_part_that_packs_too_tightly_is_refused() -> None:
    assert reason(archive({"a": bytes(2 * 2**20)})) == "packed_too_tightly"


def test_more_than_100_megabytes_are_refused_however_they_are_packed() -> None:
    part = (b"".join(b"%d" % n for n in range(3000)) + b" " * 600_000) * 20
    assert reason(archive({f"{n}": part for n in range(9)})) == "unpacks_too_large"


@pytest.mark.parametrize(
    "xml",
    [
        b'<!DOCTYPE a [<!ENTITY b "c">]><a/>',
        b"<!-- " + b"x" * (2**20 - 9) + b" --><!DOCTYPE a><a/>",
        '<?xml version="1.0"?><!DOCTYPE a><a/>'.encode("utf-16"),
        b'<?xml version="1.0" encoding="UTF-7"?><a/>',
        b"\xef\xbb\xbf \n<!DOCTYPE a><a/>",
    ],
)
def test_declarations_are_refused_in_every_encoding_and_across_blocks(xml: bytes) -> None:
    assert reason(archive({"word/document.xml": xml}, zipfile.ZIP_STORED)) == "declares_entities"


@pytest.mark.parametrize("name", ["../a", "/a", "a/../../b", "c:/a", "a\\b"])
def test_names_that_lead_elsewhere_are_refused(name: str) -> None:
    assert reason(archive({name: b""})) == "odd_part_names"


def test_two_parts_of_one_name_are_refused() -> None:
    assert reason(archive({"word/a.xml": b"<a/>", "word/A.xml": b"<a/>"})) == "odd_part_names"


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_methods_that_no_office_document_uses_are_refused(method: int) -> None:
    assert reason(archive({"a": b"text"}, method)) == "damaged"


def test_a_damaged_archive_is_refused() -> None:
    data = archive({"a": b"text " * 100})
    assert reason(data[:-30]) == "damaged"
    assert reason(data[:40] + b"XXXX" + data[44:]) == "damaged"
