"""The pace of requests: so many requests and tokens in a window, questions first."""

from __future__ import annotations

import threading
import time

import pytest

from leanrag.embedding_limits import MAX_REQUEST_TOKENS, RequestPacer, is_resizable, vector_length


def seconds_for(pacer: RequestPacer, sizes: list[int]) -> float:
    start = time.monotonic()
    for tokens in sizes:
        pacer.wait(tokens)
    return time.monotonic() - start


@pytest.mark.parametrize(
    "limits",
    [{"requests_per_minute": 2}, {"tokens_per_minute": 20}],
    ids=lambda limits: next(iter(limits)),
)
def test_more_than_a_window_allows_takes_longer_than_the_window(limits: dict[str, int]):
    pacer = RequestPacer(**limits, window_seconds=1)
    assert seconds_for(pacer, [10] * 5) > 0.9


def test_without_limits_nothing_waits():
    assert seconds_for(RequestPacer(), [250_000] * 50) < 30


def test_a_text_longer_than_a_minute_s_tokens_takes_them_all():
    assert seconds_for(RequestPacer(tokens_per_minute=20), [8_000]) < 30
    assert seconds_for(RequestPacer(tokens_per_minute=20, window_seconds=1), [8_000, 20]) > 0.9


def test_a_request_holds_no_more_than_a_minute_s_tokens():
    assert RequestPacer(tokens_per_minute=40_000).max_request_tokens == 40_000
    assert RequestPacer().max_request_tokens == MAX_REQUEST_TOKENS


def test_what_does_not_wait_is_counted_all_the_same():
    pacer = RequestPacer(requests_per_minute=2, window_seconds=1)
    for _ in range(4):
        pacer.count(1)
    assert seconds_for(pacer, [1, 1, 1]) > 0.9


def test_threads_share_one_pace():
    pacer = RequestPacer(requests_per_minute=4, window_seconds=1)
    threads = [threading.Thread(target=seconds_for, args=[pacer, [1, 1]]) for _ in range(5)]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - start > 0.9


@pytest.mark.parametrize(
    ("model", "resizable"),
    [("text-embedding-3-small", True), ("azure/text-embedding-3-large", True), ("bge-m3", False)],
)
def test_models_that_take_a_length_are_known_by_name(model: str, resizable: bool):
    assert is_resizable(model) is resizable


def test_a_model_that_is_not_known_gets_the_wanted_length_or_none():
    assert vector_length("bge-m3", 1024) == 1024
    assert vector_length("bge-m3", None) is None
