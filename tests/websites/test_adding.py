"""What may be added as a website, to which limits, and who sees it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from leanrag.crawl.failures import FetchRefused
from leanrag.errors import ConfigurationError, Conflict, InvalidInput, NotFound
from leanrag.settings import Settings
from leanrag.websites import Websites, WebsiteStart
from tests.crawl.website import Answer, Website
from tests.product_parts import Parts, add_text, new_tenant
from tests.websites.shop_site import Crawl, shop


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
