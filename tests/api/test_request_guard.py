from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from leanrag.api.app import create_api
from leanrag.bootstrap import Services
from leanrag.errors import DatabaseUnavailable

ErrorOf = Callable[[Any, int], dict[str, Any]]
MEGABYTE = 2**20


def test_a_declared_body_of_26_megabytes_is_refused_unread(
    client: TestClient, error_of: ErrorOf
) -> None:
    sent = client.post("/v1/files", content=b"a" * (26 * MEGABYTE + 1))
    error = error_of(sent, 413)
    assert error["code"] == "content_too_large"
    assert error["details"] == {"max_bytes": 26 * MEGABYTE}


def test_an_endless_upload_is_refused_while_it_comes_in(
    live: httpx.Client, error_of: ErrorOf
) -> None:
    sent_bytes = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent_bytes
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
        for _ in range(64):
            sent_bytes += MEGABYTE
            yield b"a" * MEGABYTE

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    refused = live.post("/v1/files", content=endless(), headers=headers)
    error = error_of(refused, 413)
    assert error["code"] == "content_too_large"
    assert error["details"] == {"max_bytes": 26 * MEGABYTE}


@pytest.mark.parametrize("path", ["/v1/ai/ask", "/v1/chat", "/v1/unknown", "/healthz"])
def test_a_json_body_over_64_kilobytes_is_refused(
    client: TestClient, error_of: ErrorOf, path: str
) -> None:
    sent = client.post(path, json={"question": "a" * (64 * 1024)})
    assert error_of(sent, 413)["details"] == {"max_bytes": 64 * 1024}

    def pieces() -> Iterator[bytes]:
        yield from [b"a" * 1024] * 65

    headers = {"Content-Type": "application/json"}
    streamed = client.post("/v1/ai/ask", content=pieces(), headers=headers)
    error_of(streamed, 413)


def test_an_unexpected_error_is_a_500_with_an_id_that_the_log_knows(
    caplog: pytest.LogCaptureFixture, error_of: ErrorOf
) -> None:
    def fail() -> Services:
        raise ZeroDivisionError("a secret of ours")

    with TestClient(create_api(fail), base_url="http://127.0.0.1") as client:
        caplog.set_level(logging.ERROR)
        sent = client.get("/v1/files")
    error = error_of(sent, 500)
    assert "secret" not in sent.text
    assert error["code"] == "internal_error"
    assert error["details"]["error_id"] in caplog.text
    assert "a secret of ours" in caplog.text


def test_services_that_do_not_start_are_a_503_in_plain_words(error_of: ErrorOf) -> None:
    def fail() -> Services:
        raise DatabaseUnavailable("The database does not answer; start it.")

    with TestClient(create_api(fail), base_url="http://127.0.0.1") as client:
        error = error_of(client.get("/v1/files"), 503)
        assert error["message"] == "The database does not answer; start it."
        assert error_of(client.get("/readyz"), 503)["code"] == "not_ready"
        assert client.get("/healthz").json() == {"status": "ok"}


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/files/", "/v2/files", "/v1/bots/a/b/c"])
def test_an_unknown_address_is_a_404_in_the_one_shape(
    client: TestClient, error_of: ErrorOf, path: str
) -> None:
    assert error_of(client.get(path), 404)["code"] == "not_found"


def test_a_method_that_is_not_taken_is_a_405_that_names_those_that_are(
    client: TestClient, error_of: ErrorOf
) -> None:
    refused = client.put("/v1/files", json={})
    assert error_of(refused, 405)["code"] == "method_not_allowed"
    assert refused.headers["allow"]


def test_every_answer_forbids_sniffing_and_keeping(client: TestClient) -> None:
    for response in (client.get("/v1/bots"), client.get("/nowhere")):
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-content-type-options"] == "nosniff"


def test_a_slow_call_does_not_hold_up_the_others(quoting_services: Services) -> None:
    release = threading.Event()

    def slow() -> Services:
        release.wait(5)
        return quoting_services

    with TestClient(create_api(slow), base_url="http://127.0.0.1") as client:
        waiting = threading.Thread(target=client.get, args=("/v1/bots",))
        waiting.start()
        assert json.loads(client.get("/healthz").content) == {"status": "ok"}
        release.set()
        waiting.join()
