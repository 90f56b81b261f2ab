"""Greetings, thanks and wishes for a person: told before retrieval, on real turns."""

from __future__ import annotations

from uuid import UUID

import pytest

from db.models import CitationUse, Conversation, QuotaPeriod, SessionMemory, UsageEvent
from leanrag.bootstrap import Services
from leanrag.bot_content import BotContent
from leanrag.types import TurnStarted
from tests.product_parts import DELIVERY, add_text, ask, ended, new_tenant, rows

QUESTION = "How long does delivery take in Istanbul?"


@pytest.fixture
def tenant_id(services: Services) -> UUID:
    tenant_id = new_tenant(services.database)
    add_text(services.ingest, tenant_id, DELIVERY, name="delivery.txt")
    return tenant_id


def conversation(services: Services, tenant_id: UUID) -> Conversation:
    (found,) = rows(services, tenant_id, Conversation)
    return found


@pytest.mark.parametrize(
    "text", ["Hello!", "سلام", "مرحبا", "Merhaba", "👋", "thank you so much 🙏"]
)
def test_a_greeting_costs_neither_search_nor_model_nor_quota(
    services: Services, tenant_id: UUID, text: str
):
    end = ended(ask(services.answerer, tenant_id, text))
    assert end.text
    assert end.citations == ()
    assert end.metadata.model_used == "fixed"
    assert end.metadata.outcome == "complete"
    assert end.metadata.prompt_tokens == end.metadata.completion_tokens == 0
    assert end.metadata.cost_usd == 0
    assert end.metadata.saved_tokens > 0
    assert rows(services, tenant_id, QuotaPeriod) == []
    assert rows(services, tenant_id, CitationUse) == []
    (used,) = rows(services, tenant_id, UsageEvent)
    assert (used.model, used.prompt_tokens, used.outcome) == ("fixed", 0, "complete")
    ledger = services.conversations.message(tenant_id, end.message_id).ledger
    assert ledger is not None
    assert ledger.contact is not None
    assert ledger.contact.is_whole
    assert ledger.prompt.decisions == ()


def test_a_reply_is_in_the_language_of_the_words(services: Services, tenant_id: UUID):
    for text, letter in (("سلام", "س"), ("teşekkür ederim", "e"), ("thanks a lot", "e")):
        assert letter in ended(ask(services.answerer, tenant_id, text)).text


def test_an_emoji_is_answered_in_the_language_spoken_before(services: Services, tenant_id: UUID):
    asked = ended(ask(services.answerer, tenant_id, "Teslimat kaç gün sürer?"))
    end = ended(ask(services.answerer, tenant_id, "🙏", conversation_id=asked.conversation_id))
    assert any(letter in end.text for letter in "ğşıçöü")


def test_a_bots_own_greeting_is_said(services: Services, tenant_id: UUID):
    bot = services.bots.find(tenant_id)
    draft = services.bot_versions.open_draft(tenant_id, bot.slug)
    content = BotContent(
        persona=draft.content.persona,
        instructions=draft.content.instructions,
        greeting={"en": "Welcome to the tea house."},
        fallback=draft.content.fallback,
        routing=draft.content.routing,
    )
    saved = services.bot_versions.save_draft(
        tenant_id, bot.slug, content, edit=draft.stamp.edit, based_on=draft.stamp.based_on
    )
    services.bot_versions.publish(tenant_id, bot.slug, edit=saved.stamp.edit)
    end = ended(ask(services.answerer, tenant_id, "hello"))
    assert end.text == "Welcome to the tea house."
    assert end.metadata.prompt_version == 2


def test_a_greeting_before_a_question_does_not_keep_it_from_being_answered(
    services: Services, tenant_id: UUID
):
    end = ended(ask(services.answerer, tenant_id, f"Hello, {QUESTION}"))
    assert "three working days" in end.text
    assert end.metadata.model_used == "extractive"


def test_the_wish_for_a_person_is_noted_with_the_conversation(services: Services, tenant_id: UUID):
    end = ended(ask(services.answerer, tenant_id, "I want to talk to a human"))
    first = conversation(services, tenant_id).handoff_requested_at
    assert first is not None
    assert end.metadata.model_used == "fixed"
    ended(ask(services.answerer, tenant_id, "a person please", conversation_id=end.conversation_id))
    assert conversation(services, tenant_id).handoff_requested_at == first
    (shown,) = services.conversations.list(tenant_id)
    assert shown.handoff_requested_at == first


def test_a_wish_for_a_person_beside_a_question_is_noted_and_the_question_answered(
    services: Services, tenant_id: UUID
):
    end = ended(ask(services.answerer, tenant_id, f"{QUESTION} I want to talk to a human."))
    assert end.metadata.model_used == "extractive"
    assert "colleague" in end.text
    assert conversation(services, tenant_id).handoff_requested_at is not None


def test_a_question_does_not_ask_for_a_person(services: Services, tenant_id: UUID):
    ended(ask(services.answerer, tenant_id, QUESTION))
    assert conversation(services, tenant_id).handoff_requested_at is None


def test_courtesies_do_not_fill_the_memory(services: Services, tenant_id: UUID):
    end = ended(ask(services.answerer, tenant_id, "hello"))
    for text in ("thanks", "thank you", "bye"):
        ended(ask(services.answerer, tenant_id, text, conversation_id=end.conversation_id))
    in_force = [m for m in rows(services, tenant_id, SessionMemory) if m.refused_because is None]
    assert in_force == []


def test_the_route_of_a_greeting_is_told_first(services: Services, tenant_id: UUID):
    events = ask(services.answerer, tenant_id, "hello")
    assert isinstance(events[0], TurnStarted)


def test_a_fallback_is_said_where_nothing_answers(services: Services):
    tenant_id = new_tenant(services.database)
    bot = services.bots.find(tenant_id)
    draft = services.bot_versions.open_draft(tenant_id, bot.slug)
    content = BotContent(
        persona="",
        instructions="",
        greeting={},
        fallback={"en": "Ask our shop by telephone."},
        routing=draft.content.routing,
    )
    saved = services.bot_versions.save_draft(
        tenant_id, bot.slug, content, edit=draft.stamp.edit, based_on=draft.stamp.based_on
    )
    services.bot_versions.publish(tenant_id, bot.slug, edit=saved.stamp.edit)
    end = ended(ask(services.answerer, tenant_id, QUESTION))
    assert end.text == "Ask our shop by telephone."
    assert end.metadata.outcome == "abstained"
