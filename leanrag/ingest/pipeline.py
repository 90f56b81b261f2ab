"""The ingest flow: upload → validate → store and enqueue; then extract → cut → embed → store."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.models import Source, SourceFile
from db.tenancy import Database
from leanrag.bots import find_bot
from leanrag.embedding_cache import CachedEmbedding, embed_cached, embedding_event
from leanrag.embeddings import Embedder
from leanrag.errors import DatabaseUnavailable, LeanRagError, NoTextFound
from leanrag.ingest.chunk import cut
from leanrag.ingest.extract import extract
from leanrag.ingest.extracted import Chunk, ExtractedDocument
from leanrag.ingest.jobs import JobQueue
from leanrag.ingest.record_files import RECORDS_MEDIA_TYPE, cut_records
from leanrag.ingest.upload import Accepted, Upload, chunk_settings, new_source, title_of
from leanrag.ingest.validate import identify
from leanrag.passage_store import replace_passages
from leanrag.settings import Settings
from leanrag.sources import SourceView, find_source, source_view
from leanrag.text.tokens import TokenCounter
from leanrag.types import SourceKind

__all__ = ["Accepted", "Ingest", "Upload"]

log = logging.getLogger(__name__)

# Percent of the work that is done when a step begins.
_BEGINS_AT = {"extracting": 5, "cutting": 30, "embedding": 45, "storing": 90}


class Ingest:
    """Takes files in and makes them searchable."""

    def __init__(
        self,
        database: Database,
        embedder: Embedder,
        counter: TokenCounter,
        jobs: JobQueue,
        settings: Settings,
    ) -> None:
        self._database = database
        self._embedder = embedder
        self._counter = counter
        self._jobs = jobs
        self._settings = settings

    def accept(self, tenant_id: UUID, upload: Upload) -> Accepted:
        """Validate a file, store it and enqueue its processing in one transaction.

        Raises FileRejected (and below) for a file that cannot be taken, NotFound for its bot.
        """
        return self._accept(tenant_id, upload, enqueue=True)

    def add(self, tenant_id: UUID, upload: Upload) -> SourceView:
        """Take a file in and process it at once, in this thread; return how it ended.

        The same file again is processed again only if it had not been processed well.
        """
        accepted = self._accept(tenant_id, upload, enqueue=False)
        if accepted.source.status != "processed":
            self.process(tenant_id, accepted.source.source_id)
        with self._database.tenant(tenant_id) as session:
            return source_view(find_source(tenant_id, accepted.source.source_id, session=session))

    def _accept(self, tenant_id: UUID, upload: Upload, *, enqueue: bool) -> Accepted:
        upload_type = identify(
            upload.data, upload.filename, max_bytes=self._settings.max_file_bytes
        )
        source = new_source(tenant_id, upload, media_type=upload_type.media_type)
        try:
            with self._database.tenant(tenant_id) as session:
                known = _find_same(tenant_id, source.content_hash, session=session)
                if known is not None:
                    return self._accept_again(tenant_id, known, enqueue, session=session)
                if upload.bot_id is not None:
                    find_bot(tenant_id, upload.bot_id, session=session)
                _add(source, upload.data, session=session)
                job_id = None
                if enqueue:
                    job_id = self._jobs.defer_ingest(tenant_id, source.source_id, session=session)
                session.refresh(source)
                return Accepted(source_view(source), job_id, is_duplicate=False)
        except IntegrityError:  # the same file came in through another door at the same moment
            with self._database.tenant(tenant_id) as session:
                known = _find_same(tenant_id, source.content_hash, session=session)
                if known is None:
                    raise
                return Accepted(known, None, is_duplicate=True)

    def _accept_again(
        self, tenant_id: UUID, known: SourceView, enqueue: bool, *, session: Session
    ) -> Accepted:
        """Return the source that is there; one that had failed is tried once more."""
        if not enqueue or known.status != "failed":
            return Accepted(known, None, is_duplicate=True)
        source = find_source(tenant_id, known.source_id, session=session, lock=True)
        job_id = self._enqueue_again(source, session=session)
        return Accepted(source_view(source), job_id, is_duplicate=True)

    def _enqueue_again(self, source: Source, *, session: Session) -> int:
        source.status, source.step, source.progress, source.error = "pending", "", 0, None
        session.flush()
        return self._jobs.defer_ingest(source.tenant_id, source.source_id, session=session)

    def preview(self, upload: Upload) -> tuple[Chunk, ...]:
        """Return the passages that a file would become; nothing is stored."""
        chunk_settings(upload.chunk_tokens)
        upload_type = identify(
            upload.data, upload.filename, max_bytes=self._settings.max_file_bytes
        )
        document = extract(upload.data, upload_type, settings=self._settings)
        return self._cut(document, upload.kind, upload.chunk_tokens, title_of(upload.filename))

    def process(self, tenant_id: UUID, source_id: UUID) -> None:
        """Make an accepted source searchable; what cannot be read ends as failed, with its reason.

        Safe to repeat: the passages are replaced in one transaction. A source that was deleted
        meanwhile is let go. Raises DatabaseUnavailable: the file is not to blame, try again.
        """
        try:
            self._process(tenant_id, source_id)
        except DatabaseUnavailable:
            raise
        except LeanRagError as exc:
            self._mark(tenant_id, source_id, {"status": "failed", "error": exc.message})
        except Exception:
            log.exception("Processing source %s failed.", source_id)
            sentence = "Reading this file failed unexpectedly; upload it again or tell support."
            self._mark(tenant_id, source_id, {"status": "failed", "error": sentence})

    def reprocess(self, tenant_id: UUID, source_id: UUID, *, chunk_tokens: int | None) -> int:
        """Enqueue a stored source again, cut to another size if given; return the job's number."""
        with self._database.tenant(tenant_id) as session:
            source = find_source(tenant_id, source_id, session=session)
            source.chunk_settings = chunk_settings(chunk_tokens)
            source.status, source.step, source.progress, source.error = "pending", "", 0, None
            session.flush()
            return self._jobs.defer_ingest(tenant_id, source_id, session=session)

    def process_again(
        self, tenant_id: UUID, source_id: UUID, *, chunk_tokens: int | None = None
    ) -> SourceView:
        """Process a stored source anew in this thread, cut to another size if one is given."""
        with self._database.tenant(tenant_id) as session:
            source = find_source(tenant_id, source_id, session=session)
            if chunk_tokens is not None:
                source.chunk_settings = chunk_settings(chunk_tokens)
        self.process(tenant_id, source_id)
        with self._database.tenant(tenant_id) as session:
            return source_view(find_source(tenant_id, source_id, session=session))

    def add_records(
        self,
        tenant_id: UUID,
        *,
        kind: SourceKind,
        title: str,
        filename: str,
        data: bytes,
        chunks: Sequence[Chunk],
    ) -> SourceView:
        """Store a list of records (FAQ pairs, products) that is already cut, at once.

        The same list again is stored again only if it had not been stored well.
        """
        source = new_source(tenant_id, Upload(filename, data, kind), media_type=RECORDS_MEDIA_TYPE)
        source.title, source_id = title, source.source_id
        with self._database.tenant(tenant_id) as session:
            known = _find_same(tenant_id, source.content_hash, session=session)
            if known is not None and known.status == "processed":
                return known
            if known is None:
                _add(source, data, session=session)
            else:  # an earlier attempt broke off
                source_id = known.source_id
        self._embed_and_store(tenant_id, source_id, chunks, page_count=None)
        with self._database.tenant(tenant_id) as session:
            return source_view(find_source(tenant_id, source_id, session=session))

    def _process(self, tenant_id: UUID, source_id: UUID) -> None:
        with self._database.tenant(tenant_id) as session:
            source = session.get(Source, (tenant_id, source_id))
            stored = session.get(SourceFile, (tenant_id, source_id))
            if source is None or stored is None:
                return
            view, data, size = source_view(source), stored.data, source.chunk_settings
        if view.media_type == RECORDS_MEDIA_TYPE:
            records = cut_records(data, view.kind, title=view.title, counter=self._counter)
            self._embed_and_store(tenant_id, source_id, records, page_count=None)
            return
        self._begin(tenant_id, source_id, "extracting")
        upload_type = identify(data, view.filename, max_bytes=self._settings.max_file_bytes)
        document = extract(data, upload_type, settings=self._settings)
        self._begin(tenant_id, source_id, "cutting")
        chunks = self._cut(document, view.kind, size.get("chunk_tokens"), view.title)
        if not chunks:
            raise NoTextFound("This file holds no text to read.")
        pages = len(document.pages) if document.pages[0].number is not None else None
        if document.title:
            self._mark(tenant_id, source_id, {"title": document.title})
        self._embed_and_store(tenant_id, source_id, chunks, page_count=pages)

    def _cut(
        self,
        document: ExtractedDocument,
        kind: SourceKind,
        chunk_tokens: int | None,
        fallback_title: str,
    ) -> tuple[Chunk, ...]:
        return cut(
            document,
            kind=kind,
            max_tokens=chunk_tokens or self._settings.chunk_tokens,
            overlap_tokens=self._settings.chunk_overlap_tokens,
            counter=self._counter,
            fallback_title=fallback_title,
        )

    def _embed_and_store(
        self, tenant_id: UUID, source_id: UUID, chunks: Sequence[Chunk], *, page_count: int | None
    ) -> None:
        self._begin(tenant_id, source_id, "embedding")

        def report(done: int, everything: int) -> None:
            share = done / max(1, everything)
            self._mark(tenant_id, source_id, {"progress": 45 + round(45 * share)})

        embedded = embed_cached(
            tenant_id,
            [f"{c.title}\n{c.heading}\n{c.text}" for c in chunks],
            database=self._database,
            embedder=self._embedder,
            batch_texts=self._settings.embedding_batch_texts,
            on_progress=report,
        )
        self._begin(tenant_id, source_id, "storing")
        with self._database.tenant(tenant_id) as session:
            source = session.get(Source, (tenant_id, source_id), with_for_update=True)
            bot_id = None if source is None else source.bot_id
            self._bill(tenant_id, bot_id, embedded, session=session)
            if source is None:  # deleted while it was being read
                return
            replace_passages(
                source, chunks, embedded.vectors, model=self._embedder.model, session=session
            )
            source.status, source.step, source.progress, source.error = "processed", "", 100, None
            source.page_count, source.passage_count = page_count, len(chunks)
            source.token_count = sum(chunk.token_count for chunk in chunks)
            source.processed_at = datetime.now(UTC)

    def _bill(
        self,
        tenant_id: UUID,
        bot_id: UUID | None,
        embedded: CachedEmbedding,
        *,
        session: Session,
    ) -> None:
        """Store what a provider took for embedding, also where the source is gone by now."""
        if self._embedder.is_remote and embedded.prompt_tokens:
            model, base_url = self._embedder.model, self._settings.openai_base_url
            session.add(
                embedding_event(tenant_id, model, embedded, base_url=base_url, bot_id=bot_id)
            )

    def _begin(self, tenant_id: UUID, source_id: UUID, step: str) -> None:
        values = {"status": "processing", "step": step, "progress": _BEGINS_AT[step]}
        self._mark(tenant_id, source_id, {**values, "error": None})

    def _mark(self, tenant_id: UUID, source_id: UUID, values: Mapping[str, object]) -> None:
        """Write progress in a transaction of its own, so that every page sees it at once."""
        with self._database.tenant(tenant_id) as session:
            session.execute(
                update(Source)
                .where(Source.tenant_id == tenant_id, Source.source_id == source_id)
                .values(**values)
            )


def _add(source: Source, data: bytes, *, session: Session) -> None:
    session.add(source)
    session.flush()
    session.add(SourceFile(tenant_id=source.tenant_id, source_id=source.source_id, data=data))
    session.flush()


def _find_same(tenant_id: UUID, content_hash: str, *, session: Session) -> SourceView | None:
    query = select(Source).where(Source.tenant_id == tenant_id, Source.content_hash == content_hash)
    found = session.scalars(query).one_or_none()
    return None if found is None else source_view(found)
