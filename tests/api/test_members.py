"""Members and keys over HTTP, and the tenants that a caller may name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from starlette.testclient import TestClient

from db.models import AuditEvent
from tests.signed_in_api import ADA, BEN, Visitor

ErrorOf = Callable[[Any, int], dict[str, Any]]


def test_members_come_change_and_go(visitor: Visitor, error_of: ErrorOf) -> None:
    ada = visitor.bearer(ADA)
    new = {"email": BEN, "role": "operator", "name": "Ben"}
    made = visitor.client.post("/v1/members", json=new, headers=ada)
    assert made.status_code == 201
    path = f"/v1/members/{made.json()['person_id']}"
    error_of(visitor.client.post("/v1/members", json=new, headers=ada), 409)
    ben = visitor.bearer(BEN)
    assert visitor.client.get("/v1/files", headers=ben).status_code == 200
    error_of(visitor.client.get("/v1/members", headers=ben), 403)
    error_of(
        visitor.client.post("/v1/sources/faq", json={"title": "T", "pairs": []}, headers=ben), 403
    )
    error_of(visitor.client.patch(path, json={"role": "owner"}, headers=ben), 403)
    changed = visitor.client.patch(path, json={"role": "admin"}, headers=ada).json()
    assert changed["role"] == "admin"
    listed = visitor.client.get("/v1/members", headers=ben).json()["members"]
    assert [member["role"] for member in listed] == ["owner", "admin"]
    owner = f"/v1/members/{listed[0]['person_id']}"
    error_of(visitor.client.delete(owner, headers=ben), 403)
    error_of(visitor.client.delete(owner, headers=ada), 409)
    assert visitor.client.delete(path, headers=ben).status_code == 204
    error_of(visitor.client.get("/v1/files", headers=ben), 401)


def test_a_key_is_shown_once_and_ends_when_it_is_revoked(
    visitor: Visitor, error_of: ErrorOf
) -> None:
    ada = visitor.bearer(ADA)
    body = {"name": "Website", "scopes": ["knowledge.read"]}
    made = visitor.client.post("/v1/keys", json=body, headers=ada)
    assert made.status_code == 201
    text, key_id = made.json()["key"], made.json()["key_id"]
    key = {"Authorization": f"Bearer {text}"}
    assert text not in visitor.client.get("/v1/keys", headers=ada).text
    assert visitor.client.get("/v1/files", headers=key).status_code == 200
    error_of(visitor.client.get("/v1/usage", headers=key), 403)
    error_of(visitor.client.get("/v1/keys", headers=key), 403)
    error_of(visitor.client.get("/v1/auth/sessions", headers=key), 403)
    error_of(visitor.client.get("/v1/files", headers={**key, "X-Tenant-ID": "another"}), 403)
    assert visitor.client.delete(f"/v1/keys/{key_id}", headers=ada).status_code == 204
    error_of(visitor.client.get("/v1/files", headers=key), 401)


def test_a_person_of_two_tenants_names_the_one(visitor: Visitor, error_of: ErrorOf) -> None:
    other = visitor.services.tenants.create("bakery", "Bakery")
    visitor.services.tenants.create("brewery", "Brewery")
    visitor.services.access.members.ensure_owner(other.tenant_id, ADA)
    ada = visitor.bearer(ADA)
    for name in ("demo", "bakery", str(other.tenant_id)):
        reply = visitor.client.get("/v1/auth/me", headers={**ada, "X-Tenant-ID": name})
        assert reply.status_code == 200
    refused = [
        visitor.client.get("/v1/files", headers={**ada, "X-Tenant-ID": name})
        for name in ("brewery", "nothing-there")
    ]
    assert error_of(refused[0], 403) == error_of(refused[1], 403)


def test_a_key_made_in_local_mode_is_weaker_than_the_operator(
    client: TestClient, error_of: ErrorOf
) -> None:
    made = client.post("/v1/keys", json={"name": "k", "scopes": ["ask"]}).json()
    key = {"Authorization": f"Bearer {made['key']}"}
    error_of(client.get("/v1/files", headers=key), 403)
    client.delete(f"/v1/keys/{made['key_id']}")
    error_of(client.get("/v1/files", headers=key), 401)


def test_what_a_caller_does_is_in_the_audit_log_under_its_name(visitor: Visitor) -> None:
    ada = {**visitor.bearer(ADA), "X-Tenant-ID": "demo"}
    made = visitor.client.post("/v1/keys", json={"name": "Audited", "scopes": ["ask"]}, headers=ada)
    with visitor.services.database.tenant(visitor.services.local_tenant_id) as session:
        query = select(AuditEvent).where(AuditEvent.object_id == made.json()["key_id"])
        event = session.scalars(query).one()
        assert (event.actor_kind, event.actor_name, event.ip) == ("person", ADA, "testclient")
        assert "hash" not in str(event.after)
