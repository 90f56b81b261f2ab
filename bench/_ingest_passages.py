"""Stores and deletes sources of thousands of passages, and asks right after a delete."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from uuid import UUID

import numpy as np

from bench import _ingest_figures as figures
from bench._ingest_documents import Feeder
from bench._ingest_texts import Writer
from bench._scale_passages import Prepared, copies
from bench._turn_rounds import Turn, ask
from db.models import Source
from leanrag.bootstrap import Services
from leanrag.embeddings import Vectors, embedder_from
from leanrag.ingest.extracted import Chunk
from leanrag.ingest.passage import embedding_text, make_chunk
from leanrag.ingest.pipeline import Upload
from leanrag.passage_store import lexical_vectors, replace_passages
from leanrag.text.tokens import load_counter
from leanrag.types import LANGUAGES

_PASSAGE_WORDS = 130  # with which a passage comes to about 200 tokens in English
_SECRET = "Zyrvalon-7731"  # no other source of the tenant holds it
_QUESTION = "What is the warranty of the Zyrvalon-7731?"
_ANSWER = f"The warranty of the {_SECRET} is forty-one months."
_BARE_TABLES = "CREATE TABLE bare_{0} (LIKE {0} INCLUDING DEFAULTS INCLUDING STORAGE)"


def make_passages(count: int) -> tuple[Chunk, ...]:
    """Return passages in four languages; the last one holds what is asked for."""
    counter = load_counter()
    writers = [(language, Writer(language, seed=count)) for language in LANGUAGES]
    chunks = []
    for position in range(count - 1):
        language, writer = writers[position % len(writers)]
        text = writer.paragraph(_PASSAGE_WORDS)
        chunks.append(
            make_chunk(
                position,
                title="Handbook",
                heading=writer.heading(),
                text=text,
                tldr=text[:120],
                language=language,
                counter=counter,
            )
        )
    last = make_chunk(
        count - 1, title="Handbook", text=_ANSWER, tldr="", language="en", counter=counter
    )
    return (*chunks, last)


class Shelf:
    """Stores the same passages again and again."""

    def __init__(self, services: Services, feeder: Feeder, count: int) -> None:
        self._services, self._feeder = services, feeder
        self._chunks = make_passages(count)
        self._embedder = embedder_from(services.settings)
        self._vectors: Vectors = self._embedder.embed(
            [embedding_text(c.title, c.heading, c.text) for c in self._chunks]
        ).vectors
        self._terms = lexical_vectors(self._chunks)

    def measure_store(self, rounds: int) -> figures.Stored:
        """Time the storing transaction and a bare COPY of the same vectors and texts in turn."""
        seconds, bare = [], []
        for _ in range(rounds):
            tenant_id, source_id = self._new_source()
            started = time.perf_counter()
            self.store(tenant_id, source_id)
            seconds.append(time.perf_counter() - started)
            bare.append(self._copy(tenant_id, source_id))
            self._services.sources.delete(tenant_id, source_id)
        return figures.Stored(len(self._chunks), figures.middle(seconds), figures.middle(bare))

    def measure_delete(self, services: Services, index: str, rounds: int) -> figures.Deleted:
        """Delete the source beside another one, and ask for what only it held."""
        seconds, before, after, was_found, is_found = [], [], [], [], []
        for _ in range(rounds):
            tenant_id, source_id = self._new_source()
            self._services.ingest.add(
                tenant_id, Upload("other.txt", b"The shop opens at nine and closes at six.")
            )
            self.store(tenant_id, source_id)
            for _ in range(3):  # once to load what is loaded
                turn, _ = ask(services, tenant_id, _QUESTION)
                time.sleep(0.2)
            before.append(turn.milliseconds)
            was_found.append(_holds(turn))
            started = time.perf_counter()
            services.sources.delete(tenant_id, source_id)
            seconds.append(time.perf_counter() - started)
            turn, _ = ask(services, tenant_id, _QUESTION)
            after.append(turn.milliseconds)
            is_found.append(_holds(turn))
        return figures.Deleted(
            passages=len(self._chunks),
            index=index,
            seconds=figures.middle(seconds),
            question_before_ms=figures.middle(before),
            question_after_ms=figures.middle(after),
            was_found=all(was_found),
            is_found_after=any(is_found),
        )

    def store(self, tenant_id: UUID, source_id: UUID) -> None:
        """Store the passages as the flow does, in one transaction."""
        with self._services.database.tenant(tenant_id) as session:
            source = session.get(Source, (tenant_id, source_id), with_for_update=True)
            if source is None:
                raise RuntimeError("The source is gone.")
            replace_passages(
                source,
                self._chunks,
                self._vectors,
                terms=self._terms,
                model=self._embedder.model,
                session=session,
            )
            source.passage_count = len(self._chunks)

    def _new_source(self) -> tuple[UUID, UUID]:
        tenant_id = self._feeder.new_tenant()
        upload = Upload("handbook.txt", b"This text gives way to passages that are ready.")
        return tenant_id, self._services.ingest.add(tenant_id, upload).source_id

    def _copy(self, tenant_id: UUID, source_id: UUID) -> float:
        """Time COPY into tables without index, key, trigger or policy, by their owner."""
        data = list(
            copies(tenant_id, source_id, "document", self._prepared(), self._embedder.model)
        )
        tables = [statement.split()[1] for statement, _ in data]
        connection = self._services.database.admin_engine.raw_connection()
        try:
            cursor = connection.cursor()
            for table in tables:
                cursor.execute(_BARE_TABLES.format(table))
            connection.commit()
            started = time.perf_counter()
            for table, (statement, packed) in zip(tables, data, strict=True):
                bare = statement.replace(f"COPY {table}", f"COPY bare_{table}")
                cursor.copy_expert(bare, io.BytesIO(packed))
            connection.commit()
            seconds = time.perf_counter() - started
            for table in tables:
                cursor.execute(f"DROP TABLE bare_{table}")
            connection.commit()
        finally:
            connection.close()
        return seconds

    def _prepared(self) -> Sequence[Prepared]:
        return [
            Prepared(
                chunk.language,
                chunk.title,
                chunk.text,
                chunk.token_count,
                np.asarray(terms.indices(), dtype=np.int32),
                terms.to_binary(),
                _packed(vector),
            )
            for chunk, terms, vector in zip(self._chunks, self._terms, self._vectors, strict=True)
        ]


def _packed(vector: Vectors) -> bytes:
    header = len(vector).to_bytes(2, "big") + b"\0\0"
    return header + vector.astype(">f2").tobytes()


def _holds(turn: Turn) -> bool:
    return any(_SECRET in decision.text for decision in turn.ledger.prompt.carried())
