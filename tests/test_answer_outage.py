"""A database that goes away in the middle of a turn."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Message
from leanrag.answer import Answerer, Question
from leanrag.bootstrap import Services, start_services
from leanrag.errors import DatabaseUnavailable
from leanrag.guarded_database import UNAVAILABLE, GuardedDatabase
from leanrag.types import TurnEnded
from tests.product_parts import DELIVERY, RETURNS, add_text, ask, new_tenant
from tests.provider_server import ProviderServer, Reply
from tests.speaking_services import failed, settings_for, stored, text_of

QUESTION = "How long does delivery take in Istanbul?"
WORDS = Reply(text="It takes three working days [1] and is quick, as [7] says.")


@pytest.fixture
def tenant_id(speaking: Services) -> UUID:
    tenant_id = new_tenant(speaking.database)
    add_text(speaking.ingest, tenant_id, DELIVERY, name="delivery.txt")
    add_text(speaking.ingest, tenant_id, RETURNS, name="returns.txt")
    return tenant_id


class Leaving(GuardedDatabase):
    """A database that is there for a turn's first `transactions` and then no more."""

    def __init__(self, real: GuardedDatabase, transactions: int) -> None:
        super().__init__(real.engine, real.admin_engine)
        self.left = transactions

    @contextmanager
    def tenant(self, tenant_id: UUID, *, is_snapshot: bool = False) -> Iterator[Session]:
        self.left -= 1
        if self.left < 0:
            raise DatabaseUnavailable(UNAVAILABLE)
        with super().tenant(tenant_id, is_snapshot=is_snapshot) as session:
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
