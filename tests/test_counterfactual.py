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
from leanrag.turn_basis import read_basis
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

    def count(self, conversation_id: UUID | None = None) -> Counterfactual:
        with self.database.tenant(self.tenant_id) as session:
            basis = read_basis(
                self.tenant_id, self.bot_id, conversation_id=conversation_id, session=session
            )
        latest = None if conversation_id is None else basis.latest
        return count_everything(basis.totals, latest, own_tokens=100, counter=COUNTER)

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


def test_six_earlier_messages_count_whatever_their_order_and_empty_ones_do_not(shop: Shop):
    conversation_id = new_id()
    with shop.database.tenant(shop.tenant_id) as session:
        session.add(
            Conversation(
                tenant_id=shop.tenant_id, conversation_id=conversation_id, bot_id=shop.bot_id
            )
        )
    assert messages_of(shop.count(conversation_id)) == 0
    texts = [f"This is message number {n} [{n}]." for n in range(9)]
    with shop.database.tenant(shop.tenant_id) as session:
        for text in (*texts, ""):  # the last is an answer that is still empty
            session.add(
                Message(
                    tenant_id=shop.tenant_id,
                    message_id=new_id(),
                    conversation_id=conversation_id,
                    role="user",
                    text=text,
                )
            )
    expected = sum(COUNTER.count(text) for text in texts[-SENT_MESSAGES:])
    assert messages_of(shop.count(conversation_id)) == expected


def messages_of(counted: Counterfactual) -> int:
    return {part.name: part.tokens for part in counted.parts}["messages"]


def test_the_total_is_the_sum_of_its_parts(shop: Shop):
    for kind in ("faq", "manual", "product", "website", "document"):
        shop.add(kind, 3_000, passages=11)
    counted = shop.count()
    assert counted.total_tokens == sum(part.tokens for part in counted.parts)
    assert len(counted.parts) == 6
