"""A tenant's change of embedding models: new vectors beside the old, then one switch to them.

The job may die anywhere and be done again: vectors that are stored or bought stay so.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.orm import Session

from db.models import EmbeddingSwitch
from db.tenancy import Database, commit_without_waiting
from leanrag.embedder import Embedder, Vectors
from leanrag.embedding_cache import embed_cached
from leanrag.embedding_models import EmbeddingModels
from leanrag.embedding_switch_rows import (
    FIRST,
    UnembeddedPassage,
    count_passages,
    count_vectors,
    delete_others,
    forget_answers,
    lock_sources,
    lock_switch,
    mark_sources,
    read_page,
    store_vectors,
)
from leanrag.errors import (
    DatabaseUnavailable,
    LeanRagError,
    ProcessingDelayed,
    ProcessingInterrupted,
    is_temporary,
)
from leanrag.ingest.attempt import Attempt
from leanrag.ingest.embedding_bill import EmbeddingBill
from leanrag.ingest.jobs import JobQueue
from leanrag.settings import Settings
from leanrag.tenant_jobs import is_active, park_jobs, return_jobs
from leanrag.tenants import Tenants

log = logging.getLogger(__name__)

# Longer than a question takes from its embedding, with all patience for a provider, to its search.
KEEP_OLD_SECONDS = 120.0
PAGE_PASSAGES = 500
_DELETED_AT_ONCE = 1_000
_NEXT_ROUND_SECONDS = 1200.0  # after the job's own retries: the provider has been away for an hour
UNEXPECTED = "Making the new embeddings failed unexpectedly; try again or tell support."
BROKE_OFF = (
    "Making the new embeddings broke off again and again, together with the program; "
    "try again or tell support."
)
_ENDING = "The worker ends; the new embeddings wait for the next one."

Outcome = Literal["missing", "complete", "switched", "changed"]


@dataclass(frozen=True, slots=True)
class SwitchStatus:
    """A tenant's model in use, and the change to `next_model` (empty: none is under way).

    `done_count` of `total_count` passages have a vector of the new model. `by_words_alone`: the
    model in use cannot embed questions here, since its key or package is gone.
    """

    model: str
    next_model: str = ""
    done_count: int = 0
    total_count: int = 0
    error: str = ""
    by_words_alone: bool = False


class EmbeddingSwitches:
    """Brings tenants to the embedding model of the settings. Safe to repeat and to break off."""

    def __init__(
        self,
        database: Database,
        models: EmbeddingModels,
        jobs: JobQueue,
        settings: Settings,
        *,
        keep_old_seconds: float = KEEP_OLD_SECONDS,
    ) -> None:
        """Old vectors stay for `keep_old_seconds`, for questions that are under way."""
        self._database = database
        self._models = models
        self._jobs = jobs
        self._settings = settings
        self._keep_old_seconds = keep_old_seconds

    def status(self, tenant_id: UUID) -> SwitchStatus:
        """Return where a tenant's change is."""
        with self._database.tenant(tenant_id) as session:
            row = session.get(EmbeddingSwitch, tenant_id)
            model = self._models.read(tenant_id, session=session).model
        by_words_alone = self._models.uses_dense(model) and not self._models.has(model)
        if row is None:
            return SwitchStatus(model, by_words_alone=by_words_alone)
        done = min(row.done_count, row.total_count)
        return SwitchStatus(
            row.model, row.next_model, done, row.total_count, row.error, by_words_alone
        )

    def start_due(self) -> int:
        """Start the change of every tenant that does not use the settings' model; count them."""
        tenants = [t for t in Tenants(self._database).list() if t.status != "deleting"]
        return sum(self.start(tenant.tenant_id) for tenant in tenants)

    def start(self, tenant_id: UUID) -> bool:
        """Start a tenant's change, or try it again, if one is due; tell whether it is.

        Where the settings name the model in use again, that is all: its vectors are still there.
        """
        own = self._models.own.model
        with self._database.tenant(tenant_id) as session:
            row = lock_switch(tenant_id, session=session)
            is_new = row is None and count_passages(tenant_id, session=session) > 0
            if is_new:
                self._models.hold(tenant_id, session=session)
                row = lock_switch(tenant_id, session=session)
            if row is None:
                return False
            is_due = is_new or row.model != own or bool(row.next_model or row.error)
            if is_due:
                target = "" if row.model == own else own
                _note_begin(row, target, session=session)
                self._defer(tenant_id, session=session)
        return is_due

    def run(self, tenant_id: UUID, attempt: Attempt | None = None) -> None:
        """Embed what lacks a vector of the model that is to stay, and switch to it.

        What stands in the way is told by `status`. Raises what is to be tried again:
        DatabaseUnavailable, ProcessingInterrupted (the worker ends), and, where `attempt` leaves
        retries, ProcessingDelayed (the provider is down).
        """
        if attempt is not None and attempt.retries_left < 0:
            self._note_error(tenant_id, BROKE_OFF)
            return
        try:
            if not self._put_aside(tenant_id):
                self._carry_out(tenant_id, attempt)
        except (DatabaseUnavailable, ProcessingInterrupted):
            raise
        except LeanRagError as exc:
            log.warning("Tenant %s keeps its embedding model for now: %s", tenant_id, exc)
            self._note_error(tenant_id, exc.message)
            if is_temporary(exc):
                self._try_again(tenant_id, attempt, exc)
        except Exception:
            log.exception("Changing the embedding model of tenant %s failed.", tenant_id)
            self._note_error(tenant_id, UNEXPECTED)

    def _carry_out(self, tenant_id: UUID, attempt: Attempt | None) -> None:
        with self._database.tenant(tenant_id) as session:
            target = self._models.read(tenant_id, session=session).target
        outcome = self._finish(tenant_id, target)
        while outcome == "missing":
            self._embed_missing(tenant_id, target, attempt)
            outcome = self._finish(tenant_id, target)
        if outcome == "complete":
            self._delete_old(tenant_id, attempt)

    def _finish(self, tenant_id: UUID, target: str) -> Outcome:
        """Switch to `target` if no passage lacks its vector; nobody stores passages meanwhile."""
        with self._database.tenant(tenant_id) as session:
            row = lock_switch(tenant_id, session=session)
            if row is None or (row.next_model or row.model) != target:
                return "changed"
            row.total_count = count_passages(tenant_id, session=session)
            row.done_count = count_vectors(tenant_id, target, session=session)
            row.updated_at = func.now()
            if row.done_count < row.total_count:
                return "missing"
            row.error = ""
            if row.model == target:
                return "complete"
            row.model, row.next_model = target, ""
            forget_answers(tenant_id, session=session)
            self._defer(tenant_id, wait_seconds=self._keep_old_seconds, session=session)
        log.info("Tenant %s now uses the embedding model %s.", tenant_id, target)
        return "switched"

    def _embed_missing(self, tenant_id: UUID, target: str, attempt: Attempt | None) -> None:
        """Go through all passages once; end early where another model has become the target."""
        embedder = self._models.get(target)
        base_url = self._settings.openai_base_url
        bill = EmbeddingBill(tenant_id, None, None, model=target, base_url=base_url)
        after: UUID | None = FIRST
        while after is not None:
            _check_interrupted(attempt)
            with self._database.tenant(tenant_id) as session:
                page = read_page(
                    tenant_id, target, after=after, limit=PAGE_PASSAGES, session=session
                )
            after = page.last
            if not page.missing:
                continue
            embedded = embed_cached(
                tenant_id,
                [passage.text for passage in page.missing],
                database=self._database,
                embedder=embedder,
                batch_texts=self._settings.embedding_batch_texts,
                on_progress=lambda _done, _all: _check_interrupted(attempt),
                on_bought=bill.add if embedder.is_remote else None,
            )
            if not self._store(tenant_id, embedder, page.missing, embedded.vectors):
                return

    def _store(
        self,
        tenant_id: UUID,
        embedder: Embedder,
        passages: tuple[UnembeddedPassage, ...],
        vectors: Vectors,
    ) -> bool:
        """Store vectors of the target; false where it is the target no more."""
        target = embedder.model
        with self._database.tenant(tenant_id) as session:
            if not embedder.is_remote:  # after a crash of the server they are made again
                commit_without_waiting(session)
            lock_sources(tenant_id, passages, session)
            row = lock_switch(tenant_id, session=session)
            if row is None or (row.next_model or row.model) != target:
                return False
            stored = store_vectors(tenant_id, target, passages, vectors, session=session)
            if row.model == target and stored:
                mark_sources(tenant_id, stored, session=session)
            row.done_count += len(stored)
            row.updated_at, row.error = func.now(), ""
        return True

    def _delete_old(self, tenant_id: UUID, attempt: Attempt | None) -> None:
        """Delete the vectors that nobody uses, a few at a time."""
        after: UUID | None = FIRST
        while after is not None:
            _check_interrupted(attempt)
            with self._database.tenant(tenant_id) as session:
                commit_without_waiting(session)
                kept = self._models.hold(tenant_id, session=session).wanted
                after = delete_others(
                    tenant_id, kept, after=after, limit=_DELETED_AT_ONCE, session=session
                )

    def _try_again(self, tenant_id: UUID, attempt: Attempt | None, exc: LeanRagError) -> None:
        """Have the job tried again; once its retries are used up, by another job."""
        if attempt is not None and attempt.retries_left > 0:
            raise ProcessingDelayed(exc.message, **exc.details) from exc
        with self._database.tenant(tenant_id) as session:
            self._defer(tenant_id, wait_seconds=_NEXT_ROUND_SECONDS, session=session)

    def _defer(self, tenant_id: UUID, *, wait_seconds: float = 0.0, session: Session) -> None:
        """Enqueue the job; that of a suspended tenant waits until it is resumed."""
        self._jobs.defer_reembed(tenant_id, session=session, wait_seconds=wait_seconds)
        if not is_active(tenant_id, session=session):
            park_jobs(tenant_id, session=session)

    def _put_aside(self, tenant_id: UUID) -> bool:
        """Let the job of a tenant wait that was suspended just now; tell whether it does."""
        with self._database.tenant(tenant_id) as session:
            if is_active(tenant_id, session=session):
                return False
            self._defer(tenant_id, session=session)
        with self._database.tenant(tenant_id) as session:
            if is_active(tenant_id, session=session):  # it was resumed meanwhile
                return_jobs(tenant_id, session=session)
        return True

    def _note_error(self, tenant_id: UUID, message: str) -> None:
        with self._database.tenant(tenant_id) as session:
            session.execute(
                update(EmbeddingSwitch)
                .where(EmbeddingSwitch.tenant_id == tenant_id)
                .values(error=message, updated_at=func.now())
            )


def _note_begin(row: EmbeddingSwitch, next_model: str, *, session: Session) -> None:
    target = next_model or row.model
    row.next_model, row.error, row.updated_at = next_model, "", func.now()
    row.total_count = count_passages(row.tenant_id, session=session)
    row.done_count = count_vectors(row.tenant_id, target, session=session)


def _check_interrupted(attempt: Attempt | None) -> None:
    if attempt is not None and attempt.is_ending():
        raise ProcessingInterrupted(_ENDING)
