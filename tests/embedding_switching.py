"""A tenant that changes its embedding model: two models that a mixture of would show."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import select, text

from db.models import ChunkEmbedding, ChunkRow, EmbeddingSwitch
from db.tenancy import Database
from leanrag.embedding_cache import QuestionEmbedder
from leanrag.embedding_models import MODEL_IN_USE, EmbeddingModels
from leanrag.embedding_switch import EmbeddingSwitches, SwitchStatus
from leanrag.embeddings import Embedded, Embedder, LocalEmbedder
from leanrag.errors import ConfigurationError
from leanrag.ingest.extracted import Chunk
from leanrag.ingest.jobs import JobQueue
from leanrag.ingest.passage import embedding_text
from leanrag.ingest.pipeline import Ingest
from leanrag.passage_edits import PassageEdits
from leanrag.passage_index_cache import PassageIndexCache
from leanrag.passage_search import PassageSearch
from leanrag.settings import Settings
from leanrag.sources import Sources, SourceView
from leanrag.tenants import Tenants
from leanrag.text.lexical import question_terms
from leanrag.text.tokens import load_counter
from leanrag.types import Passage
from tests.job_parts import QUICK
from tests.passage_searching import WORDS
from tests.product_parts import CountingEmbedder, Parts

DIMENSIONS = 64
OLD = LocalEmbedder(DIMENSIONS)
QUESTION = "delivery days to the harbour"


class Mirrored(CountingEmbedder):
    """The opposite of each of OLD's vectors: by both models a passage is as like a question.

    By a vector of the one and a vector of the other, it is as unlike as can be.
    """

    def __init__(self, model: str = "mirrored") -> None:
        super().__init__(DIMENSIONS)
        self.model = model

    def embed(self, texts: Sequence[str]) -> Embedded:
        made = super().embed(texts)
        return replace(made, vectors=-made.vectors)


@dataclass(frozen=True)
class Switching:
    """A process whose settings name one embedder, and which may have others by their names."""

    parts: Parts
    models: EmbeddingModels
    switches: EmbeddingSwitches
    edits: PassageEdits
    search: PassageSearch
    indexes: PassageIndexCache

    def status(self, tenant_id: UUID) -> SwitchStatus:
        return self.switches.status(tenant_id)

    def finish(self, tenant_id: UUID) -> None:
        """Do the change's job, and the one that deletes the old vectors."""
        self.switches.run(tenant_id)
        self.switches.run(tenant_id)


def process_with(
    database: Database,
    own: Embedder,
    others: Sequence[Embedder] = (),
    *,
    uses_dense: Callable[[str], bool] = lambda _model: True,
    **changes: Any,
) -> Switching:
    known = {embedder.model: embedder for embedder in others}

    def make(model: str) -> Embedder:
        if model not in known:
            raise ConfigurationError(f"The embedding model {model!r} needs a key.")
        return known[model]

    chosen = Settings(openai_api_key=None, _env_file=None, **changes)  # type: ignore[call-arg]
    models = EmbeddingModels(own, make, uses_dense=uses_dense)
    jobs = JobQueue(database.engine.url, QUICK)
    ingest = Ingest(database, models, load_counter(), jobs, chosen)
    indexes = PassageIndexCache(database, max_bytes=10 * 1024**2, min_passages=1)
    return Switching(
        Parts(database, Tenants(database), Sources(database), jobs, ingest, chosen),
        models,
        EmbeddingSwitches(database, models, jobs, chosen, keep_old_seconds=0),
        PassageEdits(database, models, load_counter(), chosen),
        PassageSearch(own.model, candidates=50, indexes=indexes, uses_dense=uses_dense),
        indexes,
    )


