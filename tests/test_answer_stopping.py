"""Stopping an answer: in time, kept as far as it came, and not paid for any longer."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from leanrag.answer import Question
from leanrag.bootstrap import Services
from leanrag.stream import AnswerStream
from leanrag.types import TurnStarted
from tests.product_parts import DELIVERY, RETURNS, add_text, ended, new_tenant
from tests.provider_server import ProviderServer, Reply
from tests.speaking_services import stored, text_of, usage_of

QUESTION = "How long does delivery take in Istanbul?"
WORDS = Reply(text="It takes three working days [1] and is quick, as [7] says.")


@pytest.fixture
def tenant_id(speaking: Services) -> UUID:
    tenant_id = new_tenant(speaking.database)
    add_text(speaking.ingest, tenant_id, DELIVERY, name="delivery.txt")
    add_text(speaking.ingest, tenant_id, RETURNS, name="returns.txt")
    return tenant_id


def test_a_stopped_answer_ends_and_is_kept(
    speaking: Services, provider: ProviderServer, tenant_id: UUID
):
    provider.hang_ups = 0
    provider.script(Reply(text="word " * 200, piece_delay=0.05))
    stream = AnswerStream(speaking.answerer, tenant_id, Question(QUESTION))
    events: list[Any] = []
    is_stopped = False
    for event in stream.events(0.02):
        if event is not None:
            events.append(event)
        if not is_stopped and len(text_of(events).split()) >= 3:
            stream.cancel()
            is_stopped = True
    end = ended(events)
    assert end.metadata.outcome == "stopped"
    message = stored(speaking, tenant_id, events)
    assert (message.status, message.text) == ("stopped", text_of(events))
    assert 3 <= len(message.text.split()) < 20
    assert usage_of(speaking, tenant_id).outcome == "stopped"
    assert provider.wait_for_hang_up()


@pytest.mark.timeout(60)
def test_a_silent_model_is_not_waited_for_after_the_stop(
    speaking: Services, provider: ProviderServer, tenant_id: UUID
):
    provider.script(replace(WORDS, silence_after_pieces=(3, 100.0)))
    cancelled = threading.Event()
    events = speaking.answerer.answer(tenant_id, Question(QUESTION), cancelled=cancelled)
    said = [next(events) for _ in range(4)]
    stopping = threading.Timer(0.3, cancelled.set)
    stopping.start()
    rest = list(events)
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
