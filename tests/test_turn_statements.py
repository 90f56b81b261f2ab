"""What a turn costs the database: few statements, however much a tenant has, and one wait."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, text

from db.models import Bot
from db.tenancy import commit_without_waiting
from leanrag.bootstrap import Services
from tests.product_parts import DELIVERY, RETURNS, add_text, ask, ended, new_tenant

QUESTION = "How long does delivery take in Istanbul?"
# Admission 6 or 7, retrieval 4, settlement 4; each begins with the tenant's SET LOCAL.
MOST_STATEMENTS = 15
TRANSACTIONS = 3


class Transcript:
    """The transactions of this thread, each as the list of its statements."""

    def __init__(self) -> None:
        self.transactions: list[list[str]] = []

    @property
    def statements(self) -> list[str]:
        return [statement for own in self.transactions for statement in own]


@contextmanager
def transcript_of(services: Services) -> Iterator[Transcript]:
    written, engine, thread = Transcript(), services.database.engine, threading.get_ident()

    def begin(_connection: Any) -> None:
        if threading.get_ident() == thread:  # the worker's statements are not the turn's
            written.transactions.append([])

    def execute(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if threading.get_ident() == thread:
            written.transactions[-1].append(" ".join(statement.split()))

    event.listen(engine, "begin", begin)
    event.listen(engine, "before_cursor_execute", execute)
    try:
        yield written
    finally:
        event.remove(engine, "begin", begin)
        event.remove(engine, "before_cursor_execute", execute)


def fewest(services: Services, tenant_id: UUID, **more: Any) -> Transcript:
    """Return the shortest of three turns: caches fill, and a summary comes every few messages."""
    found = []
    for _ in range(3):
        with transcript_of(services) as written:
            ended(ask(services.answerer, tenant_id, QUESTION, **more))
        found.append(written)
    return min(found, key=lambda written: len(written.statements))


@pytest.fixture
def tenant_id(services: Services) -> UUID:
    tenant_id = new_tenant(services.database)
    add_text(services.ingest, tenant_id, DELIVERY, name="delivery.txt")
    add_text(services.ingest, tenant_id, RETURNS, name="returns.txt")
    return tenant_id


def test_a_turn_takes_few_statements_in_three_transactions(services: Services, tenant_id: UUID):
    end = ended(ask(services.answerer, tenant_id, QUESTION))
    opening = fewest(services, tenant_id)
    going_on = fewest(services, tenant_id, conversation_id=end.conversation_id)
    for written in (opening, going_on):
        assert len(written.transactions) == TRANSACTIONS
        assert len(written.statements) <= MOST_STATEMENTS, "\n".join(written.statements)


def test_what_a_tenant_has_adds_no_statement(services: Services, tenant_id: UUID):
    few = fewest(services, tenant_id)
    for number in range(6):
        add_text(services.ingest, tenant_id, f"{DELIVERY} That holds for shop {number}.")
    with services.database.tenant(tenant_id) as session:
        session.add_all(
            Bot(tenant_id=tenant_id, slug=f"bot-{number}", name=f"Bot {number}")
            for number in range(6)
        )
    end = ended(ask(services.answerer, tenant_id, QUESTION))
    assert len(fewest(services, tenant_id).statements) == len(few.statements)
    short = fewest(services, tenant_id, conversation_id=end.conversation_id)
    for _ in range(6):
        ended(ask(services.answerer, tenant_id, QUESTION, conversation_id=end.conversation_id))
    long = fewest(services, tenant_id, conversation_id=end.conversation_id)
    assert len(long.statements) == len(short.statements)


def test_only_the_admission_commits_without_waiting_for_the_disk(
    services: Services, tenant_id: UUID
):
    with transcript_of(services) as written:
        ended(ask(services.answerer, tenant_id, QUESTION))
    admission, *others = written.transactions
    assert "SET LOCAL synchronous_commit = off" in admission
    assert not any("synchronous_commit" in statement for own in others for statement in own)


def test_the_next_transaction_waits_again(services: Services, tenant_id: UUID):
    show = text("SHOW synchronous_commit")
    with services.database.tenant(tenant_id) as session:
        commit_without_waiting(session)
        assert session.scalar(show) == "off"
    with services.database.tenant(tenant_id) as session:
        assert session.scalar(show) == "on"
