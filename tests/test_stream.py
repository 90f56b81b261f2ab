"""A turn in a thread of its own."""

from __future__ import annotations

from uuid import UUID

import pytest

from db.models import Message
from leanrag.answer import Question
from leanrag.bootstrap import Services
from leanrag.errors import (
    NotFound,
)
from leanrag.stream import AnswerStream
from leanrag.types import TurnStarted
from tests.product_parts import DELIVERY, RETURNS, add_text, ended, new_tenant, rows

QUESTION = "How long does delivery take in Istanbul?"


@pytest.fixture
def tenant_id(services: Services) -> UUID:
    tenant_id = new_tenant(services.database)
    add_text(services.ingest, tenant_id, DELIVERY, name="delivery.txt")
    add_text(services.ingest, tenant_id, RETURNS, name="returns.txt")
    return tenant_id


def test_a_stream_gives_the_same_events_through_a_queue(services: Services, tenant_id: UUID):
    stream = AnswerStream(services.answerer, tenant_id, Question(QUESTION))
    events = [event for event in stream.events() if event is not None]
    assert isinstance(events[0], TurnStarted)
    assert DELIVERY in ended(events).text


def test_a_stream_raises_what_forbids_the_turn(services: Services, tenant_id: UUID):
    stream = AnswerStream(services.answerer, tenant_id, Question(QUESTION, bot="nobody"))
    with pytest.raises(NotFound):
        list(stream.events())


def test_a_stream_that_nobody_reads_goes_on_to_its_end(services: Services, tenant_id: UUID):
    AnswerStream(services.answerer, tenant_id, Question(QUESTION)).join(10)
    (_, answer) = sorted(rows(services, tenant_id, Message), key=lambda m: m.message_id)
    assert (answer.status, bool(answer.text)) == ("complete", True)
