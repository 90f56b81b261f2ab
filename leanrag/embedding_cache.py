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
from sqlalchemy import ARRAY, LargeBinary, String, any_, func, literal, select
from sqlalchemy.orm import Session

from db.bulk_insert import insert_rows
from db.models import EmbeddingCache, UsageEvent
from db.tenancy import Database, commit_without_waiting
from leanrag.embedder import Embedded, Embedder, Vectors, encodable
from leanrag.embedding_limits import read_identity
from leanrag.embedding_models import EmbeddingModels
from leanrag.errors import ConfigurationError, EmbeddingUnavailable
from leanrag.pricing import cost_usd

log = logging.getLogger(__name__)

_SHELF_ROWS = 1_000  # 6 MB of vectors made here wait to be written together


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


# Bills a batch in the transaction that keeps its vectors.
OnBought = Callable[[CachedEmbedding, Session], None]
Bill = Callable[[Session], None]


def embed_cached(
    tenant_id: UUID,
    texts: Sequence[str],
    *,
    database: Database,
    embedder: Embedder,
    batch_texts: int = 128,
    on_progress: Callable[[int, int], None] | None = None,
    on_bought: OnBought | None = None,
) -> CachedEmbedding:
    """Embed texts, asking the embedder only for those it has not embedded for this tenant.

    No transaction is open while the embedder works; every batch is kept as soon as it is there, so
    that a failure loses none. `on_bought` bills each batch where it is kept; without it, what was
    paid before a failure is billed here, and what a call that ends well took, the caller bills.
    `on_progress(done, all)` counts texts. Raises EmbeddingUnavailable.
    """
    text_of = {_key(text): text for text in texts}
    known = _read(tenant_id, tuple(text_of), embedder, database)
    missing = [key for key in text_of if key not in known]
    purchase, done = _Purchase(), len(texts) - len(missing)
    shelf = _Shelf(tenant_id, embedder, database, on_bought)
    try:
        for group in _groups(missing, batch_texts):
            if on_progress is not None:
                on_progress(done, len(texts))
            done += len(group)
            keys = iter(group)
            for batch in embedder.split([text_of[key] for key in group]):
                began, embedded = time.monotonic(), embedder.embed(batch)
                fresh = purchase.add(tuple(islice(keys, len(batch))), embedded)
                known.update(fresh)
                shelf.keep(fresh, _bill(embedded, time.monotonic() - began))
        shelf.store()
    except Exception:  # what came before it is paid and kept, and never bought again
        shelf.store()
        event = purchase.event(tenant_id, embedder.model, base_url=embedder.base_url)
        if event is not None and on_bought is None:
            _write(tenant_id, {}, embedder, database, event)
        raise
    vectors = np.zeros((len(texts), embedder.dimensions), dtype=np.float32)
    for row, text in enumerate(texts):
        vectors[row] = known[_key(text)]
    return purchase.result(vectors, hits=len(texts) - len(missing))


def _bill(embedded: Embedded, seconds: float) -> CachedEmbedding:
    """Return what one batch took, without its vectors."""
    none, tokens = np.zeros((0, 0), dtype=np.float32), embedded.prompt_tokens
    return CachedEmbedding(none, tokens, embedded.reported, hits=0, latency_ms=seconds * 1000)


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


class _Shelf:
    """Keeps what is embedded: what was paid for at once, what was made here about once a second."""

    def __init__(
        self, tenant_id: UUID, embedder: Embedder, database: Database, on_bought: OnBought | None
    ) -> None:
        self._tenant_id = tenant_id
        self._embedder = embedder
        self._database = database
        self._on_bought = on_bought
        self._waiting: dict[str, Vectors] = {}
        self._bills: list[CachedEmbedding] = []
        self._stored = time.monotonic()

    def keep(self, fresh: dict[str, Vectors], bill: CachedEmbedding) -> None:
        """Keep a batch, which took what `bill` says."""
        self._waiting.update(fresh)
        self._bills.append(bill)
        is_full = len(self._waiting) >= _SHELF_ROWS
        if self._embedder.is_remote or is_full or self._stored + 1 < time.monotonic():
            self.store()

    def store(self) -> None:
        """Write what waits into the database."""
        if self._waiting:
            _write(self._tenant_id, self._waiting, self._embedder, self._database, also=self._pay)
        self._waiting, self._bills, self._stored = {}, [], time.monotonic()

    def _pay(self, session: Session) -> None:
        if self._on_bought is not None:
            for bill in self._bills:
                self._on_bought(bill, session)


