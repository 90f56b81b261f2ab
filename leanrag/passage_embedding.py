"""Passages become vectors of every model that their tenant uses, or is about to use."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from db.tenancy import Database
from leanrag.embedder import Embedder, Vectors
from leanrag.embedding_cache import CachedEmbedding, embed_cached
from leanrag.embedding_models import EmbeddingModels, TenantModels
from leanrag.errors import ConfigurationError, EmbeddingUnavailable, LeanRagError
from leanrag.ingest.embedding_bill import EmbeddingBill

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EmbeddedPassages:
    """Vectors float32 (n, dim) by model, in the order of the passages, for a tenant of `models`.

    One model at least; of two, that which is to stay comes first. `hits` were embedded before.
    """

    models: TenantModels
    vectors: Mapping[str, Vectors]
    hits: int

    def of(self, row: int) -> dict[str, Vectors]:
        """Return the vectors (dim,) of one passage, by model."""
        return {model: vectors[row] for model, vectors in self.vectors.items()}


class PassageEmbedder:
    """Embeds through the tenant's cache. While a tenant changes its model, with both."""

    def __init__(self, database: Database, models: EmbeddingModels, *, batch_texts: int) -> None:
        self.models = models
        self._database = database
        self._batch_texts = batch_texts

    def embed(
        self,
        tenant_id: UUID,
        texts: Sequence[str],
        *,
        make_bill: Callable[[Embedder], EmbeddingBill],
        on_progress: Callable[[int, int], None] | None = None,
    ) -> EmbeddedPassages:
        """Embed texts with each of the tenant's models; of two, one may fail.

        What it leaves out is made later by the change itself. Raises EmbeddingUnavailable, and
        ConfigurationError where this process has no embedder for any.
        """
        with self._database.tenant(tenant_id) as session:
            models = self.models.read(tenant_id, session=session)
        made: dict[str, CachedEmbedding] = {}
        failures: list[LeanRagError] = []
        for model in models.wanted:
            try:
                embedder = self.models.get(model)
                bill = make_bill(embedder)
                made[model] = embed_cached(
                    tenant_id,
                    texts,
                    database=self._database,
                    embedder=embedder,
                    batch_texts=self._batch_texts,
                    on_progress=on_progress,
                    on_bought=bill.add if embedder.is_remote else None,
                )
            except (EmbeddingUnavailable, ConfigurationError) as exc:
                log.warning("Passages go without a vector of %s: %s", model, exc)
                failures.append(exc)
        if not made:
            raise failures[0]
        vectors = {model: embedded.vectors for model, embedded in made.items()}
        return EmbeddedPassages(models, vectors, next(iter(made.values())).hits)
