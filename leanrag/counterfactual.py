"""What the send-everything prompt would have taken: the measure of what the budget saves.

The prompt that it stands for sends with every question the whole manual, 8 FAQ pairs, 6 products,
10 web pages and 6 earlier messages. Uploaded documents count with 2,000 tokens at most (five
passages of 400, the usual default of retrieval libraries), so that a large archive cannot inflate
what we claim to save. Where a list is longer than what would be sent, its mean counts.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models import Message, Source
from leanrag.ledger import Counterfactual, CounterfactualPart
from leanrag.text.tokens import TokenCounter

SENT_FAQ_PAIRS = 8
SENT_PRODUCTS = 6
SENT_PAGES = 10
SENT_MESSAGES = 6
MAX_DOCUMENT_TOKENS = 2_000


def count_everything(
    tenant_id: UUID,
    *,
    bot_id: UUID,
    conversation_id: UUID | None,
    before_message: UUID | None,
    own_tokens: int,
    counter: TokenCounter,
    session: Session,
) -> Counterfactual:
    """Count it for one question; `own_tokens` are those of our system prompt and the question.

    Of the conversation the messages before `before_message`, the question itself, are counted.
    """
    query = (
        select(
            Source.kind,
            func.sum(Source.token_count),
            func.sum(Source.passage_count),
            func.count(),
        )
        .where(
            Source.tenant_id == tenant_id,
            Source.status == "processed",
            Source.enabled,
            (Source.bot_id.is_(None)) | (Source.bot_id == bot_id),
        )
        .group_by(Source.kind)
    )
    parts = [CounterfactualPart("instructions_and_question", own_tokens)]
    for kind, tokens, passages, sources in session.execute(query):
        sent = _sent(kind, int(tokens), int(passages), int(sources))
        parts.append(CounterfactualPart(kind, sent))
    if conversation_id is not None and before_message is not None:
        messages = _earlier_messages(tenant_id, conversation_id, before_message, session=session)
        parts.append(CounterfactualPart("messages", sum(map(counter.count, messages))))
    return Counterfactual(sum(part.tokens for part in parts), tuple(parts))


def _sent(kind: str, tokens: int, passages: int, sources: int) -> int:
    if kind == "faq":
        return _mean_of(tokens, passages, SENT_FAQ_PAIRS)
    if kind == "product":
        return _mean_of(tokens, passages, SENT_PRODUCTS)
    if kind == "website":
        return _mean_of(tokens, sources, SENT_PAGES)
    return tokens if kind == "manual" else min(tokens, MAX_DOCUMENT_TOKENS)


def _mean_of(tokens: int, items: int, sent: int) -> int:
    return tokens if items <= sent else round(tokens * sent / items)


def _earlier_messages(
    tenant_id: UUID, conversation_id: UUID, before_message: UUID, *, session: Session
) -> tuple[str, ...]:
    query = select(Message.text).where(
        Message.tenant_id == tenant_id,
        Message.conversation_id == conversation_id,
        Message.message_id < before_message,
    )
    return tuple(session.scalars(query.order_by(Message.message_id.desc()).limit(SENT_MESSAGES)))
