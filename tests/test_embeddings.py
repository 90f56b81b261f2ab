from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator

import numpy as np
import pytest
from pydantic import SecretStr

from leanrag import embeddings
from leanrag.embeddings import LocalEmbedder, OpenAiEmbedder, embedder_from
from leanrag.errors import ConfigurationError, EmbeddingUnavailable
from leanrag.provider import ProviderConfig
from leanrag.settings import Settings
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

    def make(*, model: str = SMALL, dimensions: int = 1536, batch_texts: int = 128, **config):
        settings = ProviderConfig("sk-test", server.base_url, model, **{"max_retries": 0, **config})
        made.append(OpenAiEmbedder(settings, dimensions=dimensions, batch_texts=batch_texts))
        return made[-1]

    yield make
    for embedder in made:
        embedder.close()


def similarity(a: str, b: str) -> float:
    vectors = LocalEmbedder().embed([a, b]).vectors
    return float(vectors[0] @ vectors[1])


# ---- local ------------------------------------------------------------------------------------


def test_local_vectors_are_float32_of_unit_length_and_bill_nothing():
    texts = ["Delivery takes three days.", "ارسال رایگان است", "", "?!", "a", "iade süresi"]
    embedded = LocalEmbedder(512).embed(texts)
    assert embedded.vectors.dtype == np.float32
    assert embedded.vectors.shape == (6, 512)
    assert np.allclose(np.linalg.norm(embedded.vectors, axis=1), 1.0, atol=1e-6)
    assert (embedded.prompt_tokens, embedded.reported) == (0, True)


def test_a_local_vector_does_not_depend_on_the_texts_beside_it():
    alone = LocalEmbedder().embed(["return policy"]).vectors[0]
    beside = LocalEmbedder().embed(["shipping", "return policy", "x" * 5000]).vectors[1]
    assert np.array_equal(alone, beside)


def test_texts_without_a_word_share_one_fixed_vector():
    vectors = LocalEmbedder().embed(["", "  \n", "?!…", "\u200c"]).vectors
    assert np.array_equal(vectors, np.tile(np.eye(1, 1536, dtype=np.float32), (4, 1)))


def test_no_texts_make_no_vectors():
    assert LocalEmbedder(64).embed([]).vectors.shape == (0, 64)


@pytest.mark.parametrize(
    ("variant", "plain"),
    [
        ("DELIVERY", "delivery"),
        ("كتاب علي", "کتاب علی"),
        ("می‌خواهم", "میخواهم"),
        ("İSTANBUL", "istanbul"),
        ("café", "cafe"),
        ("۱۲۳۴", "1234"),
    ],
)
def test_spelling_variants_get_the_same_local_vector(variant: str, plain: str):
    assert similarity(variant, plain) == pytest.approx(1.0, abs=1e-6)


def test_a_typing_error_stays_near_and_another_subject_far():
    question = "how long does delivery take"
    assert similarity(question, "how long does delivry take") > 0.6
    assert abs(similarity(question, "cancel my account password")) < 0.2


def test_word_order_does_not_matter_because_no_gram_crosses_words():
    assert similarity("red shoes size", "size shoes red") == pytest.approx(1.0, abs=1e-6)


def test_a_word_repeated_fifty_times_does_not_drown_the_others():
    # Weighted by plain counts it would be about 0.02.
    assert similarity("price " * 50 + "shipping", "shipping") > 0.1


def test_local_vectors_are_the_same_in_another_process():
    code = (
        "import json; from leanrag.embeddings import LocalEmbedder;"
        "print(json.dumps(LocalEmbedder(64).embed(['ارسال and iade']).vectors.tolist()))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    here = LocalEmbedder(64).embed(["ارسال and iade"]).vectors
    assert np.array_equal(np.array(json.loads(printed), dtype=np.float32), here)


def test_local_embedding_keeps_up_with_ingest():
    text = " ".join(f"passage{i % 90} number{i}" for i in range(75))
    start = time.perf_counter()
    LocalEmbedder().embed([text] * 200)
    assert 200 / (time.perf_counter() - start) > 500  # 8,000 a second on an idle machine


# ---- at a provider ----------------------------------------------------------------------------


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
    monkeypatch.setattr(embeddings, "MAX_REQUEST_TOKENS", 10)
    make_embedder().embed(["one two three four"] * 5)
    assert [len(r.body["input"]) for r in server.requests] == [2, 2, 1]


def test_a_long_text_is_cut_and_an_empty_one_becomes_a_space(server, make_embedder):
    make_embedder().embed(["word " * 9000, ""])
    long, empty = server.requests[0].body["input"]
    assert load_counter("cl100k_base").count(long) == embeddings.MAX_TEXT_TOKENS
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


# ---- choice -----------------------------------------------------------------------------------


def make_settings(**values) -> Settings:
    return Settings(_env_file=None, **{"openai_api_key": None, **values})


def test_local_is_the_default_and_needs_no_key():
    embedder = embedder_from(make_settings(embedding_dimensions=256))
    assert (embedder.model, embedder.dimensions) == ("local-chargram-3-5-d256", 256)
    assert not embedder.is_remote


def test_a_provider_model_without_a_key_says_what_to_set():
    with pytest.raises(ConfigurationError, match="OPENAI_API_KEY"):
        embedder_from(make_settings(embedding_model=SMALL))


def test_a_provider_model_with_a_key_is_remote(server):
    settings = make_settings(
        embedding_model=SMALL,
        openai_api_key=SecretStr("sk-test"),
        openai_base_url=server.base_url,
        embedding_batch_texts=3,
    )
    embedder = embedder_from(settings)
    assert embedder.is_remote
    embedder.embed(["a", "b", "c", "d"])
    embedder.close()
    assert [len(r.body["input"]) for r in server.requests] == [3, 1]
    assert server.requests[0].body["model"] == SMALL