def add_passages(switching: Switching, tenant_id: UUID, count: int, *, seed: int = 1) -> SourceView:
    """Store a source of `count` passages of eight words each, drawn by the seed."""
    chance = np.random.default_rng(seed)
    chunks = [
        Chunk(n, "", "", f"{' '.join(chance.choice(WORDS, 8))} mark{seed}n{n}", "", "en", 9, f"{n}")
        for n in range(count)
    ]
    source = switching.parts.ingest.add_records(
        tenant_id,
        kind="document",
        title=f"Source {seed}",
        filename=f"{seed}.txt",
        data=f"{seed}".encode(),
        chunks=chunks,
    )
    assert source.status == "processed", source.error
    return source


@dataclass(frozen=True)
class Asked:
    """What a question found, and the model that it was embedded with."""

    model: str
    passages: tuple[Passage, ...]

    def with_vectors(self) -> int:
        """Return how many have a vector of the question's model; none may have another's."""
        vector = OLD.embed([QUESTION]).vectors[0]
        said = [embedding_text(p.title, p.heading, p.text) for p in self.passages]
        expected = OLD.embed(said).vectors @ vector  # the same by both models
        found = np.array([passage.dense_score for passage in self.passages])
        has_vector = found != 0
        assert np.allclose(found[has_vector], expected[has_vector], atol=0.01)
        return int(has_vector.sum())


def ask(switching: Switching, tenant_id: UUID, question: str = QUESTION) -> Asked:
    """Ask as a turn does: the model is read in one transaction, passages in another."""
    database = switching.parts.database
    with database.tenant(tenant_id) as session:
        model = session.scalar(text(MODEL_IN_USE), {"tenant": tenant_id}) or ""
        bot_id = session.scalars(text("SELECT bot_id FROM bots ORDER BY bot_id")).first()
    embedder = QuestionEmbedder(database, switching.models, base_url="")
    vector = embedder.embed(tenant_id, question, model=model)
    with database.tenant(tenant_id) as session:
        assert bot_id is not None
        state = switching.search.open(tenant_id, bot_id=bot_id, session=session)
        weights = question_terms(question, "en")
        found = switching.search.find(state, weights, vector, model=model, session=session)
    return Asked(model, found)


@contextmanager
def asking(switching: Switching, tenant_id: UUID) -> Iterator[list[Asked]]:
    """Ask all the time in a thread of its own; what fails there is raised at the end."""
    answers: list[Asked] = []
    over = threading.Event()

    def run() -> None:
        while not over.is_set():
            answers.append(ask(switching, tenant_id))

    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(run)
        try:
            yield answers
        finally:
            over.set()
        running.result()


def vectors_of(database: Database, tenant_id: UUID) -> dict[str, int]:
    """Return how many vectors a tenant has of each model."""
    with database.tenant(tenant_id) as session:
        models = session.scalars(
            select(ChunkEmbedding.model).where(ChunkEmbedding.tenant_id == tenant_id)
        ).all()
    return {model: list(models).count(model) for model in sorted(set(models))}


def assert_all_embedded(database: Database, tenant_id: UUID, embedder: Embedder) -> None:
    """Every passage has the vector of its own words by this model, and no other vector."""
    with database.tenant(tenant_id) as session:
        rows = session.scalars(select(ChunkRow).where(ChunkRow.tenant_id == tenant_id)).all()
        stored = session.scalars(
            select(ChunkEmbedding).where(ChunkEmbedding.tenant_id == tenant_id)
        ).all()
    assert {row.model for row in stored} <= {embedder.model}
    dense = {row.chunk_id: np.asarray(row.dense, np.float32) for row in stored}
    assert len(stored) == len(rows)
    said = [embedding_text(row.title, row.heading_path, row.full_text) for row in rows]
    expected = LocalEmbedder(DIMENSIONS).embed(said).vectors
    sign = -1 if isinstance(embedder, Mirrored) else 1
    for row, vector in zip(rows, expected, strict=True):
        assert np.allclose(dense[row.chunk_id], sign * vector, atol=0.01), row.full_text


def switch_row(database: Database, tenant_id: UUID) -> EmbeddingSwitch:
    with database.tenant(tenant_id) as session:
        return session.get_one(EmbeddingSwitch, tenant_id)
