from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from leanrag.answer import Answerer
from leanrag.api.app import create_api
from leanrag.api.limits import ApiLimits
from leanrag.bootstrap import Services
from leanrag.types import Route, SourceShare, TurnEvent, TurnStarted
from tests.provider_server import ProviderServer, Reply

Events = list[tuple[str, dict[str, Any]]]
QUESTION = {"question": "How is copper cleaned?"}
LONG = Reply(text="word " * 400, piece_delay=0.01)


def read_events(lines: Iterator[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the events of a stream; a comment as the event `:`."""
    name = ""
    for line in lines:
        if line.startswith(":"):
            yield ":", {}
        elif line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def stream_all(live: httpx.Client, body: dict[str, Any]) -> tuple[httpx.Response, Events]:
    headers = {"Accept-Encoding": "gzip"}
    with live.stream("POST", "/v1/chat", json=body, headers=headers) as response:
        return response, list(read_events(response.iter_lines()))


def test_an_answer_is_streamed_from_start_to_end(
    live: httpx.Client, provider: ProviderServer
) -> None:
    provider.script(Reply(text="Use lemon and salt [1]. Rinse it well."))
    _, events = stream_all(live, QUESTION)
    names = [name for name, _ in events if name != ":"]
    assert names[0] == "start"
    assert names[-1] == "end"
    assert names.count("delta") >= 1
    assert "citation" in names

    start, end = events[0][1], events[-1][1]
    assert start["route"]["language"] == "en"
    assert start["conversation_id"] == end["conversation_id"]
    assert "".join(data["text"] for name, data in events if name == "delta") == end["response"]
    assert end["metadata"]["outcome"] == "complete"
    assert end["citations"]


def test_a_stream_is_neither_cached_nor_buffered_nor_compressed(live: httpx.Client) -> None:
    response, _ = stream_all(live, QUESTION)
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["x-accel-buffering"] == "no"
    assert "content-encoding" not in response.headers


def test_a_silent_model_is_bridged_by_comments(
    live: httpx.Client, provider: ProviderServer
) -> None:
    provider.script(Reply(text="One two three four.", silence_after_pieces=(2, 0.5)))
    _, events = stream_all(live, QUESTION)
    assert [name for name, _ in events].count(":") >= 2
    assert events[-1][0] == "end"


def test_a_broken_stream_ends_with_an_error_and_what_was_kept(
    live: httpx.Client, provider: ProviderServer
) -> None:
    provider.script(Reply(text="The first words and never the last.", drop_after_pieces=3))
    _, events = stream_all(live, QUESTION)
    name, data = events[-1]
    assert name == "error"
    assert data["code"] == "provider_unavailable"
    assert data["kept_text"].startswith("The first")


def test_a_client_that_leaves_stops_the_answer_and_keeps_its_text(
    live: httpx.Client, provider: ProviderServer, generating_services: Services
) -> None:
    provider.script(LONG)
    with live.stream("POST", "/v1/chat", json=QUESTION) as response:
        events = read_events(response.iter_lines())
        _, start = next(events)
        while next(events)[0] != "delta":
            pass
    services, tenant_id = generating_services, generating_services.local_tenant_id
    end = time.monotonic() + 5
    while time.monotonic() < end:
        answer = next(
            message
            for message in services.conversations.messages(tenant_id, start["conversation_id"])
            if str(message.message_id) == start["message_id"]
        )
        if answer.status == "stopped":
            break
        time.sleep(0.05)
    assert answer.status == "stopped"
    assert 0 < len(answer.text) < len(LONG.text or "")


def test_a_client_that_leaves_a_whole_answer_stops_the_model(
    live: httpx.Client, provider: ProviderServer
) -> None:
    provider.script(LONG)
    before = provider.hang_ups
    with pytest.raises(httpx.ReadTimeout):
        live.post("/v1/ai/ask", json=QUESTION, timeout=0.5)
    end = time.monotonic() + 2
    while provider.hang_ups == before and time.monotonic() < end:
        time.sleep(0.02)
    assert provider.hang_ups > before


def test_streams_over_the_limit_are_refused_and_other_calls_go_on(
    serve: Callable[[FastAPI], httpx.Client],
    provider: ProviderServer,
    generating_services: Services,
) -> None:
    limits = ApiLimits(streams=1, threads=1)
    busy = serve(create_api(lambda: generating_services, limits=limits))
    provider.script(LONG)
    with busy.stream("POST", "/v1/chat", json=QUESTION) as response:
        lines = response.iter_lines()  # kept: the connection ends with it
        next(lines)
        refused = busy.post("/v1/chat", json=QUESTION)
        assert refused.status_code == 429
        assert refused.headers["retry-after"] == "1"
        details = refused.json()["error"]["details"]
        assert details == {"limit": 1, "used": 1, "remaining": 0, "reset": 1}
        assert busy.get("/v1/bots").status_code == 200
    end = time.monotonic() + 2
    while time.monotonic() < end:
        again = busy.post("/v1/chat", json=QUESTION)
        if again.status_code == 200:
            break
        time.sleep(0.05)
    assert again.status_code == 200


def test_a_defect_in_mid_answer_is_told_by_the_stream_and_known_to_the_log(
    caplog: pytest.LogCaptureFixture, generating_services: Services
) -> None:
    route = Route("en", "general", 0.5, (), SourceShare((), 0), SourceShare((), 0))

    def answer(*_: object, **__: object) -> Iterator[TurnEvent]:
        yield TurnStarted(uuid4(), uuid4(), route)
        raise ZeroDivisionError("a secret of ours")

    services = dataclasses.replace(
        generating_services, answerer=cast(Answerer, SimpleNamespace(answer=answer))
    )
    with TestClient(create_api(lambda: services)) as client:
        response = client.post("/v1/chat", json=QUESTION)
    name, data = list(read_events(iter(response.text.splitlines())))[-1]
    assert (name, data["code"]) == ("error", "internal_error")
    assert "secret" not in response.text
    assert data["details"]["error_id"] in caplog.text
