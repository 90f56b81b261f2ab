"""Answers given again: in one tenant and bot, on the same knowledge, never a personal one."""

from __future__ import annotations

import dataclasses
from uuid import UUID

import pytest
from sqlalchemy import update

from db.models import (
    CachedResponse,
    ChunkRow,
    CitationUse,
    Message,
    QuotaPeriod,
    Source,
    UsageEvent,
)
from leanrag.answer import Answerer
from leanrag.bootstrap import Services
from leanrag.response_cache import ResponseCache
from leanrag.router import KeywordRule
from leanrag.types import CitationMade
from tests.product_parts import (
    DELIVERY,
    RETURNS,
    add_text,
    ask,
    ended,
    new_tenant,
    rows,
    with_steps,
)

QUESTION = "How long does delivery take in Istanbul?"


@pytest.fixture
def tenant_id(services: Services) -> UUID:
    tenant_id = new_tenant(services.database)
    add_text(services.ingest, tenant_id, DELIVERY, name="delivery.txt")
    return tenant_id


@pytest.fixture
def answerer(services: Services) -> Answerer:
    return with_steps(services, cache=ResponseCache(900))


def test_the_same_question_gets_the_same_answer_without_a_search(
    services: Services, answerer: Answerer, tenant_id: UUID
):
    first = ended(ask(answerer, tenant_id, QUESTION))
    events = ask(answerer, tenant_id, "how long does delivery take in istanbul")
    again = ended(events)
    assert again.text == first.text
    assert again.citations == first.citations
    assert [e.citation for e in events if isinstance(e, CitationMade)] == list(first.citations)
    assert again.message_id != first.message_id
    assert again.metadata.model_used == "cache"
    assert again.metadata.total_tokens == 0
    assert again.metadata.cost_usd == 0
    assert again.metadata.saved_tokens > 0
    ledger = services.conversations.message(tenant_id, again.message_id).ledger
    assert ledger is not None
    assert ledger.cached is not None
    assert ledger.cached.message_id == first.message_id
    assert ledger.cached.match == "exact"
    assert "embed" not in ledger.step_ms
    assert {row.model for row in rows(services, tenant_id, UsageEvent)} == {"extractive", "cache"}
    assert rows(services, tenant_id, QuotaPeriod)[0].questions_used == 2
    assert len(rows(services, tenant_id, CitationUse)) == 2 * len(first.citations)
    (kept,) = rows(services, tenant_id, CachedResponse)
    assert kept.hits == 1


def is_cached(
    answerer: Answerer, tenant_id: UUID, question: str = QUESTION, **more: object
) -> bool:
    return ended(ask(answerer, tenant_id, question, **more)).metadata.model_used == "cache"


def test_a_greeting_before_does_not_make_a_question_personal(answerer: Answerer, tenant_id: UUID):
    ended(ask(answerer, tenant_id, QUESTION))
    hello = ended(ask(answerer, tenant_id, "hello"))
    assert is_cached(answerer, tenant_id, conversation_id=hello.conversation_id)


def test_an_answer_that_may_rest_on_what_was_said_before_is_neither_given_nor_kept(
    services: Services, answerer: Answerer, tenant_id: UUID
):
    ended(ask(answerer, tenant_id, QUESTION))
    other = ended(ask(answerer, tenant_id, "My daughter lives in Istanbul."))
    assert not is_cached(answerer, tenant_id, conversation_id=other.conversation_id)
    assert {row.question for row in rows(services, tenant_id, CachedResponse)} <= {
        QUESTION,
        "My daughter lives in Istanbul.",
    }


def test_another_tenant_is_never_given_the_answer(
    services: Services, answerer: Answerer, tenant_id: UUID
):
    ended(ask(answerer, tenant_id, QUESTION))
    assert not is_cached(answerer, new_tenant(services.database))


def test_new_knowledge_makes_a_new_answer(services: Services, answerer: Answerer, tenant_id: UUID):
    ended(ask(answerer, tenant_id, QUESTION))
    add_text(services.ingest, tenant_id, RETURNS, name="returns.txt")
    assert not is_cached(answerer, tenant_id)
    assert is_cached(answerer, tenant_id)


def test_what_became_learn_only_is_not_given_again(
    services: Services, answerer: Answerer, tenant_id: UUID
):
    first = ended(ask(answerer, tenant_id, QUESTION))
    assert first.citations
    with services.database.tenant(tenant_id) as session:
        for table in (Source, ChunkRow):
            session.execute(
                update(table).where(table.tenant_id == tenant_id).values(is_citable=False)
            )
    again = ended(ask(answerer, tenant_id, QUESTION))
    assert again.metadata.model_used != "cache"
    assert "three working days" not in again.text


def test_new_tuning_and_new_texts_make_a_new_answer(
    services: Services, answerer: Answerer, tenant_id: UUID
):
    ended(ask(answerer, tenant_id, QUESTION))
    draft = services.tuning.load(tenant_id)
    rule = KeywordRule("contact", "en", "samovarium", 3)
    services.tuning.save(tenant_id, dataclasses.replace(draft, keywords=(*draft.keywords, rule)))
    assert not is_cached(answerer, tenant_id)
    assert is_cached(answerer, tenant_id)
    bot = services.bots.find(tenant_id).slug
    opened = services.bot_versions.open_draft(tenant_id, bot)
    content = dataclasses.replace(opened.content, persona="You are brief.")
    saved = services.bot_versions.save_draft(
        tenant_id, bot, content, edit=opened.stamp.edit, based_on=opened.stamp.based_on
    )
    services.bot_versions.publish(tenant_id, bot, edit=saved.stamp.edit)
    assert not is_cached(answerer, tenant_id)


def test_an_abstention_is_never_kept(services: Services, answerer: Answerer, tenant_id: UUID):
    asked = "Who was the second emperor of Brazil?"
    assert ended(ask(answerer, tenant_id, asked)).metadata.outcome == "abstained"
    assert rows(services, tenant_id, CachedResponse) == []


def test_a_deleted_conversation_takes_its_answer_along(
    services: Services, answerer: Answerer, tenant_id: UUID
):
    first = ended(ask(answerer, tenant_id, QUESTION))
    services.conversations.delete(tenant_id, first.conversation_id)
    assert not is_cached(answerer, tenant_id)


def test_an_answer_given_again_is_stored_as_a_message_of_its_own(
    services: Services, answerer: Answerer, tenant_id: UUID
):
    first = ended(ask(answerer, tenant_id, QUESTION))
    again = ended(ask(answerer, tenant_id, QUESTION))
    services.conversations.delete(tenant_id, first.conversation_id)
    kept = [row.text for row in rows(services, tenant_id, Message) if row.role == "assistant"]
    assert kept == [again.text]
