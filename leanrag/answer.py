"""The turn, top to bottom: admit → route → remember → retrieve → guard → budget → say → settle."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from uuid import UUID

from db.models import Message
from db.tenancy import Database
from leanrag.admission import Admission, Question, reply_language
from leanrag.errors import DatabaseUnavailable, LeanRagError
from leanrag.first_contact import FirstContactMatch
from leanrag.settlement import AdmittedTurn, save_partial, settle
from leanrag.speech import Script, Utterance
from leanrag.step_clock import StepClock
from leanrag.summary_renewal import SummaryToRenew
from leanrag.turn_prompt import NO_EVIDENCE, NO_PROMPT, assemble, everything
from leanrag.turn_steps import TurnSteps
from leanrag.types import (
    CACHED_ANSWER,
    FIXED_REPLY,
    Evidence,
    TextDelta,
    TurnEnded,
    TurnEvent,
    TurnFailed,
    TurnStarted,
)

__all__ = ["Answerer", "Question"]

log = logging.getLogger(__name__)

SAVE_EVERY_SECONDS = 1.0


class Answerer:
    """Answers questions; every door of the product consumes its events."""

    def __init__(self, database: Database, steps: TurnSteps) -> None:
        self._database = database
        self._steps = steps
        self._admission = Admission(database, steps)
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
        with self._steps.right_of_way.turn():
            turn = self._admission.admit(tenant_id, question)
        clock.mark("admit")
        yield TurnStarted(turn.conversation_id, turn.message_id, turn.route)
        try:
            with self._steps.right_of_way.turn():
                utterance = self._prepare(turn, clock)
        except LeanRagError as exc:
            yield self._fail_early(turn, exc)
            return
        yield from self._say(turn, utterance, clock, cancelled or threading.Event())

    def _prepare(self, turn: AdmittedTurn, clock: StepClock) -> Utterance:
        """Return the answer-to-be: a fixed reply, one that was given before, or one to be made."""
        if turn.contact is not None and turn.contact.is_whole:
            return self._recite(turn, clock, Script(self._reply(turn, turn.contact), FIXED_REPLY))
        if turn.cached is not None:
            known = turn.cached
            script = Script(known.text, CACHED_ANSWER, known.citations, known.model_used)
            return self._recite(turn, clock, script)
        return self._compose(turn, clock)

    def _compose(self, turn: AdmittedTurn, clock: StepClock) -> Utterance:
        """Find the evidence, and put the prompt together."""
        evidence = self._retrieve(turn, clock)
        spared = everything(self._steps, turn.basis, turn.question, latest=turn.basis.latest)
        clock.mark("retrieve")
        prompt = assemble(
            self._steps,
            turn.basis,
            turn.question,
            turn.memory,
            evidence,
            turn.route,
            turn.margin,
        )
        clock.mark("budget")
        closing = "" if turn.contact is None else self._reply(turn, turn.contact)
        return self._steps.speaker.prepare(
            turn, prompt, evidence, spared, clock.started, closing=closing
        )

    def _recite(self, turn: AdmittedTurn, clock: StepClock, script: Script) -> Utterance:
        """Return what is written already: no search, no model."""
        spared = everything(self._steps, turn.basis, turn.question, latest=turn.basis.latest)
        return self._steps.speaker.prepare(
            turn, NO_PROMPT, NO_EVIDENCE, spared, clock.started, script
        )

    def _reply(self, turn: AdmittedTurn, contact: FirstContactMatch) -> str:
        language = reply_language(contact, turn.question, turn.basis.latest)
        return self._steps.contact.reply(contact.act, language, turn.basis.greeting)

    def _retrieve(self, turn: AdmittedTurn, clock: StepClock) -> Evidence:
        model = turn.basis.embedding_model
        vector = self._steps.embedder.embed(turn.tenant_id, turn.question, model=model)
        clock.mark("embed")
        # A source that is replaced meanwhile answers with all old passages or with all new ones.
        with self._database.tenant(turn.tenant_id, is_snapshot=True) as session:
            return self._steps.retriever.retrieve(
                turn.tenant_id,
                turn.question,
                turn.route,
                vector=vector,
                model=model,
                bot_id=turn.basis.bot_id,
                session=session,
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
            steps = self._steps
            with steps.right_of_way.turn(), self._database.tenant(turn.tenant_id) as session:
                replaced = settle(
                    turn, result, steps.memory, steps.margins, steps.cache, session=session
                )
        except DatabaseUnavailable as exc:
            return turn.failed(exc, kept)
        if replaced is not None and self._steps.renewal is not None:
            self._steps.renewal.submit(SummaryToRenew.after(turn, replaced))
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
