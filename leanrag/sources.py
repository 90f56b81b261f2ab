"""What a tenant knows from: its sources, their passages and their original files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

from db.models import ChunkRow, NewerFile, Source, SourceFile
from db.tenancy import Database
from leanrag.errors import NotFound
from leanrag.passage_store import remove_passages
from leanrag.source_filter import SourceFilter, SourceOrder, source_conditions, source_order
from leanrag.source_savings import Savings, read_savings, source_savings
from leanrag.types import Language, SourceForm, SourceKind, SourceStatus


@dataclass(frozen=True, slots=True)
class SourceView:
    """A source as the console lists it; `progress` in percent, `error` in plain words.

    `step_done` of `step_total` are the pages, passages or texts of the running step. When last
    processed, `embedded_count` passages had to be embedded, `reused_count` were already, and
    `repeated_count` of these stand more than once in the source; the embedding of all the times it
    was processed cost `embedding_cost_usd` dollars. `form` says how the source is fed,
    `chunk_tokens` the size that its passages were asked to have, None for the usual one.
    """

    source_id: UUID
    bot_id: UUID | None
    kind: SourceKind
    title: str
    filename: str
    media_type: str
    byte_size: int
    is_citable: bool
    enabled: bool
    status: SourceStatus
    step: str
    progress: int
    error: str | None
    page_count: int | None
    passage_count: int
    token_count: int
    created_at: datetime
    processed_at: datetime | None
    step_done: int = 0
    step_total: int = 0
    language: str = ""
    tags: tuple[str, ...] = ()
    added_by: str = ""
    form: SourceForm = "file"
    origin: Mapping[str, Any] = field(default_factory=dict, hash=False)
    embedded_count: int = 0
    reused_count: int = 0
    repeated_count: int = 0
    embedding_cost_usd: Decimal = Decimal(0)
    chunk_tokens: int | None = None

    @property
    def savings(self) -> Savings:
        """What this source saved when it was last processed."""
        counts = (self.embedded_count, self.reused_count, self.repeated_count)
        return source_savings(*counts, self.token_count)


@dataclass(frozen=True, slots=True)
class ChunkView:
    """A stored passage with the title and kind of its source."""

    chunk_id: UUID
    source_id: UUID
    source_title: str
    kind: SourceKind
    position: int
    title: str
    heading: str
    text: str
    tldr: str
    language: Language
    page: int | None
    label: str
    url: str
    token_count: int
    is_citable: bool
    enabled: bool
    edit_id: UUID | None


@dataclass(frozen=True, slots=True)
class StoredFile:
    """The bytes that were uploaded."""

    filename: str
    media_type: str
    data: bytes


class Sources:
    """Lists, shows and deletes a tenant's sources."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(
        self,
        tenant_id: UUID,
        wanted: SourceFilter | None = None,
        *,
        order: SourceOrder = "newest",
        limit: int = 200,
        offset: int = 0,
    ) -> tuple[SourceView, ...]:
        """Return a page of the sources that a filter shows, in one order for all pages."""
        query = select(Source).where(*source_conditions(tenant_id, wanted or SourceFilter()))
        query = query.order_by(*source_order(order))
        with self._database.tenant(tenant_id) as session:
            rows = session.scalars(query.limit(limit).offset(offset))
            return tuple(source_view(row) for row in rows)

    def count(self, tenant_id: UUID, wanted: SourceFilter | None = None) -> int:
        """Return how many sources a filter shows."""
        query = select(func.count()).select_from(Source)
        query = query.where(*source_conditions(tenant_id, wanted or SourceFilter()))
        with self._database.tenant(tenant_id) as session:
            return session.scalar(query) or 0

    def status_counts(self, tenant_id: UUID) -> Mapping[SourceStatus, int]:
        """Return how many sources are in each state; states that none is in are left out."""
        query = select(Source.status, func.count()).where(Source.tenant_id == tenant_id)
        with self._database.tenant(tenant_id) as session:
            rows = session.execute(query.group_by(Source.status))
            return {cast(SourceStatus, status): count for status, count in rows}

    def tags(self, tenant_id: UUID) -> tuple[str, ...]:
        """Return the tags that sources have, every one once, in the alphabet's order."""
        query = select(func.unnest(Source.tags).label("tag")).where(Source.tenant_id == tenant_id)
        with self._database.tenant(tenant_id) as session:
            return tuple(sorted(session.scalars(query.distinct())))

    def savings(self, tenant_id: UUID) -> Savings:
        """Return what embedding every passage once ever saved over all sources."""
        with self._database.tenant(tenant_id) as session:
            return read_savings(tenant_id, session=session)

    def get(self, tenant_id: UUID, source_id: UUID) -> SourceView:
        """Return one source. Raises NotFound."""
        with self._database.tenant(tenant_id) as session:
            return source_view(find_source(tenant_id, source_id, session=session))

    def delete(self, tenant_id: UUID, source_id: UUID) -> None:
        """Delete a source with its file and passages. Raises NotFound."""
        with self._database.tenant(tenant_id) as session:
            # Locked, or passages that a worker is storing would stay in the statistics.
            source = find_source(tenant_id, source_id, session=session, lock=True)
            remove_passages(tenant_id, source_id, session=session)
            session.delete(source)

    def chunks(
        self, tenant_id: UUID, source_id: UUID, *, limit: int = 50, offset: int = 0
    ) -> tuple[ChunkView, ...]:
        """Return a page of a source's passages in their order. Raises NotFound."""
        query = _chunks(tenant_id).where(ChunkRow.source_id == source_id)
        query = query.order_by(ChunkRow.position).limit(limit).offset(offset)
        with self._database.tenant(tenant_id) as session:
            find_source(tenant_id, source_id, session=session)
            return tuple(_chunk_view(row) for row in session.execute(query))

    def chunk(self, tenant_id: UUID, chunk_id: UUID) -> ChunkView:
        """Return one passage. Raises NotFound."""
        return self._chunk(tenant_id, chunk_id)[0]

    def neighbours(
        self, tenant_id: UUID, chunk_id: UUID, *, around: int = 1
    ) -> tuple[ChunkView, ...]:
        """Return a passage between those before and after it in its source. Raises NotFound."""
        return self._chunk(tenant_id, chunk_id, around=around)

    def file(self, tenant_id: UUID, source_id: UUID, *, newest: bool = False) -> StoredFile:
        """Return the file that a source was made from, or the `newest` that it is to be made from.

        Raises NotFound.
        """
        with self._database.tenant(tenant_id) as session:
            source = find_source(tenant_id, source_id, session=session)
            newer = session.get(NewerFile, (tenant_id, source_id)) if newest else None
            if newer is not None:
                return StoredFile(newer.filename, newer.media_type, newer.data)
            stored = session.get(SourceFile, (tenant_id, source_id))
            if stored is None:
                raise NotFound("This source was not made from a file.")
            return StoredFile(source.filename, source.media_type, stored.data)

    def _chunk(self, tenant_id: UUID, chunk_id: UUID, *, around: int = 0) -> tuple[ChunkView, ...]:
        with self._database.tenant(tenant_id) as session:
            return read_chunks(tenant_id, chunk_id, around=around, session=session)


