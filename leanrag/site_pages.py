"""The pages of a crawled website in the database: what each said last, and how it is asked again.

Every page is written as soon as it is known, so that a crawl that breaks off loses none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session, defer

from db.models import SitePage, Source
from db.models.base import new_id
from db.tenancy import Database
from leanrag.crawl.crawled import (
    READ_STATUSES,
    CrawledPage,
    KnownPage,
    PageContent,
    PageStatus,
    SuggestedPair,
)
from leanrag.errors import ProcessingStopped
from leanrag.suggested_pairs import drop_waiting, keep_pairs

CRAWL_BEGAN = "crawl_began_at"  # in a source's `origin`, from a crawl's beginning on
_GOES_ON_WITHIN = timedelta(hours=24)
_STILL_USED = "What it said before stays in use."
_BATCH = 50


@dataclass(frozen=True, slots=True)
class PageText:
    """What a page says, as it is cut: `parts` are the pages of a PDF, or the one text of others."""

    url: str
    title: str
    parts: tuple[str, ...]
    is_pdf: bool = False


class SitePages:
    """Reads and writes the pages of one website while it is crawled."""

    def __init__(self, database: Database, tenant_id: UUID, source_id: UUID) -> None:
        self._database = database
        self._tenant_id = tenant_id
        self._source_id = source_id

    def begin(self) -> datetime:
        """Return when the crawl began that is to go on, or now where a new one begins.

        A crawl goes on for a day after its beginning, until its passages were stored or a person
        asked for a new one. Raises ProcessingStopped.
        """
        with self._database.tenant(self._tenant_id) as session:
            source = session.get(Source, (self._tenant_id, self._source_id), with_for_update=True)
            if source is None or source.status != "processing":
                raise _stopped()
            began = _unfinished(source)
            if began is None:
                began = datetime.now(UTC)
                source.origin = {**source.origin, CRAWL_BEGAN: began.isoformat()}
            return began

    def known(self, since: datetime) -> tuple[KnownPage, ...]:
        """Return the pages of earlier crawls, and those that this one settled `since` it began."""
        # Without what they say, which may be a hundred megabytes.
        query = self._select().options(defer(SitePage.content, raiseload=True))
        query = query.add_columns(SitePage.content != "")
        with self._database.tenant(self._tenant_id) as session:
            rows = session.execute(query.order_by(SitePage.position, SitePage.url))
            found = [_known(row, since, has_text=has_text) for row, has_text in rows]
        return tuple(known for known in found if known is not None)

    def keep(
        self,
        page: CrawledPage,
        position: int,
        text: PageText | None,
        pairs: tuple[SuggestedPair, ...],
    ) -> None:
        """Write what became of a page; `text` is None where it was not sent again.

        Raises ProcessingStopped.
        """
        with self._database.tenant(self._tenant_id) as session:
            self._check(session)
            row = session.scalars(self._select().where(SitePage.url == page.url)).one_or_none()
            if row is None:
                row = SitePage(
                    tenant_id=self._tenant_id,
                    source_id=self._source_id,
                    page_id=new_id(),
                    url=page.url,
                    content="",
                )
                session.add(row)
            row.position, row.depth = position, page.depth
            _write(row, page, text)
            session.flush()
            if text is not None:
                keep_pairs(self._tenant_id, self._source_id, page.url, pairs, session=session)
            elif not row.content:
                drop_waiting(self._tenant_id, self._source_id, page.url, session=session)

    def finish(self, told: Collection[str]) -> None:
        """Drop the pages that the crawl did not tell of. Raises ProcessingStopped."""
        size = select(func.coalesce(func.sum(func.octet_length(SitePage.content)), 0)).where(
            SitePage.tenant_id == self._tenant_id, SitePage.source_id == self._source_id
        )
        with self._database.tenant(self._tenant_id) as session:
            self._check(session)
            for url in set(session.scalars(self._select(SitePage.url))) - set(told):
                drop_waiting(self._tenant_id, self._source_id, url, session=session)
                session.execute(
                    delete(SitePage).where(
                        SitePage.tenant_id == self._tenant_id,
                        SitePage.source_id == self._source_id,
                        SitePage.url == url,
                    )
                )
            session.execute(
                update(Source)
                .where(Source.tenant_id == self._tenant_id, Source.source_id == self._source_id)
                .values(byte_size=size.scalar_subquery())
            )

    def texts(self) -> Iterator[PageText]:
        """Yield what the pages say, in the order in which they were found, a few at a time."""
        query = self._select().where(SitePage.content != "")
        query = query.order_by(SitePage.position, SitePage.url).limit(_BATCH)
        offset = 0
        while True:
            with self._database.tenant(self._tenant_id) as session:
                batch = [_text(row) for row in session.scalars(query.offset(offset))]
            yield from batch
            offset += _BATCH
            if len(batch) < _BATCH:
                return

    def _select(self, what: Any = SitePage) -> Any:
        return select(what).where(
            SitePage.tenant_id == self._tenant_id, SitePage.source_id == self._source_id
        )

    def _check(self, session: Session) -> None:
        """Let nothing be written for a source that was stopped or deleted, nor by two at once."""
        status = session.scalar(
            select(Source.status)
            .where(Source.tenant_id == self._tenant_id, Source.source_id == self._source_id)
            .with_for_update(key_share=True)
        )
        if status != "processing":
            raise _stopped()


def _stopped() -> ProcessingStopped:
    return ProcessingStopped("The crawl of this website was stopped.")


def _unfinished(source: Source) -> datetime | None:
    """Return when a crawl began whose passages are not stored yet and that is young enough."""
    written = source.origin.get(CRAWL_BEGAN)
    if not isinstance(written, str):
        return None
    began = datetime.fromisoformat(written)
    is_stored = source.processed_at is not None and source.processed_at >= began
    return None if is_stored or datetime.now(UTC) - began > _GOES_ON_WITHIN else began


def _known(row: SitePage, since: datetime, *, has_text: bool) -> KnownPage | None:
    """Return a page for the next crawl: to be asked for conditionally, or settled by this one."""
    is_settled = row.fetched_at >= since and row.status != "failed"
    if not is_settled and not has_text:
        return None
    links = tuple(str(link) for link in row.links)
    settled = CrawledPage(
        row.url,
        cast(PageStatus, row.status),
        row.fetched_at,
        depth=row.depth,
        reason=row.reason,
        same_as=row.same_as,
        content=PageContent(title=row.title, language=row.language, links=links),
        content_hash=row.content_hash,
        etag=row.etag,
        last_modified=row.last_modified,
    )
    return KnownPage(
        row.url,
        etag=row.etag,
        last_modified=row.last_modified,
        content_hash=row.content_hash,
        links=links,
        settled=settled if is_settled else None,
    )


def _write(row: SitePage, page: CrawledPage, text: PageText | None) -> None:
    row.status, row.reason, row.same_as = page.status, page.reason, page.same_as
    row.fetched_at = page.fetched_at
    if page.status == "failed" and row.content:
        row.reason = f"{page.reason} {_STILL_USED}"
        return  # with what the next conditional request needs
    row.etag, row.last_modified = page.etag, page.last_modified
    row.content_hash, row.links = page.content_hash, list(page.links)
    if text is not None:
        row.title, row.content = text.title, _stored(text)
        row.language = page.content.language
    elif page.status not in READ_STATUSES:
        row.title, row.content, row.language = page.title, "", ""
        row.etag = row.last_modified = row.content_hash = ""


def _stored(text: PageText) -> str:
    """Return a text as it is stored: form feeds, which no cleaned text holds, begin PDF pages."""
    return "".join(f"\f{part}" for part in text.parts) if text.is_pdf else text.parts[0]


def _text(row: SitePage) -> PageText:
    is_pdf = row.content.startswith("\f")
    parts = tuple(row.content[1:].split("\f")) if is_pdf else (row.content,)
    return PageText(row.url, row.title, parts, is_pdf)
