"""The turn with a model: a local server plays the provider, well and badly."""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Message, PrivacyFinding, UsageEvent
from leanrag.answer import Answerer, Question
from leanrag.bootstrap import Services, start_services
from leanrag.errors import DatabaseUnavailable
from leanrag.guarded_database import UNAVAILABLE, GuardedDatabase
from leanrag.settings import Settings
from leanrag.stream import AnswerStream
from leanrag.text.tokens import load_counter
from leanrag.types import CitationMade, TextDelta, TurnEnded, TurnFailed, TurnStarted
from tests.product_parts import DELIVERY, RETURNS, add_text, ask, new_tenant
from tests.provider_server import ProviderServer, Reply

QUESTION = "How long does delivery take in Istanbul?"
SECRET = (
    "Our supplier Demirel sells us the copper samovar for four hundred lira apiece,"
    " which we never tell to any customer."
)
WORDS = Reply(text="It takes three working days [1] and is quick, as [7] says.")
KEY = "sk-test-1234567890"


@pytest.fixture(scope="module")
def provider() -> Iterator[ProviderServer]:
    with ProviderServer(api_key=KEY) as server:
        yield server


def settings_for(home: Path, provider: ProviderServer, **more: Any) -> Settings:
    values: dict[str, Any] = {
        "home": home,
        "openai_api_key": KEY,
        "openai_base_url": provider.base_url,
        "provider_silence_timeout_seconds": 1.0,
        "provider_max_retries": 1,
        "questions_per_minute": 10_000,
    }
    return Settings(_env_file=None, **{**values, **more})


@pytest.fixture(scope="module")
def speaking(services: Services, provider: ProviderServer) -> Iterator[Services]:
    """Services with a model, on the database of those without."""
    running = start_services(settings_for(services.settings.home, provider), worker=False)
    yield running
    running.close()


@pytest.fixture
def tenant_id(speaking: Services) -> UUID:
    tenant_id = new_tenant(speaking.database)
    add_text(speaking.ingest, tenant_id, DELIVERY, name="delivery.txt")
    add_text(speaking.ingest, tenant_id, RETURNS, name="returns.txt")
    return tenant_id


def ended(events: list[Any]) -> TurnEnded:
    assert isinstance(events[-1], TurnEnded), events[-1]
    return events[-1]


def failed(events: list[Any]) -> TurnFailed:
    assert isinstance(events[-1], TurnFailed), events[-1]
    return events[-1]


