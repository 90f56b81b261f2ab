"""The product's parts on one database, for tests that need less than all services."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from db.models import ChunkTerms, EmbeddingSwitch, LexicalStatistics, Source
from db.models.base import new_id
from db.tenancy import Database
from leanrag.answer import Answerer, Question
from leanrag.bootstrap import Services
from leanrag.embedding_models import EmbeddingModels
from leanrag.embeddings import Embedded, LocalEmbedder
from leanrag.ingest.jobs import JobQueue
from leanrag.ingest.pipeline import Ingest, Upload
from leanrag.settings import Settings
from leanrag.sources import Sources, SourceView
from leanrag.tenants import Tenants
from leanrag.text.term_statistics import TermSketch
from leanrag.text.tokens import load_counter
from leanrag.types import SourceKind, TurnEnded, TurnEvent

DELIVERY = "Delivery in Istanbul takes three working days and costs 95 lira."
RETURNS = "Unused goods can be returned within thirty days with their receipt."


class CountingEmbedder(LocalEmbedder):
    """Embeds locally, passes for remote, and remembers what it was asked."""

    is_remote = True

    def __init__(self, dimensions: int = 64) -> None:
        super().__init__(dimensions)
        self.model = "text-embedding-3-small"
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str]) -> Embedded:
        self.asked += texts
        return replace(super().embed(texts), prompt_tokens=10 * len(texts))


@dataclass(frozen=True)
class Parts:
    """What takes files in, and what shows them."""

    database: Database
    tenants: Tenants
    sources: Sources
    jobs: JobQueue
    ingest: Ingest
    settings: Settings


def make_parts(database: Database, embedder: Any = None, **settings: Any) -> Parts:
    chosen = Settings(openai_api_key=None, _env_file=None, **settings)
    jobs = JobQueue(database.engine.url)
    models = EmbeddingModels(embedder or LocalEmbedder())
    ingest = Ingest(database, models, load_counter(), jobs, chosen)
    return Parts(database, Tenants(database), Sources(database), jobs, ingest, chosen)


def new_tenant(database: Database) -> UUID:
    slug = f"t{uuid.uuid4().hex[:12]}"
    return Tenants(database).create(slug, slug).tenant_id


def add_text(
    ingest: Ingest,
    tenant_id: UUID,
    text: str,
    *,
    name: str = "",
    kind: SourceKind = "document",
    is_citable: bool = True,
    bot_id: UUID | None = None,
) -> SourceView:
    """Process a text as a file at once."""
    name = name or f"{uuid.uuid4().hex[:8]}.txt"
    upload = Upload(name, text.encode(), kind, is_citable, bot_id)
    source = ingest.add(tenant_id, upload)
    assert source.status == "processed", source.error
    return source


def put_source(database: Database, tenant_id: UUID, title: str, **values: Any) -> UUID:
    """Put the row of a source there, in a state that a test wants to see."""
    source_id = new_id()
    row: dict[str, Any] = {
        "kind": "document",
        "filename": "a.pdf",
        "media_type": "application/pdf",
        "byte_size": 100,
        "content_hash": str(source_id),
        "status": "processed",
        "origin": {"form": "file"},
    }
    with database.tenant(tenant_id) as session:
        session.add(Source(tenant_id=tenant_id, source_id=source_id, title=title, **(row | values)))
    return source_id


def ask(answerer: Answerer, tenant_id: UUID, text: str, **more: Any) -> list[TurnEvent]:
    return list(answerer.answer(tenant_id, Question(text, **more)))


def use_model(database: Database, tenant_id: UUID, model: str) -> None:
    """Let a tenant's questions be embedded with a model, whatever its passages have."""
    with database.tenant(tenant_id) as session:
        session.merge(EmbeddingSwitch(tenant_id=tenant_id, model=model, next_model=""))


def counted_statistics(database: Database, tenant_id: UUID) -> tuple[int, bytes]:
    """Return what the tenant's stored statistics say: passages, and the sketch's counters."""
    query = select(LexicalStatistics).where(LexicalStatistics.tenant_id == tenant_id)
    with database.tenant(tenant_id) as session:
        stored = session.scalars(query).one_or_none()
        if stored is None:
            return 0, _counters(TermSketch())
        return stored.passage_count, _counters(TermSketch.from_bytes(stored.sketch))


def recounted_statistics(database: Database, tenant_id: UUID) -> tuple[int, bytes]:
    """Return what the statistics must be: counted again from the passages that are stored."""
    with database.tenant(tenant_id) as session:
        rows = session.scalars(
            select(ChunkTerms.lexical).where(ChunkTerms.tenant_id == tenant_id)
        ).all()
    sketch = TermSketch()
    for row in rows:
        sketch.add(row.indices())
    return len(rows), _counters(sketch)


def _counters(sketch: TermSketch) -> bytes:
    return sketch._counts.tobytes()


def ended(events: list[Any]) -> TurnEnded:
    assert isinstance(events[-1], TurnEnded), events[-1]
    return events[-1]


def rows(services: Services, tenant_id: UUID, model: Any) -> list[Any]:
    with services.database.tenant(tenant_id) as session:
        return list(session.scalars(select(model).where(model.tenant_id == tenant_id)))


def with_steps(services: Services, **changes: Any) -> Answerer:
    return Answerer(services.database, replace(services.answerer._steps, **changes))


def rows_of(parts: Parts, tenant_id: UUID, model: Any) -> int:
    with parts.database.tenant(tenant_id) as session:
        query = select(func.count()).select_from(model).where(model.tenant_id == tenant_id)
        return session.scalar(query) or 0
