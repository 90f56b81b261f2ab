from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from leanrag.api.app import create_api
from leanrag.bootstrap import Services, start_services
from leanrag.settings import Settings
from tests.provider_server import ProviderServer, Reply

ErrorOf = Callable[[Any, int], dict[str, Any]]
QUESTION = "How many litres does the Isfahan samovar hold?"
METADATA = {
    "intent",
    "confidence",
    "language",
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "model_used",
    "cost_usd",
    "saved_tokens",
    "outcome",
    "usage_reported",
    "first_token_ms",
    "prompt_version",
}


@pytest.fixture(scope="module", autouse=True)
def samovar(client: TestClient, make_pdf: Callable[..., bytes], settled: Any) -> None:
    """Have the samovar's document read before anything is asked."""
    pdf = make_pdf("The Isfahan samovar holds four litres.", "It costs 310 euros.")
    sent = client.post("/v1/files", files={"file": ("samovar.pdf", pdf)}).json()
    assert settled(sent["document_id"])["status"] == "processed"


def ask(client: TestClient, question: str, **more: object) -> Any:
    return client.post("/v1/ai/ask", json={"question": question, **more})


def test_a_question_is_answered_with_citations_and_cost(client: TestClient) -> None:
    sent = ask(client, QUESTION)
    assert sent.status_code == 200, sent.text
    reply = sent.json()
    assert reply["success"] is True
    assert "four litres" in reply["response"]
    assert reply["response_time_ms"] > 0
    assert set(reply["metadata"]) == METADATA
    assert 0 < reply["metadata"]["prompt_tokens"] <= 1500
    assert reply["metadata"]["total_tokens"] >= reply["metadata"]["prompt_tokens"]
    assert reply["metadata"]["model_used"] == "extractive"
    assert reply["citations"][0]["number"] == 1
    assert "litres" in reply["citations"][0]["quote"]


def test_a_conversation_goes_on_under_its_id(client: TestClient) -> None:
    first = ask(client, QUESTION).json()
    second = ask(client, "What does it cost?", conversation_id=first["conversation_id"]).json()
    assert second["conversation_id"] == first["conversation_id"]
    assert second["message_id"] != first["message_id"]


def test_a_bot_is_named_by_slug_or_id(client: TestClient) -> None:
    bot = client.get("/v1/bots").json()["bots"][0]
    for name in (bot["slug"], bot["bot_id"]):
        assert ask(client, QUESTION, bot_id=name).status_code == 200


@pytest.mark.parametrize("question", ["", "   ", "\n\t", "🙂🙂🙂", "?!…"])
def test_a_question_without_words_is_refused(
    client: TestClient, error_of: ErrorOf, question: str
) -> None:
    for path in ("/v1/ai/ask", "/v1/chat"):
        refused = client.post(path, json={"question": question})
        assert error_of(refused, 422)["code"] == "empty_question"


def test_a_question_of_20_000_characters_is_refused(client: TestClient, error_of: ErrorOf) -> None:
    for path in ("/v1/ai/ask", "/v1/chat"):
        refused = client.post(path, json={"question": "pot " * 5000})
        assert error_of(refused, 422)["code"] == "question_too_long"


def test_an_unknown_bot_or_conversation_is_not_found(client: TestClient, error_of: ErrorOf) -> None:
    for path in ("/v1/ai/ask", "/v1/chat"):
        for wrong in ({"bot_id": "nobody"}, {"conversation_id": str(uuid4())}):
            refused = client.post(path, json={"question": QUESTION, **wrong})
            assert error_of(refused, 404)["code"] == "not_found"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (rb'{"question": "a\u0000b"}', "question holds a NUL character; remove it."),
        (rb'{"question": "a\ud800"}', "question holds half of a character; send valid Unicode."),
        (rb'{"question": "a", "bot_id": "\u0000"}', "bot_id holds a NUL character; remove it."),
        (rb'{"question": "a", "conversation_id": "x"}', "conversation_id must be an id such as"),
        (rb'{"question": ["a"]}', "question must be text."),
        (rb'{"\ud800": 1, "question": "a"}', "The body must be a JSON object"),
        (rb"{}", "question is missing."),
        (rb"[]", "The body must be a JSON object"),
        (rb"{", "The body is not valid JSON."),
        (rb"", "The request needs a body"),
    ],
)
def test_a_wrong_body_is_explained(
    client: TestClient, error_of: ErrorOf, body: bytes, message: str
) -> None:
    headers = {"Content-Type": "application/json"}
    for path in ("/v1/ai/ask", "/v1/chat"):
        refused = client.post(path, content=body, headers=headers)
        assert error_of(refused, 422)["message"].startswith(message)


