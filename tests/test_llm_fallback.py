from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from leanrag.errors import (
    ConfigurationError,
    ProviderError,
    ProviderUnauthorized,
    ProviderUnavailable,
)
from leanrag.llm import FallbackChatModel, OpenAiChatModel, chat_model_from
from leanrag.provider import ProviderConfig, address_of
from leanrag.settings import Settings
from tests.provider_calls import KEY, PROMPT, WORDS, ask, ask_until_failure, text_of
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


# ---- fallback ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reply",
    [Reply(status=s) for s in (401, 403, 404, 429, 500)]
    + [Reply(silence_before=5), Reply(drop_after_pieces=0)],
)
def test_the_fallback_serves_when_the_primary_fails_before_its_text(
    server, make_model, reply: Reply
):
    server.script(reply, WORDS)
    model = FallbackChatModel(
        make_model(silence_timeout_seconds=0.3), make_model(model="gpt-4.1-mini")
    )
    deltas = ask(model)
    assert text_of(deltas) == WORDS.text
    assert {delta.model for delta in deltas} == {"gpt-4.1-mini"}
    assert model.name == "gpt-4o-mini"


def test_after_the_first_text_the_failure_goes_up(server, make_model):
    server.script(Reply(text="one two three", drop_after_pieces=1))
    text, failure = ask_until_failure(
        FallbackChatModel(make_model(), make_model(model="gpt-4.1-mini"))
    )
    assert text == "one"
    assert isinstance(failure, ProviderUnavailable)
    assert len(server.requests) == 1


def test_a_request_that_the_primary_rejects_is_not_tried_elsewhere(server, make_model):
    server.script(Reply(status=400))
    _, failure = ask_until_failure(FallbackChatModel(make_model(), make_model(model="other")))
    assert type(failure) is ProviderError
    assert len(server.requests) == 1


def test_when_both_fail_the_fallbacks_error_goes_up(server, make_model):
    server.script(Reply(status=500), Reply(status=401))
    _, failure = ask_until_failure(FallbackChatModel(make_model(), make_model(model="other")))
    assert isinstance(failure, ProviderUnauthorized)


def test_a_primary_that_works_is_the_only_one_asked(server, make_model):
    deltas = ask(FallbackChatModel(make_model(), make_model(model="other")))
    assert {delta.model for delta in deltas} == {"gpt-4o-mini"}
    assert len(server.requests) == 1


def test_closing_the_fallback_generator_closes_the_http_stream(server, make_model):
    server.script(Reply(text="one two three", silence_after_pieces=(1, 9)))
    stream = FallbackChatModel(make_model(), make_model(model="other")).stream(
        PROMPT, cancelled=threading.Event()
    )
    next(stream)
    stream.close()
    assert server.wait_for_hang_up()


# ---- choice -----------------------------------------------------------------------------------


def make_settings(**values) -> Settings:
    keys = {name: SecretStr(values[name]) for name in values if name.endswith("api_key")}
    return Settings(_env_file=None, **{"openai_api_key": None, **values, **keys})


def test_without_a_key_there_is_no_chat_model():
    assert chat_model_from(make_settings()) is None


def test_settings_choose_the_model_and_its_fallback(server):
    with ProviderServer(api_key="second") as second:
        model = chat_model_from(
            make_settings(
                openai_api_key=KEY,
                openai_base_url=server.base_url,
                fallback_base_url=second.base_url,
                fallback_model="gpt-4.1-mini",
                fallback_api_key="second",
            )
        )
        server.script(Reply(status=401))
        assert model is not None
        assert ask(model)[-1].model == "gpt-4.1-mini"
        model.close()
    assert [r.headers["authorization"] for r in second.requests] == ["Bearer second"]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"fallback_api_key": "k"}, "LEANRAG_FALLBACK_MODEL"),
        (
            {"fallback_model": "m", "fallback_base_url": "https://other.example"},
            "LEANRAG_FALLBACK_API_KEY",
        ),
        ({"openai_api_key": "sk-with a space"}, "API key"),
        ({"openai_api_key": "sk-…abc"}, "API key"),
        ({"openai_base_url": "api.openai.com"}, "http://"),
    ],
)
def test_half_a_configuration_names_what_is_missing(values: dict[str, str], words: str):
    with pytest.raises(ConfigurationError, match=words):
        chat_model_from(make_settings(**{"openai_api_key": KEY, **values}))


@pytest.mark.parametrize(
    ("model", "address"),
    [
        ("gpt-4o-mini-2024-07-18", "https://api.openai.com/v1"),
        ("gpt-4o-2024-08-06", "https://other.example/v1"),
        ("something-else", "https://api.openai.com/v1"),
    ],
)
def test_the_address_that_served_is_known_by_the_models_name(model: str, address: str):
    settings = make_settings(
        model="gpt-4o-mini",
        openai_base_url="https://api.openai.com/v1",
        fallback_model="gpt-4o",
        fallback_base_url="https://other.example/v1",
    )
    assert address_of(settings, model) == address
