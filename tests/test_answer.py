"""The turn without a model: what is admitted, what is said, and what is left behind."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import update

from db.models import (
    Bot,
    BotVersionRow,
    CitationUse,
    Conversation,
    Message,
    QuotaPeriod,
    UsageEvent,
)
from leanrag.answer import Question
from leanrag.bootstrap import Services
from leanrag.bot_content import BotContent
from leanrag.bot_version_rows import publish_first
from leanrag.extractive import ABSTENTIONS
from leanrag.types import CitationMade, TextDelta, TurnEnded, TurnFailed, TurnStarted
from tests.product_parts import DELIVERY, RETURNS, add_text, ask, ended, new_tenant, rows

QUESTION = "How long does delivery take in Istanbul?"
PARROT = "The parrot brings every delivery within Istanbul by noon, arr."


@pytest.fixture
def tenant_id(services: Services) -> UUID:
    tenant_id = new_tenant(services.database)
    add_text(services.ingest, tenant_id, DELIVERY, name="delivery.txt")
    add_text(services.ingest, tenant_id, RETURNS, name="returns.txt")
    return tenant_id


# ---- a turn that goes well --------------------------------------------------------------------


def test_events_come_in_order_and_their_text_is_the_answer(services: Services, tenant_id: UUID):
    events = ask(services.answerer, tenant_id, QUESTION)
    assert isinstance(events[0], TurnStarted)
    end = ended(events)
    assert {type(event) for event in events[1:-1]} == {TextDelta, CitationMade}
    assert "".join(e.text for e in events if isinstance(e, TextDelta)) == end.text
    assert DELIVERY in end.text
    made = tuple(e.citation for e in events if isinstance(e, CitationMade))
    assert made == end.citations
    assert events[0].message_id == end.message_id
    assert end.metadata.model_used == services.answerer.model_name == "extractive"


def test_citations_name_passages_of_this_turn_alone(services: Services, tenant_id: UUID):
    end = ended(ask(services.answerer, tenant_id, QUESTION))
    ledger = services.conversations.message(tenant_id, end.message_id).ledger
    assert ledger is not None
    carried = {d.marker: d.passage.passage_id for d in ledger.prompt.carried() if d.marker}
    assert end.citations
    for citation in end.citations:
        assert carried[citation.number] == citation.passage_id
        assert citation.quote in DELIVERY + RETURNS
        assert f"[{citation.number}]" in end.text
    uses = rows(services, tenant_id, CitationUse)
    assert {(use.marker, use.chunk_id) for use in uses} == {
        (citation.number, citation.passage_id) for citation in end.citations
    }


def test_question_answer_and_ledger_are_stored(services: Services, tenant_id: UUID):
    end = ended(ask(services.answerer, tenant_id, QUESTION))
    asked, answer = services.conversations.messages(tenant_id, end.conversation_id)
    assert (asked.role, asked.text, asked.status) == ("user", QUESTION, "complete")
    assert (answer.role, answer.text, answer.status) == ("assistant", end.text, "complete")
    assert answer.citations == end.citations
    assert answer.ledger is not None
    assert answer.ledger.metadata == end.metadata
    assert set(answer.ledger.step_ms) == {"admit", "embed", "retrieve", "budget", "generate"}
    conversation = services.conversations.get(tenant_id, end.conversation_id)
    assert (conversation.message_count, conversation.title) == (2, QUESTION)


def test_the_stored_prompt_is_within_the_limit_and_its_sections_add_up(
    services: Services, tenant_id: UUID
):
    long_manual = "\n\n".join(f"{DELIVERY} Case {n}: {RETURNS}" for n in range(80))
    add_text(services.ingest, tenant_id, long_manual, kind="manual")
    end = ended(ask(services.answerer, tenant_id, QUESTION))
    ledger = services.conversations.message(tenant_id, end.message_id).ledger
    assert ledger is not None
    assert 1000 < ledger.prompt.total_tokens <= 1500
    assert sum(s.tokens for s in ledger.prompt.sections) == ledger.prompt.total_tokens
    assert end.metadata.prompt_tokens == ledger.prompt.total_tokens
    assert ledger.counterfactual.total_tokens > ledger.prompt.total_tokens
    parts = sum(part.tokens for part in ledger.counterfactual.parts)
    assert parts == ledger.counterfactual.total_tokens
    assert ledger.prompt.messages[-1].content.endswith(QUESTION)  # the question is whole
    assert {d.fate for d in ledger.prompt.decisions} >= {"kept", "trimmed"}


def test_usage_of_a_quotation_is_counted_and_costs_nothing(services: Services, tenant_id: UUID):
    end = ended(ask(services.answerer, tenant_id, QUESTION))
    (row,) = rows(services, tenant_id, UsageEvent)
    assert (row.kind, row.model, row.outcome) == ("answer", "extractive", "complete")
    assert (row.cost_usd, row.saved_usd, row.is_reported) == (0, 0, False)
    assert row.prompt_tokens == end.metadata.prompt_tokens
    assert row.message_id == end.message_id
    assert rows(services, tenant_id, QuotaPeriod)[0].questions_used == 1


def test_a_conversation_goes_on_and_is_remembered(services: Services, tenant_id: UUID):
    first = ended(ask(services.answerer, tenant_id, "My order 4711 is late. How long is delivery?"))
    for _ in range(2):
        last = ended(
            ask(
                services.answerer,
                tenant_id,
                QUESTION,
                conversation_id=first.conversation_id,
            )
        )
        assert last.conversation_id == first.conversation_id
    ledger = services.conversations.message(tenant_id, last.message_id).ledger
    assert ledger is not None
    assert "order 4711" in ledger.prompt.messages[-1].content
    assert services.conversations.get(tenant_id, first.conversation_id).message_count == 6
    parts = {p.name: p.tokens for p in ledger.counterfactual.parts}
    assert parts["messages"] > 0
    messages = services.conversations.messages(tenant_id, first.conversation_id)
    assert [m.role for m in messages] == ["user", "assistant"] * 3


def test_where_nothing_answers_it_is_said_so(services: Services, tenant_id: UUID):
    empty = new_tenant(services.database)
    for tenant in (empty, tenant_id):
        end = ended(ask(services.answerer, tenant, "Qwfp zxcv hjkl?"))
        assert end.text == ABSTENTIONS["en"]
        assert end.metadata.outcome == "abstained"
        assert end.citations == ()
        assert services.conversations.message(tenant, end.message_id).status == "abstained"


def test_learn_only_knowledge_is_never_quoted(services: Services):
    tenant_id = new_tenant(services.database)
    secret = "Delivery in Istanbul costs us eleven lira at the courier Yurt, keep it to yourself."
    add_text(services.ingest, tenant_id, secret, is_citable=False)
    end = ended(ask(services.answerer, tenant_id, "What does delivery in Istanbul cost us?"))
    assert "eleven" not in end.text
    assert end.citations == ()


def test_a_bots_own_voice_and_sources_are_used(services: Services, tenant_id: UUID):
    with services.database.tenant(tenant_id) as session:
        pirate = Bot(tenant_id=tenant_id, slug="pirate", name="Pirate")
        session.add(pirate)
        session.flush()
        voice = BotContent(persona="Speak as a pirate.")
        publish_first(tenant_id, pirate.bot_id, voice, session=session)
    add_text(services.ingest, tenant_id, PARROT, bot_id=pirate.bot_id)
    end = ended(ask(services.answerer, tenant_id, QUESTION, bot="pirate"))
    ledger = services.conversations.message(tenant_id, end.message_id).ledger
    assert ledger is not None
    assert "Speak as a pirate." in ledger.prompt.messages[0].content
    assert PARROT in ledger.prompt.messages[-1].content
    goes_on = ended(
        ask(services.answerer, tenant_id, QUESTION, conversation_id=end.conversation_id)
    )
    ledger = services.conversations.message(tenant_id, goes_on.message_id).ledger
    assert ledger is not None  # the conversation keeps its bot
    assert "Speak as a pirate." in ledger.prompt.messages[0].content


# ---- readers and deletions --------------------------------------------------------------------


def test_a_reader_who_goes_away_leaves_what_was_said(services: Services, tenant_id: UUID):
    events = services.answerer.answer(tenant_id, Question(QUESTION))
    started = next(events)
    said = [next(events) for _ in range(3)]
    events.close()  # type: ignore[attr-defined]
    message = services.conversations.message(tenant_id, started.message_id)  # type: ignore[union-attr]
    assert message.status == "stopped"
    assert message.text == "".join(e.text for e in said if isinstance(e, TextDelta))
    assert message.text
    assert len(rows(services, tenant_id, UsageEvent)) == 1


def test_a_turn_cancelled_before_its_first_word_is_stored_as_stopped(
    services: Services, tenant_id: UUID
):
    cancelled = threading.Event()
    cancelled.set()
    end = ended(list(services.answerer.answer(tenant_id, Question(QUESTION), cancelled=cancelled)))
    assert (end.text, end.metadata.outcome) == ("", "stopped")


def test_a_conversation_deleted_in_mid_turn_leaves_the_usage_alone(
    services: Services, tenant_id: UUID
):
    events = services.answerer.answer(tenant_id, Question(QUESTION))
    started = next(events)
    assert isinstance(started, TurnStarted)
    next(events)
    services.conversations.delete(tenant_id, started.conversation_id)
    ended(list(events))
    assert rows(services, tenant_id, Message) == []
    (row,) = rows(services, tenant_id, UsageEvent)
    assert row.message_id == started.message_id


def test_a_source_deleted_in_mid_turn_is_not_counted_as_used(services: Services, tenant_id: UUID):
    events = services.answerer.answer(tenant_id, Question(QUESTION))
    assert isinstance(next(events), TurnStarted)
    assert isinstance(next(events), TextDelta)  # the evidence is there by now
    for source in services.sources.list(tenant_id):
        services.sources.delete(tenant_id, source.source_id)
    end = ended(list(events))
    assert end.citations
    assert rows(services, tenant_id, CitationUse) == []
    stored = services.conversations.message(tenant_id, end.message_id)
    assert stored.citations == end.citations  # what was said stays said


def test_turns_of_one_conversation_at_once_are_all_kept(services: Services, tenant_id: UUID):
    first = ended(ask(services.answerer, tenant_id, QUESTION))

    def go_on(_: int) -> TurnEnded:
        return ended(
            ask(services.answerer, tenant_id, QUESTION, conversation_id=first.conversation_id)
        )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(go_on, range(4)))
    conversation = services.conversations.get(tenant_id, first.conversation_id)
    assert conversation.message_count == 10
    assert rows(services, tenant_id, QuotaPeriod)[0].questions_used == 5


def test_a_settlement_waits_for_a_deletion_that_is_under_way(services: Services, tenant_id: UUID):
    events = services.answerer.answer(tenant_id, Question(QUESTION))
    started = next(events)
    assert isinstance(started, TurnStarted)
    with ThreadPoolExecutor(1) as pool:
        with services.database.tenant(tenant_id) as session:
            session.delete(session.get_one(Conversation, (tenant_id, started.conversation_id)))
            session.flush()
            answering = pool.submit(list, events)
            time.sleep(0.3)  # it is at its settlement by now
            assert not answering.done()
        assert isinstance(answering.result()[-1], TurnEnded)
    assert rows(services, tenant_id, Message) == []
    assert len(rows(services, tenant_id, UsageEvent)) == 1


def test_deleting_and_answering_at_once_never_fails(services: Services, tenant_id: UUID):
    """The settlement and the deletion lock in the same order."""
    for _ in range(6):
        events = services.answerer.answer(tenant_id, Question(QUESTION))
        started = next(events)
        assert isinstance(started, TurnStarted)
        with ThreadPoolExecutor(2) as pool:
            deleting = pool.submit(
                services.conversations.delete, tenant_id, started.conversation_id
            )
            answering = pool.submit(list, events)
            deleting.result()
            assert isinstance(answering.result()[-1], TurnEnded)


# ---- an early failure -------------------------------------------------------------------------


def test_a_persona_beyond_its_share_fails_the_turn_with_its_sentence(
    services: Services, tenant_id: UUID
):
    with services.database.tenant(tenant_id) as session:
        session.execute(update(BotVersionRow).values(persona="Be kind. " * 300))
    events = ask(services.answerer, tenant_id, QUESTION)
    assert isinstance(events[0], TurnStarted)
    failed = events[-1]
    assert isinstance(failed, TurnFailed)
    assert "shorten the bot's persona" in failed.message
    stored = services.conversations.message(tenant_id, events[0].message_id)
    assert (stored.status, stored.error) == ("failed", failed.message)
