from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

Upload = Callable[..., Any]
Settled = Callable[[str], dict[str, Any]]
ErrorOf = Callable[[Any, int], dict[str, Any]]


def test_an_uploaded_pdf_is_accepted_read_and_cut_into_passages(
    client: TestClient, upload: Upload, settled: Settled, make_pdf: Callable[..., bytes]
) -> None:
    pdf = make_pdf("The largest kettle holds four litres.", "It costs 90 euros.")
    accepted = upload(pdf, "kettle.pdf", kind="product", is_citable="false")
    assert accepted.status_code == 202
    reply = accepted.json()
    assert set(reply) == {"document_id", "filename", "status", "job_id", "duplicate"}
    assert (reply["filename"], reply["duplicate"]) == ("kettle.pdf", False)

    found = settled(reply["document_id"])
    assert (found["status"], found["kind"], found["is_citable"]) == ("processed", "product", False)
    assert found["page_count"] == 1
    assert found["progress"] == 100

    page = client.get(f"/v1/files/{reply['document_id']}/chunks").json()
    assert "four litres" in page["chunks"][0]["text"]
    assert page["chunks"][0]["page"] == 1
    assert page["next_offset"] is None


def test_the_same_file_again_is_the_document_that_it_was(upload: Upload) -> None:
    data = b"The workshop opens at nine."
    first, second = upload(data, "hours.txt").json(), upload(data, "hours-again.txt").json()
    assert second["document_id"] == first["document_id"]
    assert (first["duplicate"], second["duplicate"]) == (False, True)


def test_files_and_passages_come_in_pages(
    client: TestClient, upload: Upload, settled: Settled
) -> None:
    parts = [f"# Part {n}\n\nPart {n} tells of copper, tin and silver.\n\n" for n in range(3)]
    document_id = upload("".join(parts).encode(), "parts.md").json()["document_id"]
    settled(document_id)
    first = client.get("/v1/files", params={"limit": 1}).json()
    assert len(first["files"]) == 1
    second = client.get("/v1/files", params={"limit": 1, "offset": first["next_offset"]}).json()
    assert second["files"][0]["document_id"] != first["files"][0]["document_id"]

    address = f"/v1/files/{document_id}/chunks"
    chunks = client.get(address).json()["chunks"]
    assert len(chunks) == 3
    last = client.get(address, params={"limit": 2, "offset": 2}).json()
    assert [chunk["position"] for chunk in last["chunks"]] == [chunks[2]["position"]]
    assert last["next_offset"] is None


def test_a_deleted_file_is_gone(
    client: TestClient, upload: Upload, settled: Settled, error_of: ErrorOf
) -> None:
    document_id = upload(b"To be forgotten soon.", "gone.txt").json()["document_id"]
    settled(document_id)
    assert client.delete(f"/v1/files/{document_id}").status_code == 204
    for request in (client.get, client.delete):
        assert error_of(request(f"/v1/files/{document_id}"), 404)["code"] == "not_found"
    error_of(client.get(f"/v1/files/{document_id}/chunks"), 404)


def test_windows_1256_text_is_read_as_persian(
    client: TestClient, upload: Upload, settled: Settled
) -> None:
    text = "ساعت کار فروشگاه از نه صبح تا هشت شب است. ارسال به همه شهرها دو روز طول مي‌کشد."
    document_id = upload(text.encode("cp1256", "ignore"), "saat.txt").json()["document_id"]
    assert settled(document_id)["status"] == "processed"
    chunks = client.get(f"/v1/files/{document_id}/chunks").json()["chunks"]
    assert "فروشگاه" in chunks[0]["text"]


@pytest.mark.parametrize(
    ("data", "name", "status", "code"),
    [
        (b"", "empty.txt", 422, "empty_file"),
        (b"", "empty.pdf", 422, "empty_file"),
        (b"MZ\x90\x00" + bytes(200), "report.pdf", 415, "unsupported_file_type"),
        (b"text with a NUL \x00 inside", "notes.txt", 415, "unsupported_file_type"),
        (b"\x89PNG\r\n\x1a\n" + bytes(64), "picture.txt", 415, "unsupported_file_type"),
    ],
)
def test_a_file_that_is_not_what_it_claims_is_refused(
    upload: Upload, data: bytes, name: str, status: int, code: str, error_of: ErrorOf
) -> None:
    assert error_of(upload(data, name), status)["code"] == code


@pytest.mark.parametrize(
    ("fixture", "words"), [("encrypted_pdf", "password"), ("scanned_pdf", "text")]
)
def test_a_pdf_without_readable_text_says_what_is_wrong_with_it(
    upload: Upload,
    settled: Settled,
    request: pytest.FixtureRequest,
    fixture: str,
    words: str,
    error_of: ErrorOf,
) -> None:
    sent = upload(request.getfixturevalue(fixture), f"{fixture}.pdf")
    if sent.status_code == 202:
        found = settled(sent.json()["document_id"])
        assert found["status"] == "failed"
        message = found["error"]
    else:
        message = error_of(sent, 422)["message"]
    assert words in message


def test_a_broken_pdf_fails_with_a_sentence(upload: Upload, settled: Settled) -> None:
    sent = upload(b"%PDF-1.4\n" + b"garbage " * 50, "broken.pdf")
    found = settled(sent.json()["document_id"])
    assert found["status"] == "failed"
    assert found["error"].endswith(".")


def test_a_file_over_the_limit_is_refused(upload: Upload, error_of: ErrorOf) -> None:
    error = error_of(upload(b"a" * (25 * 2**20 + 1), "large.txt"), 413)
    assert error["code"] == "file_too_large"
    assert error["details"]["max_bytes"] == 25 * 2**20


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"kind": "novel"}, "kind must be "),
        ({"is_citable": "perhaps"}, "is_citable must be true or false."),
        ({"bot_id": "a\0b"}, "bot_id holds a NUL character; remove it."),
    ],
)
def test_a_wrong_form_field_is_named(
    upload: Upload, form: dict[str, str], message: str, error_of: ErrorOf
) -> None:
    assert error_of(upload(b"Some text.", **form), 422)["message"].startswith(message)


def test_an_upload_without_a_file_or_with_two_is_refused(
    client: TestClient, error_of: ErrorOf
) -> None:
    missing = client.post("/v1/files", data={"kind": "document"})
    assert error_of(missing, 422)["message"] == "file is missing."
    two = [("file", ("a.txt", b"a")), ("file", ("b.txt", b"b"))]
    error_of(client.post("/v1/files", files=two), 400)
    text = client.post("/v1/files", data={"file": "not a file"})
    assert error_of(text, 422)["message"].startswith("file must be a file with its name")


def test_an_upload_for_an_unknown_bot_is_refused(upload: Upload, error_of: ErrorOf) -> None:
    assert error_of(upload(b"For nobody.", bot_id="nobody"), 404)["code"] == "not_found"


@pytest.mark.parametrize("path", [f"/v1/files/{uuid4()}", f"/v1/files/{uuid4()}/chunks"])
def test_an_unknown_document_is_not_found(client: TestClient, path: str, error_of: ErrorOf) -> None:
    assert error_of(client.get(path), 404)["code"] == "not_found"


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("/v1/files/seven", "document_id must be an id"),
        ("/v1/files?limit=0", "limit must be at least 1."),
        ("/v1/files?offset=99999999999999999999", "offset must be at most"),
        ("/v1/files?limit=many", "limit must be a whole number."),
    ],
)
def test_a_wrong_address_is_explained(
    client: TestClient, address: str, message: str, error_of: ErrorOf
) -> None:
    assert error_of(client.get(address), 422)["message"].startswith(message)
