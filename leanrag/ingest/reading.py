"""What a source says, as passages: a file is extracted and cut, a list is taken row by row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from db.tenancy import Database
from leanrag.errors import NoTextFound
from leanrag.ingest.child_process import OnWait
from leanrag.ingest.chunk import OnShare, cut
from leanrag.ingest.extract import extract
from leanrag.ingest.extracted import Chunk, ExtractedDocument
from leanrag.ingest.manual import cut_manual, is_whole
from leanrag.ingest.progress import Progress
from leanrag.ingest.record_files import RECORDS_MEDIA_TYPE, cut_records
from leanrag.ingest.site_reading import SiteReader
from leanrag.ingest.upload import Upload
from leanrag.ingest.validate import identify
from leanrag.settings import Settings
from leanrag.sources import SourceView
from leanrag.text.tokens import TokenCounter
from leanrag.types import SourceKind


@dataclass(frozen=True, slots=True)
class OpenedSource:
    """A source that is being processed: its bytes (none for a website) and what they are.

    `is_newer`: the bytes are a newer version, which takes the place of the old once it is read.
    """

    view: SourceView
    tenant_id: UUID
    data: bytes
    filename: str
    media_type: str
    is_newer: bool
    chunk_tokens: int | None
    progress: Progress
    content_hash: str = ""

    @property
    def source_id(self) -> UUID:
        """Id of the source."""
        return self.view.source_id


@dataclass(frozen=True, slots=True)
class ReadSource:
    """The passages of a source; `title` is what it calls itself, or empty.

    `has_long_tldrs`: they are of long instructions, and get TL;DRs of 80 to 120 words.
    """

    chunks: tuple[Chunk, ...]
    title: str = ""
    page_count: int | None = None
    has_long_tldrs: bool = False


class SourceReader:
    """Reads every kind of source."""

    def __init__(self, counter: TokenCounter, settings: Settings, database: Database) -> None:
        self._counter = counter
        self._settings = settings
        self._sites = SiteReader(counter, settings, database)

    def read(self, opened: OpenedSource) -> ReadSource:
        """Return what a source says. Raises FileRejected (and below), ProcessingStopped."""
        view = opened.view
        if view.form == "website":
            site = self._sites.read(
                opened.tenant_id, view, opened.progress, chunk_tokens=opened.chunk_tokens
            )
            return _with_text(ReadSource(site.chunks, page_count=site.page_count))
        if opened.media_type == RECORDS_MEDIA_TYPE:
            chunks = cut_records(opened.data, view.kind, title=view.title, counter=self._counter)
            return _with_text(ReadSource(chunks))
        return self._read_file(opened)

    def cut_upload(
        self, upload: Upload, *, fallback_title: str, on_wait: OnWait | None = None
    ) -> ReadSource:
        """Return what an upload says that is no source yet. Raises FileRejected (and below)."""
        if upload.media_type == RECORDS_MEDIA_TYPE:
            chunks = cut_records(
                upload.data, upload.kind, title=fallback_title, counter=self._counter
            )
            return ReadSource(chunks)
        max_bytes = self._settings.max_file_bytes
        upload_type = identify(upload.data, upload.filename, max_bytes=max_bytes)
        document = extract(upload.data, upload_type, settings=self._settings, on_wait=on_wait)
        if upload.form == "manual":
            return self._cut_manual(document, upload.chunk_tokens, fallback_title)
        return self._cut(document, upload.kind, upload.chunk_tokens, fallback_title)

    def _read_file(self, opened: OpenedSource) -> ReadSource:
        view, max_bytes = opened.view, self._settings.max_file_bytes
        upload_type = identify(opened.data, opened.filename, max_bytes=max_bytes)
        document = extract(
            opened.data, upload_type, settings=self._settings, on_wait=opened.progress.wait
        )
        if view.origin.get("is_titled"):
            document = replace(document, title="")
        opened.progress.begin("cutting", len(document.pages))
        if view.form == "manual":
            return _with_text(self._cut_manual(document, opened.chunk_tokens, view.title))

        def advance(share: float) -> None:
            opened.progress.advance(int(share * len(document.pages)))

        cut_document = self._cut(document, view.kind, opened.chunk_tokens, view.title, advance)
        return _with_text(cut_document)

    def _cut(
        self,
        document: ExtractedDocument,
        kind: SourceKind,
        chunk_tokens: int | None,
        fallback_title: str,
        on_progress: OnShare = lambda _share: None,
    ) -> ReadSource:
        chunks = cut(
            document,
            kind=kind,
            max_tokens=chunk_tokens or self._settings.chunk_tokens,
            overlap_tokens=self._settings.chunk_overlap_tokens,
            counter=self._counter,
            fallback_title=fallback_title,
            on_progress=on_progress,
        )
        pages = len(document.pages) if document.pages[0].number is not None else None
        return ReadSource(chunks, document.title, pages)

    def _cut_manual(
        self, document: ExtractedDocument, chunk_tokens: int | None, fallback_title: str
    ) -> ReadSource:
        text = "\n\n".join(page.text for page in document.pages)
        chunks = cut_manual(
            text,
            title=document.title.strip() or fallback_title,
            counter=self._counter,
            max_tokens=chunk_tokens or self._settings.chunk_tokens,
            overlap_tokens=self._settings.chunk_overlap_tokens,
        )
        is_long = not is_whole(text, self._counter)
        return ReadSource(chunks, document.title, has_long_tldrs=is_long)


def _with_text(read: ReadSource) -> ReadSource:
    if not read.chunks:
        raise NoTextFound("This file holds no text to read.")
    return read
