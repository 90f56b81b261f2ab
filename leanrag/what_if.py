"""What a draft would change: a tenant's last real questions, routed and assembled both ways.

No model is called and nothing is stored. What is retrieved does not depend on a draft, so every
question is ranked once; both routes then share the same passages out.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from uuid import UUID

from sqlalchemy.orm import Session

from db.tenancy import Database
from leanrag.budget import BudgetLimits, TokenBudgetController
from leanrag.draft_router import RouterMaker, as_saved
from leanrag.embeddings import Vectors
from leanrag.errors import ConfigurationError, InvalidInput, LeanRagError
from leanrag.question_vectors import QuestionVectorReader
from leanrag.recent_questions import (
    DEFAULT_QUESTIONS,
    PastQuestion,
    forbid_writing,
    read_questions,
    to_be_routed,
)
from leanrag.replay import FailedTurn, ReplayedQuestion, ReplayedTurn, compare, same_shares
from leanrag.retriever import share_out
from leanrag.router import QueryRouter
from leanrag.token_margin import TokenMargin
from leanrag.tuning import TuningDraft, check_draft
from leanrag.turn_basis import TurnBasis, read_basis
from leanrag.turn_prompt import assemble
from leanrag.turn_steps import TurnSteps
from leanrag.types import Language, Memory, Passage, Route

NOT_REPLAYED = (
    "Each question was replayed as the first of a conversation: what a conversation carries along"
    " takes tokens of its own, and is not in these figures."
)


@dataclass(frozen=True, slots=True)
class WhatIfReport:
    """Every replayed question before and after, newest first.

    `fixed_replies` counts questions that a fixed text answers, which are not replayed;
    `without_vector` those searched by words alone because their embedding is not cached.
    `is_complete` is false when it was cancelled. `note` says what the figures leave out.
    """

    questions: tuple[ReplayedQuestion, ...]
    fixed_replies: int
    without_vector: int
    is_complete: bool
    elapsed_seconds: float
    note: str = NOT_REPLAYED


class WhatIf:
    """Replays questions with what is in force and with a draft. Thread-safe."""

    def __init__(
        self,
        database: Database,
        steps: TurnSteps,
        *,
        limits: BudgetLimits,
        vectors: QuestionVectorReader,
        make_router: RouterMaker,
    ) -> None:
        """Replay with the `steps` of turns, whose budget has `limits`."""
        self._database = database
        self._steps = steps
        self._vectors = vectors
        self._make_router = make_router
        self.limits = limits

    def replay(
        self,
        tenant_id: UUID,
        draft: TuningDraft,
        *,
        limits: BudgetLimits | None = None,
        bot: str | UUID | None = None,
        questions: int = DEFAULT_QUESTIONS,
        on_progress: Callable[[int, int], None] | None = None,
        cancelled: threading.Event | None = None,
    ) -> WhatIfReport:
        """Return what a draft, and other `limits`, would change of the last `questions` questions.

        Those of `bot` (slug or id), or of all bots, each answered by its own. `on_progress(done,
        all)` counts questions; `cancelled` ends it early. A question that fails is reported as
        such. Without any question the report is empty. Raises InvalidInput for a draft or limits
        that cannot be in force, NotFound for an unknown bot, and DatabaseUnavailable.
        """
        started = time.perf_counter()
        check_draft(draft)
        budget = self._steps.budget if limits is None else self._budget_of(limits)
        with self._database.tenant(tenant_id, is_snapshot=True) as session:
            forbid_writing(session)
            asked = read_questions(tenant_id, bot=bot, limit=questions, session=session)
            routed = to_be_routed(asked, self._steps.contact)
            replay = _Replay(
                tenant_id,
                self._steps,
                replace(self._steps, budget=budget),
                self._make_router(tenant_id, as_saved(draft), session=session),
                session,
            )
            vectors = self._vectors.read(
                tenant_id, [question.text for question in routed], session=session
            )
            done: list[ReplayedQuestion] = []
            for question, vector in zip(routed, vectors.vectors, strict=True):
                if cancelled is not None and cancelled.is_set():
                    break
                done.append(replay.run(question, vector, vectors.model))
                if on_progress is not None:
                    on_progress(len(done), len(routed))
        return WhatIfReport(
            questions=tuple(done),
            fixed_replies=len(asked) - len(routed),
            without_vector=vectors.missing,
            is_complete=len(done) == len(routed),
            elapsed_seconds=time.perf_counter() - started,
        )

    def _budget_of(self, limits: BudgetLimits) -> TokenBudgetController:
        """Return what assembles prompts within `limits`. Raises InvalidInput if nothing can."""
        if limits == self.limits:
            return self._steps.budget
        most = self.limits.max_prompt_tokens
        for field in fields(limits):
            if field.name.endswith("_tokens") and not 0 <= getattr(limits, field.name) <= most:
                raise InvalidInput(
                    f"{field.name} is {getattr(limits, field.name)}; it may be 0 to {most:,} here."
                )
        try:
            return TokenBudgetController(self._steps.counter, limits)
        except ConfigurationError as exc:
            raise InvalidInput(
                "These limits leave no room for the rules that every prompt holds; give the system"
                " section more, or the question less."
            ) from exc


class _Replay:
    """One replay in its transaction: routers, bots and margins are read once."""

    def __init__(
        self,
        tenant_id: UUID,
        steps: TurnSteps,
        steps_after: TurnSteps,
        router_after: QueryRouter,
        session: Session,
    ) -> None:
        """`steps` before and after differ in their budget at most."""
        self._tenant_id = tenant_id
        self._steps, self._steps_after = steps, steps_after
        self._before = self._steps.routers.read(tenant_id, session=session)
        self._after = router_after
        self._session = session
        self._bases: dict[UUID, TurnBasis] = {}
        self._margins: dict[Language, TokenMargin] = {}

    def run(self, question: PastQuestion, vector: Vectors, model: str) -> ReplayedQuestion:
        """Replay a question, embedded by `model`. What is wrong with it alone is in the result."""
        before_route, after_route = (r.route(question.text) for r in (self._before, self._after))
        basis = self._basis(question.bot_id)
        ranked = self._steps.retriever.rank(
            self._tenant_id,
            question.text,
            before_route.language,
            vector=vector,
            model=model,
            bot_id=basis.bot_id,
            session=self._session,
        )
        before = self._assemble(self._steps, basis, question, ranked, before_route)
        keeps_budget = self._steps_after.budget is self._steps.budget
        if keeps_budget and same_shares(before_route, after_route):
            after = before.with_route(after_route)  # the prompt depends on nothing else
        else:
            after = self._assemble(self._steps_after, basis, question, ranked, after_route)
        return compare(question, before, after)

    def _assemble(
        self,
        steps: TurnSteps,
        basis: TurnBasis,
        question: PastQuestion,
        ranked: tuple[Passage, ...],
        route: Route,
    ) -> ReplayedTurn | FailedTurn:
        evidence = share_out(ranked, route)
        margin = self._margin(route.language)
        try:
            prompt = assemble(steps, basis, question.text, Memory(), evidence, route, margin)
        except LeanRagError as exc:
            return FailedTurn(route, exc.message)
        return ReplayedTurn(route, prompt, evidence.widened)

    def _basis(self, bot_id: UUID) -> TurnBasis:
        if bot_id not in self._bases:
            self._bases[bot_id] = read_basis(self._tenant_id, bot_id, session=self._session)
        return self._bases[bot_id]

    def _margin(self, language: Language) -> TokenMargin:
        if language not in self._margins:
            self._margins[language] = self._steps.margins.read(
                self._tenant_id, language, session=self._session
            )
        return self._margins[language]
