"""The flow that makes a source searchable: extract → cut → summarise → embed → store.

A job may die anywhere and be done again: until the last step only progress, site pages and bought
embeddings are written, and the last step is one transaction.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from pgvector import SparseVector
from sqlalchemy.orm import Session

from db.models import NewerFile, Source, SourceFile
from db.tenancy import Database
from leanrag.embedder import Embedder
from leanrag.embedding_models import EmbeddingModels
from leanrag.errors import (
    DatabaseUnavailable,
    FileRejected,
    LeanRagError,
    ProcessingDelayed,
    ProcessingInterrupted,
    ProcessingStopped,
    is_temporary,
)
from leanrag.ingest.attempt import Attempt
from leanrag.ingest.embedding_bill import EmbeddingBill
from leanrag.ingest.extracted import Chunk
from leanrag.ingest.extracts import extracted
from leanrag.ingest.extracts_model import ModelExtracts
from leanrag.ingest.kept_edits import KeptEdits, Placed
from leanrag.ingest.passage import embedding_text
from leanrag.ingest.progress import Progress
from leanrag.ingest.reading import OpenedSource, ReadSource, SourceReader
from leanrag.passage_embedding import EmbeddedPassages, PassageEmbedder
from leanrag.passage_store import lexical_vectors, replace_passages
from leanrag.right_of_way import RightOfWay
from leanrag.settings import Settings
from leanrag.sources import source_view

log = logging.getLogger(__name__)

_UNEXPECTED = "Reading this file failed unexpectedly; upload it again or tell support."
_BROKE_OFF = (
    "Processing this source broke off again and again, together with the program; "
    "process it again, split it, or tell support."
)
_WAITING = "Waiting to try again: "
_NEWER_REFUSED = "The newer version was not taken, and the earlier one stays in use: "


class Processing:
    """Processes accepted sources. Safe to repeat, and to run beside itself."""

    def __init__(
        self,
        database: Database,
        models: EmbeddingModels,
        reader: SourceReader,
        settings: Settings,
        tldrs: ModelExtracts | None,
        right_of_way: RightOfWay,
    ) -> None:
        self._database = database
        self._right_of_way = right_of_way
        self._tldrs = tldrs
        self._models = models
        self._embedder = PassageEmbedder(
            database, models, batch_texts=settings.embedding_batch_texts
        )
        self._reader = reader
        self._edits = KeptEdits(database)
        self._settings = settings

    def run(self, tenant_id: UUID, source_id: UUID, attempt: Attempt | None = None) -> None:
        """Make a source searchable; what cannot be read ends as failed, with its reason.

        A source that was deleted or stopped meanwhile is let go. Raises what is to be tried again:
        DatabaseUnavailable, and within a job, where `attempt` leaves retries, ProcessingDelayed
        (the provider is down) and ProcessingInterrupted (the worker ends); the source then waits.
        """
        try:
            opened = self._open(tenant_id, source_id, attempt)
            if opened is not None:
                self._process(opened)
        except ProcessingStopped:
            log.info("The processing of source %s was stopped.", source_id)
        except ProcessingInterrupted:
            self._wait(tenant_id, source_id)
            raise
        except DatabaseUnavailable as exc:
            if attempt is not None and attempt.retries_left <= 0:
                self._fail(tenant_id, source_id, exc.message)
            raise
        except LeanRagError as exc:
            if attempt is None or attempt.retries_left <= 0 or not is_temporary(exc):
                is_refused = isinstance(exc, FileRejected)
                self._fail(tenant_id, source_id, exc.message, is_refused=is_refused)
            elif self._wait(tenant_id, source_id, exc.message):
                raise ProcessingDelayed(exc.message, **exc.details) from exc
        except Exception:
            log.exception("Processing source %s failed.", source_id)
            self._fail(tenant_id, source_id, _UNEXPECTED)

    def store(self, tenant_id: UUID, source_id: UUID, chunks: Sequence[Chunk]) -> None:
        """Embed and store passages that are already cut, in place of the source's own."""
        opened = self._open(tenant_id, source_id)
        if opened is not None:
            self._embed_and_store(opened, ReadSource(tuple(chunks)), chunks)

    def _process(self, opened: OpenedSource) -> None:
        opened.progress.begin("extracting")
        read = self._reader.read(opened)
        opened.progress.begin("summarising", len(read.chunks))
        chunks = self._with_tldrs(opened, read)
        self._embed_and_store(opened, read, chunks)

    def _with_tldrs(self, opened: OpenedSource, read: ReadSource) -> tuple[Chunk, ...]:
        if self._tldrs is None:
            return extracted(read, opened.progress.advance)
        return self._tldrs.write(opened, read)

    def _embed_and_store(
        self, opened: OpenedSource, read: ReadSource, chunks: Sequence[Chunk]
    ) -> None:
        is_stored = False
        # Again where a person edited a passage meanwhile, or the tenant changed its model.
        while not is_stored:
            placed = self._edits.place(opened.tenant_id, opened.source_id, chunks)
            embedded = self._embed(opened, placed.chunks)
            opened.progress.begin("storing", len(placed.chunks))
            terms = lexical_vectors(placed.chunks, opened.progress.advance)
            is_stored = self._store(opened, read, placed, embedded, terms)

    def _open(
        self, tenant_id: UUID, source_id: UUID, attempt: Attempt | None = None
    ) -> OpenedSource | None:
        """Take a source into work and return it with its bytes; None where it is not to be."""
        with self._database.tenant(tenant_id) as session:
            source = session.get(Source, (tenant_id, source_id), with_for_update=True)
            if source is None or not _is_wanted(source, attempt):
                return None
            source.status, source.step, source.error = "processing", "", None
            if attempt is not None and attempt.retries_left < 0:
                source.status, source.error = "failed", _BROKE_OFF
                return None
            newer = session.get(NewerFile, (tenant_id, source_id))
            stored = newer or session.get(SourceFile, (tenant_id, source_id))
            return OpenedSource(
                view=source_view(source),
                tenant_id=tenant_id,
                data=b"" if stored is None else stored.data,
                filename=source.filename if newer is None else newer.filename,
                media_type=source.media_type if newer is None else newer.media_type,
                is_newer=newer is not None,
                chunk_tokens=source.chunk_settings.get("chunk_tokens"),
                progress=Progress(
                    self._database, tenant_id, source_id, self._right_of_way, attempt
                ),
                content_hash=(newer or source).content_hash,
            )

    def _embed(self, opened: OpenedSource, chunks: Sequence[Chunk]) -> EmbeddedPassages:
        opened.progress.begin("embedding", len(chunks))

        def make_bill(embedder: Embedder) -> EmbeddingBill:
            return EmbeddingBill(
                opened.tenant_id,
                opened.source_id,
                opened.view.bot_id,
                model=embedder.model,
                base_url=self._settings.openai_base_url,
            )

        return self._embedder.embed(
            opened.tenant_id,
            [embedding_text(c.title, c.heading, c.text) for c in chunks],
            make_bill=make_bill,
            on_progress=opened.progress.advance,
        )

    def _store(
        self,
        opened: OpenedSource,
        read: ReadSource,
        placed: Placed,
        embedded: EmbeddedPassages,
        terms: Sequence[SparseVector],
    ) -> bool:
        """Put the passages in place in one transaction; false where something came in between."""
        with self._database.tenant(opened.tenant_id) as session:
            source = session.get(Source, (opened.tenant_id, opened.source_id), with_for_update=True)
            if source is None or not _is_current(source, opened, session=session):
                raise ProcessingStopped("The processing of this source was stopped.")
            held = self._models.hold(opened.tenant_id, session=session)
            if source.edits_version != placed.edits_version or held != embedded.models:
                return False
            (model, vectors), *others = embedded.vectors.items()
            replace_passages(
                source,
                placed.chunks,
                vectors,
                terms=terms,
                model=model,
                beside=dict(others),
                session=session,
            )
            self._edits.record(source, placed, session=session)
            if opened.is_newer:
                _take_newer(source, opened, session=session)
            _finish(source, read, placed.chunks, embedded)
        return True

    def _wait(self, tenant_id: UUID, source_id: UUID, reason: str = "") -> bool:
        """Let a source wait for its job's next attempt; false where it was stopped meanwhile."""
        with self._database.tenant(tenant_id) as session:
            source = session.get(Source, (tenant_id, source_id), with_for_update=True)
            if source is None or source.status != "processing":
                return False
            source.status, source.step, source.progress = "pending", "", 0
            source.step_done = source.step_total = 0
            source.error = _WAITING + reason if reason else None
        return True

    def _fail(
        self, tenant_id: UUID, source_id: UUID, message: str, *, is_refused: bool = False
    ) -> None:
        """Keep the reason; where only a newer version failed, the source goes on as it was."""
        with self._database.tenant(tenant_id) as session:
            source = session.get(Source, (tenant_id, source_id), with_for_update=True)
            if source is None or source.status != "processing":
                return
            newer = session.get(NewerFile, (tenant_id, source_id))
            source.status, source.step, source.error = "failed", "", message
            if newer is not None and source.passage_count:
                if is_refused and source.origin.get("form", "file") == "file":
                    session.delete(newer)  # its owner has it; what was typed in here stays
                source.status, source.progress = "processed", 100
                source.error = f"{_NEWER_REFUSED}{message[0].lower()}{message[1:]}"