@pytest.mark.parametrize(
    "body", [b'{"question": "\xff"}', b"[" * 60_000, b'{"question": ' + b"9" * 5000 + b"}"]
)
def test_a_body_that_cannot_be_parsed_is_refused(
    client: TestClient, error_of: ErrorOf, body: bytes
) -> None:
    headers = {"Content-Type": "application/json"}
    refused = client.post("/v1/ai/ask", content=body, headers=headers)
    assert error_of(refused, 400)["code"] == "bad_request"


def test_a_form_is_no_json(client: TestClient, error_of: ErrorOf) -> None:
    """A page of another site can send a form without asking first, but no JSON."""
    for headers in ({}, {"Content-Type": "text/plain"}):
        refused = client.post("/v1/ai/ask", content=b'{"question": "a"}', headers=headers)
        error_of(refused, 422)
    error_of(client.post("/v1/ai/ask", data={"question": "a"}), 422)


def test_too_many_questions_are_told_when_to_come_again(
    quoting_services: Services, api_home: Path, error_of: ErrorOf
) -> None:
    settings = Settings(_env_file=None, home=api_home, questions_per_minute=1)  # type: ignore[call-arg]
    services = start_services(settings, worker=False)
    try:
        with TestClient(create_api(lambda: services)) as limited:
            assert ask(limited, QUESTION).status_code == 200
            for path in ("/v1/ai/ask", "/v1/chat"):
                refused = limited.post(path, json={"question": QUESTION})
                details = error_of(refused, 429)["details"]
                assert (details["limit"], details["used"], details["remaining"]) == (1, 1, 0)
                assert 0 < details["reset"] <= 60
                assert refused.headers["retry-after"] == str(details["reset"])
    finally:
        services.close()


def test_the_model_writes_when_there_is_one(generating: TestClient) -> None:
    reply = ask(generating, QUESTION).json()
    assert reply["metadata"]["model_used"] == "gpt-4o-mini"
    assert reply["metadata"]["usage_reported"] is True
    assert reply["metadata"]["cost_usd"] > 0
    assert reply["metadata"]["first_token_ms"] > 0


@pytest.mark.parametrize(
    ("reply", "status", "code"),
    [
        (Reply(status=401, error_code="invalid_api_key"), 502, "provider_unauthorized"),
        (Reply(status=429), 503, "provider_rate_limited"),
        (Reply(status=500), 503, "provider_unavailable"),
        (Reply(silence_before=30.0), 504, "provider_timeout"),
    ],
)
def test_a_provider_s_failure_has_its_own_status(
    generating: TestClient,
    provider: ProviderServer,
    error_of: ErrorOf,
    reply: Reply,
    status: int,
    code: str,
) -> None:
    provider.script(reply)
    error = error_of(ask(generating, QUESTION), status)
    assert error["code"] == code
    assert error["details"]["kept_text"] == ""
    assert error["details"]["conversation_id"]


def test_a_broken_answer_s_text_is_in_the_details(
    generating: TestClient, provider: ProviderServer, error_of: ErrorOf
) -> None:
    provider.script(Reply(text="The samovar holds four litres of tea.", drop_after_pieces=4))
    error = error_of(ask(generating, QUESTION), 503)
    assert error["details"]["kept_text"].startswith("The samovar")
    assert error["details"]["message_id"]
