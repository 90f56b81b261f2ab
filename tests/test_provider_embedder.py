"""Embeddings of a provider: order, batches, pauses, failures and what they say."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from leanrag import embedding_limits, provider
from leanrag.character_embedder import LocalEmbedder
from leanrag.embedding_limits import RequestPacer
from leanrag.errors import EmbeddingUnavailable
from leanrag.provider import ProviderConfig
from leanrag.provider_embedder import OpenAiEmbedder
from leanrag.text.tokens import load_counter
from tests.provider_server import ProviderServer, Reply

SMALL = "text-embedding-3-small"


@pytest.fixture
def server() -> Iterator[ProviderServer]:
    with ProviderServer() as running:
        yield running


@pytest.fixture
def make_embedder(server: ProviderServer):
    made: list[OpenAiEmbedder] = []

    def make(*, model: str = SMALL, dimensions=1536, batch_texts: int = 128, pacer=None, **config):
        settings = ProviderConfig("sk-test", server.base_url, model, **{"max_retries": 0, **config})
        made.append(
            OpenAiEmbedder(settings, dimensions=dimensions, batch_texts=batch_texts, pacer=pacer)
        )
        return made[-1]

    yield make
    for embedder in made:
        embedder.close()


def test_provider_vectors_come_back_in_the_order_of_the_texts(server, make_embedder):
    texts = ["first text", "second text", "the third one"]
    embedded = make_embedder().embed(texts)
    assert np.allclose(embedded.vectors, LocalEmbedder().embed(texts).vectors, atol=1e-6)
    assert embedded.reported
    assert embedded.prompt_tokens == sum(map(load_counter("cl100k_base").count, texts))


def test_texts_are_sent_in_batches_and_their_usage_is_summed(server, make_embedder):
    embedded = make_embedder(batch_texts=2).embed(["one", "two", "three", "four", "five"])
    assert [len(r.body["input"]) for r in server.requests] == [2, 2, 1]
    assert embedded.vectors.shape == (5, 1536)
    assert embedded.prompt_tokens == 5


def test_a_request_never_exceeds_its_tokens(server, make_embedder, monkeypatch):
    monkeypatch.setattr(embedding_limits, "MAX_REQUEST_TOKENS", 10)
    make_embedder().embed(["one two three four"] * 5)
    assert [len(r.body["input"]) for r in server.requests] == [2, 2, 1]


def test_a_long_text_is_cut_and_an_empty_one_becomes_a_space(server, make_embedder):
    make_embedder().embed(["word " * 9000, ""])
    long, empty = server.requests[0].body["input"]
    assert load_counter("cl100k_base").count(long) == embedding_limits.MAX_TEXT_TOKENS
    assert empty == " "


@pytest.mark.parametrize(("model", "sends"), [(SMALL, True), ("nomic-embed-text", False)])
def test_only_the_models_that_know_it_get_a_dimensions_parameter(
    server, make_embedder, model: str, sends: bool
):
    make_embedder(model=model).embed(["text"])
    assert ("dimensions" in server.requests[0].body) is sends


def test_vectors_of_the_wrong_length_name_the_setting_to_change(server, make_embedder):
    with pytest.raises(EmbeddingUnavailable, match="LEANRAG_EMBEDDING_DIMENSIONS to 1536"):
        make_embedder(model="nomic-embed-text", dimensions=768).embed(["text"])


def test_without_reported_usage_the_tokens_are_counted_here(server, make_embedder):
    server.script(Reply(usage=False))
    embedded = make_embedder().embed(["one two three"])
    assert (embedded.prompt_tokens, embedded.reported) == (3, False)


def test_a_server_that_refuses_base64_is_asked_for_floats(server, make_embedder):
    server.script(Reply(status=400, error_message="encoding_format is not supported"))
    embedder = make_embedder()
    assert embedder.embed(["text"]).vectors.shape == (1, 1536)
    embedder.embed(["again"])
    formats = [r.body.get("encoding_format") for r in server.requests]
    assert formats == ["base64", "float", "float"]


def test_no_texts_make_no_request(server, make_embedder):
    assert make_embedder().embed([]).vectors.shape == (0, 1536)
    assert server.requests == []


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(status=401), "provider_unauthorized"),
        (Reply(status=429, retry_after="1"), "provider_rate_limited"),
        (Reply(status=500), "provider_unavailable"),
        (Reply(silence_before=5), "provider_timeout"),
        (Reply(body='{"object": "list", "data": []}'), "provider_unavailable"),
        (Reply(body="<html>"), "provider_unavailable"),
    ],
)
def test_a_failure_is_embedding_unavailable_with_its_reason(
    server, make_embedder, reply: Reply, reason: str
):
    server.script(reply)
    with pytest.raises(EmbeddingUnavailable) as failure:
        make_embedder(silence_timeout_seconds=0.3).embed(["text"])
    assert failure.value.details["reason"] == reason


@pytest.mark.parametrize(
    "data",
    [
        '[{"index": 0, "embedding": [1.0, 2.0]}]',
        '[{"index": 0, "embedding": null}, {"index": 1, "embedding": [1.0]}]',
        '[{"index": 0, "embedding": [NaN]}, {"index": 1, "embedding": [1.0]}]',
        '[{"embedding": [1.0]}, {"embedding": [1.0]}]',
        "[[1.0], [2.0]]",
        '"vectors"',
    ],
)
def test_embeddings_that_cannot_be_read_are_an_error_not_a_wrong_vector(
    server, make_embedder, data: str
):
    server.script(Reply(body=f'{{"object": "list", "data": {data}}}'))
    with pytest.raises(EmbeddingUnavailable):
        make_embedder(dimensions=1).embed(["one", "two"])


def test_a_rate_limited_batch_is_tried_again(server, make_embedder):
    server.script(Reply(status=429, retry_after="0.05"))
    assert make_embedder(max_retries=1).embed(["text"]).vectors.shape == (1, 1536)


def test_a_closed_embedder_opens_again(server, make_embedder):
    embedder = make_embedder()
    embedder.embed(["text"])
    embedder.close()
    embedder.close()
    assert embedder.embed(["text"]).vectors.shape == (1, 1536)


def test_split_gives_the_texts_of_each_request_as_they_were_given(make_embedder):
    texts = ["one", "", "three"]
    assert [list(part) for part in make_embedder(batch_texts=2).split(texts)] == [
        ["one", ""],
        ["three"],
    ]


def test_half_a_surrogate_pair_can_be_sent(server, make_embedder):
    assert make_embedder().embed(["half \ud83d of one"]).vectors.shape == (1, 1536)


# ---- pauses -----------------------------------------------------------------------------------


def test_passages_wait_for_their_turn_and_questions_do_not(server, make_embedder):
    embedder = make_embedder(
        batch_texts=1, pacer=RequestPacer(requests_per_minute=2, window_seconds=1)
    )
    embedder.embed(["one", "two", "three", "four", "five"])
    embedder.embed_question("How long?")
    received = [request.received_at for request in server.requests]
    assert received[4] - received[0] > 0.9
    assert received[5] - received[4] < 0.9


def test_a_pause_too_long_for_a_question_is_made_for_passages(server, make_embedder, monkeypatch):
    monkeypatch.setattr(provider, "MAX_RETRY_AFTER_SECONDS", 0.05)
    embedder = make_embedder(max_retries=1)
    server.script(Reply(status=429, retry_after="0.4"))
    with pytest.raises(EmbeddingUnavailable) as failure:
        embedder.embed_question("How long?")
    assert failure.value.details["retry_after_seconds"] == 0.4
    server.script(Reply(status=429, retry_after="0.4"))
    assert embedder.embed(["text"]).vectors.shape == (1, 1536)
    received = [request.received_at for request in server.requests]
    assert len(received) == 3
    assert 0.4 <= received[2] - received[1] < 5


def test_nobody_waits_longer_than_two_minutes(server, make_embedder):
    server.script(Reply(status=429, retry_after="121"))
    with pytest.raises(EmbeddingUnavailable, match="slow down"):
        make_embedder(max_retries=2).embed(["text"])
    assert len(server.requests) == 1


# ---- the length of the vectors ----------------------------------------------------------------


@pytest.mark.parametrize("length", [256, 3072])
def test_a_resizable_model_is_asked_for_the_length_that_is_wanted(
    server, make_embedder, length: int
):
    embedder = make_embedder(model="text-embedding-3-large", dimensions=length)
    assert embedder.embed(["text"]).vectors.shape == (1, length)
    assert server.requests[0].body["dimensions"] == length


def test_a_model_of_unknown_length_is_asked_once(server, make_embedder):
    embedder = make_embedder(model="nomic-embed-text", dimensions=None)
    assert len(embedder.embed([]).vectors) == 0
    assert (embedder.dimensions, embedder.dimensions) == (1536, 1536)
    assert len(server.requests) == 1
    assert "dimensions" not in server.requests[0].body


def test_the_first_reply_tells_the_length_too(server, make_embedder):
    embedder = make_embedder(model="nomic-embed-text", dimensions=None)
    embedder.embed(["text"])
    assert (embedder.dimensions, len(server.requests)) == (1536, 1)
    server.script(Reply(body='{"object": "list", "data": [{"index": 0, "embedding": [1.0]}]}'))
    with pytest.raises(EmbeddingUnavailable, match="vectors of 1 numbers"):
        embedder.embed(["text"])
