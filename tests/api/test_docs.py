from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from leanrag.api.docs import ASSETS

ENDPOINTS = {
    ("get", "/healthz"),
    ("get", "/readyz"),
    ("post", "/v1/auth/request-code"),
    ("post", "/v1/auth/verify-code"),
    ("post", "/v1/auth/claim"),
    ("post", "/v1/auth/sign-out"),
    ("get", "/v1/auth/me"),
    ("get", "/v1/auth/sessions"),
    ("delete", "/v1/auth/sessions"),
    ("delete", "/v1/auth/sessions/{sign_in_id}"),
    ("get", "/v1/members"),
    ("post", "/v1/members"),
    ("patch", "/v1/members/{person_id}"),
    ("delete", "/v1/members/{person_id}"),
    ("get", "/v1/keys"),
    ("post", "/v1/keys"),
    ("delete", "/v1/keys/{key_id}"),
    ("get", "/v1/audit"),
    ("get", "/v1/audit/export"),
    ("post", "/v1/files"),
    ("get", "/v1/files"),
    ("get", "/v1/files/{document_id}"),
    ("delete", "/v1/files/{document_id}"),
    ("get", "/v1/files/{document_id}/chunks"),
    ("patch", "/v1/files/{document_id}"),
    ("put", "/v1/files/{document_id}/file"),
    ("post", "/v1/files/{document_id}/process"),
    ("post", "/v1/files/{document_id}/cancel"),
    ("patch", "/v1/chunks/{chunk_id}"),
    ("get", "/v1/edits/reviews"),
    ("post", "/v1/edits/{edit_id}/settle"),
    ("post", "/v1/edits/{edit_id}/revert"),
    ("post", "/v1/sources/website"),
    ("post", "/v1/sources/faq"),
    ("post", "/v1/sources/products"),
    ("post", "/v1/sources/manual"),
    ("get", "/v1/sources/{source_id}/pages"),
    ("get", "/v1/suggestions"),
    ("post", "/v1/suggestions/approve"),
    ("post", "/v1/suggestions/reject"),
    ("post", "/v1/suggestions/{pair_id}/approve"),
    ("post", "/v1/ai/ask"),
    ("post", "/v1/chat"),
    ("get", "/v1/usage"),
    ("get", "/v1/bots"),
    ("post", "/v1/bots"),
    ("get", "/v1/bots/{bot_id}"),
    ("patch", "/v1/bots/{bot_id}"),
    ("delete", "/v1/bots/{bot_id}"),
    ("get", "/v1/bots/{bot_id}/search"),
    ("get", "/v1/bots/{bot_id}/versions"),
    ("get", "/v1/bots/{bot_id}/draft"),
    ("put", "/v1/bots/{bot_id}/draft"),
    ("delete", "/v1/bots/{bot_id}/draft"),
    ("post", "/v1/bots/{bot_id}/publish"),
    ("post", "/v1/bots/{bot_id}/rollback"),
}


def test_the_openapi_document_names_every_endpoint(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.")
    assert document["servers"] == [{"url": "/api"}]
    paths = document["paths"]
    assert {(method, path) for path in paths for method in paths[path]} == ENDPOINTS


def test_the_openapi_document_is_whole(client: TestClient) -> None:
    sent = client.get("/openapi.json")
    schemas = sent.json()["components"]["schemas"]
    references = set(re.findall(r'"#/components/schemas/(\w+)"', sent.text))
    assert references <= set(schemas)
    operations = [o for path in sent.json()["paths"].values() for o in path.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    for operation in operations:
        assert operation["summary"]
        assert operation["description"]
    for schema in schemas.values():
        assert "HTTPValidationError" not in str(schema)


@pytest.mark.parametrize("name", ["AskRequest", "ChatRequest"])
def test_the_example_of_a_question_can_be_sent_as_it_is(client: TestClient, name: str) -> None:
    schema = client.get("/openapi.json").json()["components"]["schemas"][name]
    (example,) = schema["examples"]
    path = "/v1/ai/ask" if name == "AskRequest" else "/v1/chat"
    assert client.post(path, json=example).status_code == 200


def test_a_stream_is_documented_as_one(client: TestClient) -> None:
    chat = client.get("/openapi.json").json()["paths"]["/v1/chat"]["post"]
    assert list(chat["responses"]["200"]["content"]) == ["text/event-stream"]


def test_the_docs_page_and_its_files_are_our_own(client: TestClient) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    assert "http" not in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "http" not in policy
    for name in re.findall(r'(?:src|href)="docs/assets/([^"]+)"', page.text):
        assert client.get(f"/docs/assets/{name}").status_code == 200


@pytest.mark.parametrize(("name", "media_type"), list(ASSETS.items()))
def test_every_asset_is_served_with_its_type(
    client: TestClient, name: str, media_type: str
) -> None:
    asset = client.get(f"/docs/assets/{name}")
    assert asset.headers["content-type"].startswith(media_type)
    assert len(asset.content) > 50


@pytest.mark.parametrize("name", ["..%2F..%2Fpyproject.toml", "%2e%2e", "other.js", "start.js/"])
def test_no_other_file_is_served(client: TestClient, name: str) -> None:
    assert client.get(f"/docs/assets/{name}").status_code == 404
