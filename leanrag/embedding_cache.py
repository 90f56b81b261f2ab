"""Embeddings are bought once: kept for good under the SHA-256 of their text and their model.

The cache is the tenant's own: a shared one would tell, by its speed, what another tenant has.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from pgvector import HalfVector
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from db.models import EmbeddingCache, UsageEvent
from db.tenancy import Database
from leanrag.embeddings import Embedder, Vectors
from leanrag.errors import EmbeddingUnavailable
from leanrag.pricing import cost_usd

log = logging.getLogger(__name__)

_WRITE_ROWS = 500


@dataclass(frozen=True, slots=True)
class CachedEmbedding:
    """Vectors float32 (n, dim) in the order of the texts, what was billed, and the cache's hits.

    `latency_ms` is the time that the embedder took for those that were not cached.
    """

    vectors: Vectors
    prompt_tokens: int
    reported: bool
    hits: int
    latency_ms: float = 0.0


def embed_cached(
    tenant_id: UUID,
    texts: Sequence[str],
    *,
    database: Database,
    embedder: Embedder,
    batch_texts: int = 128,
    on_progress: Callable[[int, int], None] | None = None,
) -> CachedEmbedding:
    """Embed texts, asking the embedder only for those it has not embedded for this tenant.

    No transaction is open while the embedder works; every batch is kept as soon as it is there, so
    that a failure loses none. `on_progress(done, all)` counts texts. Raises EmbeddingUnavailable.
    """
    keys = [hashlib.sha256(text.encode("utf-8", "replace")).hexdigest() for text in texts]
    known = _read(tenant_id, keys, embedder, database)
    missing = list({key: text for key, text in zip(keys, texts, strict=True) if key not in known})
    text_of = dict(zip(keys, texts, strict=True))
    tokens, reported, done, started = 0, True, len(texts) - len(missing), time.monotonic()
    for batch in _batches(missing, batch_texts):
        if on_progress is not None:
            on_progress(done, len(texts))
        done += len(batch)
        embedded = embedder.embed([text_of[key] for key in batch])
        tokens += embedded.prompt_tokens
        reported = reported and embedded.reported
        fresh = dict(zip(batch, embedded.vectors, strict=True))
        _write(tenant_id, fresh, embedder.model, database)
        known.update(fresh)
    vectors = np.zeros((len(texts), embedder.dimensions), dtype=np.float32)
    for row, key in enumerate(keys):
        vectors[row] = known[key]
    elapsed_ms = (time.monotonic() - started) * 1000
    return CachedEmbedding(vectors, tokens, reported, len(texts) - len(missing), elapsed_ms)


class QuestionEmbedder:
    """Embeds questions: a remote embedder's vectors are cached and billed, a local one's made."""

    def __init__(self, database: Database, embedder: Embedder, *, base_url: str) -> None:
        self._database = database
        self._embedder = embedder
        self._base_url = base_url

    def embed(self, tenant_id: UUID, question: str) -> Vectors:
        """Return the question's vector, float32 (dim,).

        Zeros where the provider cannot embed right now: the search goes on by words alone, which
        answers most questions, rather than not at all.
        """
        if not self._embedder.is_remote:  # faster made anew than looked up
            return np.asarray(self._embedder.embed([question]).vectors[0], dtype=np.float32)
        try:
            embedded = embed_cached(
                tenant_id, [question], database=self._database, embedder=self._embedder
            )
        except EmbeddingUnavailable as exc:
            log.warning("A question is searched by words alone: %s", exc)
            return np.zeros(self._embedder.dimensions, dtype=np.float32)
        if embedded.prompt_tokens:
            with self._database.tenant(tenant_id) as session:
                model = self._embedder.model
                session.add(embedding_event(tenant_id, model, embedded, base_url=self._base_url))
        return np.asarray(embedded.vectors[0], dtype=np.float32)


def embedding_event(
    tenant_id: UUID,
    model: str,
    embedded: CachedEmbedding,
    *,
    base_url: str,
    bot_id: UUID | None = None,
) -> UsageEvent:
    """Return the usage row of an embedding call."""
    return UsageEvent(
        tenant_id=tenant_id,
        kind="embedding",
        bot_id=bot_id,
        model=model,
        prompt_tokens=embedded.prompt_tokens,
        completion_tokens=0,
        cost_usd=cost_usd(model, prompt_tokens=embedded.prompt_tokens, base_url=base_url),
        is_reported=embedded.reported,
        outcome="complete",
        latency_ms=embedded.latency_ms,
    )


def _batches(keys: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), size):
        yield keys[start : start + size]


def _read(
    tenant_id: UUID, keys: Sequence[str], embedder: Embedder, database: Database
) -> dict[str, Vectors]:
    """Return the vectors that are cached, of the dimensions that the embedder makes today."""
    query = select(EmbeddingCache.content_hash, EmbeddingCache.dense).where(
        EmbeddingCache.tenant_id == tenant_id,
        EmbeddingCache.model == embedder.model,
        EmbeddingCache.content_hash.in_(set(keys)),
        func.vector_dims(EmbeddingCache.dense) == embedder.dimensions,
    )
    with database.tenant(tenant_id) as session:
        return {key: np.asarray(dense, dtype=np.float32) for key, dense in session.execute(query)}


def _write(tenant_id: UUID, fresh: dict[str, Vectors], model: str, database: Database) -> None:
    rows = [
        {
            "tenant_id": tenant_id,
            "model": model,
            "content_hash": key,
            "dense": HalfVector(vector),
        }
        for key, vector in sorted(fresh.items())  # one order: writers must not lock crosswise
    ]
    with database.tenant(tenant_id) as session:
        for start in range(0, len(rows), _WRITE_ROWS):
            statement = insert(EmbeddingCache)
            statement = statement.on_conflict_do_update(
                index_elements=["tenant_id", "model", "content_hash"],
                set_={"dense": statement.excluded.dense},  # of other dimensions before
            )
            session.execute(statement, rows[start : start + _WRITE_ROWS])
