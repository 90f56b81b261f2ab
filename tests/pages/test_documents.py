"""The list of sources on the real product: found, filtered, paged, ticked and changed together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

from leanrag.bootstrap import Services
from leanrag.sources import Sources, SourceView
from pages._documents_list import SOURCES_PER_PAGE, sources_frame
from pages._documents_words import size_text
from tests.documents_page import add_file, open_page, put_source, texts, wait_until_read
from tests.served_console import keys

pytestmark = pytest.mark.usefixtures("real_product")


def titles(page: AppTest) -> list[str]:
    return list(page.dataframe[0].value["title"])


def tick(page: AppTest, *source_ids: UUID) -> AppTest:
    for source_id in source_ids:
        page.checkbox(key=f"documents_choose_{source_id}").check().run()
    return page


def test_what_was_read_is_listed_with_its_facts(services: Services) -> None:
    source = add_file(services, tags=("shops",))
    page = open_page()
    row = page.dataframe[0].value.set_index("title").loc["Opening hours"]
    assert (row["status"], row["language"], row["passages"]) == ("Ready", "English", 24)
    assert row["tags"] == ["shops"]
    assert f"documents_card_open_{source.source_id}" in keys(page)


def test_a_search_is_made_in_the_database_and_kept_in_the_address(services: Services) -> None:
    add_file(services)
    page = open_page()
    page.text_input(key="documents_filter_find").set_value("OPENING hour").run()
    assert titles(page) == ["Opening hours"]
    assert page.query_params["find"] == "OPENING hour"
    assert page.subheader[0].value.startswith("Sources (1 of ")
    assert titles(open_page(find="opening")) == ["Opening hours"]
    page.button(key="documents_clear").click().run()
    assert len(titles(page)) > 1


def test_filters_narrow_the_list_and_are_counted(services: Services) -> None:
    add_file(services, is_citable=False, tags=("internal",))
    page = open_page(citable="no", tag="internal")
    assert titles(page) == ["Opening hours"]
    page.selectbox(key="documents_filter_kind").set_value("website").run()
    assert "No source is like that" in texts(page)
    page.selectbox(key="documents_filter_kind").set_value("").run()
    assert titles(page) == ["Opening hours"]


def test_what_an_address_names_wrongly_is_left_out() -> None:
    assert len(titles(open_page(kind="secrets", status="x", page="999", order="queue"))) > 1


def test_an_order_is_the_databases(services: Services) -> None:
    put_source(services, "Costly", embedding_cost_usd=Decimal("1.5"))
    page = open_page()
    page.selectbox(key="documents_filter_order").set_value("cost").run()
    assert titles(page)[0] == "Costly"
    assert page.query_params["order"] == "cost"


def test_long_lists_are_paged(services: Services) -> None:
    now = datetime.now(UTC)
    for number in range(SOURCES_PER_PAGE + 3):
        made = now - timedelta(seconds=number)
        put_source(services, f"Paged {number:02}", created_at=made)
    page = open_page(find="paged")
    assert titles(page) == [f"Paged {number:02}" for number in range(SOURCES_PER_PAGE)]
    page.pagination(key="documents_page_1").set_value(2).run()
    assert titles(page) == [f"Paged {number:02}" for number in (20, 21, 22)]
    assert page.query_params["page"] == "2"


def test_all_that_was_found_can_be_ticked_across_pages(services: Services) -> None:
    count = SOURCES_PER_PAGE + 2
    for number in range(count):
        put_source(services, f"Bulky {number}")
    page = open_page(find="bulky")
    page.button(key="documents_choose_all").click().run()
    assert f"**{SOURCES_PER_PAGE} selected**" in texts(page)
    page.checkbox(key="documents_everything").check().run()
    assert f"**{count} selected**" in texts(page)
    page.button(key="documents_delete_bulk").click().run()
    page.button(key="documents_delete_yes").click().run()
    assert f"{count} sources were deleted" in texts(page)
    assert "No source is like that" in texts(page)


def test_ticked_sources_are_tagged_and_untagged_together(services: Services) -> None:
    ids = [put_source(services, f"Tagged {number}", tags=["old"]) for number in (1, 2)]
    page = tick(open_page(find="tagged"), *ids)
    page.selectbox(key="documents_bulk_tag").set_value("old").run()
    page.button(key="documents_bulk_tag_remove").click().run()
    views = [services.sources.get(services.local_tenant_id, source_id) for source_id in ids]
    assert [view.tags for view in views] == [(), ()]
    page.button(key="documents_undo").click().run()
    views = [services.sources.get(services.local_tenant_id, source_id) for source_id in ids]
    assert [view.tags for view in views] == [("old",), ("old",)]
    assert "Undone" in texts(page)


def test_ticked_sources_are_processed_again_each_as_it_was_cut(services: Services) -> None:
    small = add_file(services, "small.md", chunk_tokens=64)
    page = tick(open_page(find="small"), small.source_id)
    page.button(key="documents_bulk_process").click().run()
    assert "1 sources are being read again" in texts(page)
    again = wait_until_read(services, small.source_id)
    assert (again.chunk_tokens, again.passage_count) == (64, small.passage_count)
    assert again.reused_count == again.passage_count


def test_deleting_many_names_them_and_counts_their_passages(services: Services) -> None:
    first = add_file(services)
    second = add_file(services, "other.txt", "The other shop opens at ten.")
    page = tick(open_page(), first.source_id, second.source_id)
    page.button(key="documents_delete_bulk").click().run()
    said = texts(page)
    assert "25 passages are deleted for good" in said
    assert "**\u2068Opening hours\u2069**" in said
    page.button(key="documents_delete_no").click().run()
    assert services.sources.get(services.local_tenant_id, first.source_id)


def test_a_tick_goes_with_the_source_and_not_with_its_row(services: Services) -> None:
    older = put_source(services, "Ticked one")
    page = tick(open_page(find="ticked"), older)
    put_source(services, "Ticked two", created_at=datetime.now(UTC) + timedelta(minutes=1))
    page.run()
    assert titles(page) == ["Ticked two", "Ticked one"]
    assert page.checkbox(key=f"documents_choose_{older}").value
    assert "**1 selected**" in texts(page)


def test_an_empty_list_says_what_to_do_next(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Sources, "status_counts", lambda *_: {})
    page = open_page()
    assert "Nothing here yet" in texts(page)
    assert "a file, questions and answers" in texts(page)
    assert not page.dataframe


def test_what_was_embedded_before_is_told_of_the_whole_tenant(services: Services) -> None:
    source = add_file(services)
    services.ingest.process_again(services.local_tenant_id, source.source_id)
    assert "24 of " in texts(open_page())
    assert "embedded before and cost nothing" in texts(open_page())


def test_titles_and_tags_that_hold_markdown_are_shown_as_they_are(services: Services) -> None:
    evil = "![x](http://evil.example/a.png) :red[a] <b>"
    put_source(services, evil, tags=["[x](http://evil.example)"], status="failed", error=evil)
    page = open_page()
    said = texts(page) + "\n".join(button.label for button in page.button)
    assert "](http" not in said
    assert ":red[a]" not in said
    assert "<b>" not in said


def test_numbers_and_times_of_the_list_sort_as_such() -> None:
    frame = sources_frame([_source(token_count=9), _source(token_count=1200, page_count=3)])
    assert list(frame.sort_values("tokens")["tokens"]) == [9, 1200]
    assert frame["pages"].isna().tolist() == [True, False]
    assert frame["processed"].isna().all()


@pytest.mark.parametrize(
    ("size", "shown"), [(300, "0.3 KB"), (20 * 1024, "20 KB"), (26214400, "25 MB")]
)
def test_a_size_is_written_in_the_unit_that_fits(size: int, shown: str) -> None:
    assert size_text(size) == shown


def _source(**changes: object) -> SourceView:
    values: dict[str, object] = {
        "source_id": UUID(int=1),
        "bot_id": None,
        "kind": "document",
        "title": "A title",
        "filename": "a.txt",
        "media_type": "text/plain",
        "byte_size": 100,
        "is_citable": True,
        "enabled": True,
        "status": "processed",
        "step": "",
        "progress": 100,
        "error": None,
        "page_count": None,
        "passage_count": 1,
        "token_count": 10,
        "created_at": datetime(2026, 1, 2, tzinfo=UTC),
        "processed_at": None,
    }
    return SourceView(**{**values, **changes})  # type: ignore[arg-type]
