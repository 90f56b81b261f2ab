"""What a turn writes: its admission, its growing text, and its settlement in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import cast
from uuid import UUID

from sqlalchemy import Table, insert, text, update
from sqlalchemy.orm import Session

from db.models import Message, PrivacyFinding, UsageEvent
from leanrag.errors import LeanRagError
from leanrag.first_contact import FirstContactMatch
from leanrag.ledger import CacheHit, Ledger, citations_to_json, ledger_to_json
from leanrag.memory import SUMMARISED_MESSAGES, ReplacedSummary, SessionMemoryManager
from leanrag.pricing import cost_usd
from leanrag.response_cache import CachedAnswer, CacheKey, ResponseCache
from leanrag.token_margin import EXACT, TokenMargin, TokenMargins
from leanrag.turn_basis import TurnBasis
from leanrag.types import AnswerMetadata, Citation, Memory, Route, TurnFailed

log = logging.getLogger(__name__)

# Inserts of tables, not of mapped objects: a unit of work takes longer than the statement itself.
_ADD_MESSAGES = insert(cast(Table, Message.__table__))
_ADD_USAGE = insert(cast(Table, UsageEvent.__table__))
# The conversation's lock comes first: a deletion, which locks in the same order, waits or is waited
# for. Nothing is stored, and no row returned, where the conversation or the message is gone.
_STORE_ANSWER_OF = """
    WITH counted AS (
        UPDATE conversations SET message_count = message_count + 2, updated_at = now()
        WHERE tenant_id = :tenant AND conversation_id = :conversation
        RETURNING message_count
    )
    UPDATE messages
    SET text = :text, status = :status, error = :error,
        citations = CAST(:citations AS jsonb), ledger = CAST(:ledger AS jsonb)
    FROM counted WHERE tenant_id = :tenant AND message_id = :message
    RETURNING counted.message_count, ({summarised}) AS summarised
"""
_STORE_ANSWER = text(_STORE_ANSWER_OF.format(summarised=SUMMARISED_MESSAGES))
_ASK_FOR_PERSON = text(
    """
    UPDATE conversations SET handoff_requested_at = coalesce(handoff_requested_at, now())
    WHERE tenant_id = :tenant_id AND conversation_id = :conversation_id
    """
)
_ADD_CITATION_USES = text(
    """
    INSERT INTO citation_uses (tenant_id, message_id, marker, source_id, chunk_id)
    SELECT :tenant, :message, cited.marker, cited.source_id, cited.chunk_id
    FROM unnest(
        CAST(:markers AS int[]), CAST(:sources AS uuid[]), CAST(:passages AS uuid[])
    ) AS cited (marker, source_id, chunk_id)
    JOIN sources s ON s.tenant_id = :tenant AND s.source_id = cited.source_id
    ORDER BY cited.source_id FOR KEY SHARE OF s
    """
)


@dataclass(frozen=True, slots=True)
class AdmittedTurn:
    """A turn that may run: its ids, what it stands on, the route and what was remembered.

    `margin` is that of the models that may answer, for the language of the question; `contact` is
    what the message does besides asking. `cache_key` is where the answer may be kept, None where it
    is this conversation's alone; `cached` is one that was kept there.
    """

    tenant_id: UUID
    basis: TurnBasis
    conversation_id: UUID
    question_id: UUID
    message_id: UUID
    question: str
    route: Route
    memory: Memory
    margin: TokenMargin = EXACT
    contact: FirstContactMatch | None = None
    cache_key: CacheKey | None = None
    cached: CachedAnswer | None = None

    @property
    def is_question(self) -> bool:
        """Tell whether it asks anything: a greeting alone does not."""
        return self.contact is None or not self.contact.is_whole

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
    """All that a turn leaves behind; `spared_model` would have been called for a written answer."""

    text: str
    status: str
    error: str | None
    citations: tuple[Citation, ...]
    withheld: tuple[WithheldText, ...]
    ledger: Ledger
    metadata: AnswerMetadata
    cached_tokens: int = 0
    price_address: str = ""
    spared_model: str = ""
    details: dict[str, object] = field(default_factory=dict)


def store_opening(turn: AdmittedTurn, *, session: Session) -> None:
    """Store the question, and the answer that is still empty: a crash leaves it as partial.

    A wish for a person is noted with the conversation.
    """
    of_turn = {"tenant_id": turn.tenant_id, "conversation_id": turn.conversation_id}
    asked = {"message_id": turn.question_id, "role": "user", "text": turn.question}
    answer = {"message_id": turn.message_id, "role": "assistant", "text": ""}
    session.execute(
        _ADD_MESSAGES,
        [
            {**of_turn, **asked, "status": "complete"},
            {**of_turn, **answer, "status": "partial"},
        ],
    )
    if turn.contact is not None and turn.contact.wants_person:
        session.execute(_ASK_FOR_PERSON, of_turn)


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
    cache: ResponseCache,
    *,
    session: Session,
) -> ReplacedSummary | None:
    """Store message, ledger, citations, findings, usage, memory, and how the provider counted.

    Return the summary if it was replaced: a model may write a better one. Where the conversation
    was deleted meanwhile, usage and count alone are stored: it was paid for.
    """
    replaced = None
    session.execute(_ADD_USAGE, _usage(turn, result, margins))
    stored = session.execute(
        _STORE_ANSWER,
        {
            "tenant": turn.tenant_id,
            "conversation": turn.conversation_id,
            "message": turn.message_id,
            "text": result.text,
            "status": result.status,
            "error": result.error,
            "citations": citations_to_json(result.citations),
            "ledger": ledger_to_json(_completed(turn, result.ledger)),
        },
    ).one_or_none()
    if stored is not None:
        _add_citation_uses(turn, result.citations, session=session)
        _add_findings(turn, result.withheld, session=session)
        _keep_for_others(turn, result, cache, session=session)
        # Read as of before a wait for another turn's lock, so `summarised` is at most too small.
        if memory.is_due(stored.message_count, stored.summarised):
            replaced = memory.replace_when_due(
                turn.tenant_id, turn.conversation_id, stored.message_count, session=session
            )
    _learn_margin(turn, result, margins, session=session)  # last: it locks a row that turns share
    return replaced


def _keep_for_others(
    turn: AdmittedTurn, result: TurnResult, cache: ResponseCache, *, session: Session
) -> None:
    """Keep a whole answer that is nobody's own; count one that was given again."""
    if turn.cached is not None:
        cache.count_hit(turn.tenant_id, turn.cached.entry_id, session=session)
    elif turn.cache_key is not None and result.status == "complete" and not result.withheld:
        cache.store(turn.tenant_id, turn.cache_key, turn.question, turn.message_id, session=session)


