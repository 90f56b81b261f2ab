"""What forbids a turn: raised before its first event, with nothing stored."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

from db.models import Conversation, Message, QuotaPeriod
from leanrag.answer import Question
from leanrag.bootstrap import Services
from leanrag.errors import (
    Conflict,
    EmptyQuestion,
    LeanRagError,
    NotFound,
    QuestionTooLong,
    QuotaExceeded,
    RateLimited,
)
from leanrag.quotas import RateLimiter
from tests.product_parts import (
    DELIVERY,
    RETURNS,
    add_text,
    ask,
    ended,
    new_tenant,
    rows,
    with_steps,
)

QUESTION = "How long does delivery take in Istanbul?"


@pytest.fixture
def tenant_id(services: Services) -> UUID:
    tenant_id = new_tenant(services.database)
    add_text(services.ingest, tenant_id, DELIVERY, name="delivery.txt")
    add_text(services.ingest, tenant_id, RETURNS, name="returns.txt")
    return tenant_id


@pytest.mark.parametrize("text", ["", "   ", "؟?!…", "🫖🫖", "\u200b\u200c", "\x00"])
def test_a_question_without_words_is_refused(services: Services, tenant_id: UUID, text: str):
    with pytest.raises(EmptyQuestion, match="write a question"):
        ask(services.answerer, tenant_id, text)
    assert rows(services, tenant_id, Message) == []


def test_a_question_of_20000_characters_is_refused_and_not_cut(services: Services, tenant_id: UUID):
    with pytest.raises(QuestionTooLong, match="please shorten it"):
        ask(services.answerer, tenant_id, "word " * 4_000)
    assert rows(services, tenant_id, Message) == []
    assert rows(services, tenant_id, QuotaPeriod) == []


def test_a_question_with_emoji_and_controls_is_answered(services: Services, tenant_id: UUID):
    end = ended(
        ask(services.answerer, tenant_id, "🚚\x00 How long does\ud83d delivery take\u202e?")
    )
    asked, _ = services.conversations.messages(tenant_id, end.conversation_id)
    assert asked.text == "🚚 How long does delivery take?"


@pytest.mark.parametrize(
    "question",
    [
        Question(QUESTION, bot="nobody"),
        Question(QUESTION, bot=UUID(int=5)),
        Question(QUESTION, conversation_id=UUID(int=5)),
    ],
)
def test_unknown_bots_and_conversations_are_not_found(
    services: Services, tenant_id: UUID, question: Question
):
    with pytest.raises(NotFound):
        list(services.answerer.answer(tenant_id, question))
    assert rows(services, tenant_id, Message) == []


def test_another_tenants_conversation_is_not_found(services: Services, tenant_id: UUID):
    end = ended(ask(services.answerer, tenant_id, QUESTION))
    with pytest.raises(NotFound):
        ask(
            services.answerer,
            new_tenant(services.database),
            QUESTION,
            conversation_id=end.conversation_id,
        )


@pytest.mark.parametrize("status", ["support_active", "closed"])
def test_the_bot_is_silent_where_a_person_talks(services: Services, tenant_id: UUID, status: str):
    end = ended(ask(services.answerer, tenant_id, QUESTION))
    with services.database.tenant(tenant_id) as session:
        session.execute(update(Conversation).values(status=status))
    with pytest.raises(Conflict):
        ask(services.answerer, tenant_id, QUESTION, conversation_id=end.conversation_id)
    assert len(rows(services, tenant_id, Message)) == 2
    assert rows(services, tenant_id, QuotaPeriod)[0].questions_used == 1


def test_too_many_questions_are_refused_before_anything_is_stored(
    services: Services, tenant_id: UUID
):
    answerer = with_steps(services, limiter=RateLimiter(1), questions_per_month=5)
    ended(ask(answerer, tenant_id, QUESTION))
    with pytest.raises(RateLimited) as refusal:
        ask(answerer, tenant_id, QUESTION)
    assert refusal.value.details["limit"] == 1
    assert len(rows(services, tenant_id, Message)) == 2


def test_a_used_up_month_is_refused(services: Services, tenant_id: UUID):
    answerer = with_steps(services, questions_per_month=1)
    ended(ask(answerer, tenant_id, QUESTION))
    with pytest.raises(QuotaExceeded):
        ask(answerer, tenant_id, QUESTION)
    assert len(rows(services, tenant_id, Message)) == 2


def test_every_refusal_is_an_error_of_the_tree(services: Services, tenant_id: UUID):
    for question in (Question(""), Question(QUESTION, conversation_id=uuid4())):
        with pytest.raises(LeanRagError) as refusal:
            next(services.answerer.answer(tenant_id, question))
        assert refusal.value.message.endswith((".", "?"))
