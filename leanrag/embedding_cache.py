"""Embeddings are bought once: kept for good under the SHA-256 of their text and their model.

The cache is the tenant's own: a shared one would tell, by its speed, what another tenant has.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

import numpy as np
from pgvector import HalfVector
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from db.models import EmbeddingCache, UsageEvent
from db.tenancy import Database
from leanrag.embedder import Embedded, Embedder, Vectors, encodable
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
    that a failure loses none. What was paid before a failure is billed here; what a call that ends
    well took, the caller bills. `on_progress(done, all)` counts texts. Raises EmbeddingUnavailable.
    """
    text_of = {_key(text): text for text in texts}
    known = _read(tenant_id, tuple(text_of), embedder, database)
    missing = [key for key in text_of if key not in known]
    purchase, done = _Purchase(), len(texts) - len(missing)
    try:
        for group in _groups(missing, batch_texts):
            if on_progress is not None:
                on_progress(done, len(texts))
            done += len(group)
            keys = iter(group)
            for batch in embedder.split([text_of[key] for key in group]):
                fresh = purchase.add(tuple(islice(keys, len(batch))), embedder.embed(batch))
                known.update(fresh)
                _write(tenant_id, fresh, embedder.model, database)
    except Exception:  # what came before it is paid and kept, and never bought again
        event = purchase.event(tenant_id, embedder.model, base_url=embedder.base_url)
        if event is not None:
            _write(tenant_id, {}, embedder.model, database, event)
        raise
    vectors = np.zeros((len(texts), embedder.dimensions), dtype=np.float32)
    for row, text in enumerate(texts):
        vectors[row] = known[_key(text)]
    return purchase.result(vectors, hits=len(texts) - len(missing))


class _Purchase:
    """What an embedder has billed so far, and for how long it has worked."""

    def __init__(self) -> None:
        self._tokens, self._reported, self._started = 0, True, time.monotonic()

    def add(self, keys: Sequence[str], embedded: Embedded) -> dict[str, Vectors]:
        """Count a batch; return its vectors by their keys."""
        self._tokens += embedded.prompt_tokens
        self._reported = self._reported and embedded.reported
        return dict(zip(keys, embedded.vectors, strict=True))

    def result(self, vectors: Vectors, *, hits: int) -> CachedEmbedding:
        """Return the bill together with the vectors."""
        elapsed_ms = (time.monotonic() - self._started) * 1000
        return CachedEmbedding(vectors, self._tokens, self._reported, hits, elapsed_ms)

    def event(self, tenant_id: UUID, model: str, *, base_url: str) -> UsageEvent | None:
        """Return the usage row of what was billed so far; None when nothing was."""
        if not self._tokens:
            return None
        bill = self.result(np.zeros((0, 0), dtype=np.float32), hits=0)
        return embedding_event(tenant_id, model, bill, base_url=base_url)


class QuestionEmbedder:
    """Embeds questions: a remote embedder's vectors are cached and billed, a local one's made."""

    def __init__(
        self, database: Database, embedder: Embedder, *, base_url: str, is_used: bool = True
    ) -> None:
        """`is_used`: ranking looks at these vectors; where it does not, none is made."""
        self._database = database
        self._embedder = embedder
        self._base_url = base_url
        self._is_used = is_used

    def embed(self, tenant_id: UUID, question: str) -> Vectors:
        """Return the question's vector, float32 (dim,).

        Zeros where it cannot be embedded right now: the search goes on by words alone, which
        answers most questions, rather than not at all. Also zeros where nobody looks at it.
        """
        if not self._is_used:
            return np.zeros(1, dtype=np.float32)
        dimensions = 1  # of an embedder that cannot say: nothing is like a vector of one number
        try:
            dimensions = self._embedder.dimensions
            return self._embed(tenant_id, question)
        except EmbeddingUnavailable as exc:
            log.warning("A question is searched by words alone: %s", exc)
            return np.zeros(dimensions, dtype=np.float32)

    def _embed(self, tenant_id: UUID, question: str) -> Vectors:
        embedder, database, key = self._embedder, self._database, _key(question)
        if not embedder.is_remote:  # faster made anew than looked up
            return _first(embedder.embed_question(question))
        known = _read(tenant_id, [key], embedder, database)
        if key not in known:
            purchase = _Purchase()
            known = purchase.add([key], embedder.embed_question(question))
            event = purchase.event(tenant_id, embedder.model, base_url=self._base_url)
            _write(tenant_id, known, embedder.model, database, event)
        return known[key]


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


def _first(embedded: Embedded) -> Vectors:
    return np.asarray(embedded.vectors[0], dtype=np.float32)


def _key(text: str) -> str:
    return hashlib.sha256(encodable(text).encode()).hexdigest()


def _groups(keys: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), size):
        yield keys[start : start + size]


def _read(
    tenant_id: UUID, keys: Sequence[str], embedder: Embedder, database: Database
) -> dict[str, Vectors]:
    """Return the vectors that are cached, of the dimensions that the embedder makes today."""
    query = select(EmbeddingCache.content_hash, EmbeddingCache.dense).where(
        EmbeddingCache.tenant_id == tenant_id,
        EmbeddingCache.model == embedder.model,
        EmbeddingCache.content_hash.in_(keys),
        func.vector_dims(EmbeddingCache.dense) == embedder.dimensions,
    )
    with database.tenant(tenant_id) as session:
        return {key: np.asarray(dense, dtype=np.float32) for key, dense in session.execute(query)}


def _write(
    tenant_id: UUID,
    fresh: dict[str, Vectors],
    model: str,
    database: Database,
    event: UsageEvent | None = None,
) -> None:
    """Keep vectors, and the usage row of what they cost if one is given, in one transaction."""
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
        if event is not None:
            session.add(event)
        for start in range(0, len(rows), _WRITE_ROWS):
            statement = insert(EmbeddingCache)
            statement = statement.on_conflict_do_update(
                index_elements=["tenant_id", "model", "content_hash"],
                set_={"dense": statement.excluded.dense},  # of other dimensions before
            )
            session.execute(statement, rows[start : start + _WRITE_ROWS])
