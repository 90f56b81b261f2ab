from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from leanrag.errors import (
    ProviderError,
    ProviderRateLimited,
    ProviderUnavailable,
)
from leanrag.llm import OpenAiChatModel
from leanrag.provider import ProviderConfig
from leanrag.text.tokens import load_counter
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


# ---- a stream that goes well ------------------------------------------------------------------


def test_an_answer_arrives_in_pieces_and_ends_with_usage(server, make_model):
    server.script(Reply(text="one two three four", cached_tokens=7))
    *pieces, last = ask(make_model())
    assert [piece.text for piece in pieces] == ["one", " two", " three", " four"]
    assert {piece.model for piece in pieces} == {"gpt-4o-mini"}
    assert (last.text, last.finish_reason, last.model) == ("", "stop", "gpt-4o-mini")
    counted = load_counter().count("one two three four")
    assert last.usage is not None
    assert (last.usage.completion_tokens, last.usage.cached_tokens) == (counted, 7)
    assert last.usage.reported


def test_the_stand_in_provider_quotes_the_first_passage_with_its_marker(make_model):
    assert text_of(ask(make_model())) == "Delivery takes 3.5 days. [1]"


def test_the_prompt_is_billed_with_the_overhead_of_the_chat_format(make_model):
    counter = load_counter()
    usage = ask(make_model())[-1].usage
    expected = 3 + sum(3 + 1 + counter.count(message.content) for message in PROMPT)
    assert usage is not None
    assert usage.prompt_tokens == expected


def test_the_request_carries_what_is_configured(server, make_model):
    ask(make_model(temperature=0.7, max_completion_tokens=321))
    body = server.requests[0].body
    assert body["messages"] == [{"role": m.role, "content": m.content} for m in PROMPT]
    assert (body["model"], body["temperature"], body["stream"]) == ("gpt-4o-mini", 0.7, True)
    assert body["max_completion_tokens"] == 321
    assert body["stream_options"] == {"include_usage": True}
    assert "max_tokens" not in body
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_a_call_may_set_its_own_limit(server, make_model):
    ask(make_model(), max_completion_tokens=50)
    assert server.requests[0].body["max_completion_tokens"] == 50


def test_letters_of_several_bytes_arrive_whole(server, make_model):
    server.script(Reply(text="ارسال ۳ روز طول می‌کشد 🚚 ğüşİ [1]"))
    assert text_of(ask(make_model())) == "ارسال ۳ روز طول می‌کشد 🚚 ğüşİ [1]"


def test_without_usage_the_last_piece_says_so(server, make_model):
    server.script(Reply(text="Yes.", usage=False))
    last = ask(make_model())[-1]
    assert last.usage is None
    assert last.finish_reason == "stop"


def test_a_model_serves_many_streams_at_once(server, make_model):
    server.default = Reply(text="one two three", piece_delay=0.02)
    model, answers = make_model(), []
    threads = [threading.Thread(target=lambda: answers.append(ask(model))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [text_of(answer) for answer in answers] == ["one two three"] * 8


# ---- retries and refusals ---------------------------------------------------------------------


def test_retry_after_is_honoured(server, make_model):
    server.script(Reply(status=429, retry_after="0.9"), WORDS)
    assert text_of(ask(make_model(max_retries=1))) == WORDS.text
    first, second = (request.received_at for request in server.requests)
    assert second - first > 0.85  # without the header: at most 0.5


def test_a_long_retry_after_fails_at_once(server, make_model):
    server.script(Reply(status=429, retry_after="600"))
    _, failure = ask_until_failure(make_model(max_retries=5))
    assert isinstance(failure, ProviderRateLimited)
    assert failure.details == {"retry_after_seconds": 600.0}


def test_a_provider_that_stays_limited_ends_as_rate_limited(server, make_model):
    server.default = Reply(status=429, retry_after="0.01")
    _, failure = ask_until_failure(make_model(max_retries=3))
    assert isinstance(failure, ProviderRateLimited)
    assert len(server.requests) == 4


def test_a_failing_provider_is_tried_again(server, make_model):
    server.script(Reply(status=503, retry_after="0.01"), WORDS)
    assert text_of(ask(make_model(max_retries=1))) == WORDS.text


@pytest.mark.parametrize(
    ("refused", "instead"),
    [
        ("stream_options", None),
        ("temperature", None),
        ("max_completion_tokens", "max_tokens"),
    ],
)
def test_a_refused_parameter_is_left_out_from_then_on(
    server, make_model, refused: str, instead: str | None
):
    server.default = Reply(text="Yes.", refused_parameter=refused)
    model = make_model(max_completion_tokens=99)
    for _ in range(2):
        assert text_of(ask(model)) == "Yes."
    bodies = [request.body for request in server.requests]
    assert [refused in body for body in bodies] == [True, False, False]
    if instead:
        assert bodies[-1][instead] == 99


def test_several_refused_parameters_are_left_out_one_after_the_other(server, make_model):
    server.script(
        Reply(refused_parameter="temperature"), Reply(refused_parameter="stream_options"), WORDS
    )
    assert text_of(ask(make_model())) == WORDS.text
    assert {"temperature", "stream_options"}.isdisjoint(server.requests[2].body)


def test_any_other_bad_request_is_not_repeated(server, make_model):
    server.script(Reply(status=400, error_message="messages must not be empty"))
    _, failure = ask_until_failure(make_model(max_retries=2))
    assert type(failure) is ProviderError
    assert len(server.requests) == 1


# ---- ending early -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reply", [Reply(silence_before=100), Reply(text="one two", silence_after_pieces=(1, 100))]
)
def test_cancelling_ends_a_silent_stream(server, make_model, reply: Reply):
    server.script(reply)
    cancelled = threading.Event()
    timer = threading.Timer(0.3, cancelled.set)
    timer.start()
    deltas = list(make_model().stream(PROMPT, cancelled=cancelled))
    assert all(delta.usage is None and not delta.finish_reason for delta in deltas)
    assert server.wait_for_hang_up()
    timer.join()


def test_a_stream_cancelled_beforehand_yields_nothing(server, make_model):
    cancelled = threading.Event()
    cancelled.set()
    assert list(make_model().stream(PROMPT, cancelled=cancelled)) == []
    assert server.requests == []


def test_closing_the_generator_closes_the_http_stream(server, make_model):
    server.script(Reply(text="one two three", silence_after_pieces=(1, 9)))
    stream = make_model().stream(PROMPT, cancelled=threading.Event())
    assert next(stream).text == "one"
    stream.close()
    assert server.wait_for_hang_up()


def test_closing_the_model_ends_a_running_stream(server, make_model):
    server.script(Reply(text="one two", silence_after_pieces=(1, 9)))
    model = make_model()
    threading.Timer(0.2, model.close).start()
    text, failure = ask_until_failure(model)
    assert text == "one"
    assert isinstance(failure, ProviderUnavailable)


def test_a_model_leaves_no_thread_behind_and_can_be_used_again(server, make_model):
    model = make_model()
    before = set(threading.enumerate())
    assert set(threading.enumerate()) == before  # nothing runs before the first stream
    for _ in range(2):
        assert text_of(ask(model))
        model.close()
        model.close()
    left = {t.name for t in set(threading.enumerate()) - before if "process_request" not in t.name}
    assert left == set()
