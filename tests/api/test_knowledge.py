"""Sources and passages changed over HTTP: at once, never unseen, and each refusal a sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from db.models import Source
from leanrag.bootstrap import Services

Upload = Callable[..., Any]
Settled = Callable[[str], dict[str, Any]]
ErrorOf = Callable[[Any, int], dict[str, Any]]
FACTS = (
    "The copper lamp of the lighthouse is cleaned on every second Tuesday before dawn.",
    "Visitors of the lighthouse pay four crowns at the gate and nothing at all on Sundays.",
)


def write(*facts: str) -> bytes:
    return "\n\n".join(f"# Part {fact[:9]}\n\n{fact}" for fact in facts).encode()


@pytest.fixture
def document(client: TestClient, upload: Upload, settled: Settled) -> Any:
    made = upload(write(*FACTS, f"Written as {uuid4().hex}."), "lighthouse.md").json()
    settled(made["document_id"])
    yield f"/v1/files/{made['document_id']}"
    client.delete(f"/v1/files/{made['document_id']}")


def chunks(client: TestClient, document: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"{document}/chunks").json()["chunks"]
    return found


def change(client: TestClient, chunk: dict[str, Any], **wanted: Any) -> Any:
    body = {"version": chunk["version"], **wanted}
    return client.patch(f"/v1/chunks/{chunk['chunk_id']}", json=body)


def renew(client: TestClient, settled: Settled, document: str, *facts: str) -> None:
    file = {"file": ("lighthouse.md", write(*facts, uuid4().hex))}
    accepted = client.put(f"{document}/file", files=file)
    assert accepted.status_code == 202, accepted.text
    assert accepted.json()["status"] == "pending"
    assert settled(document.rpartition("/")[2])["error"] is None


def test_a_file_is_changed_and_its_passages_inherit(client: TestClient, document: str) -> None:
    body = {"title": "Lights", "tags": ["coast"], "kind": "manual", "is_citable": False}
    changed = client.patch(document, json=body)
    assert changed.status_code == 200
    found = client.get(document).json()
    assert changed.json() == found
    assert {name: found[name] for name in body} == body
    assert (found["enabled"], found["form"]) == (True, "file")
    assert not any(chunk["is_citable"] for chunk in chunks(client, document))
    assert client.patch(document, json={}).json() == found


def test_a_passage_is_changed_by_the_version_that_was_read(
    client: TestClient, document: str, error_of: ErrorOf
) -> None:
    seen = chunks(client, document)[0]
    changed = change(client, seen, text="The lamp is cleaned on Mondays.", is_citable=False)
    assert changed.status_code == 200
    now = chunks(client, document)[0]
    assert changed.json() == now
    assert (now["text"], now["is_citable"]) == ("The lamp is cleaned on Mondays.", False)
    error = error_of(change(client, seen, enabled=False), 409)
    assert "meanwhile" in error["message"]
    undone = client.post(f"/v1/edits/{now['edit_id']}/revert")
    assert undone.json()["chunk"] == seen
    error_of(client.post(f"/v1/edits/{now['edit_id']}/revert"), 404)


def test_an_edit_is_reviewed_and_settled_after_a_newer_version(
    client: TestClient, document: str, settled: Settled, error_of: ErrorOf
) -> None:
    mine = "The copper lamp of the lighthouse is cleaned by Ada."
    change(client, chunks(client, document)[0], text=mine)
    change(client, chunks(client, document)[1], enabled=False)
    newer = FACTS[0].replace("Tuesday", "Thursday")
    renew(client, settled, document, newer)
    assert chunks(client, document)[0]["text"] == mine
    where = {"document_id": document.rpartition("/")[2]}
    page = client.get("/v1/edits/reviews", params={**where, "limit": 1}).json()
    assert (page["count"], page["next_offset"]) == (2, 1)
    (review,) = page["reviews"]
    texts = [review[name] for name in ("original_text", "edited_text", "newer_text")]
    assert texts == [FACTS[0], mine, newer]
    address = f"/v1/edits/{review['edit_id']}/settle"
    error_of(client.post(address, json={"decision": "keep", "version": "0"}), 409)
    error_of(client.post(address, json={"decision": "drop", "version": review["version"]}), 422)
    kept = client.post(address, json={"decision": "keep", "version": review["version"]})
    assert kept.json()["chunk"]["text"] == mine
    (gone,) = client.get("/v1/edits/reviews", params=where).json()["reviews"]
    assert gone["state"] == "gone"
    body = {"decision": "drop", "version": gone["version"]}
    assert client.post(f"/v1/edits/{gone['edit_id']}/settle", json=body).json() == {"chunk": None}
    assert client.get("/v1/edits/reviews", params=where).json()["count"] == 0


def test_a_file_is_processed_again_to_another_size(
    client: TestClient, document: str, settled: Settled, error_of: ErrorOf
) -> None:
    again = client.post(f"{document}/process", json={"chunk_tokens": 64})
    assert again.status_code == 202
    assert again.json()["document_id"] in document
    assert settled(document.rpartition("/")[2])["status"] == "processed"
    assert client.post(f"{document}/process").status_code == 202
    settled(document.rpartition("/")[2])
    error = error_of(client.post(f"{document}/process", json={"chunk_tokens": 5}), 422)
    assert "32 to 2000" in error["message"]


def test_what_waits_is_stopped_and_what_is_done_is_not(
    client: TestClient, document: str, quoting_services: Services, error_of: ErrorOf
) -> None:
    assert "nothing to stop" in error_of(client.post(f"{document}/cancel"), 409)["message"]
    tenant_id = quoting_services.local_tenant_id
    with quoting_services.database.tenant(tenant_id) as session:  # as when no worker is there
        own = Source.source_id == UUID(document.rpartition("/")[2])
        session.execute(update(Source).where(own).values(status="pending"))
    stopped = client.post(f"{document}/cancel")
    assert (stopped.status_code, stopped.json()["status"]) == (200, "cancelled")
    assert len(chunks(client, document)) == 3  # its passages stay


def test_a_newer_version_as_large_as_any_file_is_taken(
    client: TestClient, document: str, settled: Settled, error_of: ErrorOf
) -> None:
    renew(client, settled, document, FACTS[1], "More of the lighthouse. " * 5_000)
    too_large = {"file": ("large.txt", b"a" * (25 * 2**20 + 1))}
    assert error_of(client.put(f"{document}/file", files=too_large), 413)["code"] == (
        "file_too_large"
    )


@pytest.mark.parametrize(
    ("method", "address", "body"),
    [
        ("PATCH", f"/v1/files/{uuid4()}", {"enabled": False}),
        ("POST", f"/v1/files/{uuid4()}/process", {}),
        ("POST", f"/v1/files/{uuid4()}/cancel", None),
        ("PATCH", f"/v1/chunks/{uuid4()}", {"version": "0", "enabled": False}),
        ("POST", f"/v1/edits/{uuid4()}/settle", {"version": "0", "decision": "keep"}),
        ("POST", f"/v1/edits/{uuid4()}/revert", None),
    ],
)
def test_what_is_not_there_is_not_found(
    client: TestClient, method: str, address: str, body: Any, error_of: ErrorOf
) -> None:
    assert error_of(client.request(method, address, json=body), 404)["code"] == "not_found"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"kind": "novel"}, "kind must be "),
        ({"title": "a\0b"}, "title holds a NUL character"),
        ({"title": ""}, "A title has 1 to 200 letters"),
        ({"tags": "coast"}, "tags"),
        ({"colour": "red"}, "colour is not a field"),
        ({"enabled": "perhaps"}, "enabled must be true or false."),
    ],
)
def test_a_wrong_change_of_a_file_is_explained(
    client: TestClient, document: str, body: Any, message: str, error_of: ErrorOf
) -> None:
    assert error_of(client.patch(document, json=body), 422)["message"].startswith(message)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"version": "0", "text": ""}, "cannot be empty"),
        ({"version": "0", "text": "a" * 20_001}, "20,000"),
        ({"version": "0", "text": "a\ud800b"}, "half of a character"),
        ({"text": "Something."}, "version is missing"),
    ],
)
def test_wrong_words_for_a_passage_are_explained(
    client: TestClient, document: str, body: Any, message: str, error_of: ErrorOf
) -> None:
    chunk_id = chunks(client, document)[0]["chunk_id"]
    content = json.dumps(body)  # escapes what UTF-8 cannot hold
    headers = {"Content-Type": "application/json"}
    sent = client.patch(f"/v1/chunks/{chunk_id}", content=content, headers=headers)
    assert message in error_of(sent, 422)["message"]
