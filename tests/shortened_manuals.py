"""A long manual whose passages a model shortens, and the ingest that it is fed to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from db.models import UsageEvent
from leanrag.embedding_models import EmbeddingModels
from leanrag.embeddings import LocalEmbedder
from leanrag.guarded_database import GuardedDatabase
from leanrag.ingest.extracts_model import model_extracts
from leanrag.ingest.jobs import JobQueue
from leanrag.ingest.pipeline import Ingest, Upload
from leanrag.llm import OpenAiChatModel
from leanrag.settings import Settings
from leanrag.sources import ChunkView, Sources, SourceView
from leanrag.text.tokens import load_counter
from leanrag.token_margin import TokenMargins, served_models
from tests.provider_server import Reply
from tests.tldr_texts import PASSAGES, SHORTENED

COUNTER = load_counter()
MODELS = EmbeddingModels(LocalEmbedder())
SECTIONS = 8  # of 151 words each: 1,208 words, and headings
SHORT = "We write in plain words."
GOOD = Reply(text=SHORTENED["en"])
BAD = Reply(text=f"Here is the short version: {SHORTENED['en']}")
DOWN = Reply(status=500)


@dataclass
class Feeding:
    """An ingest whose instructions are shortened by a model."""

    database: GuardedDatabase
    ingest: Ingest
    sources: Sources
    tenant_id: UUID
    settings: Settings

    def add(self, text: str, **more: Any) -> SourceView:
        source = self.ingest.add(self.tenant_id, upload(text, **more))
        assert source.status == "processed", source.error
        return source

    def passages(self, source: SourceView) -> tuple[ChunkView, ...]:
        return self.sources.chunks(self.tenant_id, source.source_id)

    def long(self, source: SourceView) -> tuple[ChunkView, ...]:
        return tuple(p for p in self.passages(source) if len(p.text.split()) > 120)

    def rows(self, model: Any) -> list[Any]:
        with self.database.tenant(self.tenant_id) as session:
            query = select(model).where(model.tenant_id == self.tenant_id)
            return list(session.scalars(query))

    def outcomes(self) -> list[str]:
        calls = sorted(self.rows(UsageEvent), key=lambda row: row.occurred_at)
        return [call.outcome for call in calls if call.kind == "tldr"]


def manual(sections: int = SECTIONS, short: str = SHORT) -> str:
    parts = [f"## Part {n}\n\n{PASSAGES['en']}" for n in range(sections)]
    return "\n\n".join(["# Rules", "## Tone", short, *parts])


def upload(text: str, **more: Any) -> Upload:
    given: dict[str, Any] = {"kind": "manual", "title": "Rules", "form": "manual", **more}
    return Upload("manual.md", text.encode(), **given)


def make_feeding(
    database: GuardedDatabase, settings: Settings, model: OpenAiChatModel, tenant_id: UUID
) -> Feeding:
    margins = TokenMargins(served_models(settings), max_prompt_tokens=settings.max_prompt_tokens)
    tldrs = model_extracts(model, COUNTER, margins, database, settings)
    jobs = JobQueue(database.engine.url)
    ingest = Ingest(database, MODELS, COUNTER, jobs, settings, tldrs)
    return Feeding(database, ingest, Sources(database), tenant_id, settings)
