"""The turn, top to bottom: admit → route → remember → retrieve → guard → budget → say → settle."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from db.models import Message
from db.models.base import new_id
from db.tenancy import Database, commit_without_waiting
from leanrag import privacy
from leanrag.budget import TokenBudgetController
from leanrag.conversations import add_conversation, continue_conversation
from leanrag.counterfactual import count_everything
from leanrag.embedding_cache import QuestionEmbedder
from leanrag.errors import DatabaseUnavailable, LeanRagError
from leanrag.ledger import Counterfactual
from leanrag.memory import SessionMemoryManager
from leanrag.quotas import RateLimiter, reserve_question
from leanrag.retriever import ContextRetriever
from leanrag.router import QueryRouter
from leanrag.settlement import AdmittedTurn, save_partial, settle, store_opening
from leanrag.speech import Speaker, Utterance
from leanrag.step_clock import StepClock
from leanrag.text.normalize import clean
from leanrag.text.tokens import TokenCounter
from leanrag.token_margin import TokenMargin, TokenMargins
from leanrag.tuning import RouterCache, TuningDraft
from leanrag.turn_basis import TurnBasis, read_basis
from leanrag.types import (
    BudgetedPrompt,
    Evidence,
    Memory,
    Passage,
    PastMessage,
    Route,
    TextDelta,
    TurnEnded,
    TurnEvent,
    TurnFailed,
    TurnStarted,
)

log = logging.getLogger(__name__)

SAVE_EVERY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Question:
    """What a customer asks: in a conversation or a new one, of a bot (slug or id) or the first."""

    text: str
    conversation_id: UUID | None = None
    bot: str | UUID | None = None
    channel: str = "console"


@dataclass(frozen=True, slots=True)
class TurnPreview:
    """The route and the prompt that a question would get; nothing was asked, nothing stored."""

    route: Route
    prompt: BudgetedPrompt
    widened: bool
    counterfactual_tokens: int


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The retrieval test: the route, and the passages of all sources by fused score."""

    route: Route
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class TurnSteps:
    """The steps of a turn, put together by the composition root."""

    routers: RouterCache
    memory: SessionMemoryManager
    embedder: QuestionEmbedder
    retriever: ContextRetriever
    budget: TokenBudgetController
    margins: TokenMargins
    counter: TokenCounter
    speaker: Speaker
    limiter: RateLimiter
    questions_per_month: int


