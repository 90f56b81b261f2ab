"""Sources under way, waiting, failed or stopped, as the knowledge page shows and ends them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from streamlit.testing.v1 import AppTest

from leanrag.bootstrap import Services
from tests.documents_page import add_file, open_page, put_source, texts, wait_until_read
from tests.served_console import keys

pytestmark = pytest.mark.usefixtures("real_product")


def bars(page: AppTest) -> list[tuple[str, int]]:
    return [(bar.proto.text, bar.proto.value) for bar in page.get("progress")]


def test_a_source_under_way_shows_its_step_the_same_in_a_second_browser(
    services: Services,
) -> None:
    values = {"status": "processing", "step": "embedding", "step_done": 120, "step_total": 400}
    put_source(services, "Slow file", progress=62, **values)
    for page in (open_page(), open_page()):
        assert bars(page) == [("Computing vectors: 120 of 400 passages · 62%", 62)]
        assert "**Being read (1)**" in texts(page)
        (steps,) = [text.value for text in page.markdown if "Vectors" in text.value]
        assert steps.count(":green-badge") == 3
        assert ":blue-badge[:material/more_horiz: Vectors]" in steps
        assert ":gray-badge[Stored]" in steps


def test_a_website_under_way_counts_the_pages_that_it_fetched(services: Services) -> None:
    values = {"status": "processing", "step": "extracting", "step_done": 7, "step_total": 31}
    put_source(services, "shop.example", progress=12, origin={"form": "website"}, **values)
    page = open_page()
    assert bars(page) == [("Fetching pages: 7 of 31 pages · 12%", 12)]
    assert "Pages fetched" in texts(page)


def test_a_source_that_waits_to_try_again_says_why(services: Services) -> None:
    error = "Waiting to try again: The model provider asked to slow down; try again in a moment."
    put_source(services, "Held up", status="pending", error=error)
    assert "asked to slow down" in texts(open_page())
    assert "در انتظار تلاش دوباره: ارائه‌دهندهٔ مدل" in texts(open_page(lang="fa"))


def test_the_first_few_of_a_long_queue_are_shown_and_the_others_counted(services: Services) -> None:
    for number in range(9):
        put_source(services, f"Queued {number}", status="pending")
    page = open_page()
    assert "**Being read (9)**" in texts(page)
    assert "and 3 more in the queue" in texts(page)
    assert len([key for key in keys(page) if key.startswith("documents_stop_")]) == 6


def test_a_source_is_stopped_and_started_again(services: Services) -> None:
    source_id = put_source(services, "Long job", status="processing", step="cutting")
    page = open_page()
    page.button(key=f"documents_stop_{source_id}").click().run()
    page.run()
    tenant_id = services.local_tenant_id
    assert services.sources.get(tenant_id, source_id).status == "cancelled"
    assert "was stopped before it could be used" in texts(page)
    page.button(key=f"documents_again_{source_id}").click().run()
    # A row without a file: the worker takes it up and says what it finds wrong.
    assert wait_until_read(services, source_id).status == "failed"


def test_what_was_read_before_a_stop_stays_in_use_and_says_so(services: Services) -> None:
    put_source(services, "Stopped", status="cancelled", passage_count=3)
    assert "what was read before stays in use" in texts(open_page())


def test_a_failed_source_stands_with_its_reason_and_the_ways_on(services: Services) -> None:
    source = add_file(services)
    tenant_id = services.local_tenant_id
    failed = put_source(services, "Broken", status="failed", error="This PDF is damaged; x.")
    page = open_page()
    assert "**\u2068Broken\u2069**" in texts(page)
    assert "This PDF is damaged" in texts(page)
    assert f"documents_again_{failed}" in keys(page)
    page.button(key=f"documents_delete_{failed}").click().run()
    page.button(key="documents_delete_yes").click().run()
    left = {one.source_id for one in services.sources.list(tenant_id)}
    assert failed not in left
    assert source.source_id in left


def test_of_many_failed_sources_the_newest_are_shown_and_the_list_is_offered(
    services: Services,
) -> None:
    for number in range(5):
        put_source(
            services,
            f"Broken {number}",
            status="failed",
            error="It broke.",
            created_at=datetime(2026, 5, number + 1, tzinfo=UTC),
        )
    page = open_page()
    page.button(key="documents_failed_more").click().run()
    assert page.query_params["status"] == "failed"
    assert set(page.dataframe[0].value["status"]) == {"Failed"}


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (
            "The newer version was not taken, and the earlier one stays in use: this PDF asks for a"
            " password; save it without one and upload it again.",
            "Yeni sürüm alınmadı, önceki kullanılmaya devam ediyor: Bu dosya parola istiyor",
        ),
        (
            "No page of this website could be read: the website is too busy (503); try again"
            " later.",
            "Bu sitenin hiçbir sayfası okunamadı: Site çok meşgul (503)",
        ),
        ("Something that nobody translated.", "Something that nobody translated."),
    ],
)
def test_reasons_are_told_in_the_interfaces_language(
    services: Services, error: str, shown: str
) -> None:
    put_source(services, "Broken", status="failed", error=error)
    said = texts(open_page(lang="tr")).replace("\\", "")
    assert shown in said


def test_a_source_in_use_that_refused_a_newer_version_carries_a_warning(
    services: Services,
) -> None:
    error = "The newer version was not taken, and the earlier one stays in use: it is damaged."
    source_id = put_source(services, "Handbook", error=error, passage_count=1)
    page = open_page(find="handbook")
    assert list(page.dataframe[0].value["status"]) == ["Ready (newer version refused)"]
    page.button(key=f"documents_card_open_{source_id}").click().run()
    assert "the earlier one stays in use" in page.warning[0].value
    assert not page.error
