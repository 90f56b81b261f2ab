"""Websites as sources: a real website on this machine, crawled into a real database."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from reportlab.pdfgen.canvas import Canvas
from sqlalchemy import select, text

from db.models import ChunkRow, PassageEdit, SitePage, Source
from leanrag.crawl.failures import FetchRefused
from leanrag.errors import ConfigurationError, Conflict, InvalidInput, NotFound
from leanrag.guarded_database import GuardedDatabase
from leanrag.settings import Settings
from leanrag.sources import SourceView
from leanrag.websites import Websites, WebsiteStart
from tests.crawl.website import Answer, Website
from tests.product_parts import (
    Parts,
    add_text,
    counted_statistics,
    make_parts,
    new_tenant,
    recounted_statistics,
)

Crawl = Callable[..., SourceView]


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


def shop(site: Website, *paths: str) -> None:
    site.add_page("/", links=paths)
    for path in paths:
        site.add_page(path)


def passages(parts: Parts, tenant_id: UUID, source: SourceView) -> dict[str, str]:
    """The texts of the passages by the path of their page."""
    chunks = parts.sources.chunks(tenant_id, source.source_id, limit=1000)
    return {urlsplit(chunk.url).path[1:]: chunk.text for chunk in chunks}


def test_a_website_becomes_passages_with_the_addresses_of_their_pages(
    site: Website, parts: Parts, tenant_id: UUID, crawl: Crawl, pages: Any
):
    shop(site, "/delivery", "/returns")
    source = crawl()
    assert (source.status, source.error) == ("processed", None)
    assert (source.form, source.kind, source.page_count) == ("website", "website", 3)
    assert source.byte_size > 0
    assert source.title == site.host.partition(":")[0]
    chunks = parts.sources.chunks(tenant_id, source.source_id)
    assert [chunk.position for chunk in chunks] == list(range(len(chunks)))
    assert {chunk.url for chunk in chunks} == {site.url(p) for p in ("/", "/delivery", "/returns")}
    delivery = next(chunk for chunk in chunks if chunk.url == site.url("/delivery"))
    assert "the item /delivery" in delivery.text
    assert delivery.title == "Page /delivery"
    shown = pages(source)
    assert list(shown) == ["/", "/delivery", "/returns"]
    assert {page.status for page in shown.values()} == {"new"}
    assert shown["/delivery"].depth == 1
    assert shown["/delivery"].character_count > 20
    assert counted_statistics(parts.database, tenant_id) == recounted_statistics(
        parts.database, tenant_id
    )


def test_a_crawl_again_asks_conditionally_and_keeps_what_stands(
    site: Website, parts: Parts, websites: Websites, tenant_id: UUID, crawl: Crawl, pages: Any
):
    shop(site, "/same", "/edited", "/gone", "/broken", "/closed")
    site.add_page("/same", headers={"ETag": '"v1"'})
    before = passages(parts, tenant_id, crawl())
    assert set(before) == {"", "same", "edited", "gone", "broken", "closed"}
    site.add_page("/edited", text="Nothing of what stood here before is left on this page.")
    del site.pages["/gone"]
    site.add("/broken", status=500)
    site.add("/robots.txt", "User-agent: *\nDisallow: /closed\n", content_type="text/plain")
    site.requests.clear()
    source = crawl()
    after = passages(parts, tenant_id, source)
    assert [s.headers.get("if-none-match") for s in site.requests if s.path == "/same"] == ['"v1"']
    assert set(after) == {"", "same", "edited", "broken"}
    assert after["same"] == before["same"]
    assert "Nothing of what stood here" in after["edited"]
    shown = pages(source)
    assert {path: page.status for path, page in shown.items()} == {
        "/": "unchanged",
        "/same": "unchanged",
        "/edited": "changed",
        "/gone": "gone",
        "/broken": "failed",
        "/closed": "refused",
    }
    assert "stays in use" in shown["/broken"].reason
    assert shown["/gone"].character_count == 0
    assert websites.page_counts(tenant_id, source.source_id)["unchanged"] == 2
    closed = websites.pages(tenant_id, source.source_id, status="refused")
    assert [page.url for page in closed] == [site.url("/closed")]


def test_a_page_that_comes_back_is_read_again(
    site: Website, parts: Parts, tenant_id: UUID, crawl: Crawl
):
    shop(site, "/a")
    page = site.pages["/a"] = Answer(site.pages["/a"].body, headers={"ETag": '"v1"'})
    crawl()
    del site.pages["/a"]
    assert set(passages(parts, tenant_id, crawl())) == {""}
    site.pages["/a"] = page
    assert set(passages(parts, tenant_id, crawl())) == {"", "a"}


def test_a_website_that_fails_keeps_its_passages_and_says_why(
    site: Website, parts: Parts, tenant_id: UUID, crawl: Crawl, pages: Any
):
    shop(site, "/a", "/b")
    before = passages(parts, tenant_id, crawl())
    site.add("/robots.txt", status=503)
    source = crawl()
    assert source.status == "failed"
    assert source.error is not None
    assert source.error.startswith("No page of this website could be read: 127.0.0.1 answers 503")
    assert passages(parts, tenant_id, source) == before
    assert {page.status for page in pages(source).values()} == {"failed"}
    del site.pages["/robots.txt"]
    source = crawl()
    assert source.status == "processed"
    assert passages(parts, tenant_id, source) == before


def test_a_website_without_a_page_says_why_its_start_was_not_read(
    site: Website, crawl: Crawl, tenant_id: UUID
):
    assert crawl().error == (
        "No page of this website could be read: the page does not exist any more (404)."
    )


def test_a_redirect_to_the_metadata_service_is_refused(site: Website, crawl: Crawl, pages: Any):
    shop(site, "/a")
    site.pages["/a"] = Answer.redirect("http://169.254.169.254/latest/meta-data/")
    source = crawl()
    assert source.status == "processed"
    shown = pages(source)["/a"]
    assert shown.status in ("refused", "excluded")
    assert shown.character_count == 0


@pytest.mark.parametrize(
    "url",
    ["http://169.254.169.254/", "http://localhost/", "http://10.0.0.1/", "ftp://a.example/", "x"],
)
def test_an_address_that_must_not_be_fetched_is_refused_at_once(
    url: str, websites: Websites, tenant_id: UUID, parts: Parts
):
    with pytest.raises(FetchRefused):
        websites.add(tenant_id, WebsiteStart(url))
    with pytest.raises(FetchRefused):
        websites.add(tenant_id, WebsiteStart("https://shop.example/", hosts=("169.254.169.254",)))
    assert parts.sources.list(tenant_id) == ()


def test_the_same_start_again_is_the_source_that_is_there(
    site: Website, websites: Websites, tenant_id: UUID, parts: Parts
):
    first = websites.add(tenant_id, WebsiteStart(site.url("/"), max_pages=5))
    assert first.job_id is not None
    again = websites.add(tenant_id, WebsiteStart(f"{site.url('/')}index.html#top", title="Other"))
    assert again.is_duplicate
    assert again.job_id is None
    assert again.source == first.source
    assert len(parts.sources.list(tenant_id)) == 1
    with parts.database.tenant(tenant_id) as session:
        queues = session.scalars(
            text("SELECT queue_name FROM procrastinate_jobs WHERE args->>'tenant_id' = :tenant"),
            {"tenant": str(tenant_id)},
        ).all()
    assert queues == ["crawl"]


def test_limits_are_those_of_the_website_and_of_the_instance(
    site: Website, websites: Websites, tenant_id: UUID, crawl: Crawl, pages: Any
):
    shop(site, *[f"/{number}" for number in range(9)])
    source = crawl(max_pages=4)
    assert len(pages(source)) == 4
    websites.recrawl(tenant_id, source.source_id, max_pages=6, enqueue=False)
    assert len(pages(crawl())) == 6
    with pytest.raises(InvalidInput, match="LEANRAG_CRAWL_MAX_PAGES"):
        websites.recrawl(tenant_id, source.source_id, max_pages=201)
    with pytest.raises(InvalidInput, match="LEANRAG_CRAWL_MAX_DEPTH"):
        websites.add(tenant_id, WebsiteStart(site.url("/x"), max_depth=9))
    with pytest.raises(InvalidInput):
        websites.add(tenant_id, WebsiteStart(site.url("/x"), max_pages=0))


def test_pages_beyond_the_limit_are_dropped_when_others_take_their_place(
    site: Website, parts: Parts, tenant_id: UUID, crawl: Crawl
):
    shop(site, "/a", "/b")
    source = crawl(max_pages=3)
    assert set(passages(parts, tenant_id, source)) == {"", "a", "b"}
    shop(site, "/c", "/d", "/a", "/b")
    assert set(passages(parts, tenant_id, crawl())) == {"", "c", "d"}


def test_another_tenant_sees_neither_the_source_nor_its_pages(
    site: Website, websites: Websites, parts: Parts, crawl: Crawl
):
    shop(site)
    source = crawl()
    stranger = new_tenant(parts.database)
    with pytest.raises(NotFound):
        websites.pages(stranger, source.source_id)
    with pytest.raises(NotFound):
        websites.recrawl(stranger, source.source_id)


def test_a_file_is_no_website(websites: Websites, parts: Parts, tenant_id: UUID):
    source = add_text(parts.ingest, tenant_id, "A text of its own.")
    with pytest.raises(Conflict, match="no website"):
        websites.recrawl(tenant_id, source.source_id)
    assert websites.pages(tenant_id, source.source_id) == ()


def test_a_pdf_of_the_site_is_read_with_its_pages(
    site: Website, parts: Parts, tenant_id: UUID, crawl: Crawl, pages: Any, two_page_pdf: bytes
):
    shop(site, "/price-list.pdf", "/broken.pdf")
    site.add("/price-list.pdf", two_page_pdf, content_type="application/pdf")
    site.add("/broken.pdf", b"%PDF-1.4 nothing", content_type="application/pdf")
    source = crawl()
    chunks = parts.sources.chunks(tenant_id, source.source_id)
    found = {chunk.page: chunk.text for chunk in chunks if chunk.url.endswith(".pdf")}
    assert "forty lira" in found[1]
    assert "ninety lira" in found[2]
    shown = pages(source)
    assert shown["/price-list.pdf"].status == "new"
    assert shown["/broken.pdf"].status == "excluded"
    assert "damaged" in shown["/broken.pdf"].reason
    again = crawl()
    assert pages(again)["/price-list.pdf"].status == "unchanged"
    assert again.passage_count == source.passage_count


@pytest.fixture
def two_page_pdf() -> bytes:
    output = io.BytesIO()
    canvas = Canvas(output, pagesize=(595, 842))
    for price in ("forty", "ninety"):
        for row in range(40):
            line = f"Delivery to zone {row} costs {price} lira in all of its cities."
            canvas.drawString(72, 780 - 15 * row, line)
        canvas.showPage()
    canvas.save()
    return output.getvalue()


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


def test_a_sitemap_names_the_pages(
    site: Website, parts: Parts, tenant_id: UUID, crawl: Crawl, pages: Any
):
    shop(site, "/a", "/b", "/c")
    named = "".join(f"<url><loc>{site.url(path)}</loc></url>" for path in ("/a", "/c"))
    site.add("/sitemap.xml", f"<urlset>{named}</urlset>", content_type="application/xml")
    source = crawl("/sitemap.xml")
    assert list(pages(source)) == ["/a", "/c"]
    assert source.title == "127.0.0.1"
    site.add("/sitemap.xml", "<urlset></urlset>", content_type="application/xml")
    other = crawl("/sitemap.xml")
    assert (other.status, set(pages(other))) == ("processed", {"/a", "/c"})  # known ones are asked


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


def test_hosts_are_allowed_by_a_list_with_commas(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LEANRAG_CRAWL_ALLOWED_HOSTS", " intranet.example, wiki.example:9000,, ")
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    assert settings.crawl_allowed_hosts == ("intranet.example", "wiki.example:9000")
    monkeypatch.setenv("LEANRAG_CRAWL_ALLOWED_HOSTS", "")
    assert Settings(_env_file=None).crawl_allowed_hosts == ()  # type: ignore[call-arg]


def test_an_allowed_host_that_is_none_is_told_at_the_start(parts: Parts):
    settings = parts.settings.model_copy(update={"crawl_allowed_hosts": ("http://a/b",)})
    with pytest.raises(ConfigurationError, match="allowed host"):
        Websites(parts.database, parts.jobs, settings)


def test_processing_a_website_again_is_another_crawl(
    site: Website, parts: Parts, tenant_id: UUID, crawl: Crawl
):
    shop(site, "/a")
    source = crawl()
    site.add_page("/a", text="Nothing of what stood here before is left on this page.")
    parts.ingest.reprocess(tenant_id, source.source_id, chunk_tokens=64)
    with parts.database.tenant(tenant_id) as session:
        query = text("SELECT queue_name FROM procrastinate_jobs WHERE args->>'tenant_id' = :tenant")
        assert session.scalars(query, {"tenant": str(tenant_id)}).all() == ["crawl"]
    parts.ingest.process(tenant_id, source.source_id)
    assert "Nothing of what" in passages(parts, tenant_id, source)["a"]