def text_of(events: list[Any]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def usage_of(services: Services, tenant_id: UUID) -> UsageEvent:
    with services.database.tenant(tenant_id) as session:
        return session.scalars(select(UsageEvent).where(UsageEvent.tenant_id == tenant_id)).one()


def stored(services: Services, tenant_id: UUID, events: list[Any]) -> Any:
    return services.conversations.message(tenant_id, events[0].message_id)


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
        (Reply(status=429, retry_after="60"), "provider_rate_limited"),
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
    started = time.monotonic()
    events = ask(speaking.answerer, tenant_id, QUESTION)
    assert time.monotonic() - started < 5
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


# ---- stopping ---------------------------------------------------------------------------------


def test_a_stopped_answer_ends_within_a_quarter_second_and_is_kept(
    speaking: Services, provider: ProviderServer, tenant_id: UUID
):
    provider.hang_ups = 0
    provider.script(Reply(text="word " * 200, piece_delay=0.05))
    stream = AnswerStream(speaking.answerer, tenant_id, Question(QUESTION))
    events: list[Any] = []
    stopped_at = 0.0
    for event in stream.events(0.02):
        if event is not None:
            events.append(event)
        if not stopped_at and len(text_of(events).split()) >= 3:
            stream.cancel()
            stopped_at = time.monotonic()
    assert time.monotonic() - stopped_at < 0.5  # with the settlement; the words end before
    end = ended(events)
    assert end.metadata.outcome == "stopped"
    message = stored(speaking, tenant_id, events)
    assert (message.status, message.text) == ("stopped", text_of(events))
    assert 3 <= len(message.text.split()) < 20
    assert usage_of(speaking, tenant_id).outcome == "stopped"
    assert provider.wait_for_hang_up()


def test_no_word_comes_later_than_a_quarter_second_after_the_stop(
    speaking: Services, provider: ProviderServer, tenant_id: UUID
):
    provider.script(replace(WORDS, silence_after_pieces=(3, 30.0)))
    cancelled = threading.Event()
    events = speaking.answerer.answer(tenant_id, Question(QUESTION), cancelled=cancelled)
    said = [next(events) for _ in range(4)]
    stopping = threading.Timer(0.3, cancelled.set)
    started = time.monotonic()
    stopping.start()
    rest = list(events)
    assert time.monotonic() - started < 0.3 + 0.25 + 0.2  # the last is for the settlement
    stopping.join()
    assert text_of([*said, *rest]) == "It takes three"
    assert ended(rest).metadata.outcome == "stopped"


def test_a_reader_who_closes_the_stream_ends_the_providers_too(
    speaking: Services, provider: ProviderServer, tenant_id: UUID
):
    provider.hang_ups = 0
    provider.script(Reply(text="word " * 200, piece_delay=0.05))
    events = speaking.answerer.answer(tenant_id, Question(QUESTION))
    started = next(events)
    assert isinstance(started, TurnStarted)
    said = [next(events) for _ in range(3)]
    events.close()  # type: ignore[attr-defined]
    assert provider.wait_for_hang_up()
    message = speaking.conversations.message(tenant_id, started.message_id)
    assert (message.status, message.text) == ("stopped", text_of(said))
    assert usage_of(speaking, tenant_id).outcome == "stopped"


# ---- a database that goes away ----------------------------------------------------------------


class Leaving(GuardedDatabase):
    """A database that is there for a turn's first `transactions` and then no more."""

    def __init__(self, real: GuardedDatabase, transactions: int) -> None:
        super().__init__(real.engine, real.admin_engine)
        self.left = transactions

    @contextmanager
    def tenant(self, tenant_id: UUID) -> Iterator[Session]:
        self.left -= 1
        if self.left < 0:
            raise DatabaseUnavailable(UNAVAILABLE)
        with super().tenant(tenant_id) as session:
            yield session


def test_a_settlement_without_a_database_fails_the_turn_in_one_sentence(
    speaking: Services, provider: ProviderServer, tenant_id: UUID
):
    provider.script(WORDS)
    leaving = Leaving(speaking.database, transactions=2)  # admission and retrieval
    events = ask(Answerer(leaving, speaking.answerer._steps), tenant_id, QUESTION)
    failure = failed(events)
    assert (failure.code, failure.message) == ("database_unavailable", UNAVAILABLE)
    assert text_of(events)  # the customer read it, but
    assert failure.kept_text == ""  # nothing of it was stored
    assert stored(speaking, tenant_id, events).status == "partial"


def test_a_retrieval_without_a_database_fails_the_turn_and_asks_no_model(
    speaking: Services, provider: ProviderServer, tenant_id: UUID
):
    asked = len(provider.requests)
    leaving = Leaving(speaking.database, transactions=1)
    events = ask(Answerer(leaving, speaking.answerer._steps), tenant_id, QUESTION)
    assert failed(events).code == "database_unavailable"
    assert len(provider.requests) == asked


def test_an_admission_without_a_database_raises(speaking: Services, tenant_id: UUID):
    leaving = Leaving(speaking.database, transactions=0)
    with pytest.raises(DatabaseUnavailable):
        ask(Answerer(leaving, speaking.answerer._steps), tenant_id, QUESTION)


def test_a_server_that_stops_in_mid_stream_fails_the_turn_and_keeps_what_was_saved(
    provider: ProviderServer,
):
    home = Path(tempfile.mkdtemp(prefix="lr"))
    settings = settings_for(home, provider)
    running = start_services(settings, worker=False, demo=False)
    try:
        tenant_id = new_tenant(running.database)
        add_text(running.ingest, tenant_id, DELIVERY)
        provider.script(Reply(text=" ".join(f"word{n}" for n in range(100)), piece_delay=0.04))
        events: list[Any] = []
        for event in running.answerer.answer(tenant_id, Question(QUESTION)):
            events.append(event)
            if len(events) == 60:  # after more than two seconds: twice saved
                record = home / "pgdata" / "postmaster.pid"
                os.kill(int(record.read_text().split()[0]), signal.SIGINT)
        failure = failed(events)
        assert (failure.code, failure.message) == ("database_unavailable", UNAVAILABLE)
        assert 10 < len(failure.kept_text.split()) < 70
        assert text_of(events).startswith(failure.kept_text)
    finally:
        running.close()
    again = start_services(settings, worker=False, demo=False)
    try:
        message = stored(again, tenant_id, events)
        assert (message.status, message.text) == ("partial", failure.kept_text)
        with again.database.tenant(tenant_id) as session:
            assert len(session.scalars(select(Message.message_id)).all()) == 2
        provider.script(WORDS)
        assert isinstance(ask(again.answerer, tenant_id, QUESTION)[-1], TurnEnded)
    finally:
        again.close()
        shutil.rmtree(home)


# ---- embeddings from the provider -------------------------------------------------------------


def test_a_provider_that_embeds_is_billed_and_its_failure_fails_the_turn(
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
        failure = failed(ask(running.answerer, tenant_id, "And how much does delivery cost?"))
        assert failure.message.endswith(".")
    finally:
        running.close()
