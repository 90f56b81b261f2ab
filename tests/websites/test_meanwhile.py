"""What happens to a website while it is crawled: stopped, deleted, edited, crawled twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import BinaryIO
from uuid import UUID

from sqlalchemy import select

from db.models import ChunkRow, PassageEdit, SitePage, Source
from leanrag.guarded_database import GuardedDatabase
from leanrag.websites import Websites, WebsiteStart
from tests.crawl.website import Website
from tests.product_parts import Parts, counted_statistics, make_parts, recounted_statistics
from tests.websites.shop_site import Crawl, passages, shop


def test_an_edit_stays_when_the_site_is_crawled_again(
    site: Website, parts: Parts, tenant_id: UUID, crawl: Crawl
):
    shop(site, "/a", "/b")
    source = crawl()
    with parts.database.tenant(tenant_id) as session:
        chunk = session.scalars(
            select(ChunkRow).where(ChunkRow.tenant_id == tenant_id, ChunkRow.url == site.url("/a"))
        ).one()
        session.add(
            PassageEdit(
                tenant_id=tenant_id,
                source_id=source.source_id,
                position=chunk.position,
                original_hash=chunk.content_hash,
                original_text=chunk.full_text,
                edited_text="A person's own words.",
            )
        )
    site.add_page("/b", text="Nothing of what stood here before is left on this page.")
    after = passages(parts, tenant_id, crawl())
    assert after["a"] == "A person's own words."
    assert "Nothing of what stood" in after["b"]


def _on_request(site: Website, path: str, act: Callable[[], None]) -> None:
    """Let something happen while a page is being sent."""
    body = site.pages[path].body
    assert isinstance(body, str)

    def write(output: BinaryIO, _stopping: threading.Event) -> None:
        act()
        output.write(body.encode())

    site.add(path, write)


def test_a_crawl_that_is_stopped_ends_within_one_request(
    site: Website, parts: Parts, tenant_id: UUID, crawl: Crawl
):
    shop(site, "/a", "/b", "/c")
    before = passages(parts, tenant_id, crawl())
    site.add_page("/a", text="Nothing of what stood here before is left on this page.")
    (source,) = parts.sources.list(tenant_id)
    _on_request(site, "/a", lambda: _stop(parts, tenant_id, source.source_id))
    site.requests.clear()
    stopped = crawl()
    assert stopped.status == "cancelled"
    assert site.asked() == ["/", "/a"]
    assert passages(parts, tenant_id, stopped) == before
    shop(site, "/a", "/b", "/c")
    assert crawl().status == "processed"


def _stop(parts: Parts, tenant_id: UUID, source_id: UUID) -> None:
    parts.ingest.cancel(tenant_id, source_id)


def test_a_website_that_is_deleted_while_it_is_crawled_leaves_nothing(
    site: Website, parts: Parts, tenant_id: UUID, websites: Websites
):
    shop(site, "/a", "/b", "/c")
    source = websites.add(tenant_id, WebsiteStart(site.url("/")), enqueue=False).source
    _on_request(site, "/a", lambda: parts.sources.delete(tenant_id, source.source_id))
    parts.ingest.process(tenant_id, source.source_id)
    assert site.asked() == ["/", "/a"]
    with parts.database.tenant(tenant_id) as session:
        for model in (Source, SitePage, ChunkRow):
            query = select(model).where(model.tenant_id == tenant_id)
            assert session.scalars(query).all() == []
    assert counted_statistics(parts.database, tenant_id)[0] == 0


def test_a_stop_is_heard_during_a_long_pause(
    site: Website, shared_database: GuardedDatabase, tenant_id: UUID
):
    parts = make_parts(
        shared_database, crawl_allowed_hosts=[site.host], crawl_delay_seconds=30, crawl_max_pages=3
    )
    websites = Websites(parts.database, parts.jobs, parts.settings)
    shop(site, "/a")
    source = websites.add(tenant_id, WebsiteStart(site.url("/")), enqueue=False).source
    running = threading.Thread(target=parts.ingest.process, args=(tenant_id, source.source_id))
    running.start()
    while not websites.pages(tenant_id, source.source_id):
        running.join(0.05)
    _stop(parts, tenant_id, source.source_id)
    running.join(10)
    assert not running.is_alive()
    assert parts.sources.get(tenant_id, source.source_id).status == "cancelled"
    assert site.asked() == ["/"]


def test_a_second_crawl_of_the_same_site_at_once_does_no_harm(
    site: Website, parts: Parts, tenant_id: UUID, websites: Websites
):
    shop(site, "/a", "/b", "/c")
    source_id = websites.add(tenant_id, WebsiteStart(site.url("/")), enqueue=False).source.source_id
    both = [
        threading.Thread(target=parts.ingest.process, args=(tenant_id, source_id)) for _ in "12"
    ]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(30)
    source = parts.sources.get(tenant_id, source_id)
    assert (source.status, source.page_count) == ("processed", 4)
    assert counted_statistics(parts.database, tenant_id) == recounted_statistics(
        parts.database, tenant_id
    )