class Answerer:
    """Answers questions; every door of the product consumes its events."""

    def __init__(self, database: Database, steps: TurnSteps) -> None:
        self._database = database
        self._steps = steps
        self.model_name = steps.speaker.model_name

    def answer(
        self, tenant_id: UUID, question: Question, *, cancelled: threading.Event | None = None
    ) -> Iterator[TurnEvent]:
        """Yield the events of one turn, from TurnStarted to TurnEnded or TurnFailed.

        What forbids the turn is raised before the first event: EmptyQuestion, QuestionTooLong,
        NotFound, Conflict, RateLimited, QuotaExceeded, DatabaseUnavailable. After it, nothing is
        raised: a failure is the last event, and what was said until then is kept.
        """
        clock = StepClock()
        turn = self._admit(tenant_id, question)
        clock.mark("admit")
        yield TurnStarted(turn.conversation_id, turn.message_id, turn.route)
        try:
            evidence, everything = self._retrieve(turn, clock)
            prompt = self._assemble(
                turn.basis.persona, turn.question, turn.memory, evidence, turn.route, turn.margin
            )
            clock.mark("budget")
        except LeanRagError as exc:
            yield self._fail_early(turn, exc)
            return
        utterance = self._steps.speaker.prepare(turn, prompt, evidence, everything, clock.started)
        yield from self._say(turn, utterance, clock, cancelled or threading.Event())

    def preview(
        self,
        tenant_id: UUID,
        question: str,
        *,
        bot: str | UUID | None = None,
        draft: TuningDraft | None = None,
    ) -> TurnPreview:
        """Return the prompt that a question would get, by a draft if one is given."""
        question = clean(question).strip()
        self._steps.budget.check_question(question)
        vector = self._steps.embedder.embed(tenant_id, question)
        with self._database.tenant(tenant_id) as session:
            basis = read_basis(tenant_id, bot, session=session)
            route = self._router(tenant_id, basis, draft, session=session).route(question)
            evidence = self._steps.retriever.retrieve(
                tenant_id, question, route, vector=vector, bot_id=basis.bot_id, session=session
            )
            margin = self._steps.margins.read(tenant_id, route.language, session=session)
        everything = self._count_everything(basis, question, latest=None)
        prompt = self._assemble(basis.persona, question, Memory(), evidence, route, margin)
        return TurnPreview(route, prompt, evidence.widened, everything.total_tokens)

    def search(
        self, tenant_id: UUID, query: str, *, bot: str | UUID | None = None, limit: int = 20
    ) -> SearchResult:
        """Return the passages that match a query best, with their scores."""
        query = clean(query).strip()
        self._steps.budget.check_question(query)
        vector = self._steps.embedder.embed(tenant_id, query)
        with self._database.tenant(tenant_id) as session:
            basis = read_basis(tenant_id, bot, session=session)
            route = self._router(tenant_id, basis, session=session).route(query)
            passages = self._steps.retriever.rank(
                tenant_id,
                query,
                route.language,
                vector=vector,
                bot_id=basis.bot_id,
                session=session,
            )
        return SearchResult(route, passages[:limit])

    def _admit(self, tenant_id: UUID, question: Question) -> AdmittedTurn:
        """Check and count the question, route it, and store both messages, in one transaction."""
        text = clean(question.text).strip()
        self._steps.budget.check_question(text)
        self._steps.limiter.admit(tenant_id)
        with self._database.tenant(tenant_id) as session:
            # Nothing is acknowledged yet; the settlement waits for the disk, and so for this too.
            commit_without_waiting(session)
            basis, conversation_id = self._open(tenant_id, question, text, session=session)
            route = self._router(tenant_id, basis, session=session).route(text)
            turn = AdmittedTurn(
                tenant_id=tenant_id,
                basis=basis,
                conversation_id=conversation_id,
                question_id=new_id(),
                message_id=new_id(),
                question=text,
                route=route,
                memory=self._steps.memory.recall(basis.summary, basis.latest),
                margin=self._steps.margins.read(tenant_id, route.language, session=session),
            )
            store_opening(turn, session=session)
            reserve_question(
                tenant_id, questions_per_month=self._steps.questions_per_month, session=session
            )
        return turn

    def _open(
        self, tenant_id: UUID, question: Question, text: str, *, session: Session
    ) -> tuple[TurnBasis, UUID]:
        """Go on with the question's conversation, locked, or open one."""
        if question.conversation_id is None:
            basis = read_basis(tenant_id, question.bot, session=session)
            conversation_id = add_conversation(
                tenant_id,
                bot_id=basis.bot_id,
                channel=question.channel,
                question=text,
                session=session,
            )
            return basis, conversation_id
        own_bot = continue_conversation(tenant_id, question.conversation_id, session=session)
        basis = read_basis(
            tenant_id,
            own_bot if question.bot is None else question.bot,
            conversation_id=question.conversation_id,
            recent_messages=self._steps.memory.recent_messages,
            session=session,
        )
        return basis, question.conversation_id

    def _retrieve(self, turn: AdmittedTurn, clock: StepClock) -> tuple[Evidence, Counterfactual]:
        vector = self._steps.embedder.embed(turn.tenant_id, turn.question)
        clock.mark("embed")
        with self._database.tenant(turn.tenant_id) as session:
            evidence = self._steps.retriever.retrieve(
                turn.tenant_id,
                turn.question,
                turn.route,
                vector=vector,
                bot_id=turn.basis.bot_id,
                session=session,
            )
        everything = self._count_everything(turn.basis, turn.question, latest=turn.basis.latest)
        clock.mark("retrieve")
        return evidence, everything

    def _assemble(
        self,
        persona: str,
        question: str,
        memory: Memory,
        evidence: Evidence,
        route: Route,
        margin: TokenMargin,
    ) -> BudgetedPrompt:
        citable, learn_only = privacy.split(evidence)
        return self._steps.budget.assemble(
            persona=persona,
            question=question,
            memory=memory,
            citable=citable,
            learn_only=learn_only,
            route=route,
            margin=margin,
        )

    def _say(
        self, turn: AdmittedTurn, utterance: Utterance, clock: StepClock, cancelled: threading.Event
    ) -> Iterator[TurnEvent]:
        """Stream the answer, keep it as it grows, and settle it however it ends."""
        saved_at, kept, has_settled = time.monotonic(), "", False
        events = utterance.events(cancelled)
        try:
            for event in events:
                yield event
                if (
                    isinstance(event, TextDelta)
                    and time.monotonic() - saved_at > SAVE_EVERY_SECONDS
                ):
                    kept = self._keep(turn, utterance.text) or kept
                    saved_at = time.monotonic()
            clock.mark("generate")
            has_settled = True
            yield self._settle(turn, utterance, clock, kept)
        finally:
            if not has_settled:  # the reader went away in the middle
                events.close()  # ends the provider's stream: nobody pays for what nobody reads
                utterance.stop()
                self._settle(turn, utterance, clock, kept)

    def _settle(
        self, turn: AdmittedTurn, utterance: Utterance, clock: StepClock, kept: str
    ) -> TurnEnded | TurnFailed:
        """Store the turn; `kept` is what was stored of it before, and is left if this fails."""
        result = utterance.result(clock.milliseconds)
        try:
            with self._database.tenant(turn.tenant_id) as session:
                settle(turn, result, self._steps.memory, self._steps.margins, session=session)
        except DatabaseUnavailable as exc:
            return turn.failed(exc, kept)
        if utterance.failure is not None:
            return turn.failed(utterance.failure, result.text)
        return TurnEnded(
            conversation_id=turn.conversation_id,
            message_id=turn.message_id,
            text=result.text,
            citations=result.citations,
            metadata=result.metadata,
        )

    def _keep(self, turn: AdmittedTurn, text: str) -> str:
        """Store the answer so far; return what was stored."""
        try:
            with self._database.tenant(turn.tenant_id) as session:
                save_partial(turn, text, session=session)
        except DatabaseUnavailable as exc:  # the settlement will tell, if it lasts
            log.warning("A partial answer could not be kept: %s", exc)
            return ""
        return text

    def _fail_early(self, turn: AdmittedTurn, exc: LeanRagError) -> TurnFailed:
        """Store why there is no answer, as far as the database lets us."""
        try:
            with self._database.tenant(turn.tenant_id) as session:
                message = session.get(Message, (turn.tenant_id, turn.message_id))
                if message is not None:
                    message.status, message.error = "failed", exc.message
        except DatabaseUnavailable as unavailable:
            log.warning("A failed turn could not be stored: %s", unavailable)
        return turn.failed(exc, "")

    def _router(
        self,
        tenant_id: UUID,
        basis: TurnBasis,
        draft: TuningDraft | None = None,
        *,
        session: Session,
    ) -> QueryRouter:
        if draft is not None:
            return QueryRouter(draft.keywords, draft.routings)
        return self._steps.routers.read(tenant_id, session=session, version=basis.tuning_version)

    def _count_everything(
        self, basis: TurnBasis, question: str, *, latest: Sequence[PastMessage] | None
    ) -> Counterfactual:
        counter = self._steps.counter
        own = self._steps.budget.check_persona(basis.persona) + counter.count(question)
        return count_everything(basis.totals, latest, own_tokens=own, counter=counter)