def _is_wanted(source: Source, attempt: Attempt | None) -> bool:
    """Tell whether to begin: a job may be done again that had ended but for its own record."""
    if attempt is None:
        return source.status != "cancelled"
    return source.status in ("pending", "processing")


def _is_current(source: Source, opened: OpenedSource, *, session: Session) -> bool:
    """Tell whether what was read is still to be stored.

    A run that was taken for dead may come back after another has begun on a newer version.
    """
    newer = session.get(NewerFile, (source.tenant_id, source.source_id))
    return (
        source.status == "processing"
        and (newer or source).content_hash == opened.content_hash
        and source.chunk_settings.get("chunk_tokens") == opened.chunk_tokens
    )


def _take_newer(source: Source, opened: OpenedSource, *, session: Session) -> None:
    """Let the newer file take the place of the one that the source was made from."""
    key = (source.tenant_id, source.source_id)
    newer = session.get(NewerFile, key)
    stored = session.get(SourceFile, key)
    if newer is None or stored is None:
        return
    stored.data, source.content_hash = newer.data, newer.content_hash
    source.filename, source.media_type = opened.filename, opened.media_type
    source.byte_size = len(newer.data)
    session.delete(newer)


def _finish(
    source: Source, read: ReadSource, chunks: Sequence[Chunk], embedded: EmbeddedPassages
) -> None:
    if read.title and not source.origin.get("is_titled"):
        source.title = read.title
    source.status, source.step, source.progress, source.error = "processed", "", 100, None
    source.step_done = source.step_total = 0
    source.page_count, source.passage_count = read.page_count, len(chunks)
    source.token_count = sum(chunk.token_count for chunk in chunks)
    source.language = _main_language(chunks)
    source.reused_count = embedded.hits
    source.repeated_count = len(chunks) - len({chunk.content_hash for chunk in chunks})
    source.embedded_count = len(chunks) - embedded.hits
    source.processed_at = datetime.now(UTC)


def _main_language(chunks: Sequence[Chunk]) -> str:
    """Return the language of most tokens; empty where there are none."""
    tokens: Counter[str] = Counter()
    for chunk in chunks:
        tokens[chunk.language] += chunk.token_count
    return tokens.most_common(1)[0][0] if tokens else ""
