"""A real website on this machine, crawled into a real database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest

from leanrag.guarded_database import GuardedDatabase
from leanrag.sources import SourceView
from leanrag.websites import Websites, WebsiteStart
from tests.crawl.website import Website
from tests.product_parts import Parts, make_parts, new_tenant
from tests.websites.shop_site import Crawl


@pytest.fixture
def site() -> Iterator[Website]:
    with Website() as running:
        yield running


@pytest.fixture
def parts(shared_database: GuardedDatabase, site: Website) -> Parts:
    return make_parts(
        shared_database,
        crawl_allowed_hosts=[site.host],
        crawl_delay_seconds=0,
        crawl_max_delay_seconds=0.2,
        crawl_page_seconds=5,
    )


@pytest.fixture
def websites(parts: Parts) -> Websites:
    return Websites(parts.database, parts.jobs, parts.settings)


@pytest.fixture
def tenant_id(parts: Parts) -> UUID:
    return new_tenant(parts.database)


@pytest.fixture
def crawl(parts: Parts, websites: Websites, tenant_id: UUID, site: Website) -> Crawl:
    """Crawl the site in this thread, for the first time or again."""

    def run(path: str = "/", **start: Any) -> SourceView:
        start.setdefault("url", site.url(path))
        source = websites.add(tenant_id, WebsiteStart(**start), enqueue=False).source
        if source.status == "processed":
            websites.recrawl(tenant_id, source.source_id, enqueue=False)
        parts.ingest.process(tenant_id, source.source_id)
        return parts.sources.get(tenant_id, source.source_id)

    return run


@pytest.fixture
def pages(websites: Websites, tenant_id: UUID, site: Website) -> Callable[[SourceView], Any]:
    """The pages of a website by path."""

    def show(source: SourceView) -> dict[str, Any]:
        shown = websites.pages(tenant_id, source.source_id, limit=500)
        return {page.url.removeprefix(site.url("")): page for page in shown}

    return show
