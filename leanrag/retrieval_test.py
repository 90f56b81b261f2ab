"""The retrieval test: what a question finds, what its route changes, and what the budget keeps.

No answer is made and no turn is stored; the steps are those of a turn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from uuid import UUID

from sqlalchemy.orm import Session

from db.tenancy import Database
from leanrag.embeddings import Vectors
from leanrag.errors import InvalidInput, LeanRagError
from leanrag.extractive import ExtractiveAnswerer
from leanrag.recent_questions import forbid_writing
from leanrag.retrieval_look import RetrievalLook, retrieved
from leanrag.retrieval_questions import MAX_QUESTIONS, RetrievalQuestion
from leanrag.retrieval_rows import RetrievalRow, row_of
from leanrag.retrieval_vectors import RetrievalVectors
from leanrag.retriever import share_out
from leanrag.step_clock import StepClock
from leanrag.text.normalize import clean
from leanrag.turn_basis import read_basis
from leanrag.turn_prompt import assemble
from leanrag.turn_steps import TurnSteps
from leanrag.types import Memory

_EMBEDDED_AT_ONCE = 128
_READ_AT_ONCE = 8  # questions a transaction: progress is seen, and a stop is heard, after each


class RetrievalTest:
    """Tries questions on what a tenant knows. Thread-safe."""

    def __init__(
        self,
        database: Database,
        steps: TurnSteps,
        vectors: RetrievalVectors,
        *,
        least_chance: float,
    ) -> None:
        """Try with the `steps` of turns, which answer from a chance of `least_chance` on."""
        self._database = database
        self._steps = steps
        self._vectors = vectors
        self._quoting = ExtractiveAnswerer(least_chance=least_chance)

    def look(
        self, tenant_id: UUID, question: str, *, bot: str | UUID | None = None
    ) -> RetrievalLook:
        """Return what a question finds for a bot (slug or id; None: the first one).

        Raises EmptyQuestion, QuestionTooLong and NotFound.
        """
        clock = StepClock()
        question = clean(question).strip()
        self._steps.budget.check_question(question)
        model = self._steps.embedder.model_of(tenant_id)
        vector = self._steps.embedder.embed(tenant_id, question, model=model)
        clock.mark("embed")
        with self._database.tenant(tenant_id, is_snapshot=True) as session:
            forbid_writing(session)
            trial = _Trial(tenant_id, bot, self._steps, self._quoting, session, model)
            return trial.look(question, vector, clock)

    def run(
        self,
        tenant_id: UUID,
        questions: Sequence[RetrievalQuestion],
        *,
        bot: str | UUID | None = None,
        first: int = 1,
    ) -> Iterator[RetrievalRow]:
        """Yield the row of each question in order, from the `first` one on, counted from 1.

        Whoever stops asking stops the test. A question that cannot be tried has a row that says
        why. Between rows no transaction is open. Raises InvalidInput for more than 2,000 questions,
        and NotFound for an unknown bot.
        """
        if len(questions) > MAX_QUESTIONS:
            raise InvalidInput(
                f"At most {MAX_QUESTIONS:,} questions are tested at once, not {len(questions):,}."
            )
        return self._run(tenant_id, questions, bot, first)

    def _run(
        self,
        tenant_id: UUID,
        questions: Sequence[RetrievalQuestion],
        bot: str | UUID | None,
        first: int,
    ) -> Iterator[RetrievalRow]:
        numbered = islice(enumerate(questions, start=1), first - 1, None)
        while batch := list(islice(numbered, _EMBEDDED_AT_ONCE)):
            texts = [clean(asked.question).strip() for _, asked in batch]
            read = self._vectors.read(tenant_id, texts)
            waiting = iter(zip(batch, texts, read.vectors, strict=True))
            while several := list(islice(waiting, _READ_AT_ONCE)):
                with self._database.tenant(tenant_id, is_snapshot=True) as session:
                    forbid_writing(session)
                    trial = _Trial(tenant_id, bot, self._steps, self._quoting, session, read.model)
                    rows = [
                        trial.row(number, asked, text, vector)
                        for (number, asked), text, vector in several
                    ]
                yield from rows


class _Trial:
    """Questions in one transaction: bot and router are read once."""

    def __init__(
        self,
        tenant_id: UUID,
        bot: str | UUID | None,
        steps: TurnSteps,
        quoting: ExtractiveAnswerer,
        session: Session,
        model: str,
    ) -> None:
        """`model` embedded the questions."""
        self._tenant_id = tenant_id
        self._model = model
        self._steps = steps
        self._quoting = quoting
        self._session = session
        self._basis = read_basis(tenant_id, bot, session=session)
        self._router = steps.routers.read(
            tenant_id, session=session, version=self._basis.tuning_version
        )

    def row(
        self, number: int, asked: RetrievalQuestion, question: str, vector: Vectors
    ) -> RetrievalRow:
        """Try one question of many; what is wrong with it alone is in its row."""
        try:
            self._steps.budget.check_question(question)
            return row_of(number, asked, self.look(question, vector, StepClock()))
        except LeanRagError as exc:
            return RetrievalRow(number, asked, error=exc.message)

    def look(self, question: str, vector: Vectors, clock: StepClock) -> RetrievalLook:
        """Route, search, share out and put the prompt together, as a turn does."""
        steps, tenant_id, session = self._steps, self._tenant_id, self._session
        route = self._router.route(question)
        clock.mark("route")
        ranked = steps.retriever.rank(
            tenant_id,
            question,
            route.language,
            vector=vector,
            model=self._model,
            bot_id=self._basis.bot_id,
            session=session,
        )
        clock.mark("retrieve")
        evidence = share_out(ranked, route)
        margin = steps.margins.read(tenant_id, route.language, session=session)
        prompt = assemble(steps, self._basis, question, Memory(), evidence, route, margin)
        clock.mark("budget")
        contact = steps.contact.recognise(question, route.language)
        quoted = self._quoting.quote(question, route.language, prompt.decisions)
        return RetrievalLook(
            question=question,
            route=route,
            passages=retrieved(ranked, prompt.decisions),
            prompt=prompt,
            widened=evidence.widened,
            answerability=quoted.answerability,
            is_fixed=contact is not None and contact.is_whole,
            step_ms=clock.milliseconds,
        )
