"""What embedding costs is written with each batch, so that no crash can lose it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from db.models import EmbeddingCache, Source, UsageEvent
from leanrag.embedding_cache import CachedEmbedding
from leanrag.guarded_database import GuardedDatabase
from leanrag.ingest.embedding_bill import EmbeddingBill
from leanrag.ingest.pipeline import Upload
from leanrag.pricing import cost_usd
from tests.product_parts import DELIVERY, CountingEmbedder, Parts, make_parts, rows_of

MODEL, ADDRESS = "text-embedding-3-small", "https://api.openai.com/v1"
LONG = "\n\n".join(f"Rule {n}. {DELIVERY}" for n in range(60))


@pytest.fixture(scope="module")
def parts(shared_database: GuardedDatabase) -> Parts:
    return make_parts(shared_database, embedding_batch_texts=8, chunk_tokens=64)


def took(tokens: int, *, reported: bool = True) -> CachedEmbedding:
    return CachedEmbedding(np.zeros((0, 0), dtype=np.float32), tokens, reported, 0, 5.0)


def test_one_usage_row_grows_with_every_batch_and_the_source_with_it(parts: Parts, tenant_id: UUID):
    source_id = parts.ingest.accept(tenant_id, Upload("a.txt", LONG.encode())).source.source_id
    bill = EmbeddingBill(tenant_id, source_id, None, model=MODEL, base_url=ADDRESS)
    for batch in (took(1234), took(0), took(77, reported=False), took(3)):
        with parts.database.tenant(tenant_id) as session:
            bill.add(batch, session)
    with parts.database.tenant(tenant_id) as session:
        (event,) = session.query(UsageEvent).all()
        source = session.get_one(Source, (tenant_id, source_id))
    assert (event.kind, event.model, event.prompt_tokens) == ("embedding", MODEL, 1314)
    assert (event.is_reported, event.latency_ms) == (False, 15.0)
    price = cost_usd(MODEL, prompt_tokens=1314, base_url=ADDRESS)
    assert price is not None
    assert event.cost_usd == source.embedding_cost_usd == round(Decimal(price), 8)


def test_what_is_rolled_back_is_not_billed(parts: Parts, tenant_id: UUID):
    source_id = parts.ingest.accept(tenant_id, Upload("a.txt", LONG.encode())).source.source_id
    bill = EmbeddingBill(tenant_id, source_id, None, model=MODEL, base_url=ADDRESS)
    with parts.database.tenant(tenant_id) as session:
        bill.add(took(100), session)
        session.rollback()
    with parts.database.tenant(tenant_id) as session:
        bill.add(took(10), session)
    with parts.database.tenant(tenant_id) as session:
        (event,) = session.query(UsageEvent).all()
    assert event.prompt_tokens == 10


def test_a_batch_is_billed_in_the_transaction_that_keeps_it(parts: Parts, tenant_id: UUID):
    """At each further purchase everything before it is both kept and billed."""
    seen: list[tuple[int, int]] = []

    class Watching(CountingEmbedder):
        def embed(self, texts: Any) -> Any:
            with parts.database.tenant(tenant_id) as session:
                billed = sum(event.prompt_tokens for event in session.query(UsageEvent))
            seen.append((billed, rows_of(parts, tenant_id, EmbeddingCache)))
            return super().embed(texts)

    watching = make_parts(parts.database, Watching(), embedding_batch_texts=8, chunk_tokens=64)
    source = watching.ingest.add(tenant_id, Upload("a.txt", LONG.encode()))
    assert source.status == "processed", source.error
    assert len(seen) > 2
    assert seen == [(80 * number, 8 * number) for number in range(len(seen))]
    assert rows_of(parts, tenant_id, UsageEvent) == 1
