"""What takes sources in: validate → store and enqueue; `processing` does the rest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.models import NewerFile, Source, SourceFile
from db.tenancy import Database
from leanrag.bots import find_bot
from leanrag.embedding_models import EmbeddingModels
from leanrag.errors import Conflict
from leanrag.ingest.attempt import Attempt
from leanrag.ingest.child_process import OnWait
from leanrag.ingest.extracted import Chunk
from leanrag.ingest.extracts import extracted
from leanrag.ingest.extracts_model import ModelExtracts
from leanrag.ingest.jobs import JobQueue
from leanrag.ingest.processing import Processing
from leanrag.ingest.queues import QueueName
from leanrag.ingest.reading import SourceReader
from leanrag.ingest.record_files import RECORDS_MEDIA_TYPE
from leanrag.ingest.upload import Accepted, Upload, chunk_settings, new_source, title_of
from leanrag.ingest.validate import identify
from leanrag.right_of_way import RightOfWay
from leanrag.settings import Settings
from leanrag.site_pages import CRAWL_BEGAN
from leanrag.sources import SourceView, find_source, source_form, source_view
from leanrag.text.tokens import TokenCounter
from leanrag.types import SourceKind

__all__ = ["Accepted", "Ingest", "Upload"]

_NO_FILE = "A website has no file to replace; crawl it again instead."
_FILE_ELSEWHERE = "This very file is there already, as another source; nothing was changed."


class Ingest:
    """Takes sources in, and has them processed: by a job, or at once in this thread."""

    def __init__(
        self,
        database: Database,
        models: EmbeddingModels,
        counter: TokenCounter,
        jobs: JobQueue,
        settings: Settings,
        tldrs: ModelExtracts | None = None,
        right_of_way: RightOfWay | None = None,
    ) -> None:
        """Embed with `models`; `tldrs` has a model write those of long instructions.

        Turns of this process that hold `right_of_way` are given way to.
        """
        self._database = database
        self._jobs = jobs
        self._settings = settings
        self._reader = SourceReader(counter, settings, database)
        self._processing = Processing(
            database, models, self._reader, settings, tldrs, right_of_way or RightOfWay()
        )

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
        return self._view(tenant_id, accepted.source.source_id)

    def replace_file(self, tenant_id: UUID, source_id: UUID, upload: Upload) -> Accepted:
        """Take a newer version of a source's file in; enqueue its processing.

        Title, citability, tags and people's edits stay. Until the newer version has been read well
        the passages of the old one answer, and its file is kept. Raises FileRejected (and below),
        NotFound, Conflict where the file is another source, or this one is a website.
        """
        upload_type = self._identify(upload)
        newer = new_source(tenant_id, upload, media_type=upload_type)
        with self._database.tenant(tenant_id) as session:
            source = find_source(tenant_id, source_id, session=session, lock=True)
            if source_view(source).form == "website":
                raise Conflict(_NO_FILE)
            same = _find_same(tenant_id, newer.content_hash, session=session)
            if same is not None and same.source_id != source_id:
                raise Conflict(_FILE_ELSEWHERE, source_id=str(same.source_id))
            if same is not None and same.status == "processed":
                return Accepted(same, None, is_duplicate=True)
            keep_newer(source, newer, upload.data, session=session)
            job_id = self._enqueue_again(source, session=session)
            return Accepted(source_view(source), job_id, is_duplicate=False)

    def preview(self, upload: Upload, *, on_wait: OnWait | None = None) -> tuple[Chunk, ...]:
        """Return the passages that a file would become; nothing is stored.

        `on_wait` hears while the file is read, and may stop it (see `run_child`). Raises
        FileRejected (and below).
        """
        chunk_settings(upload.chunk_tokens)
        title = upload.title or title_of(upload.filename)
        read = self._reader.cut_upload(upload, fallback_title=title, on_wait=on_wait)
        return extracted(read)

    def process(self, tenant_id: UUID, source_id: UUID, attempt: Attempt | None = None) -> None:
        """Make an accepted source searchable in this thread, a job's or a caller's own.

        See `Processing.run`, which this is.
        """
        self._processing.run(tenant_id, source_id, attempt)

    def reprocess(self, tenant_id: UUID, source_id: UUID, *, chunk_tokens: int | None) -> int:
        """Enqueue a stored source again, cut to another size if given; return the job's number."""
        with self._database.tenant(tenant_id) as session:
            source = find_source(tenant_id, source_id, session=session, lock=True)
            source.chunk_settings = chunk_settings(chunk_tokens)
            return self._enqueue_again(source, session=session)

    def process_again(
        self, tenant_id: UUID, source_id: UUID, *, chunk_tokens: int | None = None
    ) -> SourceView:
        """Process a stored source anew in this thread, cut to another size if one is given."""
        with self._database.tenant(tenant_id) as session:
            source = find_source(tenant_id, source_id, session=session, lock=True)
            if chunk_tokens is not None:
                source.chunk_settings = chunk_settings(chunk_tokens)
            wait_again(source)
        self.process(tenant_id, source_id)
        return self._view(tenant_id, source_id)

    def cancel(self, tenant_id: UUID, source_id: UUID) -> SourceView:
        """Stop the processing of a source, waiting or under way; passages it has stay as they are.

        Raises NotFound; Conflict where nothing is waiting or under way.
        """
        with self._database.tenant(tenant_id) as session:
            source = find_source(tenant_id, source_id, session=session, lock=True)
            if source.status not in ("pending", "processing"):
                raise Conflict("This source is not being processed; there is nothing to stop.")
            self._jobs.withdraw(source_id, session=session)
            source.status, source.step, source.error = "cancelled", "", None
            source.step_done = source.step_total = 0
            session.flush()
            return source_view(source)

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
        upload = Upload(filename, data, kind, title=title, form="records")
        source = new_source(tenant_id, upload, media_type=RECORDS_MEDIA_TYPE)
        source_id = source.source_id
        with self._database.tenant(tenant_id) as session:
            known = _find_same(tenant_id, source.content_hash, session=session)
            if known is not None and known.status == "processed":
                return known
            if known is None:
                _add(source, data, session=session)
            else:  # an earlier attempt broke off
                source_id = known.source_id
        self._processing.store(tenant_id, source_id, chunks)
        return self._view(tenant_id, source_id)

    def _accept(self, tenant_id: UUID, upload: Upload, *, enqueue: bool) -> Accepted:
        source = new_source(tenant_id, upload, media_type=self._identify(upload))
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

    def _identify(self, upload: Upload) -> str:
        if upload.media_type is not None:
            return upload.media_type
        max_bytes = self._settings.max_file_bytes
        return identify(upload.data, upload.filename, max_bytes=max_bytes).media_type

    def _accept_again(
        self, tenant_id: UUID, known: SourceView, enqueue: bool, *, session: Session
    ) -> Accepted:
        """Return the source that is there; one that had failed or was stopped is tried again."""
        if known.status not in ("failed", "cancelled"):
            return Accepted(known, None, is_duplicate=True)
        source = find_source(tenant_id, known.source_id, session=session, lock=True)
        if enqueue:
            job_id = self._enqueue_again(source, session=session)
            return Accepted(source_view(source), job_id, is_duplicate=True)
        wait_again(source)
        return Accepted(source_view(source), None, is_duplicate=True)

    def _enqueue_again(self, source: Source, *, session: Session) -> int:
        wait_again(source)
        session.flush()
        queue: QueueName = "crawl" if source_form(source) == "website" else "ingest"
        return self._jobs.defer_ingest(
            source.tenant_id, source.source_id, session=session, queue=queue
        )

    def _view(self, tenant_id: UUID, source_id: UUID) -> SourceView:
        with self._database.tenant(tenant_id) as session:
            return source_view(find_source(tenant_id, source_id, session=session))


