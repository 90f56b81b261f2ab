"""The audit log by HTTP."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

from starlette.testclient import TestClient


def test_what_was_done_is_listed_with_who_did_it(client: TestClient, upload: Callable) -> None:
    document_id = upload(b"Delivery takes three days.", "audited.txt").json()["document_id"]
    client.patch(f"/v1/files/{document_id}", json={"title": "Audited"})
    wanted = {"object_kind": "source", "object_id": document_id}
    found = client.get("/v1/audit", params=wanted).json()
    changed, created = found["events"][-2:]
    assert found["next_after"] is None
    assert (created["action"], created["after"]["filename"]) == ("created", "audited.txt")
    assert (changed["before"], changed["after"]) == ({"title": "audited"}, {"title": "Audited"})
    assert {event["actor_kind"] for event in (created, changed)} == {"local"}


def test_pages_follow_each_other(client: TestClient, upload: Callable) -> None:
    for number in range(3):
        upload(b"Delivery %d." % number, f"paged{number}.txt")
    first = client.get("/v1/audit", params={"limit": 2}).json()
    second = client.get("/v1/audit", params={"limit": 2, "after": first["next_after"]}).json()
    seen = [event["event_id"] for page in (first, second) for event in page["events"]]
    assert len(set(seen)) == 4


def test_a_wrong_filter_is_told(client: TestClient, error_of: Callable[..., Any]) -> None:
    for wrong in ({"after": "x"}, {"limit": 0}, {"since": "yesterday"}, {"words": "x" * 201}):
        error_of(client.get("/v1/audit", params=wrong), 422)


def test_the_export_is_a_csv_file(client: TestClient, upload: Callable) -> None:
    upload(b"Delivery again.", "exported.txt")
    sent = client.get("/v1/audit/export", params={"object_kind": "source", "words": "exported"})
    assert sent.headers["content-type"].startswith("text/csv")
    assert "attachment" in sent.headers["content-disposition"]
    assert sent.headers["x-complete"] == "true"
    rows = list(csv.DictReader(io.StringIO(sent.content.decode("utf-8-sig"))))
    assert {row["action"] for row in rows} >= {"created"}
    newest = client.get("/v1/audit", params={"limit": 1}).json()["events"][0]
    assert (newest["action"], newest["object_kind"]) == ("exported", "audit_log")
