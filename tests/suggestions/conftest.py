"""A website whose pages hold questions, crawled into a real database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest

from leanrag.guarded_database import GuardedDatabase
from leanrag.sources import SourceView
from leanrag.suggestions import Suggestions
from leanrag.websites import Websites, WebsiteStart
from tests.crawl.website import Website
from tests.product_parts import Parts, make_parts, new_tenant
from tests.suggestions.asked import COST, DAYS, Crawl, Crawled, publish


@pytest.fixture
def site() -> Iterator[Website]:
    with Website() as running:
        yield running


@pytest.fixture
def parts(shared_database: GuardedDatabase, site: Website) -> Parts:
    return make_parts(shared_database, crawl_allowed_hosts=[site.host], crawl_delay_seconds=0)


@pytest.fixture
def suggestions(parts: Parts) -> Suggestions:
    return Suggestions(parts.database, parts.jobs)


@pytest.fixture
def tenant_id(parts: Parts) -> UUID:
    return new_tenant(parts.database)


@pytest.fixture
def crawl(parts: Parts, tenant_id: UUID, site: Website) -> Crawl:
    websites = Websites(parts.database, parts.jobs, parts.settings)

    def run(**start: Any) -> SourceView:
        begin = WebsiteStart(start.pop("url", site.url("/")), **start)
        source = websites.add(tenant_id, begin, enqueue=False).source
        if source.status == "processed":
            websites.recrawl(tenant_id, source.source_id, enqueue=False)
        parts.ingest.process(tenant_id, source.source_id)
        return parts.sources.get(tenant_id, source.source_id)

    return run


@pytest.fixture
def one_pair(site: Website, crawl: Crawl, suggestions: Suggestions, tenant_id: UUID) -> Crawled:
    """A website that answers one question."""
    publish(site, {DAYS: "Three working days."})
    return Crawled(crawl(), suggestions.list(tenant_id))


@pytest.fixture
def two_pairs(site: Website, crawl: Crawl, suggestions: Suggestions, tenant_id: UUID) -> Crawled:
    """A website that answers two questions."""
    publish(site, {DAYS: "Three working days.", COST: "Ninety-five lira."})
    return Crawled(crawl(), suggestions.list(tenant_id))


@pytest.fixture
def approved(two_pairs: Crawled, suggestions: Suggestions, tenant_id: UUID) -> SourceView:
    """The list that the first of two pairs is approved into, not processed yet."""
    (faq,) = suggestions.approve(tenant_id, two_pairs.ids[:1], by="Ada").lists
    return faq


@pytest.fixture
def settle(parts: Parts, tenant_id: UUID) -> Callable[[], dict[str, str]]:
    """Process the approved list; return its passages' texts by their extracts."""

    def run() -> dict[str, str]:
        found: dict[str, str] = {}
        for source in parts.sources.list(tenant_id):
            if source.kind == "faq" and source.status == "pending":
                parts.ingest.process(tenant_id, source.source_id)
            if source.kind == "faq":
                chunks = parts.sources.chunks(tenant_id, source.source_id)
                assert not set(found) & {chunk.tldr for chunk in chunks}
                found |= {chunk.tldr: chunk.text for chunk in chunks}
        return found

    return run
