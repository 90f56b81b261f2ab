"""What sending everything would have taken, counted from what is stored."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import select

from db.models import Bot, Conversation, Message, Source
from db.models.base import new_id
from leanrag.counterfactual import (
    MAX_DOCUMENT_TOKENS,
    SENT_FAQ_PAIRS,
    SENT_MESSAGES,
    SENT_PAGES,
    SENT_PRODUCTS,
    count_everything,
)
from leanrag.guarded_database import GuardedDatabase
from leanrag.ledger import Counterfactual
from leanrag.text.tokens import load_counter
from tests.product_parts import new_tenant

COUNTER = load_counter()


class Shop:
    def __init__(self, database: GuardedDatabase) -> None:
        self.database = database
        self.tenant_id = new_tenant(database)
        with database.tenant(self.tenant_id) as session:
            self.bot_id = session.scalars(select(Bot.bot_id)).one()

    def add(self, kind: str, tokens: int, passages: int = 1, **more: object) -> None:
        values = {"status": "processed", "title": "t", "filename": "f", "media_type": "m", **more}
        with self.database.tenant(self.tenant_id) as session:
            session.add(
                Source(
                    tenant_id=self.tenant_id,
                    kind=kind,
                    byte_size=1,
                    content_hash=str(new_id()),
                    token_count=tokens,
                    passage_count=passages,
                    **values,
                )
            )

    def count(
        self, conversation_id: UUID | None = None, before: UUID | None = None
    ) -> Counterfactual:
        with self.database.tenant(self.tenant_id) as session:
            return count_everything(
                self.tenant_id,
                bot_id=self.bot_id,
                conversation_id=conversation_id,
                before_message=before,
                own_tokens=100,
                counter=COUNTER,
                session=session,
            )

    def parts(self) -> dict[str, int]:
        return {part.name: part.tokens for part in self.count().parts}


@pytest.fixture
def shop(shared_database: GuardedDatabase) -> Shop:
    return Shop(shared_database)


def test_a_tenant_that_knows_nothing_would_send_the_instructions_alone(shop: Shop):
    assert shop.parts() == {"instructions_and_question": 100}
    assert shop.count().total_tokens == 100


def test_the_whole_manual_is_sent(shop: Shop):
    shop.add("manual", 20_000, passages=100)
    shop.add("manual", 1_000, passages=5)
    assert shop.parts()["manual"] == 21_000


def test_of_long_lists_as_many_as_are_sent_count_by_their_mean(shop: Shop):
    shop.add("faq", 8_000, passages=80)
    shop.add("product", 6_000, passages=60)
    for _ in range(20):
        shop.add("website", 500, passages=3)
    parts = shop.parts()
    assert parts["faq"] == 100 * SENT_FAQ_PAIRS
    assert parts["product"] == 100 * SENT_PRODUCTS
    assert parts["website"] == 500 * SENT_PAGES


def test_short_lists_are_sent_whole(shop: Shop):
    shop.add("faq", 333, passages=3)
    shop.add("website", 700, passages=9)
    assert shop.parts()["faq"] == 333
    assert shop.parts()["website"] == 700


def test_a_large_archive_does_not_inflate_what_is_saved(shop: Shop):
    shop.add("document", 1_000_000, passages=5_000)
    assert shop.parts()["document"] == MAX_DOCUMENT_TOKENS
    small = Shop(shop.database)
    small.add("document", 50)
    assert small.parts()["document"] == 50


def test_what_would_not_be_sent_does_not_count(shop: Shop):
    with shop.database.tenant(shop.tenant_id) as session:
        other = Bot(tenant_id=shop.tenant_id, slug="other", name="Other")
        session.add(other)
        session.flush()
        other_id = other.bot_id
    shop.add("manual", 1_000, status="processing")
    shop.add("manual", 1_000, status="failed")
    shop.add("manual", 1_000, enabled=False)
    shop.add("manual", 1_000, bot_id=other_id)
    assert "manual" not in shop.parts()
    shop.add("manual", 70, bot_id=shop.bot_id)
    assert shop.parts()["manual"] == 70


def test_six_earlier_messages_count_and_the_question_itself_does_not(shop: Shop):
    conversation_id, texts = new_id(), [f"This is message number {n}." for n in range(9)]
    with shop.database.tenant(shop.tenant_id) as session:
        session.add(
            Conversation(
                tenant_id=shop.tenant_id, conversation_id=conversation_id, bot_id=shop.bot_id
            )
        )
        session.flush()
        ids = []
        for text in (*texts, "The question of now, which is much longer than the others?", ""):
            ids.append(new_id())
            session.add(
                Message(
                    tenant_id=shop.tenant_id,
                    message_id=ids[-1],
                    conversation_id=conversation_id,
                    role="user",
                    text=text,
                )
            )
    counted = shop.count(conversation_id, before=ids[-2])
    expected = sum(COUNTER.count(text) for text in texts[-SENT_MESSAGES:])
    assert {p.name: p.tokens for p in counted.parts}["messages"] == expected
    first = shop.count(conversation_id, before=ids[0])
    assert {p.name: p.tokens for p in first.parts}["messages"] == 0


def test_the_total_is_the_sum_of_its_parts(shop: Shop):
    for kind in ("faq", "manual", "product", "website", "document"):
        shop.add(kind, 3_000, passages=11)
    counted = shop.count()
    assert counted.total_tokens == sum(part.tokens for part in counted.parts)
    assert len(counted.parts) == 6
