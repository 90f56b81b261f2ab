"""The turn with a model: a local server plays the provider, well and badly."""

from __future__ import annotations

import json
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import select

from db.models import PrivacyFinding
from leanrag.bootstrap import Services, start_services
from leanrag.text.tokens import load_counter
from leanrag.types import CitationMade, TextDelta, TurnStarted
from tests.product_parts import DELIVERY, RETURNS, add_text, ask, ended, new_tenant
from tests.provider_server import ProviderServer, Reply
from tests.speaking_services import KEY, failed, settings_for, stored, text_of, usage_of

QUESTION = "How long does delivery take in Istanbul?"
SECRET = (
    "Our supplier Demirel sells us the copper samovar for four hundred lira apiece,"
    " which we never tell to any customer."
)
WORDS = Reply(text="It takes three working days [1] and is quick, as [7] says.")


@pytest.fixture
def tenant_id(speaking: Services) -> UUID:
    tenant_id = new_tenant(speaking.database)
    add_text(speaking.ingest, tenant_id, DELIVERY, name="delivery.txt")
    add_text(speaking.ingest, tenant_id, RETURNS, name="returns.txt")
    return tenant_id


# ---- a model that answers ---------------------------------------------------------------------


def test_an_answer_is_streamed_cited_and_stored(
    speaking: Services, provider: ProviderServer, tenant_id: UUID
):
    provider.script(WORDS)
    events = ask(speaking.answerer, tenant_id, QUESTION)
    assert isinstance(events[0], TurnStarted)
    end = ended(events)
    assert text_of(events) == end.text == "It takes three working days [1] and is quick, as says."
    assert [event.citation.number for event in events if isinstance(event, CitationMade)] == [1]
    assert end.citations[0].quote == DELIVERY
    assert end.metadata.model_used == "gpt-4o-mini"
    assert len([e for e in events if isinstance(e, TextDelta)]) > 5  # piece by piece
    message = stored(speaking, tenant_id, events)
    assert (message.text, message.status) == (end.text, "complete")


def test_the_provider_gets_the_stored_prompt_of_at_most_1500_tokens(
    speaking: Services, provider: ProviderServer, tenant_id: UUID
):
    manual = "\n\n".join(f"{DELIVERY} Case {n}: {RETURNS}" for n in range(60))
    add_text(speaking.ingest, tenant_id, manual, kind="manual")
    end = ended(ask(speaking.answerer, tenant_id, QUESTION))
    ledger = speaking.conversations.message(tenant_id, end.message_id).ledger
    assert ledger is not None
    sent = [(m["role"], m["content"]) for m in provider.prompts()[-1]]
    assert sent == [(m.role, m.content) for m in ledger.prompt.messages]
    assert end.metadata.prompt_tokens == ledger.prompt.total_tokens <= 1500  # as it was billed
    assert sum(s.tokens for s in ledger.prompt.sections) == ledger.prompt.total_tokens
    assert sent[-1][1].endswith(QUESTION)


def test_reported_usage_is_stored_with_its_cost(
    speaking: Services, provider: ProviderServer, tenant_id: UUID
):
    provider.script(replace(WORDS, cached_tokens=40))
    end = ended(ask(speaking.answerer, tenant_id, QUESTION))
    row = usage_of(speaking, tenant_id)
    assert row.is_reported
    assert row.prompt_tokens == end.metadata.prompt_tokens
    assert row.completion_tokens == load_counter().count(WORDS.text or "")
    assert (row.cached_tokens, row.outcome) == (40, "complete")
    assert row.cost_usd is not None
    assert row.cost_usd > 0
    assert float(row.cost_usd) == pytest.approx(end.metadata.cost_usd or 0, abs=1e-8)
    assert row.first_token_ms is not None
    assert 0 < row.first_token_ms <= row.latency_ms


def test_usage_that_is_not_reported_is_counted_and_marked(
    speaking: Services, provider: ProviderServer, tenant_id: UUID
):
    provider.script(replace(WORDS, usage=False))
    end = ended(ask(speaking.answerer, tenant_id, QUESTION))
    row = usage_of(speaking, tenant_id)
    assert not row.is_reported
    assert not end.metadata.usage_reported
    ledger = speaking.conversations.message(tenant_id, end.message_id).ledger
    assert ledger is not None
    assert row.prompt_tokens == ledger.prompt.total_tokens
    assert row.completion_tokens == load_counter().count(WORDS.text or "")


def test_what_no_column_takes_is_left_out_of_an_answer(
    speaking: Services, provider: ProviderServer, tenant_id: UUID
):
    delta = {"content": " \x00working\ud83d\u202e"}  # escaped in JSON, as providers send it
    chunk = {"model": "gpt-4o-mini", "choices": [{"index": 0, "delta": delta}]}
    provider.script(Reply(text="Three days [1].", raw_after_pieces=(1, json.dumps(chunk))))
    end = ended(ask(speaking.answerer, tenant_id, QUESTION))
    assert end.text == "Three working days [1]."
    assert speaking.conversations.message(tenant_id, end.message_id).text == end.text


# ---- learn-only knowledge ---------------------------------------------------------------------


