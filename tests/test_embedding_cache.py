"""Embeddings are bought once: the cache, its order, its failures and its bills."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy import select

from db.models import EmbeddingCache, UsageEvent
from leanrag import embedding_limits
from leanrag.character_embedder import LocalEmbedder
from leanrag.embedding_cache import QuestionEmbedder, embed_cached
from leanrag.embedding_models import EmbeddingModels
from leanrag.errors import EmbeddingUnavailable
from leanrag.guarded_database import GuardedDatabase
from leanrag.provider import ProviderConfig
from leanrag.provider_embedder import OpenAiEmbedder
from tests.product_parts import (
    DELIVERY,
    RETURNS,
    CountingEmbedder,
    add_text,
    make_parts,
    new_tenant,
    rows_of,
)
from tests.provider_server import ProviderServer, Reply

SMALL = "text-embedding-3-small"

LONG = "\n\n".join(f"Rule {n}. {DELIVERY} {RETURNS}" for n in range(60))


def test_the_same_text_is_embedded_once_for_a_tenant(shared_database: GuardedDatabase):
    embedder = CountingEmbedder()
    parts = make_parts(shared_database, embedder)
    tenant_id = new_tenant(shared_database)
    source = add_text(parts.ingest, tenant_id, LONG)
    bought = len(embedder.asked)
    assert bought == source.passage_count
    parts.ingest.process(tenant_id, source.source_id)
    assert len(embedder.asked) == bought
    with shared_database.tenant(tenant_id) as session:
        events = session.scalars(select(UsageEvent).where(UsageEvent.tenant_id == tenant_id)).all()
    assert [(e.kind, e.prompt_tokens, e.is_reported) for e in events] == [
        ("embedding", 10 * bought, True)
    ]
    other = new_tenant(shared_database)
    add_text(parts.ingest, other, LONG)  # the cache is the tenant's own
    assert len(embedder.asked) == 2 * bought


def test_cached_vectors_come_in_the_order_of_the_texts(shared_database: GuardedDatabase):
    tenant_id, embedder = new_tenant(shared_database), CountingEmbedder()
    fresh = embed_cached(
        tenant_id, ["b", "a", "b"], database=shared_database, embedder=embedder, batch_texts=1
    )
    assert (fresh.hits, embedder.asked) == (1, ["b", "a"])
    mixed = embed_cached(tenant_id, ["a", "c", "b"], database=shared_database, embedder=embedder)
    assert (mixed.hits, mixed.prompt_tokens) == (2, 10)
    assert mixed.vectors[[0, 2]] == pytest.approx(fresh.vectors[[1, 0]], abs=1e-3)


def test_vectors_of_other_dimensions_are_bought_again(shared_database: GuardedDatabase):
    tenant_id = new_tenant(shared_database)
    for dimensions in (64, 128, 128):
        embedder = CountingEmbedder(dimensions)
        found = embed_cached(tenant_id, ["a"], database=shared_database, embedder=embedder)
        assert found.vectors.shape == (1, dimensions)
    assert found.hits == 1
    assert rows_of(make_parts(shared_database), tenant_id, EmbeddingCache) == 1


def usage(database: GuardedDatabase, tenant_id: UUID) -> list[tuple[str, int, float, bool]]:
    """Return model, tokens, dollars and whether they were reported, of every billed call."""
    query = select(UsageEvent).where(UsageEvent.tenant_id == tenant_id)
    with database.tenant(tenant_id) as session:
        return [
            (row.model, row.prompt_tokens, float(row.cost_usd or 0), row.is_reported)
            for row in session.scalars(query.order_by(UsageEvent.usage_id))
        ]


def test_batches_that_came_before_a_failure_are_kept_and_billed(shared_database: GuardedDatabase):
    class Second(CountingEmbedder):
        def embed(self, texts: Any) -> Any:
            if self.asked:
                raise EmbeddingUnavailable("The second batch fails.")
            return super().embed(texts)

    tenant_id = new_tenant(shared_database)
    with pytest.raises(EmbeddingUnavailable):
        embed_cached(
            tenant_id, ["a", "b"], database=shared_database, embedder=Second(), batch_texts=1
        )
    assert usage(shared_database, tenant_id) == [(SMALL, 10, pytest.approx(2e-7), True)]
    embedder = CountingEmbedder()
    embed_cached(tenant_id, ["a", "b"], database=shared_database, embedder=embedder)
    assert embedder.asked == ["b"]


def test_a_failure_of_the_first_batch_bills_nothing(shared_database: GuardedDatabase):
    class Broken(CountingEmbedder):
        def embed(self, texts: Any) -> Any:
            raise EmbeddingUnavailable("The provider does not answer.")

    tenant_id = new_tenant(shared_database)
    with pytest.raises(EmbeddingUnavailable):
        embed_cached(tenant_id, ["a"], database=shared_database, embedder=Broken())
    assert usage(shared_database, tenant_id) == []


def test_every_request_that_a_provider_served_is_paid_once_whatever_fails_after_it(
    shared_database: GuardedDatabase, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(embedding_limits, "MAX_REQUEST_TOKENS", 4)
    texts = ["one two three", "four five six", "seven eight nine"]  # a request each
    tenant_id = new_tenant(shared_database)
    with ProviderServer() as server:
        config = ProviderConfig("sk-test", server.base_url, SMALL, max_retries=0)
        embedder = OpenAiEmbedder(config, dimensions=64)
        server.script(Reply(), Reply(usage=False), Reply(status=500))
        with pytest.raises(EmbeddingUnavailable):
            embed_cached(tenant_id, texts, database=shared_database, embedder=embedder)
        assert [tokens for _, tokens, _, _ in usage(shared_database, tenant_id)] == [6]
        assert not usage(shared_database, tenant_id)[0][3]  # one of the two was counted here
        rest = embed_cached(tenant_id, texts, database=shared_database, embedder=embedder)
        embedder.close()
        assert [request.body["input"] for request in server.requests[3:]] == [texts[2:]]
    assert (rest.hits, rest.prompt_tokens) == (2, 3)
    assert np.allclose(rest.vectors, LocalEmbedder(64).embed(texts).vectors, atol=1e-3)


def test_a_question_is_embedded_and_billed_once(shared_database: GuardedDatabase):
    tenant_id, embedder = new_tenant(shared_database), CountingEmbedder()
    questions = QuestionEmbedder(
        shared_database, EmbeddingModels(embedder), base_url="https://api.openai.com/v1"
    )
    first, again = (questions.embed(tenant_id, "How long?") for _ in range(2))
    assert embedder.asked == ["How long?"]
    assert first == pytest.approx(again, abs=1e-3)
    assert rows_of(make_parts(shared_database), tenant_id, UsageEvent) == 1


def test_a_question_is_searched_by_words_where_it_cannot_be_embedded(
    shared_database: GuardedDatabase,
):
    class Broken(CountingEmbedder):
        def embed(self, texts: Any) -> Any:
            raise EmbeddingUnavailable("The provider does not answer.")

    tenant_id = new_tenant(shared_database)
    questions = QuestionEmbedder(shared_database, EmbeddingModels(Broken(64)), base_url="")
    assert not questions.embed(tenant_id, "How long?").any()
    assert rows_of(make_parts(shared_database), tenant_id, EmbeddingCache) == 0


def test_a_question_for_an_unknown_model_that_does_not_answer_is_asked_once(
    shared_database: GuardedDatabase,
):
    with ProviderServer() as server:
        server.default = Reply(status=500)
        config = ProviderConfig("sk-test", server.base_url, "unknown-model", max_retries=0)
        embedder = OpenAiEmbedder(config)
        questions = QuestionEmbedder(
            shared_database, EmbeddingModels(embedder), base_url=server.base_url
        )
        vector = questions.embed(new_tenant(shared_database), "How long?")
        embedder.close()
        assert (vector.shape, vector.any(), len(server.requests)) == ((1,), False, 1)
