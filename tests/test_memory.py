"""The rolling summary: replaced when it is due, never longer than its share."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import select

from db.models import Bot, Conversation, Message, SessionMemory
from db.models.base import new_id
from leanrag.guarded_database import GuardedDatabase
from leanrag.memory import MemoryLimits, SessionMemoryManager
from leanrag.text.tokens import load_counter
from leanrag.turn_basis import read_basis
from leanrag.types import PastMessage
from tests.product_parts import new_tenant

COUNTER = load_counter()


@pytest.fixture
def talk(shared_database: GuardedDatabase) -> Talk:
    return Talk(shared_database)


class Talk:
    """A conversation whose messages are written by hand."""

    def __init__(self, database: GuardedDatabase) -> None:
        self.database = database
        self.tenant_id = new_tenant(database)
        self.conversation_id = new_id()
        self.count = 0
        with database.tenant(self.tenant_id) as session:
            bot_id = session.scalars(select(Bot.bot_id)).one()
            session.add(
                Conversation(
                    tenant_id=self.tenant_id, conversation_id=self.conversation_id, bot_id=bot_id
                )
            )

    def say(self, role: str, text: str) -> None:
        with self.database.tenant(self.tenant_id) as session:
            session.add(
                Message(
                    tenant_id=self.tenant_id,
                    conversation_id=self.conversation_id,
                    role=role,
                    text=text,
                )
            )
        self.count += 1

    def replace(self, manager: SessionMemoryManager) -> bool:
        with self.database.tenant(self.tenant_id) as session:
            return manager.replace_when_due(
                self.tenant_id, self.conversation_id, self.count, session=session
            )

    def recall(self, manager: SessionMemoryManager) -> tuple[str, tuple[PastMessage, ...]]:
        return recall_of(self, manager, self.tenant_id)

    def revisions(self) -> list[SessionMemory]:
        with self.database.tenant(self.tenant_id) as session:
            query = select(SessionMemory).order_by(SessionMemory.revision)
            return list(session.scalars(query))


def recall_of(
    talk: Talk, manager: SessionMemoryManager, tenant_id: UUID
) -> tuple[str, tuple[PastMessage, ...]]:
    """Recall a talk as the turn of a tenant does: its own, or a stranger's."""
    with talk.database.tenant(tenant_id) as session:
        basis = read_basis(tenant_id, None, conversation_id=talk.conversation_id, session=session)
    memory = manager.recall(basis.summary, basis.latest)
    return memory.summary, memory.recent


@pytest.fixture
def manager() -> SessionMemoryManager:
    return SessionMemoryManager(COUNTER, MemoryLimits())


def test_a_new_conversation_is_remembered_as_nothing(talk: Talk, manager: SessionMemoryManager):
    assert talk.recall(manager) == ("", ())


def test_the_latest_messages_come_in_order_without_empty_ones(
    talk: Talk, manager: SessionMemoryManager
):
    for number in range(3):
        talk.say("user", f"Question {number}?")
        talk.say("assistant", f"Answer {number}.")
    talk.say("operator", "I take over.")
    talk.say("assistant", "")  # an answer that is still empty
    _, recent = talk.recall(manager)
    assert [message.text for message in recent] == [
        "Answer 1.",
        "Question 2?",
        "Answer 2.",
        "I take over.",
    ]
    assert [message.role for message in recent] == ["assistant", "user", "assistant", "assistant"]


def test_the_summary_is_replaced_every_five_messages(talk: Talk, manager: SessionMemoryManager):
    replaced_at = []
    for number in range(1, 16):
        talk.say("user" if number % 2 else "assistant", f"Order {number}00 went to Pera.")
        if talk.replace(manager):
            replaced_at.append(number)
    assert replaced_at == [5, 10, 15]
    stored = talk.revisions()
    assert [row.revision for row in stored] == [1, 2, 3]
    assert [row.message_count for row in stored] == [5, 10, 15]
    assert {row.made_by for row in stored} == {"extractive"}


