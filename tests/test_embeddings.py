"""Which embedder the settings name."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import SecretStr

from leanrag import sentence_embedder
from leanrag.embeddings import embedder_from
from leanrag.errors import ConfigurationError
from leanrag.settings import Settings
from tests.provider_server import ProviderServer

SMALL = "text-embedding-3-small"
LARGE = "text-embedding-3-large"


@pytest.fixture
def server():
    with ProviderServer() as running:
        yield running


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


def with_key(model: str, **values) -> Settings:
    return make_settings(embedding_model=model, openai_api_key=SecretStr("sk-test"), **values)


@pytest.mark.parametrize(
    ("model", "wanted", "length"),
    [
        (SMALL, None, 1536),
        (LARGE, None, 3072),
        (LARGE, 1024, 1024),
        (f"openai/{SMALL}", None, 1536),
    ],
)
def test_without_a_wanted_length_the_model_s_own_is_used(model: str, wanted, length: int):
    assert embedder_from(with_key(model, embedding_dimensions=wanted)).dimensions == length


@pytest.mark.parametrize(
    ("model", "wanted", "sentence"),
    [
        (
            SMALL,
            3072,
            "at most 1536 numbers, not of 3072: set LEANRAG_EMBEDDING_DIMENSIONS to 1536",
        ),
        (LARGE, 4000, "at most 3072 numbers"),
        ("text-embedding-ada-002", 512, "of 1536 numbers, not of 512"),
    ],
)
def test_a_length_that_the_model_cannot_make_is_refused_at_the_start(
    model: str, wanted: int, sentence: str
):
    with pytest.raises(ConfigurationError, match=sentence):
        embedder_from(with_key(model, embedding_dimensions=wanted))


def test_the_limits_of_a_minute_come_from_the_settings(server):
    settings = with_key(
        SMALL,
        openai_base_url=server.base_url,
        embedding_tokens_per_minute=6,
        embedding_dimensions=64,
    )
    embedder = embedder_from(settings)
    assert [len(part) for part in embedder.split(["one two three"] * 4)] == [2, 2]
    embedder.close()


def test_a_sentence_transformers_model_without_the_package_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(sentence_embedder, "LIBRARY", "a_library_that_is_not_installed")
    with pytest.raises(ConfigurationError, match=r"pip install -r requirements-models\.txt"):
        embedder_from(make_settings(embedding_model="sentence-transformers/all-MiniLM-L6-v2"))


def test_choosing_an_embedder_imports_neither_torch_nor_openai():
    code = (
        "import sys; from leanrag.embeddings import embedder_from;"
        "from leanrag.settings import Settings;"
        "embedder_from(Settings(_env_file=None, embedding_model='local'));"
        "print(sorted({'torch', 'sentence_transformers', 'openai'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
