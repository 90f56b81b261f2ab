from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from leanrag.api.docs import ASSETS

ENDPOINTS = {
    ("get", "/healthz"),
    ("get", "/readyz"),
    ("post", "/v1/files"),
    ("get", "/v1/files"),
    ("get", "/v1/files/{document_id}"),
    ("delete", "/v1/files/{document_id}"),
    ("get", "/v1/files/{document_id}/chunks"),
    ("post", "/v1/ai/ask"),
    ("post", "/v1/chat"),
    ("get", "/v1/usage"),
    ("get", "/v1/bots"),
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
