"""What a question would get: its route, passages and prompt; nothing is asked, nothing stored."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from db.tenancy import Database
from leanrag.budget import SystemSize
from leanrag.draft_router import as_saved
from leanrag.prompts import voice
from leanrag.router import QueryRouter
from leanrag.text.normalize import clean
from leanrag.tuning import TuningDraft
from leanrag.turn_basis import TurnBasis, read_basis
from leanrag.turn_prompt import assemble, everything
from leanrag.turn_steps import TurnSteps
from leanrag.types import BudgetedPrompt, Memory, Passage, Route


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


class Previews:
    """Shows what the turn would do."""

    def __init__(self, database: Database, steps: TurnSteps) -> None:
        self._database = database
        self._steps = steps

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
        model = self._steps.embedder.model_of(tenant_id)
        vector = self._steps.embedder.embed(tenant_id, question, model=model)
        with self._database.tenant(tenant_id, is_snapshot=True) as session:
            basis = read_basis(tenant_id, bot, session=session)
            route = self._router(tenant_id, basis, draft, session=session).route(question)
            evidence = self._steps.retriever.retrieve(
                tenant_id,
                question,
                route,
                vector=vector,
                model=model,
                bot_id=basis.bot_id,
                session=session,
            )
            margin = self._steps.margins.read(tenant_id, route.language, session=session)
        spared = everything(self._steps, basis, question, latest=None)
        prompt = assemble(self._steps, basis, question, Memory(), evidence, route, margin)
        return TurnPreview(route, prompt, evidence.widened, spared.total_tokens)

    def system_size(self, persona: str, instructions: str) -> SystemSize:
        """Return the tokens that the system prompt takes with these texts, and may take."""
        return self._steps.budget.system_size(voice(persona, instructions))

    def search(
        self, tenant_id: UUID, query: str, *, bot: str | UUID | None = None, limit: int = 20
    ) -> SearchResult:
        """Return the passages that match a query best, with their scores."""
        query = clean(query).strip()
        self._steps.budget.check_question(query)
        model = self._steps.embedder.model_of(tenant_id)
        vector = self._steps.embedder.embed(tenant_id, query, model=model)
        with self._database.tenant(tenant_id, is_snapshot=True) as session:
            basis = read_basis(tenant_id, bot, session=session)
            route = self._router(tenant_id, basis, session=session).route(query)
            passages = self._steps.retriever.rank(
                tenant_id,
                query,
                route.language,
                vector=vector,
                model=model,
                bot_id=basis.bot_id,
                session=session,
            )
        return SearchResult(route, passages[:limit])

    def _router(
        self,
        tenant_id: UUID,
        basis: TurnBasis,
        draft: TuningDraft | None = None,
        *,
        session: Session,
    ) -> QueryRouter:
        if draft is not None:
            return self._steps.routers.make(tenant_id, as_saved(draft), session=session)
        return self._steps.routers.read(tenant_id, session=session, version=basis.tuning_version)