class QuestionEmbedder:
    """Embeds questions: a remote embedder's vectors are cached and billed, a local one's made."""

    def __init__(self, database: Database, models: EmbeddingModels, *, base_url: str) -> None:
        self._database = database
        self._models = models
        self._base_url = base_url

    def model_of(self, tenant_id: UUID) -> str:
        """Return the model that the tenant's questions are embedded with; a turn knows it."""
        with self._database.tenant(tenant_id) as session:
            return self._models.read(tenant_id, session=session).model

    def embed(self, tenant_id: UUID, question: str, *, model: str = "") -> Vectors:
        """Return the question's vector by `model` ("": the settings' own), float32 (dim,).

        Zeros where it cannot be embedded right now: the search goes on by words alone, which
        answers most questions, rather than not at all. Also zeros where ranking looks at none.
        """
        dimensions = 1  # of an embedder that cannot say: nothing is like a vector of one number
        if not self._models.uses_dense(model or self._models.own.model):
            return np.zeros(dimensions, dtype=np.float32)
        try:
            embedder = self._models.get(model)
            dimensions = embedder.dimensions
            return self._embed(tenant_id, question, embedder)
        except (ConfigurationError, EmbeddingUnavailable) as exc:
            log.warning("A question is searched by words alone: %s", exc)
            return np.zeros(dimensions, dtype=np.float32)

    def _embed(self, tenant_id: UUID, question: str, embedder: Embedder) -> Vectors:
        database, key = self._database, _key(question)
        if not embedder.is_remote:  # faster made anew than looked up
            return _first(embedder.embed_question(question))
        known = _read(tenant_id, [key], embedder, database)
        if key not in known:
            purchase = _Purchase()
            known = purchase.add([key], embedder.embed_question(question))
            event = purchase.event(tenant_id, embedder.model, base_url=self._base_url)
            _write(tenant_id, known, embedder, database, event)
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
    name, _ = read_identity(model)
    return UsageEvent(
        tenant_id=tenant_id,
        kind="embedding",
        bot_id=bot_id,
        model=name,
        prompt_tokens=embedded.prompt_tokens,
        completion_tokens=0,
        cost_usd=cost_usd(name, prompt_tokens=embedded.prompt_tokens, base_url=base_url),
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
    query = select(
        EmbeddingCache.content_hash, func.halfvec_send(EmbeddingCache.dense, type_=LargeBinary)
    ).where(
        EmbeddingCache.tenant_id == tenant_id,
        EmbeddingCache.model == embedder.model,
        EmbeddingCache.content_hash == any_(literal(list(keys), ARRAY(String))),
        func.vector_dims(EmbeddingCache.dense) == embedder.dimensions,
    )
    with database.tenant(tenant_id) as session:
        return {key: _received(sent) for key, sent in session.execute(query)}


def _received(sent: bytes) -> Vectors:
    """Read a vector as pgvector sends it: int16 dimensions, int16 unused, float16 numbers."""
    return np.frombuffer(sent, dtype=">f2", offset=4).astype(np.float32)


def _write(
    tenant_id: UUID,
    fresh: dict[str, Vectors],
    embedder: Embedder,
    database: Database,
    event: UsageEvent | None = None,
    also: Callable[[Session], None] | None = None,
) -> None:
    """Keep vectors in one transaction, with the usage row of what they cost or what `also` does."""
    rows = (
        {
            "tenant_id": tenant_id,
            "model": embedder.model,
            "content_hash": key,
            "dense": HalfVector(vector),
        }
        for key, vector in sorted(fresh.items())  # one order: writers must not lock crosswise
    )
    with database.tenant(tenant_id) as session:
        if event is not None:
            session.add(event)
        if also is not None:
            also(session)
        if not embedder.is_remote:  # after a crash of the server it is made anew for nothing
            commit_without_waiting(session)
        # A vector that is there is of other dimensions.
        insert_rows(EmbeddingCache, rows, session=session, replaced=("dense",))
