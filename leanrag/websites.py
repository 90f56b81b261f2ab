"""Websites as sources: taken in by their start address, crawled by jobs, shown page by page."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from urllib.parse import unquote
from uuid import UUID

import idna
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.models import SitePage, Source
from db.tenancy import Database
from leanrag.bots import find_bot
from leanrag.crawl.crawled import PageStatus
from leanrag.crawl.sitemap import looks_like_sitemap
from leanrag.crawl.urls import WebAddress, page_key
from leanrag.errors import Conflict, InvalidInput
from leanrag.ingest.jobs import JobQueue
from leanrag.ingest.pipeline import wait_again
from leanrag.ingest.site_reading import site_fetcher
from leanrag.ingest.upload import MAX_TITLE_CHARACTERS, Accepted, Upload, new_source
from leanrag.settings import Settings
from leanrag.sources import find_source, source_form, source_view

MAX_HOSTS = 20


@dataclass(frozen=True, slots=True)
class WebsiteStart:
    """Where a crawl begins, a page or a sitemap, and how far it goes.

    `max_depth` counts links from the start, `max_pages` pages; None is the most that the instance
    allows. `hosts` are visited beside the start's own. The rest is as for an upload.
    """

    url: str
    max_depth: int | None = None
    max_pages: int | None = None
    hosts: tuple[str, ...] = ()
    is_citable: bool = True
    title: str = ""
    tags: tuple[str, ...] = ()
    bot_id: UUID | None = None
    added_by: str = ""
    chunk_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class SitePageView:
    """A page of a website as it was last asked for; `reason` says why it is not read.

    `same_as` is the address that a duplicate leads to; `character_count` that of the text in use,
    0 where none is.
    """

    url: str
    status: PageStatus
    reason: str
    same_as: str
    title: str
    language: str
    depth: int
    fetched_at: datetime
    character_count: int


class Websites:
    """Takes websites in, has them crawled again, and shows their pages."""

    def __init__(self, database: Database, jobs: JobQueue, settings: Settings) -> None:
        """Raises ConfigurationError for an allowed host that is none."""
        self._database = database
        self._jobs = jobs
        self._settings = settings
        self._fetcher = site_fetcher(settings)

    def add(self, tenant_id: UUID, start: WebsiteStart, *, enqueue: bool = True) -> Accepted:
        """Take a website in and enqueue its crawl; the same start again gives the known source.

        One whose crawl failed or was stopped is crawled again, as far as `start` says now. Raises
        FetchRefused for an address that must not be fetched, InvalidInput, NotFound for its bot.
        """
        source = self._new_source(tenant_id, start)
        try:
            with self._database.tenant(tenant_id) as session:
                known = _find(tenant_id, source.content_hash, session=session)
                if known is not None:
                    return self._add_again(known, source, enqueue, session=session)
                if start.bot_id is not None:
                    find_bot(tenant_id, start.bot_id, session=session)
                session.add(source)
                session.flush()
                job_id = self._defer(source, session=session) if enqueue else None
                session.refresh(source)
                return Accepted(source_view(source), job_id, is_duplicate=False)
        except IntegrityError:  # the same start came in through another door at the same moment
            with self._database.tenant(tenant_id) as session:
                known = _find(tenant_id, source.content_hash, session=session)
                if known is None:
                    raise
                return Accepted(source_view(known), None, is_duplicate=True)

    def recrawl(
        self,
        tenant_id: UUID,
        source_id: UUID,
        *,
        max_depth: int | None = None,
        max_pages: int | None = None,
        enqueue: bool = True,
    ) -> Accepted:
        """Enqueue another crawl, farther or less far where a limit is given.

        Pages known from before are asked for conditionally. Raises NotFound, InvalidInput, and
        Conflict for a source that is no website.
        """
        limits = {
            "max_depth": self._depth(max_depth) if max_depth is not None else None,
            "max_pages": self._pages(max_pages) if max_pages is not None else None,
        }
        with self._database.tenant(tenant_id) as session:
            source = find_source(tenant_id, source_id, session=session, lock=True)
            if source_form(source) != "website":
                raise Conflict("This source is no website; process its file again instead.")
            given = {name: limit for name, limit in limits.items() if limit is not None}
            source.origin = {**source.origin, **given}
            wait_again(source)
            session.flush()
            job_id = self._defer(source, session=session) if enqueue else None
            return Accepted(source_view(source), job_id, is_duplicate=False)

    def pages(
        self,
        tenant_id: UUID,
        source_id: UUID,
        *,
        status: PageStatus | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> tuple[SitePageView, ...]:
        """Return the pages of a website in the order of its crawl, of one status or of all.

        Raises NotFound.
        """
        query = select(*_SHOWN).where(
            SitePage.tenant_id == tenant_id, SitePage.source_id == source_id
        )
        if status is not None:
            query = query.where(SitePage.status == status)
        query = query.order_by(SitePage.position, SitePage.url).limit(limit).offset(offset)
        with self._database.tenant(tenant_id) as session:
            find_source(tenant_id, source_id, session=session)
            return tuple(SitePageView(**row._mapping) for row in session.execute(query))

    def page_counts(self, tenant_id: UUID, source_id: UUID) -> Mapping[PageStatus, int]:
        """Return how many pages have each status; those that no page has are left out.

        Raises NotFound.
        """
        query = select(SitePage.status, func.count()).where(
            SitePage.tenant_id == tenant_id, SitePage.source_id == source_id
        )
        with self._database.tenant(tenant_id) as session:
            find_source(tenant_id, source_id, session=session)
            rows = session.execute(query.group_by(SitePage.status))
            return {cast(PageStatus, status): count for status, count in rows}

    # ---- the source ---------------------------------------------------------------------------

    def _new_source(self, tenant_id: UUID, start: WebsiteStart) -> Source:
        address = self._fetcher.check(start.url)
        upload = Upload(
            filename=address.host,
            data=b"",
            kind="website",
            is_citable=start.is_citable,
            bot_id=start.bot_id,
            chunk_tokens=start.chunk_tokens,
            title=start.title or _readable(address),
            form="website",
            tags=start.tags,
            added_by=start.added_by,
        )
        source = new_source(tenant_id, upload, media_type="text/html")
        start_of = f"website {page_key(address.url)}"
        source.content_hash = hashlib.sha256(start_of.encode()).hexdigest()
        source.origin = {**source.origin, "url": address.url, **self._limits(start)}
        return source

    def _limits(self, start: WebsiteStart) -> dict[str, Any]:
        if len(start.hosts) > MAX_HOSTS:
            raise InvalidInput(f"A crawl visits at most {MAX_HOSTS} more hosts; name fewer.")
        return {
            "max_depth": self._depth(start.max_depth),
            "max_pages": self._pages(start.max_pages),
            "hosts": [self._check_host(host) for host in start.hosts],
        }

    def _check_host(self, host: str) -> str:
        url = host if "://" in host else f"https://{host}/"
        return self._fetcher.check(url).authority

    def _depth(self, depth: int | None) -> int:
        most = self._settings.crawl_max_depth
        return _within(depth, 0, most, "links away from its start", "LEANRAG_CRAWL_MAX_DEPTH")

    def _pages(self, pages: int | None) -> int:
        most = self._settings.crawl_max_pages
        return _within(pages, 1, most, "pages of a website", "LEANRAG_CRAWL_MAX_PAGES")

    def _add_again(
        self, known: Source, wanted: Source, enqueue: bool, *, session: Session
    ) -> Accepted:
        if known.status not in ("failed", "cancelled"):
            return Accepted(source_view(known), None, is_duplicate=True)
        session.refresh(known, with_for_update=True)
        limits = {name: wanted.origin[name] for name in ("max_depth", "max_pages", "hosts")}
        known.origin = {**known.origin, **limits}
        wait_again(known)
        session.flush()
        job_id = self._defer(known, session=session) if enqueue else None
        return Accepted(source_view(known), job_id, is_duplicate=True)

    def _defer(self, source: Source, *, session: Session) -> int:
        return self._jobs.defer_ingest(
            source.tenant_id, source.source_id, session=session, queue="crawl"
        )


def _within(value: int | None, least: int, most: int, what: str, setting: str) -> int:
    if value is None:
        return most
    if not least <= value <= most:
        raise InvalidInput(
            f"A crawl goes to {least} to {most} {what}, not {value}; {setting} allows more."
        )
    return value


def _find(tenant_id: UUID, content_hash: str, *, session: Session) -> Source | None:
    query = select(Source).where(Source.tenant_id == tenant_id, Source.content_hash == content_hash)
    return session.scalars(query).one_or_none()


def _readable(address: WebAddress) -> str:
    """Return a title as people read it: the host, and the path where it is not the start page."""
    try:
        host = idna.decode(address.host)
    except (idna.IDNAError, UnicodeError):
        host = address.host
    is_list = looks_like_sitemap(address.url)
    path = "" if is_list else unquote(address.target.partition("?")[0]).rstrip("/")
    return f"{host.removeprefix('www.')}{path}"[:MAX_TITLE_CHARACTERS]


_SHOWN = (
    SitePage.url,
    SitePage.status,
    SitePage.reason,
    SitePage.same_as,
    SitePage.title,
    SitePage.language,
    SitePage.depth,
    SitePage.fetched_at,
    func.char_length(SitePage.content).label("character_count"),
)