def test_the_new_summary_stands_in_the_old_ones_place(talk: Talk, manager: SessionMemoryManager):
    for number in range(40):
        talk.say(
            "user", f"My order {number} of {number + 10} copper samovars is for shop {number}."
        )
        talk.replace(manager)
    stored = talk.revisions()
    assert len(stored) == 8
    for row in stored:
        assert row.token_count == COUNTER.count(row.summary) <= 150
    summary, _ = talk.recall(manager)
    assert summary == stored[-1].summary
    assert not summary.startswith(stored[-2].summary)  # not appended


def test_what_the_customer_said_of_themself_outlives_small_talk(
    talk: Talk, manager: SessionMemoryManager
):
    talk.say("user", "My order 48213 from 3 May arrived with a broken lid.")
    for _ in range(2):
        talk.say("assistant", "I am sorry.")
        talk.say("user", "Well.")
    assert talk.replace(manager)
    assert "48213" in talk.recall(manager)[0]


def test_messages_without_a_sentence_to_keep_leave_the_last_good_summary(
    talk: Talk, manager: SessionMemoryManager
):
    for _ in range(5):
        talk.say("user", "The lid of order 48213 is broken.")
    assert talk.replace(manager)
    before = talk.recall(manager)[0]
    for _ in range(5):
        talk.say("user", "word " * 400)  # no sentence short enough
    talk.replace(manager)
    assert talk.recall(manager)[0] == before


def test_one_conversations_memory_is_not_anothers(
    talk: Talk, shared_database: GuardedDatabase, manager: SessionMemoryManager
):
    for _ in range(5):
        talk.say("user", "The lid of order 48213 is broken.")
    talk.replace(manager)
    assert Talk(shared_database).recall(manager) == ("", ())


@pytest.mark.parametrize("limit", [30, 60, 150])
@pytest.mark.parametrize(
    "sentence",
    [
        "Order {0} of {1} copper pots goes to Pera.",
        "سفارش {0} با {1} قوری مسی به تبریز می‌رود.",
        "الطلب رقم {0} وفيه {1} أباريق نحاسية يصل إلى دبي.",
        "{0} numaralı siparişteki {1} bakır cezve Pera'ya gidecek.",
    ],
)
def test_a_summary_never_exceeds_its_share_and_keeps_sentences_whole(sentence: str, limit: int):
    manager = SessionMemoryManager(COUNTER, MemoryLimits(max_summary_tokens=limit))
    said = [sentence.format(number, number * 7) for number in range(100, 130)]
    summary = manager.summarise("", [PastMessage("user", text) for text in said])
    assert summary
    assert COUNTER.count(summary) <= limit
    kept = summary.removeprefix("Customer: ").split(" · ")
    assert set(kept) <= {text.removesuffix(".") for text in said}


def test_a_summary_of_the_same_is_the_same_and_says_nothing_twice():
    manager = SessionMemoryManager(COUNTER, MemoryLimits())
    messages = [PastMessage("user", "The lid of order 48213 is broken.")] * 6
    first = manager.summarise("", messages)
    assert first == manager.summarise("", messages) == "Customer: The lid of order 48213 is broken"
    assert manager.summarise(first, messages) == first


def test_no_recent_messages_are_recalled_where_none_are_wanted(talk: Talk):
    talk.say("user", "Hello there.")
    manager = SessionMemoryManager(COUNTER, MemoryLimits(recent_messages=0))
    assert talk.recall(manager) == ("", ())


def test_a_foreign_tenant_recalls_nothing(
    talk: Talk, shared_database: GuardedDatabase, manager: SessionMemoryManager
):
    talk.say("user", "The lid of order 48213 is broken.")
    assert talk.recall(manager) != ("", ())
    assert recall_of(talk, manager, new_tenant(shared_database)) == ("", ())
