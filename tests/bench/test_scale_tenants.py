"""The benchmark's rows are those that the product stores for the same texts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import text

from bench import _scale_tenants
from bench._recall_data import PublicPassage
from bench._scale_passages import Prepared, prepare
from leanrag.bootstrap import Services
from leanrag.embeddings import embedder_from
from leanrag.ingest.extracted import Chunk
from leanrag.text.tokens import load_counter
from tests.product_parts import counted_statistics, recounted_statistics

PUBLIC = (
    PublicPassage("en", "Delivery", "Delivery in Istanbul takes three working days."),
    PublicPassage("fa", "ارسال", "ارسال سفارش در تهران دو روز کاری طول می‌کشد."),
    PublicPassage("tr", "Teslimat", "İstanbul içinde teslimat üç iş günü sürer."),
)


def pool_of(services: Services, count: int) -> list[Prepared]:
    return prepare(
        PUBLIC, count, embedder=embedder_from(services.settings), counter=load_counter(), seed=1
    )


def write(services: Services, name: str, pool: list[Prepared]) -> UUID:
    (tenant_id,) = _scale_tenants.write(
        services,
        name,
        count=1,
        passages_each=len(pool),
        pool=pool,
        model=embedder_from(services.settings).model,
        seed=2,
    ).ids
    return tenant_id


def stored(services: Services, tenant_id: UUID) -> list[tuple[Any, ...]]:
    query = text(
        "SELECT c.full_text, c.title, c.language, c.token_count, c.content_hash IS NOT NULL,"
        " t.lexical::text, e.dense::text, e.model, t.source_id = c.source_id"
        " FROM chunks c JOIN chunk_terms t USING (tenant_id, chunk_id)"
        " JOIN chunk_embeddings e USING (tenant_id, chunk_id) ORDER BY c.full_text"
    )
    with services.database.tenant(tenant_id) as session:
        return [tuple(row) for row in session.execute(query)]


def test_rows_are_those_that_the_product_stores(services: Services):
    pool = pool_of(services, 3)
    written = stored(services, write(services, "scale-rows", pool))
    by_product = services.tenants.create("scale-product", "Shop").tenant_id
    services.ingest.add_records(
        by_product,
        kind="document",
        title="Part 0",
        filename="part-0",
        data=b"0",
        chunks=[
            Chunk(n, p.title, "", p.text, "", p.language, p.tokens, f"{n}")
            for n, p in enumerate(pool)
        ],
    )
    assert written == stored(services, by_product)
    assert len(written) == 3


def test_statistics_are_those_of_the_rows(services: Services):
    tenant_id = write(services, "scale-statistics", pool_of(services, 9))
    found = counted_statistics(services.database, tenant_id)
    assert found == recounted_statistics(services.database, tenant_id)
    assert found[0] == 9


def test_copies_differ_from_their_originals_and_are_the_same_each_time(services: Services):
    pool = pool_of(services, 9)
    assert len({passage.text for passage in pool}) == 9
    again = pool_of(services, 9)
    assert [p.text for p in pool] == [p.text for p in again]
    assert all(np.array_equal(a.terms, b.terms) for a, b in zip(pool, again, strict=True))
