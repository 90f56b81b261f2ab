"""The vectors of test questions: bought many at once, and kept for good like those of a turn."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from uuid import UUID

from db.tenancy import Database
from leanrag.embedder import Embedder
from leanrag.embedding_cache import embed_cached, embedding_event
from leanrag.embedding_models import EmbeddingModels
from leanrag.errors import EmbeddingUnavailable
from leanrag.question_vectors import QuestionVectorReader, QuestionVectors

log = logging.getLogger(__name__)


class RetrievalVectors:
    """Embeds questions in batches. Thread-safe."""

    def __init__(self, database: Database, models: EmbeddingModels) -> None:
        self._database = database
        self._models = models
        self._reader = QuestionVectorReader(models)

    def read(self, tenant_id: UUID, questions: Sequence[str]) -> QuestionVectors:
        """Return a vector for each question; one that cannot be embedded has none to speak of.

        A remote embedder is asked once for all that the tenant never asked before, and billed.
        """
        with self._database.tenant(tenant_id) as session:
            model = self._models.read(tenant_id, session=session).model
        if self._models.uses_dense(model) and self._models.has(model):
            embedder = self._models.get(model)
            if embedder.is_remote:
                self._buy(tenant_id, questions, embedder)
        with self._database.tenant(tenant_id) as session:
            return self._reader.read(tenant_id, questions, session=session)

    def _buy(self, tenant_id: UUID, questions: Sequence[str], embedder: Embedder) -> None:
        try:
            bought = embed_cached(tenant_id, questions, database=self._database, embedder=embedder)
        except EmbeddingUnavailable as exc:
            log.warning("Test questions are searched by words alone: %s", exc)
            return
        if bought.prompt_tokens:
            base_url = embedder.base_url
            event = embedding_event(tenant_id, embedder.model, bought, base_url=base_url)
            with self._database.tenant(tenant_id) as session:
                session.add(event)
