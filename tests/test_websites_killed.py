"""A process that crawls is killed: the next one does the rest, and asks for no page twice."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import pytest

from db.models import UsageEvent
from leanrag.errors import DatabaseUnavailable
from leanrag.guarded_database import GuardedDatabase
from leanrag.ingest import processing
from leanrag.ingest.jobs import JobQueue
from leanrag.ingest.pipeline import Upload
from leanrag.websites import Websites, WebsiteStart
from tests.crawl.website import Website
from tests.product_parts import (
    Parts,
    counted_statistics,
    make_parts,
    new_tenant,
    recounted_statistics,
    rows_of,
)

REPOSITORY = Path(__file__).parents[1]
PATHS = [f"/{letter}" for letter in "abcdefgh"]
CRAWLER = """
import sys
from uuid import UUID
from db.engine import make_admin_engine, make_engine, with_driver
from leanrag.guarded_database import GuardedDatabase
from tests.product_parts import make_parts

address, host, tenant_id, source_id = sys.argv[1:]
url = with_driver(address)
database = GuardedDatabase(make_engine(url), make_admin_engine(url))
parts = make_parts(database, crawl_allowed_hosts=[host], crawl_delay_seconds=0)
parts.ingest.process(UUID(tenant_id), UUID(source_id))
"""


@pytest.fixture
def site() -> Iterator[Website]:
    with Website() as running:
        running.add_page("/", links=[*PATHS, "/moved"])
        for path in PATHS:
            running.add_page(path)
        yield running


@pytest.fixture
def parts(shared_database: GuardedDatabase, site: Website) -> Parts:
    return make_parts(shared_database, crawl_allowed_hosts=[site.host], crawl_delay_seconds=0)


@pytest.fixture
def tenant_id(parts: Parts) -> UUID:
    return new_tenant(parts.database)


def kill_at(site: Website, path: str, parts: Parts, tenant_id: UUID, source_id: UUID) -> None:
    """Crawl in a process of its own, which is killed while it awaits this page."""
    whole = site.pages[path]
    asked = threading.Event()

    def never_end(_output: BinaryIO, stopping: threading.Event) -> None:
        asked.set()
        stopping.wait(30)

    site.add(path, never_end)
    address = parts.database.admin_engine.url.render_as_string(hide_password=False)
    words = [address, site.host, str(tenant_id), str(source_id)]
    doomed = subprocess.Popen([sys.executable, "-c", CRAWLER, *words], cwd=REPOSITORY)
    try:
        assert asked.wait(30)
        doomed.send_signal(signal.SIGKILL)
    finally:
        doomed.kill()
        doomed.wait()
    site.pages[path] = whole


def test_the_rest_of_a_killed_crawl_is_done_after_it(site: Website, parts: Parts, tenant_id: UUID):
    websites = Websites(parts.database, parts.jobs, parts.settings)
    source_id = websites.add(tenant_id, WebsiteStart(site.url("/")), enqueue=False).source.source_id
    kill_at(site, "/e", parts, tenant_id, source_id)
    held = parts.sources.get(tenant_id, source_id)
    assert (held.status, held.step, held.passage_count) == ("processing", "extracting", 0)
    kept = websites.pages(tenant_id, source_id)
    assert [page.url for page in kept] == [site.url(path) for path in ("/", *PATHS[:4])]
    asked_before = site.asked()
    assert asked_before == ["/", *PATHS[:5]]
    parts.ingest.process(tenant_id, source_id)
    done = parts.sources.get(tenant_id, source_id)
    assert (done.status, done.page_count) == ("processed", 9)
    assert site.asked()[len(asked_before) :] == [*PATHS[4:], "/moved"]
    chunks = parts.sources.chunks(tenant_id, source_id)
    assert [chunk.url for chunk in chunks] == [site.url(path) for path in ("/", *PATHS)]
    assert counted_statistics(parts.database, tenant_id) == recounted_statistics(
        parts.database, tenant_id
    )
    assert rows_of(parts, tenant_id, UsageEvent) == 0  # the local embedder costs nothing


def test_a_crawl_that_a_person_asks_for_asks_for_all_pages(
    site: Website, parts: Parts, tenant_id: UUID
):
    websites = Websites(parts.database, parts.jobs, parts.settings)
    start = WebsiteStart(site.url("/"))
    source_id = websites.add(tenant_id, start, enqueue=False).source.source_id
    kill_at(site, "/e", parts, tenant_id, source_id)
    websites.recrawl(tenant_id, source_id, enqueue=False)
    site.requests.clear()
    parts.ingest.process(tenant_id, source_id)
    assert site.asked() == ["/", *PATHS, "/moved"]
    assert parts.sources.get(tenant_id, source_id).page_count == 9


def test_a_finished_crawl_is_not_repeated_when_storing_fails(
    site: Website, parts: Parts, tenant_id: UUID, monkeypatch: pytest.MonkeyPatch
):
    websites = Websites(parts.database, parts.jobs, parts.settings)
    start = WebsiteStart(site.url("/"))
    source_id = websites.add(tenant_id, start, enqueue=False).source.source_id

    def break_off(*_given: object, **_named: object) -> None:
        raise DatabaseUnavailable("The database does not answer.")

    with monkeypatch.context() as broken:
        broken.setattr(processing, "replace_passages", break_off)
        with pytest.raises(DatabaseUnavailable):
            parts.ingest.process(tenant_id, source_id)
    site.requests.clear()
    parts.ingest.process(tenant_id, source_id)
    assert site.asked() == []
    assert parts.sources.get(tenant_id, source_id).status == "processed"


def test_a_file_is_read_while_a_site_is_crawled(
    site: Website, shared_database: GuardedDatabase, tenant_id: UUID
):
    slow = {"crawl_delay_seconds": 60, "crawl_max_delay_seconds": 60}
    parts = make_parts(shared_database, crawl_allowed_hosts=[site.host], **slow)
    websites = Websites(parts.database, parts.jobs, parts.settings)
    crawled = websites.add(tenant_id, WebsiteStart(site.url("/"))).source.source_id
    queue = JobQueue(parts.database.engine.url)
    queue.start_worker(parts.ingest.process)
    try:
        _until(lambda: parts.sources.get(tenant_id, crawled).status == "processing")
        file = parts.ingest.accept(tenant_id, Upload("a.txt", b"A text to be read now.")).source
        _until(lambda: parts.sources.get(tenant_id, file.source_id).status == "processed")
        assert parts.sources.get(tenant_id, crawled).status == "processing"
        parts.ingest.cancel(tenant_id, crawled)
        _until(lambda: parts.sources.get(tenant_id, crawled).status == "cancelled")
    finally:
        queue.close()


def _until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "It did not come true in time."
        time.sleep(0.05)
