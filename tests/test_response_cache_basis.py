"""An answer is never given again once the knowledge that it stands on has changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, update

from db.models import ChunkRow, Conversation, Message, Source
from db.models.base import new_id
from leanrag.guarded_database import GuardedDatabase
from tests.cached_answers import CACHE, QUESTION, Shop
from tests.product_parts import DELIVERY, RETURNS, Parts, add_text, make_parts


@pytest.fixture
def shop(shared_database: GuardedDatabase) -> Shop:
    return Shop(shared_database)


@pytest.fixture
def parts(shared_database: GuardedDatabase) -> Parts:
    return make_parts(shared_database)


def of_the_source(source_id: UUID, **values: Any) -> Any:
    return update(Source).where(Source.source_id == source_id).values(**values)


@pytest.mark.parametrize(
    "change",
    [
        lambda shop, parts, source: shop.execute(of_the_source(source, is_citable=False)),
        lambda shop, parts, source: shop.execute(of_the_source(source, enabled=False)),
        lambda shop, parts, source: shop.execute(of_the_source(source, bot_id=shop.bot_id)),
        lambda shop, parts, source: shop.execute(of_the_source(source, title="Other")),
        lambda shop, parts, source: shop.execute(update(ChunkRow).values(is_citable=False)),
        lambda shop, parts, source: shop.execute(update(ChunkRow).values(enabled=False)),
        lambda shop, parts, source: shop.execute(delete(ChunkRow)),
        lambda shop, parts, source: parts.sources.delete(shop.tenant_id, source),
        lambda shop, parts, source: shop.execute(delete(Source)),
        lambda shop, parts, source: parts.ingest.process_again(shop.tenant_id, source),
        lambda shop, parts, source: add_text(parts.ingest, shop.tenant_id, RETURNS),
    ],
    ids=[
        *("learn-only", "disabled", "given to one bot", "renamed", "passages learn-only"),
        *("passages disabled", "passages deleted", "source deleted", "deleted by cascade"),
        *("processed again", "source added"),
    ],
)
def test_an_answer_is_never_given_again_once_the_knowledge_changed(
    shop: Shop, parts: Parts, change: Callable[[Shop, Parts, UUID], object]
):
    source = add_text(parts.ingest, shop.tenant_id, DELIVERY)
    shop.store(shop.key())
    assert shop.find(shop.key()) is not None
    change(shop, parts, source.source_id)
    assert shop.find(shop.key()) is None


def test_an_answer_of_a_citable_source_does_not_come_back_with_the_switch(shop: Shop, parts: Parts):
    source = add_text(parts.ingest, shop.tenant_id, DELIVERY)
    shop.store(shop.key())
    for is_citable in (False, True, False):
        shop.execute(of_the_source(source.source_id, is_citable=is_citable))
        assert shop.find(shop.key()) is None


def test_progress_of_a_source_does_not_empty_the_cache(shop: Shop, parts: Parts):
    source = add_text(parts.ingest, shop.tenant_id, DELIVERY)
    shop.store(shop.key())
    shop.execute(of_the_source(source.source_id, progress=50, step="again", status="processing"))
    assert shop.find(shop.key()) is not None


def test_the_first_passages_of_a_tenant_change_its_knowledge(shop: Shop, parts: Parts):
    assert shop.knowledge_version is None
    shop.store(shop.key())
    add_text(parts.ingest, shop.tenant_id, DELIVERY)
    assert shop.find(shop.key()) is None


def test_one_tenants_knowledge_does_not_change_anothers(shop: Shop, parts: Parts):
    other = Shop(shop.database)
    add_text(parts.ingest, other.tenant_id, DELIVERY)
    before = other.knowledge_version
    add_text(parts.ingest, shop.tenant_id, DELIVERY)
    shop.execute(update(Source).values(is_citable=False))
    assert other.knowledge_version == before


@pytest.mark.parametrize("table", [Message, Conversation], ids=["message", "conversation"])
def test_a_deleted_message_takes_its_entry_along(shop: Shop, table: Any):
    shop.store(shop.key())
    shop.execute(delete(table))
    assert shop.entries() == 0
    assert shop.find(shop.key()) is None


def test_an_answer_that_went_while_it_was_settled_is_not_kept(shop: Shop):
    with shop.database.tenant(shop.tenant_id) as session:
        CACHE.store(shop.tenant_id, shop.key(), QUESTION, new_id(), session=session)
    assert shop.entries() == 0
