"""A website on the knowledge page: its pages, and the questions that it suggests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import delete
from streamlit.testing.v1 import AppTest

from db.models import SitePage, SuggestedPairRow
from leanrag.bootstrap import Services
from leanrag.suggestions import SuggestionView
from leanrag.websites import SitePageView
from pages._documents_site import PAGES_PER_PAGE, pages_frame
from tests.documents_page import open_page, put_source, texts, wait_until_read
from tests.served_console import keys, open_console

NOW = datetime(2026, 3, 1, tzinfo=UTC)
URL = "https://shop.example/help"


pytestmark = pytest.mark.usefixtures("real_product")


@pytest.fixture
def site(services: Services) -> UUID:
    return put_source(
        services,
        "shop.example",
        kind="website",
        filename="shop.example",
        media_type="text/html",
        origin={"form": "website", "url": "https://shop.example/", "max_pages": 50, "max_depth": 2},
    )


def put_pages(services: Services, site: UUID, **counts: int) -> None:
    tenant_id = services.local_tenant_id
    names = [status for status, count in counts.items() for _ in range(count)]
    with services.database.tenant(tenant_id) as session:
        session.add_all(
            SitePage(
                tenant_id=tenant_id,
                source_id=site,
                url=f"{URL}/{position}",
                position=position,
                status=status,
                reason="" if status == "new" else "The page asks not to be indexed.",
                title=f"Page {position}",
                content="Words." if status == "new" else "",
                fetched_at=NOW,
            )
            for position, status in enumerate(names)
        )


def put_pairs(services: Services, site: UUID, count: int, url: str = URL) -> list[UUID]:
    tenant_id = services.local_tenant_id
    made = [
        SuggestedPairRow(
            tenant_id=tenant_id,
            source_id=site,
            url=url,
            question_key=f"question {number}",
            question=f"What about item {number}?",
            answer=f"Item {number} comes back within {number} days.",
            created_at=NOW + timedelta(seconds=number),
        )
        for number in range(count)
    ]
    with services.database.tenant(tenant_id) as session:
        session.add_all(made)
        session.flush()
        return [row.pair_id for row in made]


def open_site(site: UUID, view: str = "pages") -> AppTest:
    page = open_page(source=str(site))
    page.session_state["documents_view"] = view
    return page.run()


def waiting(services: Services, site: UUID) -> tuple[SuggestionView, ...]:
    return services.suggestions.list(services.local_tenant_id, source_id=site)


# ---- its pages --------------------------------------------------------------------------------


def test_pages_are_listed_with_status_and_reason_a_page_at_a_time(
    services: Services, site: UUID
) -> None:
    put_pages(services, site, new=PAGES_PER_PAGE + 4, excluded=2)
    page = open_site(site)
    assert f"{PAGES_PER_PAGE + 4} of {PAGES_PER_PAGE + 6} pages are in use." in texts(page)
    frame = page.dataframe[0].value
    assert len(frame) == PAGES_PER_PAGE
    assert frame["url"][0] == f"{URL}/0"
    page.pagination(key="documents_site_page").set_value(2).run()
    frame = page.dataframe[0].value
    assert list(frame["status"]) == ["New"] * 4 + ["Left out"] * 2
    assert frame["reason"].iloc[-1] == "The page asks not to be indexed."


def test_pages_of_one_status_are_chosen(services: Services, site: UUID) -> None:
    put_pages(services, site, new=2, gone=3)
    page = open_site(site)
    page.session_state["documents_site_status"] = "gone"
    page.run()
    assert list(page.dataframe[0].value["status"]) == ["Gone"] * 3


def test_a_website_without_pages_says_so(site: UUID) -> None:
    assert "No page has been fetched yet" in texts(open_site(site))


def test_what_is_no_web_address_is_never_a_link() -> None:
    view = SitePageView("javascript:alert(1)", "new", "", "", "x", "en", 0, NOW, 3)
    assert pages_frame([view])["url"].isna().all()


def test_a_website_is_crawled_again_to_other_limits(services: Services, site: UUID) -> None:
    page = open_site(site)
    page.button(key="documents_process").click().run()
    assert page.number_input(key="documents_again_pages").value == 50
    page.number_input(key="documents_again_pages").set_value(7)
    page.number_input(key="documents_again_depth").set_value(1)
    page.button(key="documents_again_yes").click().run()
    origin = services.sources.get(services.local_tenant_id, site).origin
    assert (origin["max_pages"], origin["max_depth"]) == (7, 1)
    services.ingest.cancel(services.local_tenant_id, site)


# ---- suggested questions ----------------------------------------------------------------------


def test_suggestions_are_counted_on_the_page_and_led_to(services: Services, site: UUID) -> None:
    put_pairs(services, site, 12)
    page = open_page()
    assert page.button(key="documents_pairs_open").label == "Suggested questions to look at: 12"
    page.button(key="documents_pairs_open").click().run()
    assert page.header[0].value == "Suggested questions"
    assert "What about item 0?" in texts(page)
    assert page.text[0].value == "Item 0 comes back within 0 days."
    page.pagination(key="documents_pair_page").set_value(2).run()
    assert "What about item 11?" in texts(page)


def test_several_suggestions_are_approved_together_and_become_a_list(
    services: Services, site: UUID
) -> None:
    first, second, third = put_pairs(services, site, 3)
    page = open_site(site, "suggestions")
    for pair_id in (first, third):
        page.checkbox(key=f"documents_pair_choose_{pair_id}").check().run()
    assert "**2 selected**" in texts(page)
    page.button(key="documents_approve_chosen").click().run()
    assert "Approved: 2." in page.toast[0].value
    assert [pair.pair_id for pair in waiting(services, site)] == [second]
    tenant_id = services.local_tenant_id
    (made,) = [s for s in services.sources.list(tenant_id) if s.title == "Approved questions"]
    assert wait_until_read(services, made.source_id).passage_count == 2


def test_a_suggestion_is_approved_in_a_persons_words(services: Services, site: UUID) -> None:
    (pair_id,) = put_pairs(services, site, 1)
    page = open_site(site, "suggestions")
    page.button(key=f"documents_pair_edit_{pair_id}").click().run()
    page.text_area(key=f"documents_pair_a_{pair_id}").set_value("Within thirty days.")
    page.button(key="documents_pair_yes").click().run()
    tenant_id = services.local_tenant_id
    (pair,) = services.suggestions.list(tenant_id, source_id=site, state="approved")
    assert pair.approved_answer == "Within thirty days."
    wait_until_read(
        services,
        next(s.source_id for s in services.sources.list(tenant_id) if "Approved" in s.title),
    )


def test_the_list_of_what_is_approved_is_called_in_the_language_of_the_page(
    services: Services, site: UUID
) -> None:
    (pair_id,) = put_pairs(services, site, 1)
    page = open_console("documents", lang="tr", source=str(site))
    page.session_state["documents_view"] = "suggestions"
    page.run()
    assert "“Onaylanan sorular” listesinin" in texts(page)
    page.button(key=f"documents_approve_{pair_id}").click().run()
    sources = services.sources.list(services.local_tenant_id)
    (made,) = [source for source in sources if source.origin.get("made_of") == "suggestions"]
    assert made.title == "Onaylanan sorular"
    wait_until_read(services, made.source_id)


def test_a_rejected_suggestion_can_be_approved_later(services: Services, site: UUID) -> None:
    (pair_id,) = put_pairs(services, site, 1)
    page = open_site(site, "suggestions")
    page.button(key=f"documents_reject_{pair_id}").click().run()
    assert waiting(services, site) == ()
    assert "No suggestion waits" in texts(page)
    page.session_state["documents_pair_state"] = "rejected"
    page.run()
    assert f"documents_approve_{pair_id}" in keys(page)
    assert f"documents_reject_{pair_id}" not in keys(page)


def test_a_suggestion_that_went_meanwhile_says_so(services: Services, site: UUID) -> None:
    (pair_id,) = put_pairs(services, site, 1)
    page = open_site(site, "suggestions")
    tenant_id = services.local_tenant_id
    with services.database.tenant(tenant_id) as session:
        session.execute(delete(SuggestedPairRow).where(SuggestedPairRow.pair_id == pair_id))
    page.button(key=f"documents_approve_{pair_id}").click().run()
    assert "no longer there" in page.error[0].value


def test_an_address_that_is_none_of_the_web_is_no_link(services: Services, site: UUID) -> None:
    put_pairs(services, site, 1, url="javascript:alert(1)")
    page = open_site(site, "suggestions")
    assert "What about item 0?" in texts(page)
    assert not page.get("link_button")
