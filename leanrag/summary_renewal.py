"""A model's summary in the extractive one's place: written after the turn, outside its transaction.

The settlement has stored an extractive revision, so the memory never lags and never waits. Then, on
a thread of its own: ask the model; check what it wrote; store it as the next revision, in force or
refused, if no later turn has remembered more meanwhile; and account for the call in any case.
"""

from __future__ import annotations

import logging
import queue
import threading
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, cast
from uuid import UUID

from sqlalchemy import Table, insert
from sqlalchemy.orm import Session

from db.models import UsageEvent
from db.tenancy import Database
from leanrag import prompts
from leanrag.errors import LeanRagError
from leanrag.memory import ReplacedSummary, SessionMemoryManager
from leanrag.model_reply import ModelReply
from leanrag.pricing import cost_usd
from leanrag.private_knowledge import read_private_knowledge
from leanrag.provider import address_of
from leanrag.settings import Settings
from leanrag.settlement import AdmittedTurn
from leanrag.summary_checks import SummaryMaterial, reason_to_refuse
from leanrag.summary_writer import SUMMARY_RULES, SummaryWriter
from leanrag.text.tokens import TokenCounter
from leanrag.token_margin import EXACT, TokenMargin, TokenMargins
from leanrag.types import Language

log = logging.getLogger(__name__)

MAX_WAITING = 100  # conversations; the summaries of more stay extractive
USAGE_KIND = "memory"

RenewalOutcome = Literal["complete", "refused", "superseded", "failed"]
_ADD_USAGE = insert(cast(Table, UsageEvent.__table__))


@dataclass(frozen=True, slots=True)
class SummaryToRenew:
    """An extractive revision, and the turn that it was stored by."""

    tenant_id: UUID
    bot_id: UUID
    conversation_id: UUID
    message_id: UUID
    language: Language
    persona: str
    replaced: ReplacedSummary
    margin: TokenMargin = EXACT

    @classmethod
    def after(cls, turn: AdmittedTurn, replaced: ReplacedSummary) -> SummaryToRenew:
        """Return what is to be done after the turn whose settlement returned `replaced`."""
        return cls(
            tenant_id=turn.tenant_id,
            bot_id=turn.basis.bot_id,
            conversation_id=turn.conversation_id,
            message_id=turn.message_id,
            language=turn.route.language,
            persona=turn.basis.persona,
            replaced=replaced,
            margin=turn.margin,
        )


class SummaryRenewal:
    """Renews summaries in the background, one after the other. Thread-safe."""

    def __init__(
        self,
        database: Database,
        memory: SessionMemoryManager,
        writer: SummaryWriter,
        margins: TokenMargins,
        counter: TokenCounter,
        settings: Settings,
    ) -> None:
        self._database = database
        self._memory = memory
        self._writer = writer
        self._margins = margins
        self._counter = counter
        self._settings = settings
        self._waiting: queue.Queue[SummaryToRenew | None] = queue.Queue(MAX_WAITING)
        self._cancelled = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def submit(self, due: SummaryToRenew) -> None:
        """Renew a summary soon, and return at once; with too many waiting it stays extractive."""
        with self._starting:
            if self._cancelled.is_set():
                return
            try:
                self._waiting.put_nowait(due)
            except queue.Full:
                log.warning("Too many summaries wait for the model; one stays extractive.")
                return
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._work, name="leanrag-memory", daemon=True
                )
                self._thread.start()

    def wait(self) -> None:
        """Wait until every summary that was submitted is done with."""
        self._waiting.join()

    def close(self) -> None:
        """Stop: the running call ends within 0.25 s, what waits stays extractive."""
        with self._starting:
            self._cancelled.set()
            thread, self._thread = self._thread, None
            with suppress(queue.Full):  # then the thread does not wait for more
                self._waiting.put_nowait(None)
        if thread is not None:
            thread.join()

    def renew(self, due: SummaryToRenew) -> RenewalOutcome:
        """Ask, check and store, now. Raises DatabaseUnavailable, never a ProviderError."""
        replaced = due.replaced
        written = self._writer.write(
            replaced.old_summary,
            replaced.messages,
            max_prompt_tokens=due.margin.limit(self._settings.max_prompt_tokens),
            cancelled=self._cancelled,
        )
        if written.failure is not None:
            log.warning("A summary stays extractive: %s", written.failure)
        with self._database.tenant(due.tenant_id) as session:
            outcome = self._store(due, written, session=session)
            session.execute(_ADD_USAGE, self._usage(due, written, outcome))
            if written.usage.reported:  # last: it locks a row that turns share
                self._margins.learn(
                    due.tenant_id,
                    due.language,
                    model=written.model,
                    counted_tokens=written.counted_tokens,
                    reported_tokens=written.usage.prompt_tokens,
                    session=session,
                )
        return outcome

    def _store(
        self, due: SummaryToRenew, written: ModelReply, *, session: Session
    ) -> RenewalOutcome:
        if written.failure is not None:
            return "failed"
        reason = self._reason_to_refuse(due, written.text, session=session)
        is_stored = self._memory.store_written(
            due.tenant_id,
            due.conversation_id,
            due.replaced,
            written.text,
            made_by=written.model,
            refused_because=reason,
            session=session,
        )
        if not is_stored:
            return "superseded"
        return "complete" if reason is None else "refused"

    def _reason_to_refuse(
        self, due: SummaryToRenew, summary: str, *, session: Session
    ) -> str | None:
        private = read_private_knowledge(due.tenant_id, summary, session=session)
        replaced = due.replaced
        material = SummaryMaterial(
            said=(replaced.old_summary, *(message.text for message in replaced.messages)),
            extractive=replaced.summary,
            private_texts=private.texts,
            private_names=private.names,
            own_texts=(prompts.RULES, SUMMARY_RULES, due.persona),
        )
        return reason_to_refuse(summary, material, self._counter, self._memory.max_summary_tokens)

    def _usage(
        self, due: SummaryToRenew, written: ModelReply, outcome: RenewalOutcome
    ) -> dict[str, object]:
        """Return the columns of the call's usage event."""
        usage = written.usage
        cost = cost_usd(
            written.model,
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            cached_tokens=usage.cached_tokens,
            base_url=address_of(self._settings, written.model),
        )
        return {
            "tenant_id": due.tenant_id,
            "kind": USAGE_KIND,
            "bot_id": due.bot_id,
            "message_id": due.message_id,
            "model": written.model,
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "cached_tokens": usage.cached_tokens,
            "counted_tokens": written.counted_tokens if usage.reported else None,
            "excess_tokens": self._margins.excess(usage.prompt_tokens) if usage.reported else 0,
            "cost_usd": None if cost is None else Decimal(str(cost)),
            "is_reported": usage.reported,
            "outcome": outcome,
            "latency_ms": written.latency_ms,
            "first_token_ms": written.first_token_ms,
        }

    def _work(self) -> None:
        while True:
            due = self._waiting.get()
            if due is None or self._cancelled.is_set():
                return
            try:
                self.renew(due)
            except LeanRagError as exc:
                log.warning("A summary could not be renewed: %s", exc.message)
            except Exception:  # the thread serves every tenant: one conversation must not end it
                log.exception("A summary could not be renewed.")
            finally:
                self._waiting.task_done()
