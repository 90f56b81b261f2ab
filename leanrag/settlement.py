"""What a turn writes: its admission, its growing text, and its settlement in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.models import CitationUse, Conversation, Message, PrivacyFinding, Source, UsageEvent
from leanrag.errors import LeanRagError
from leanrag.ledger import Ledger, citations_to_json, ledger_to_json
from leanrag.memory import SessionMemoryManager
from leanrag.pricing import cost_usd
from leanrag.token_margin import EXACT, TokenMargin, TokenMargins
from leanrag.types import AnswerMetadata, Citation, Memory, Route, TurnFailed

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AdmittedTurn:
    """A turn that may run: its ids, the bot's voice, the route and what was remembered.

    `margin` is that of the models that may answer, for the language of the question.
    """

    tenant_id: UUID
    bot_id: UUID
    conversation_id: UUID
    question_id: UUID
    message_id: UUID
    question: str
    persona: str
    route: Route
    memory: Memory
    margin: TokenMargin = EXACT

    def failed(self, exc: LeanRagError, kept_text: str) -> TurnFailed:
        """Return the event of a broken turn; `kept_text` is what was stored of its answer."""
        return TurnFailed(
            code=exc.code,
            message=exc.message,
            conversation_id=self.conversation_id,
            message_id=self.message_id,
            kept_text=kept_text,
            details={**exc.details, "status": exc.status},
        )


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
    turn: AdmittedTurn,
    result: TurnResult,
    memory: SessionMemoryManager,
    margins: TokenMargins,
    *,
    session: Session,
) -> None:
    """Store message, ledger, citations, findings, usage, memory, and how the provider counted.

    Where the conversation was deleted meanwhile, usage and count alone are stored: it was paid for.
    """
    usage = _usage(turn, result, margins)
    session.add(usage)
    # The lock makes a deletion wait, which would otherwise come between these statements.
    conversation = session.get(
        Conversation, (turn.tenant_id, turn.conversation_id), with_for_update=True
    )
    message = session.get(Message, (turn.tenant_id, turn.message_id))
    if conversation is not None and message is not None:
        _settle_message(turn, result, message, session=session)
        _settle_conversation(turn, memory, session=session)
    _learn_margin(turn, usage, margins, session=session)  # last: it locks a row that turns share


def _settle_message(
    turn: AdmittedTurn, result: TurnResult, message: Message, *, session: Session
) -> None:
    message.text, message.status, message.error = result.text, result.status, result.error
    message.citations = citations_to_json(result.citations)
    message.ledger = ledger_to_json(replace(result.ledger, margin=turn.margin))
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


def _settle_conversation(
    turn: AdmittedTurn, memory: SessionMemoryManager, *, session: Session
) -> None:
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


def _learn_margin(
    turn: AdmittedTurn, usage: UsageEvent, margins: TokenMargins, *, session: Session
) -> None:
    """Remember the provider's count beside ours, and warn where it went beyond the limit."""
    if usage.counted_tokens is None:
        return
    if usage.excess_tokens:
        log.warning(
            "%r reported a prompt of %d tokens, %d above the limit of %d; counted were %d, with a"
            " margin of %.2f (%s).",
            usage.model,
            usage.prompt_tokens,
            usage.excess_tokens,
            margins.max_prompt_tokens,
            usage.counted_tokens,
            turn.margin.factor,
            turn.margin.origin,
        )
    margins.learn(
        turn.tenant_id,
        turn.route.language,
        model=usage.model,
        counted_tokens=usage.counted_tokens,
        reported_tokens=usage.prompt_tokens,
        session=session,
    )


def _usage(turn: AdmittedTurn, result: TurnResult, margins: TokenMargins) -> UsageEvent:
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
    is_reported = metadata.usage_reported
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
        counted_tokens=result.ledger.prompt.total_tokens if is_reported else None,
        excess_tokens=margins.excess(metadata.prompt_tokens) if is_reported else 0,
        cost_usd=None if cost is None else Decimal(str(cost)),
        saved_usd=None if saved is None else Decimal(str(saved)),
        is_reported=is_reported,
        outcome=result.status,
        latency_ms=metadata.response_time_ms,
        first_token_ms=metadata.first_token_ms,
    )