def _completed(turn: AdmittedTurn, ledger: Ledger) -> Ledger:
    """Add what was known before the answer was made."""
    return replace(
        ledger,
        margin=turn.margin,
        contact=turn.contact,
        cached=None if turn.cached is None else _hit(turn.cached),
    )


def _hit(cached: CachedAnswer) -> CacheHit:
    return CacheHit(
        message_id=cached.message_id,
        match=cached.same.match,
        differences=tuple((found.second, found.first) for found in cached.same.differences),
        age_seconds=cached.age_seconds,
        question=cached.question,
    )


def _add_citation_uses(
    turn: AdmittedTurn, citations: Sequence[Citation], *, session: Session
) -> None:
    """Count citations of sources that are still there."""
    if not citations:
        return
    session.execute(
        _ADD_CITATION_USES,
        {
            "tenant": turn.tenant_id,
            "message": turn.message_id,
            "markers": [citation.number for citation in citations],
            "sources": [citation.source_id for citation in citations],
            "passages": [citation.passage_id for citation in citations],
        },
    )


def _add_findings(
    turn: AdmittedTurn, withheld: Sequence[WithheldText], *, session: Session
) -> None:
    session.add_all(
        PrivacyFinding(
            tenant_id=turn.tenant_id,
            message_id=turn.message_id,
            source_id=found.source_id,
            withheld_words=found.words,
            text_hash=found.sha256,
        )
        for found in withheld
    )


def _learn_margin(
    turn: AdmittedTurn, result: TurnResult, margins: TokenMargins, *, session: Session
) -> None:
    """Remember the provider's count beside ours, and warn where it went beyond the limit."""
    metadata, counted_tokens = result.metadata, result.ledger.prompt.total_tokens
    if not metadata.usage_reported:
        return
    excess_tokens = margins.excess(metadata.prompt_tokens)
    if excess_tokens:
        log.warning(
            "%r reported a prompt of %d tokens, %d above the limit of %d; counted were %d, with a"
            " margin of %.2f (%s).",
            metadata.model_used,
            metadata.prompt_tokens,
            excess_tokens,
            margins.max_prompt_tokens,
            counted_tokens,
            turn.margin.factor,
            turn.margin.origin,
        )
    margins.learn(
        turn.tenant_id,
        turn.route.language,
        model=metadata.model_used,
        counted_tokens=counted_tokens,
        reported_tokens=metadata.prompt_tokens,
        session=session,
    )


def _usage(turn: AdmittedTurn, result: TurnResult, margins: TokenMargins) -> dict[str, object]:
    """Return the columns of the turn's usage event."""
    metadata = result.metadata
    # A call that the provider refused took nothing, so nothing was saved by it either.
    was_answered = metadata.prompt_tokens or result.spared_model
    everything = result.ledger.counterfactual.total_tokens if was_answered else 0
    saved = cost_usd(
        result.spared_model or metadata.model_used,
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
    return {
        "tenant_id": turn.tenant_id,
        "kind": "answer",
        "bot_id": turn.basis.bot_id,
        "message_id": turn.message_id,
        "model": metadata.model_used,
        "prompt_tokens": metadata.prompt_tokens,
        "completion_tokens": metadata.completion_tokens,
        "cached_tokens": result.cached_tokens,
        "counterfactual_tokens": everything,
        "counted_tokens": result.ledger.prompt.total_tokens if is_reported else None,
        "excess_tokens": margins.excess(metadata.prompt_tokens) if is_reported else 0,
        "cost_usd": None if cost is None else Decimal(str(cost)),
        "saved_usd": None if saved is None else Decimal(str(saved)),
        "is_reported": is_reported,
        "outcome": result.status,
        "latency_ms": metadata.response_time_ms,
        "first_token_ms": metadata.first_token_ms,
    }
