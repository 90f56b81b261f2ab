from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from leanrag.bootstrap import Services

ErrorOf = Callable[[Any, int], dict[str, Any]]


def test_the_local_operator_is_its_tenant_by_id_by_slug_or_unnamed(
    client: TestClient, quoting_services: Services
) -> None:
    tenant_id = quoting_services.local_tenant_id
    slug = quoting_services.tenants.find(str(tenant_id)).slug
    for name in ("", str(tenant_id), str(tenant_id).upper(), slug):
        assert client.get("/v1/bots", headers={"X-Tenant-ID": name}).status_code == 200
    assert client.get("/v1/bots").status_code == 200


@pytest.mark.parametrize("name", ["other", str(uuid4()), "demo'--", "\xff", "null"])
def test_another_tenant_is_forbidden_whether_it_exists_or_not(
    client: TestClient, error_of: ErrorOf, name: str
) -> None:
    refused = client.get("/v1/files", headers={"X-Tenant-ID": name.encode("latin-1")})
    assert error_of(refused, 403)["code"] == "forbidden"


def test_an_existing_tenant_is_refused_with_the_same_words(
    client: TestClient, quoting_services: Services
) -> None:
    quoting_services.tenants.create("neighbour", "Neighbour")
    refused = [
        client.get("/v1/files", headers={"X-Tenant-ID": name}).json()
        for name in ("neighbour", "nobody-at-all")
    ]
    assert refused[0] == refused[1]


def test_another_tenant_s_document_is_not_found(
    client: TestClient, quoting_services: Services, error_of: ErrorOf
) -> None:
    from leanrag.ingest.pipeline import Upload

    other = quoting_services.tenants.create("stranger", "Stranger")
    upload = Upload(filename="secret.txt", data=b"A secret of the strangers.")
    document = quoting_services.ingest.accept(other.tenant_id, upload).source.source_id
    for path in (f"/v1/files/{document}", f"/v1/files/{document}/chunks"):
        error_of(client.get(path), 404)
    error_of(client.delete(f"/v1/files/{document}"), 404)
    assert quoting_services.sources.get(other.tenant_id, document)


def test_a_foreign_host_or_page_does_not_reach_the_api(
    client: TestClient, error_of: ErrorOf
) -> None:
    for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}):
        refused = client.post("/v1/ai/ask", json={"question": "Tea?"}, headers=headers)
        assert error_of(refused, 403)["code"] == "forbidden"
