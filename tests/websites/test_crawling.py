"""Websites as sources: a real website on this machine, crawled into a real database."""

from __future__ import annotations

import io
from typing import Any
from uuid import UUID

import pytest
from reportlab.pdfgen.canvas import Canvas
from sqlalchemy import text

from leanrag.websites import Websites
from tests.crawl.website import Answer, Website
from tests.product_parts import Parts, counted_statistics, recounted_statistics
from tests.websites.shop_site import Crawl, passages, shop


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


def test_pages_beyond_the_limit_are_dropped_when_others_take_their_place(
    site: Website, parts: Parts, tenant_id: UUID, crawl: Crawl
):
    shop(site, "/a", "/b")
    source = crawl(max_pages=3)
    assert set(passages(parts, tenant_id, source)) == {"", "a", "b"}
    shop(site, "/c", "/d", "/a", "/b")
    assert set(passages(parts, tenant_id, crawl())) == {"", "c", "d"}


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
