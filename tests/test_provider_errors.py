from __future__ import annotations

import logging
import socket
import time
from collections.abc import Iterator

import httpx2
import openai
import pytest

from leanrag.errors import (
    ProviderError,
    ProviderRateLimited,
    ProviderTimeout,
    ProviderUnauthorized,
    ProviderUnavailable,
)
from leanrag.llm import OpenAiChatModel
from leanrag.provider import ProviderConfig
from leanrag.provider_errors import redact, retry_after_seconds, translate
from tests.provider_calls import KEY, ask_until_failure
from tests.provider_server import ProviderServer, Reply


@pytest.fixture
def server() -> Iterator[ProviderServer]:
    with ProviderServer() as running:
        yield running


@pytest.fixture
def make_model(server: ProviderServer):
    made: list[OpenAiChatModel] = []

    def make(*, model: str = "gpt-4o-mini", base_url: str = "", **config) -> OpenAiChatModel:
        config = {"max_retries": 0, "silence_timeout_seconds": 5.0, **config}
        made.append(
            OpenAiChatModel(ProviderConfig(KEY, base_url or server.base_url, model, **config))
        )
        return made[-1]

    yield make
    for chat_model in made:
        chat_model.close()


# ---- failures ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "expected", "words"),
    [
        (Reply(status=401), ProviderUnauthorized, "refused the API key"),
        (Reply(status=403), ProviderUnauthorized, "may not use the model gpt-4o-mini"),
        (Reply(status=404), ProviderUnavailable, "does not know the model gpt-4o-mini"),
        (Reply(status=429), ProviderRateLimited, "slow down"),
        (Reply(status=429, error_code="insufficient_quota"), ProviderRateLimited, "no credit"),
        (Reply(status=500), ProviderUnavailable, "failed on its side"),
        (Reply(status=503), ProviderUnavailable, "failed on its side"),
        (Reply(status=504), ProviderTimeout, "did not answer in time"),
        (Reply(status=422), ProviderError, "rejected the request"),
        (Reply(body="<html>Welcome to the hotel</html>"), ProviderUnavailable, "broke off"),
        (Reply(raw_after_pieces=(0, "{broken")), ProviderUnavailable, "cannot be read"),
        (Reply(raw_after_pieces=(0, '"text"')), ProviderUnavailable, "cannot be read"),
        (Reply(raw_after_pieces=(0, '{"choices": 3}')), ProviderUnavailable, "cannot be read"),
        (
            Reply(raw_after_pieces=(0, '{"error": {"code": "rate_limit_exceeded"}}')),
            ProviderRateLimited,
            "slow down",
        ),
        (
            Reply(raw_after_pieces=(0, '{"error": {"message": "overloaded"}}')),
            ProviderUnavailable,
            "failed on its side",
        ),
        (Reply(drop_after_pieces=0), ProviderUnavailable, "broke off"),
        (Reply(end_after_pieces=0), ProviderUnavailable, "broke off"),
    ],
)
def test_every_failure_before_the_text_is_one_plain_sentence(
    server, make_model, reply: Reply, expected: type[ProviderError], words: str
):
    server.script(reply)
    text, failure = ask_until_failure(make_model())
    assert text == ""
    assert type(failure) is expected
    assert words in failure.message
    assert "Scripted" not in failure.message


@pytest.mark.parametrize(
    "reply",
    [
        Reply(text="one two three", drop_after_pieces=2),
        Reply(text="one two three", end_after_pieces=2),
        Reply(text="one two three", raw_after_pieces=(2, "{broken")),
        Reply(text="one two three", raw_after_pieces=(2, '{"error": {"message": "overloaded"}}')),
    ],
)
def test_a_stream_that_breaks_raises_after_the_text_that_came(server, make_model, reply: Reply):
    server.script(reply)
    text, failure = ask_until_failure(make_model(max_retries=2))
    assert text == "one two"
    assert isinstance(failure, ProviderUnavailable)
    assert len(server.requests) == 1  # never repeated: the text has been shown


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (Reply(silence_before=5), ""),
        (Reply(text="one two three", silence_after_pieces=(0, 5)), ""),
        (Reply(text="one two three", silence_after_pieces=(2, 5)), "one two"),
    ],
)
def test_silence_is_a_timeout_wherever_it_begins(server, make_model, reply: Reply, text: str):
    server.default = reply
    start = time.monotonic()
    came, failure = ask_until_failure(make_model(silence_timeout_seconds=0.3, max_retries=2))
    assert isinstance(failure, ProviderTimeout)
    assert came == text
    assert time.monotonic() - start > 0.25
    assert len(server.requests) == 1  # the retries do not multiply the wait


