"""Turns with models that count otherwise than we do: what is learned, kept and told."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from db.models import UsageEvent
from leanrag.bootstrap import Services, start_services
from leanrag.token_margin import EXACT
from leanrag.types import AnswerMetadata
from leanrag.usage import ALERT_CALLS
from tests.product_parts import DELIVERY, RETURNS, add_text, ask, ended, new_tenant
from tests.provider_server import ProviderServer, Reply
from tests.speaking_services import settings_for

QUESTION = "How long does delivery take in Istanbul?"
MANUAL = "\n\n".join(f"{DELIVERY} Case {n}: {RETURNS} Shelf {n * 7}." for n in range(90))


@pytest.fixture
def provider() -> Iterator[ProviderServer]:
    with ProviderServer() as server:
        yield server


@pytest.fixture
def start(services: Services, provider: ProviderServer) -> Iterator[Callable[..., Services]]:
    """Start services with another model, on the database of the others."""
    with ExitStack() as running:

        def start_with(**settings: Any) -> Services:
            started = start_services(
                settings_for(services.settings.home, provider, **settings), worker=False
            )
            running.callback(started.close)
            return started

        yield start_with


@pytest.fixture
def tenant_id(services: Services) -> UUID:
    tenant_id = new_tenant(services.database)
    add_text(services.ingest, tenant_id, MANUAL, kind="manual", name="manual.txt")
    return tenant_id


def answer(services: Services, tenant_id: UUID, question: str = QUESTION) -> AnswerMetadata:
    return ended(ask(services.answerer, tenant_id, question)).metadata


def latest(services: Services, tenant_id: UUID) -> UsageEvent:
    query = select(UsageEvent).where(UsageEvent.tenant_id == tenant_id)
    with services.database.tenant(tenant_id) as session:
        return session.scalars(query.order_by(UsageEvent.usage_id.desc()).limit(1)).one()


def test_a_model_of_openai_is_counted_exactly_and_fills_the_limit(
    start: Callable[..., Services], tenant_id: UUID
):
    services = start(model="gpt-4o-mini")
    end = ended(ask(services.answerer, tenant_id, QUESTION))
    ledger = services.conversations.message(tenant_id, end.message_id).ledger
    assert ledger is not None
    assert ledger.margin == EXACT
    assert 1400 < end.metadata.prompt_tokens == ledger.prompt.total_tokens <= 1500
    row = latest(services, tenant_id)
    assert (row.counted_tokens, row.excess_tokens) == (row.prompt_tokens, 0)
    assert services.usage.prompt_alerts(tenant_id) == ()


def test_a_dearer_tokenizer_stays_within_the_limit_by_what_is_assumed(
    start: Callable[..., Services], provider: ProviderServer, tenant_id: UUID
):
    provider.default = Reply(token_ratio=1.09)
    services = start(model="llama-3.1-8b")
    reports = [answer(services, tenant_id).prompt_tokens for _ in range(12)]
    assert max(reports) <= 1500
    assert min(reports) > 1400
    assert services.usage.prompt_alerts(tenant_id) == ()


def test_a_report_above_the_limit_is_kept_told_and_learned_from(
    start: Callable[..., Services],
    provider: ProviderServer,
    tenant_id: UUID,
    caplog: pytest.LogCaptureFixture,
):
    provider.default = Reply(token_ratio=1.4)
    services = start(model="house-model")
    with caplog.at_level(logging.WARNING, logger="leanrag.settlement"):
        first = answer(services, tenant_id)
    assert first.prompt_tokens > 1500
    assert f"'house-model' reported a prompt of {first.prompt_tokens} tokens" in caplog.text
    assert QUESTION not in caplog.text
    row = latest(services, tenant_id)
    assert row.excess_tokens == first.prompt_tokens - 1500
    assert row.counted_tokens is not None
    assert row.counted_tokens * 1.4 == pytest.approx(row.prompt_tokens, abs=1)
    (alert,) = services.usage.prompt_alerts(tenant_id)
    assert (alert.model, alert.calls_above, alert.calls_seen) == ("house-model", 1, 1)
    assert (alert.excess_tokens, alert.max_prompt_tokens) == (row.excess_tokens, 1500)

    end = ended(ask(services.answerer, tenant_id, QUESTION))
    assert 1300 < end.metadata.prompt_tokens <= 1500  # at once, with one report
    ledger = services.conversations.message(tenant_id, end.message_id).ledger
    assert ledger is not None
    assert ledger.margin.factor == pytest.approx(1.4, abs=0.002)
    assert (ledger.margin.origin, ledger.margin.calls) == ("learned", 1)
    assert ledger.prompt.total_tokens <= 1500 / ledger.margin.factor

    for _ in range(ALERT_CALLS - 2):
        answer(services, tenant_id)
    assert len(services.usage.prompt_alerts(tenant_id)) == 1  # one of the last twenty was above
    answer(services, tenant_id)
    assert services.usage.prompt_alerts(tenant_id) == ()


def test_a_gateway_that_adds_text_of_its_own_is_learned_too(
    start: Callable[..., Services], provider: ProviderServer, tenant_id: UUID
):
    provider.default = Reply(hidden_tokens=200)
    services = start(model="gpt-4o-mini")
    assert answer(services, tenant_id).prompt_tokens > 1600
    assert 1300 < answer(services, tenant_id).prompt_tokens <= 1500


def test_a_restart_begins_with_what_was_learned_before(
    start: Callable[..., Services], provider: ProviderServer, tenant_id: UUID
):
    provider.default = Reply(token_ratio=1.5)
    assert answer(start(model="house-model"), tenant_id).prompt_tokens > 1500
    assert answer(start(model="house-model"), tenant_id).prompt_tokens <= 1500
    preview = start(model="house-model").previews.preview(tenant_id, QUESTION)
    assert preview.prompt.total_tokens <= 1000


def test_another_language_is_learned_apart(
    start: Callable[..., Services], provider: ProviderServer, tenant_id: UUID
):
    services = start(model="house-model")
    provider.default = Reply(token_ratio=1.0)
    for _ in range(12):
        answer(services, tenant_id)
    assert answer(services, tenant_id).prompt_tokens > 1400
    persian = ended(ask(services.answerer, tenant_id, "ارسال به استانبول چند روز طول می‌کشد؟"))
    ledger = services.conversations.message(tenant_id, persian.message_id).ledger
    assert ledger is not None
    assert (ledger.margin.origin, ledger.margin.factor) == ("assumed", 1.75)


def test_a_prompt_leaves_room_for_the_fallback_that_may_have_to_read_it(
    start: Callable[..., Services], provider: ProviderServer, tenant_id: UUID
):
    services = start(model="gpt-4o-mini", fallback_model="llama-3.1-8b", provider_max_retries=0)
    provider.script(Reply(status=500), Reply(token_ratio=1.1))
    end = answer(services, tenant_id)
    assert end.model_used == "llama-3.1-8b"
    assert 1400 < end.prompt_tokens <= 1500


def test_a_question_that_a_learned_margin_leaves_no_room_for_is_refused_with_both_numbers(
    start: Callable[..., Services], provider: ProviderServer, tenant_id: UUID
):
    provider.default = Reply(token_ratio=3.0)
    services = start(model="house-model")
    answer(services, tenant_id)
    answer(services, tenant_id)
    events = ask(services.answerer, tenant_id, "How long is delivery?" + " tea" * 390)
    assert events[-1].code == "question_too_long"
    assert "with this model" in events[-1].message
    assert events[-1].details["limit"] < 390
