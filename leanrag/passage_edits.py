"""People's edits of passages: applied at once, undone, and decided on where the source changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from db.models import ChunkRow, PassageEdit
from db.tenancy import Database
from leanrag.acting_name import acting_name
from leanrag.edit_decisions import Decision, DecisionPlanner
from leanrag.edit_plans import Plan
from leanrag.edit_reviews import EditReview, count_waiting, read_reviews
from leanrag.edit_wording import PassageChange, passage_version
from leanrag.embedder import Embedder, Vectors
from leanrag.embedding_models import EmbeddingModels, TenantModels
from leanrag.ingest.embedding_bill import EmbeddingBill
from leanrag.ingest.passage import embedding_text
from leanrag.passage_embedding import EmbeddedPassages, PassageEmbedder
from leanrag.passage_store import Rewrite, rewrite_passages
from leanrag.settings import Settings
from leanrag.sources import ChunkView, read_chunks
from leanrag.text.tokens import TokenCounter

__all__ = ["Decision", "EditReview", "PassageChange", "PassageEdits", "passage_version"]


class PassageEdits:
    """Changes passages by hand. Every change is one transaction under the lock of its source."""

    def __init__(
        self,
        database: Database,
        models: EmbeddingModels,
        counter: TokenCounter,
        settings: Settings,
    ) -> None:
        """`counter` counts in o200k_base, as all passages are counted."""
        self._database = database
        self._models = models
        self._embedder = PassageEmbedder(
            database, models, batch_texts=settings.embedding_batch_texts
        )
        self._counter = counter
        self._settings = settings

    def edit(
        self, tenant_id: UUID, chunk_id: UUID, change: PassageChange, *, expected: str, by: str = ""
    ) -> ChunkView:
        """Change a passage for the next question; what the source says is kept beside it.

        `expected` is the `passage_version` of the passage as the person saw it. Raises InvalidInput
        for words that cannot be stored, NotFound, EmbeddingUnavailable; Conflict where the passage
        is another by now, or its words wait for a review.
        """
        change, by = change.checked(), acting_name(by)
        shown = self._carry_out(
            tenant_id, lambda planner: planner.edit(chunk_id, change, expected=expected, by=by)
        )
        assert shown is not None
        return shown

    def revert(
        self, tenant_id: UUID, edit_id: UUID, *, expected: str | None = None
    ) -> ChunkView | None:
        """Undo an edit: the passage says what its source says now.

        None where the source says nothing of it any more. Raises NotFound; Conflict where
        `expected` is given and not the passage's version.
        """
        return self._carry_out(
            tenant_id, lambda planner: planner.revert(edit_id, expected=expected)
        )

    def settle(
        self, tenant_id: UUID, edit_id: UUID, decision: Decision, *, expected: str, by: str = ""
    ) -> ChunkView | None:
        """Decide on an edit whose source changed; `expected` is the review's `version`.

        "keep": the edit stays in force, made of what the source says now; where the source no
        longer says it, the edited words stand on as a passage of their own. "take_newer": the
        source's words. "drop": an edit whose passage is gone is forgotten. Raises NotFound,
        InvalidInput for a decision that does not fit, Conflict where it was settled meanwhile.
        """
        by = acting_name(by)
        return self._carry_out(
            tenant_id,
            lambda planner: planner.settle(edit_id, decision, expected=expected, by=by),
        )

    def reviews(
        self, tenant_id: UUID, *, source_id: UUID | None = None, limit: int = 50, offset: int = 0
    ) -> tuple[EditReview, ...]:
        """Return edits that wait for a decision, the oldest first."""
        with self._database.tenant(tenant_id) as session:
            return read_reviews(tenant_id, source_id, limit=limit, offset=offset, session=session)

    def count_reviews(self, tenant_id: UUID, *, source_id: UUID | None = None) -> int:
        """Return how many edits wait for a decision."""
        with self._database.tenant(tenant_id) as session:
            return count_waiting(tenant_id, source_id, session=session)

    def _carry_out(
        self, tenant_id: UUID, make_plan: Callable[[DecisionPlanner], Plan]
    ) -> ChunkView | None:
        """Make a plan and write it; embed new words between two attempts, with nothing locked."""
        vectors: dict[str, Mapping[str, Vectors]] = {}
        models: TenantModels | None = None
        while True:
            with self._database.tenant(tenant_id) as session:
                plan = make_plan(DecisionPlanner(tenant_id, self._counter, session))
                held = self._models.hold(tenant_id, session=session)
                if held != models:  # the tenant has changed its model meanwhile
                    vectors, models = {}, held
                missing = [text for text in _texts(plan).values() if text not in vectors]
                if not missing:
                    self._write(plan, vectors, session=session)
                    return _show(tenant_id, plan.shown, session=session)
                source_id, bot_id = plan.source.source_id, plan.source.bot_id
            embedded = self._embed(tenant_id, source_id, bot_id, missing)
            if embedded.models == models:
                vectors |= {text: embedded.of(row) for row, text in enumerate(missing)}

    def _write(
        self, plan: Plan, vectors: Mapping[str, Mapping[str, Vectors]], *, session: Session
    ) -> None:
        if plan.is_empty:
            return
        source, texts = plan.source, _texts(plan)
        rewrites = [
            Rewrite(
                p.chunk_id, p.chunk, vectors[texts[p.chunk_id]] if p.chunk_id in texts else None
            )
            for p in plan.passages
        ]
        rewrite_passages(source, rewrites, session=session)
        for edit in plan.kept:
            session.merge(edit)
        session.execute(
            delete(PassageEdit).where(
                PassageEdit.tenant_id == source.tenant_id, PassageEdit.edit_id.in_(plan.dropped)
            )
        )
        passages, tokens = session.execute(
            select(func.count(), func.coalesce(func.sum(ChunkRow.token_count), 0)).where(
                ChunkRow.tenant_id == source.tenant_id, ChunkRow.source_id == source.source_id
            )
        ).one()
        source.edits_version += 1
        source.passage_count, source.token_count = passages, tokens
        session.flush()

    def _embed(
        self, tenant_id: UUID, source_id: UUID, bot_id: UUID | None, texts: Sequence[str]
    ) -> EmbeddedPassages:
        def make_bill(embedder: Embedder) -> EmbeddingBill:
            base_url = self._settings.openai_base_url
            return EmbeddingBill(
                tenant_id, source_id, bot_id, model=embedder.model, base_url=base_url
            )

        return self._embedder.embed(tenant_id, texts, make_bill=make_bill)


def _texts(plan: Plan) -> dict[UUID, str]:
    """Return what must be embedded of the passages that change their words."""
    return {
        p.chunk_id: embedding_text(p.chunk.title, p.chunk.heading, p.chunk.text)
        for p in plan.passages
        if p.is_reworded and p.chunk is not None
    }


def _show(tenant_id: UUID, chunk_id: UUID | None, *, session: Session) -> ChunkView | None:
    if chunk_id is None:
        return None
    return read_chunks(tenant_id, chunk_id, session=session)[0]
