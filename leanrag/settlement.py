"""What a turn writes: its admission, its growing text, and its settlement in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.models import CitationUse, Conversation, Message, PrivacyFinding, Source, UsageEvent
from leanrag.ledger import Ledger, citations_to_json, ledger_to_json
from leanrag.memory import SessionMemoryManager
from leanrag.pricing import cost_usd
from leanrag.types import AnswerMetadata, Citation, Memory, Route


@dataclass(frozen=True, slots=True)
class AdmittedTurn:
    """A turn that may run: its ids, the bot's voice, the route and what was remembered."""

    tenant_id: UUID
    bot_id: UUID
    conversation_id: UUID
    question_id: UUID
    message_id: UUID
    question: str
    persona: str
    route: Route
    memory: Memory


@dataclass(frozen=True, slots=True)
class WithheldText:
    """Learn-only words that were held back, and the source that they come from."""

    words: int
    sha256: str
    source_id: UUID | None


@dataclass(frozen=True, slots=True)
class TurnResult:
    """All that a turn leaves behind."""

    text: str
    status: str
    error: str | None
    citations: tuple[Citation, ...]
    withheld: tuple[WithheldText, ...]
    ledger: Ledger
    metadata: AnswerMetadata
    cached_tokens: int = 0
    price_address: str = ""
    details: dict[str, object] = field(default_factory=dict)


def opening_messages(turn: AdmittedTurn) -> list[Message]:
    """Return the question, and the answer that is still empty: a crash leaves it as partial."""
    asked = Message(
        tenant_id=turn.tenant_id,
        message_id=turn.question_id,
        conversation_id=turn.conversation_id,
        role="user",
        text=turn.question,
    )
    answer = Message(
        tenant_id=turn.tenant_id,
        message_id=turn.message_id,
        conversation_id=turn.conversation_id,
        role="assistant",
        text="",
        status="partial",
    )
    return [asked, answer]


def save_partial(turn: AdmittedTurn, text: str, *, session: Session) -> None:
    """Keep the answer as far as it has come, so that not even a crash loses it."""
    session.execute(
        update(Message)
        .where(Message.tenant_id == turn.tenant_id, Message.message_id == turn.message_id)
        .values(text=text)
    )


def settle(
    turn: AdmittedTurn, result: TurnResult, memory: SessionMemoryManager, *, session: Session
) -> None:
    """Store message, ledger, citations, findings, usage and memory.

    Where the conversation was deleted meanwhile, the usage alone is stored: it was paid for.
    """
    session.add(_usage(turn, result))
    # The lock makes a deletion wait, which would otherwise come between these statements.
    conversation = session.get(
        Conversation, (turn.tenant_id, turn.conversation_id), with_for_update=True
    )
    message = session.get(Message, (turn.tenant_id, turn.message_id))
    if conversation is None or message is None:
        return
    message.text, message.status, message.error = result.text, result.status, result.error
    message.citations = citations_to_json(result.citations)
    message.ledger = ledger_to_json(result.ledger)
    session.flush()
    _add_citation_uses(turn, result.citations, session=session)
    session.add_all(
        PrivacyFinding(
            tenant_id=turn.tenant_id,
            message_id=turn.message_id,
            source_id=withheld.source_id,
            withheld_words=withheld.words,
            text_hash=withheld.sha256,
        )
        for withheld in result.withheld
    )
    count = session.execute(
        update(Conversation)
        .where(
            Conversation.tenant_id == turn.tenant_id,
            Conversation.conversation_id == turn.conversation_id,
        )
        .values(message_count=Conversation.message_count + 2, updated_at=func.now())
        .returning(Conversation.message_count)
    ).scalar_one()
    memory.replace_when_due(turn.tenant_id, turn.conversation_id, count, session=session)


def _add_citation_uses(
    turn: AdmittedTurn, citations: Sequence[Citation], *, session: Session
) -> None:
    """Count citations of sources that are still there."""
    cited = {citation.source_id for citation in citations}
    if not cited:
        return
    query = (
        select(Source.source_id)
        .where(Source.tenant_id == turn.tenant_id, Source.source_id.in_(cited))
        .order_by(Source.source_id)
        .with_for_update(read=True, key_share=True)
    )
    there = set(session.scalars(query))
    session.add_all(
        CitationUse(
            tenant_id=turn.tenant_id,
            message_id=turn.message_id,
            marker=citation.number,
            source_id=citation.source_id,
            chunk_id=citation.passage_id,
        )
        for citation in citations
        if citation.source_id in there
    )


def _usage(turn: AdmittedTurn, result: TurnResult) -> UsageEvent:
    metadata = result.metadata
    # A call that the provider refused took nothing, so nothing was saved by it either.
    everything = result.ledger.counterfactual.total_tokens if metadata.prompt_tokens else 0
    saved = cost_usd(
        metadata.model_used,
        prompt_tokens=max(0, everything - metadata.prompt_tokens),
        base_url=result.price_address,
    )
    cost = cost_usd(
        metadata.model_used,
        prompt_tokens=metadata.prompt_tokens,
        completion_tokens=metadata.completion_tokens,
        cached_tokens=result.cached_tokens,
        base_url=result.price_address,
    )
    return UsageEvent(
        tenant_id=turn.tenant_id,
        kind="answer",
        bot_id=turn.bot_id,
        message_id=turn.message_id,
        model=metadata.model_used,
        prompt_tokens=metadata.prompt_tokens,
        completion_tokens=metadata.completion_tokens,
        cached_tokens=result.cached_tokens,
        counterfactual_tokens=everything,
        cost_usd=None if cost is None else Decimal(str(cost)),
        saved_usd=None if saved is None else Decimal(str(saved)),
        is_reported=metadata.usage_reported,
        outcome=result.status,
        latency_ms=metadata.response_time_ms,
        first_token_ms=metadata.first_token_ms,
    )