def test_nobody_listening_is_unavailable(make_model):
    with socket.socket() as taken:  # bound, but not listening
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        _, failure = ask_until_failure(make_model(base_url=address))
    assert isinstance(failure, ProviderUnavailable)
    assert "could not be reached" in failure.message


def test_the_key_shows_neither_in_the_error_nor_in_the_log(make_model, caplog):
    with ProviderServer(api_key="another") as strict, caplog.at_level(logging.DEBUG, "leanrag"):
        _, failure = ask_until_failure(make_model(base_url=strict.base_url))
    assert isinstance(failure, ProviderUnauthorized)
    assert KEY not in f"{failure} {failure.details} {failure.__cause__}"
    assert "Incorrect API key provided: [redacted]" in caplog.text
    assert KEY not in caplog.text
    assert KEY not in repr(ProviderConfig(KEY, "http://localhost", "m"))


# ---- translation ------------------------------------------------------------------------------


def make_error(kind: type[Exception]) -> Exception:
    """Make an error of any of openai's classes; their constructors have nothing in common."""
    request = httpx2.Request("POST", "http://localhost/v1")
    status = getattr(kind, "status_code", None)
    status = status if isinstance(status, int) else 418
    error = kind.__new__(kind, f"secret {KEY}")
    error.__dict__.update(
        message=f"secret {KEY}",
        request=request,
        response=httpx2.Response(status, request=request),
        status_code=status,
        body={"error": KEY},
        code=None,
        type=None,
    )
    return error


def openai_errors() -> list[type[Exception]]:
    """Return every exception class of the openai package."""
    found = {openai.OpenAIError, openai.InvalidWebhookSignatureError}
    waiting = [openai.OpenAIError]
    while waiting:
        kinds = waiting.pop().__subclasses__()
        waiting += kinds
        found |= {kind for kind in kinds if kind.__module__.startswith("openai")}
    return sorted(found, key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", openai_errors())
def test_every_openai_error_has_a_translation_without_its_words(kind: type[Exception], caplog):
    translated = translate(make_error(kind), model="m", api_key=KEY)
    assert isinstance(translated, ProviderError)
    assert translated.message.endswith(".")
    assert "secret" not in translated.message
    assert KEY not in caplog.text


def test_the_walk_over_openais_errors_finds_those_that_we_expect_to_meet():
    assert {"APIConnectionError", "APITimeoutError", "RateLimitError", "AuthenticationError"} <= {
        kind.__name__ for kind in openai_errors()
    }
    assert len(openai_errors()) >= 18


@pytest.mark.parametrize(
    "secret",
    ["sk-proj-abcDEF123_x", "gsk_abcdef123", "AIzaSyA-1234567", "Bearer abcdef", "my own key"],
)
def test_anything_shaped_like_a_key_is_redacted(secret: str):
    assert redact(f"refused {secret}!", "my own key") == "refused [redacted]!"


@pytest.mark.parametrize(
    ("value", "seconds"), [("", 0), ("3", 3), ("0.5", 0.5), ("-4", 0), ("soon", 0), ("inf", 0)]
)
def test_retry_after_is_read_as_seconds(value: str, seconds: float):
    assert retry_after_seconds(httpx2.Headers({"retry-after": value})) == seconds


def test_retry_after_may_be_a_date():
    headers = httpx2.Headers({"retry-after": "Wed, 21 Oct 2099 07:28:00 GMT"})
    assert retry_after_seconds(headers) > 1_000_000