def read_chunks(
    tenant_id: UUID, chunk_id: UUID, *, around: int = 0, session: Session
) -> tuple[ChunkView, ...]:
    """Return a passage between so many before and after it in its source. Raises NotFound."""
    found = session.get(ChunkRow, (tenant_id, chunk_id))
    if found is None:
        raise NotFound("This passage is no longer there; its source was changed or deleted.")
    query = _chunks(tenant_id).where(
        ChunkRow.source_id == found.source_id,
        ChunkRow.position.between(found.position - around, found.position + around),
    )
    rows = session.execute(query.order_by(ChunkRow.position))
    return tuple(_chunk_view(row) for row in rows)


def find_source(
    tenant_id: UUID, source_id: UUID, *, session: Session, lock: bool = False
) -> Source:
    """Return the row of a source, locked until the transaction ends if asked. Raises NotFound."""
    source = session.get(Source, (tenant_id, source_id), with_for_update=lock or None)
    if source is None:
        raise NotFound("There is no such document here; it may have been deleted.")
    return source


def source_view(row: Source) -> SourceView:
    """Return a source's row as the frozen value that pages and the API read."""
    return SourceView(
        source_id=row.source_id,
        bot_id=row.bot_id,
        kind=cast(SourceKind, row.kind),
        title=row.title,
        filename=row.filename,
        media_type=row.media_type,
        byte_size=row.byte_size,
        is_citable=row.is_citable,
        enabled=row.enabled,
        status=cast(SourceStatus, row.status),
        step=row.step,
        progress=row.progress,
        error=row.error,
        page_count=row.page_count,
        passage_count=row.passage_count,
        token_count=row.token_count,
        created_at=row.created_at,
        processed_at=row.processed_at,
        step_done=row.step_done,
        step_total=row.step_total,
        language=row.language,
        tags=tuple(row.tags),
        added_by=row.added_by,
        form=source_form(row),
        origin=dict(row.origin),
        embedded_count=row.embedded_count,
        reused_count=row.reused_count,
        repeated_count=row.repeated_count,
        embedding_cost_usd=row.embedding_cost_usd,
        chunk_tokens=row.chunk_settings.get("chunk_tokens"),
    )


def source_form(row: Source) -> SourceForm:
    """Return how a source is fed; one from before this was kept is told by its type."""
    records = "records" if row.media_type == "text/csv" else "file"
    return cast(SourceForm, row.origin.get("form", records))


def _chunks(tenant_id: UUID) -> Select[tuple[ChunkRow, str]]:
    """Select passages without their vectors, which are large and never shown."""
    columns = [ChunkRow.__table__.c[name] for name in _SHOWN]
    query = select(*columns, Source.title.label("source_title")).join(
        Source,
        (Source.tenant_id == ChunkRow.tenant_id) & (Source.source_id == ChunkRow.source_id),
    )
    return cast("Select[tuple[ChunkRow, str]]", query.where(ChunkRow.tenant_id == tenant_id))


_SHOWN = (
    "chunk_id",
    "source_id",
    "chunk_type",
    "position",
    "title",
    "heading_path",
    "full_text",
    "tldr",
    "language",
    "page",
    "label",
    "url",
    "token_count",
    "is_citable",
    "enabled",
    "edit_id",
)


def _chunk_view(row: Row[tuple[ChunkRow, str]]) -> ChunkView:
    found = row._mapping
    return ChunkView(
        chunk_id=found["chunk_id"],
        source_id=found["source_id"],
        source_title=found["source_title"],
        kind=found["chunk_type"],
        position=found["position"],
        title=found["title"],
        heading=found["heading_path"],
        text=found["full_text"],
        tldr=found["tldr"],
        language=found["language"],
        page=found["page"],
        label=found["label"],
        url=found["url"],
        token_count=found["token_count"],
        is_citable=found["is_citable"],
        enabled=found["enabled"],
        edit_id=found["edit_id"],
    )