def wait_again(source: Source) -> None:
    """Let a source wait for its processing; a website is crawled anew, not from where it was."""
    source.origin = {name: value for name, value in source.origin.items() if name != CRAWL_BEGAN}
    source.status, source.step, source.progress, source.error = "pending", "", 0, None
    source.step_done = source.step_total = 0


def _add(source: Source, data: bytes, *, session: Session) -> None:
    session.add(source)
    session.flush()
    session.add(SourceFile(tenant_id=source.tenant_id, source_id=source.source_id, data=data))
    session.flush()


def keep_newer(source: Source, newer: Source, data: bytes, *, session: Session) -> None:
    """Keep the bytes that take the place of a source's file once they have been read well."""
    values = {
        "data": data,
        "filename": newer.filename,
        "media_type": newer.media_type,
        "content_hash": newer.content_hash,
        "created_at": datetime.now(UTC),
    }
    key = {"tenant_id": source.tenant_id, "source_id": source.source_id}
    statement = upsert(NewerFile).values(**key, **values)
    session.execute(
        statement.on_conflict_do_update(index_elements=["tenant_id", "source_id"], set_=values)
    )


def _find_same(tenant_id: UUID, content_hash: str, *, session: Session) -> SourceView | None:
    query = select(Source).where(Source.tenant_id == tenant_id, Source.content_hash == content_hash)
    found = session.scalars(query).one_or_none()
    return None if found is None else source_view(found)
