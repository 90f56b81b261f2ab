from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

ANY_TEXT = st.text(st.characters(), max_size=40)  # lone surrogates and NUL included
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=5,
)
few = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def is_served_or_explained(response: Any) -> bool:
    return response.status_code == 200 or (
        400 <= response.status_code < 500 and set(response.json()) == {"error"}
    )


def post(client: TestClient, body: object) -> Any:
    content = json.dumps(body)  # escapes what UTF-8 cannot hold
    headers = {"Content-Type": "application/json"}
    return client.post("/v1/ai/ask", content=content, headers=headers)


@few
@given(question=ANY_TEXT)
@example("tea \u0000 pot")
@example("tea \ud800 pot")
@example("'; DROP TABLE sources; --")
def test_any_question_is_answered_or_refused_with_a_reason(
    client: TestClient, question: str
) -> None:
    assert is_served_or_explained(post(client, {"question": question}))


@few
@given(body=st.dictionaries(st.sampled_from(["question", "bot_id", "x"]), ANY_JSON) | ANY_JSON)
def test_any_json_is_answered_or_refused_with_a_reason(client: TestClient, body: object) -> None:
    assert is_served_or_explained(post(client, body))


@few
@given(name=ANY_TEXT, data=st.binary(max_size=200))
def test_any_file_is_taken_or_refused_with_a_reason(
    client: TestClient, name: str, data: bytes
) -> None:
    name = name.encode("utf-8", "replace").decode()
    sent = client.post("/v1/files", files={"file": (name, data)})
    if sent.status_code == 202:
        client.delete(f"/v1/files/{sent.json()['document_id']}")
    else:
        assert is_served_or_explained(sent)


@pytest.mark.parametrize(
    "path", ["/v1/bots/{}/search?q=tea", "/v1/bots/shop-assistant/search?q={}"]
)
@pytest.mark.parametrize("text", ["%00", "%ED%A0%80", "%FF", "%F0%9F", "..", "%2e%2e%2f", "'"])
def test_any_address_is_served_or_refused_with_a_reason(
    client: TestClient, path: str, text: str
) -> None:
    assert is_served_or_explained(client.get(path.format(text)))