def test_a_model_that_recites_learn_only_text_is_held_back_and_reported(
    speaking: Services, provider: ProviderServer
):
    tenant_id = new_tenant(speaking.database)
    source = add_text(speaking.ingest, tenant_id, SECRET, is_citable=False, name="costs.txt")
    provider.script(Reply(text=f"Well: {SECRET} That is all [1]."))
    events = ask(speaking.answerer, tenant_id, "What does the copper samovar cost us?")
    assert any("Demirel" in m["content"] for m in provider.prompts()[-1])  # the model knew it
    end = ended(events)
    for said in (text_of(events), end.text, stored(speaking, tenant_id, events).text):
        assert "Demirel" not in said
        assert "four hundred" not in said
    assert end.text.startswith("Well:")
    assert "That is all" in end.text
    assert end.citations == ()
    with speaking.database.tenant(tenant_id) as session:
        (finding,) = session.scalars(select(PrivacyFinding)).all()
    assert finding.source_id == source.source_id
    assert finding.message_id == end.message_id
    assert finding.withheld_words >= 8
    assert "Demirel" not in finding.text_hash


# ---- a provider that fails --------------------------------------------------------------------


def test_a_provider_that_asks_to_slow_down_is_asked_again(
    speaking: Services, provider: ProviderServer, tenant_id: UUID
):
    provider.script(Reply(status=429, retry_after="0"), WORDS)
    end = ended(ask(speaking.answerer, tenant_id, QUESTION))
    assert "three working days" in end.text
    assert usage_of(speaking, tenant_id).outcome == "complete"


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(status=429, retry_after="600"), "provider_rate_limited"),
        (Reply(status=401), "provider_unauthorized"),
        (Reply(status=500), "provider_unavailable"),
        (Reply(silence_before=30.0), "provider_timeout"),
    ],
    ids=["too many", "wrong key", "broken", "silent"],
)
def test_a_refusal_fails_the_turn_in_one_sentence_and_costs_nothing(
    speaking: Services, provider: ProviderServer, tenant_id: UUID, reply: Reply, code: str
):
    provider.script(reply, reply)
    events = ask(speaking.answerer, tenant_id, QUESTION)
    failure = failed(events)
    provider._replies.clear()
    assert (failure.code, failure.kept_text) == (code, "")
    assert failure.message.endswith(".")
    assert KEY not in failure.message
    message = stored(speaking, tenant_id, events)
    assert (message.status, message.error, message.text) == ("failed", failure.message, "")
    row = usage_of(speaking, tenant_id)
    assert (row.outcome, row.prompt_tokens, row.completion_tokens) == ("failed", 0, 0)
    assert (row.cost_usd, row.is_reported) == (0, False)
    report = speaking.usage.report(tenant_id)
    assert (report.totals.failed, report.totals.saved_tokens) == (1, 0)  # nothing was saved by it
    assert report.totals.saved_usd == 0


def test_a_wrong_key_is_told_without_showing_it(
    services: Services, provider: ProviderServer, tenant_id: UUID
):
    wrong = "sk-wrong-abcdef123456"
    running = start_services(
        settings_for(services.settings.home, provider, openai_api_key=wrong), worker=False
    )
    try:
        failure = failed(ask(running.answerer, tenant_id, QUESTION))
    finally:
        running.close()
    assert failure.code == "provider_unauthorized"
    assert wrong not in str(failure)


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (replace(WORDS, drop_after_pieces=5), "provider_unavailable"),
        (replace(WORDS, end_after_pieces=5), "provider_unavailable"),
        (replace(WORDS, silence_after_pieces=(5, 30.0)), "provider_timeout"),
    ],
    ids=["dropped", "ended early", "fell silent"],
)
def test_a_stream_that_breaks_off_leaves_what_was_said_as_partial(
    speaking: Services, provider: ProviderServer, tenant_id: UUID, reply: Reply, code: str
):
    provider.script(reply)
    events = ask(speaking.answerer, tenant_id, QUESTION)
    failure = failed(events)
    assert failure.code == code
    assert failure.kept_text == text_of(events) == "It takes three working days"
    message = stored(speaking, tenant_id, events)
    assert (message.status, message.text) == ("partial", failure.kept_text)
    assert message.error == failure.message
    row = usage_of(speaking, tenant_id)
    assert (row.outcome, row.is_reported) == ("partial", False)
    assert row.prompt_tokens > 0
    assert row.completion_tokens == load_counter().count(failure.kept_text)
    assert message.ledger is not None


# ---- embeddings from the provider -------------------------------------------------------------


def test_a_provider_that_embeds_is_billed_and_without_it_words_alone_are_searched(
    services: Services, provider: ProviderServer
):
    running = start_services(
        settings_for(
            services.settings.home,
            provider,
            embedding_model="text-embedding-3-small",
            embedding_dimensions=64,
        ),
        worker=False,
    )
    try:
        tenant_id = new_tenant(running.database)
        add_text(running.ingest, tenant_id, DELIVERY)
        ended(ask(running.answerer, tenant_id, QUESTION))
        events = running.usage.events(tenant_id, hours=24)
        assert sorted(event.kind for event in events) == ["answer", "embedding", "embedding"]
        assert all(event.is_reported and event.cost_usd for event in events)
        provider.script(Reply(status=500), Reply(status=500))
        end = ended(ask(running.answerer, tenant_id, "And how much does delivery cost?"))
        assert end.citations
        carried = running.conversations.message(tenant_id, end.message_id).ledger.prompt.carried()
        assert [decision.passage.dense_score for decision in carried] == [0.0]
    finally:
        running.close()
