"""Conversations as the list shows them, opened and deleted."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, update

from db.models import Bot, Conversation, Message, SessionMemory
from db.models.base import new_id
from leanrag.conversations import Conversations, add_conversation, continue_conversation
from leanrag.errors import Conflict, NotFound
from leanrag.guarded_database import GuardedDatabase
from tests.product_parts import new_tenant


@pytest.fixture
def tenant_id(shared_database: GuardedDatabase) -> UUID:
    return new_tenant(shared_database)


@pytest.fixture
def conversations(shared_database: GuardedDatabase) -> Conversations:
    return Conversations(shared_database)


def open_one(
    database: GuardedDatabase,
    tenant_id: UUID,
    question: str = "How long?",
    conversation_id: UUID | None = None,
) -> UUID:
    with database.tenant(tenant_id) as session:
        bot_id = session.scalars(select(Bot.bot_id)).one()
        if conversation_id is not None:
            assert continue_conversation(tenant_id, conversation_id, session=session) == bot_id
            return conversation_id
        return add_conversation(
            tenant_id, bot_id=bot_id, channel="console", question=question, session=session
        )


def say(database: GuardedDatabase, tenant_id: UUID, conversation_id: UUID, text: str) -> UUID:
    message_id = new_id()
    with database.tenant(tenant_id) as session:
        session.add(
            Message(
                tenant_id=tenant_id,
                message_id=message_id,
                conversation_id=conversation_id,
                role="user",
                text=text,
            )
        )
    return message_id


def test_a_new_conversation_is_named_after_its_first_question(
    shared_database: GuardedDatabase, conversations: Conversations, tenant_id: UUID
):
    question = "How long\n does   delivery take? " + "And why? " * 20
    found = conversations.get(tenant_id, open_one(shared_database, tenant_id, question))
    assert found.title.startswith("How long does delivery take? And why?")
    assert len(found.title) == 80
    assert (found.status, found.message_count, found.channel) == ("active", 0, "console")


def test_an_open_conversation_goes_on(shared_database: GuardedDatabase, tenant_id: UUID):
    first = open_one(shared_database, tenant_id)
    assert open_one(shared_database, tenant_id, "More?", first) == first


@pytest.mark.parametrize(
    ("status", "sentence"), [("support_active", "A colleague"), ("closed", "is closed")]
)
def test_the_bot_stays_silent_unless_the_conversation_is_active(
    shared_database: GuardedDatabase, tenant_id: UUID, status: str, sentence: str
):
    conversation_id = open_one(shared_database, tenant_id)
    with shared_database.tenant(tenant_id) as session:
        session.execute(update(Conversation).values(status=status))
    with pytest.raises(Conflict, match=sentence):
        open_one(shared_database, tenant_id, conversation_id=conversation_id)


def test_unknown_and_foreign_conversations_are_not_found(
    shared_database: GuardedDatabase, conversations: Conversations, tenant_id: UUID
):
    foreign = open_one(shared_database, new_tenant(shared_database))
    for conversation_id in (uuid4(), foreign):
        with pytest.raises(NotFound):
            open_one(shared_database, tenant_id, conversation_id=conversation_id)
        with pytest.raises(NotFound):
            conversations.get(tenant_id, conversation_id)
        with pytest.raises(NotFound):
            conversations.messages(tenant_id, conversation_id)
        with pytest.raises(NotFound):
            conversations.delete(tenant_id, conversation_id)
    with pytest.raises(NotFound):
        conversations.message(tenant_id, uuid4())


def test_the_latest_active_comes_first(
    shared_database: GuardedDatabase, conversations: Conversations, tenant_id: UUID
):
    old, new = (open_one(shared_database, tenant_id, text) for text in ("old", "new"))
    assert [c.conversation_id for c in conversations.list(tenant_id)] == [new, old]
    with shared_database.tenant(tenant_id) as session:
        session.execute(
            update(Conversation)
            .where(Conversation.conversation_id == old)
            .values(updated_at=func.now())
        )
    assert [c.conversation_id for c in conversations.list(tenant_id)] == [old, new]
    assert [c.conversation_id for c in conversations.list(tenant_id, limit=1)] == [old]
    assert conversations.list(new_tenant(shared_database)) == ()


def test_the_latest_messages_come_oldest_first(
    shared_database: GuardedDatabase, conversations: Conversations, tenant_id: UUID
):
    conversation_id = open_one(shared_database, tenant_id)
    ids = [say(shared_database, tenant_id, conversation_id, f"{n}") for n in range(30)]
    found = conversations.messages(tenant_id, conversation_id, limit=20)
    assert [message.message_id for message in found] == ids[-20:]
    assert found[0].ledger is None
    assert found[0].citations == ()
    assert conversations.message(tenant_id, ids[3]).text == "3"


def test_deleting_takes_messages_and_memory_along(
    shared_database: GuardedDatabase, conversations: Conversations, tenant_id: UUID
):
    kept, gone = (open_one(shared_database, tenant_id) for _ in range(2))
    for conversation_id in (kept, gone):
        say(shared_database, tenant_id, conversation_id, "text")
        with shared_database.tenant(tenant_id) as session:
            session.add(
                SessionMemory(
                    tenant_id=tenant_id,
                    conversation_id=conversation_id,
                    revision=1,
                    summary="s",
                    token_count=1,
                    message_count=5,
                    made_by="extractive",
                )
            )
    conversations.delete(tenant_id, gone)
    with shared_database.tenant(tenant_id) as session:
        for model in (Message, SessionMemory, Conversation):
            assert list(session.scalars(select(model.conversation_id))) == [kept]
