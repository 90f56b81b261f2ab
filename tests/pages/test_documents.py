"""The documents page on the real product: add, watch, open, read, delete."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from streamlit.testing.v1 import AppTest

import pages._services
from leanrag.bootstrap import Services
from leanrag.ingest.pipeline import Upload
from leanrag.sources import SourceView
from pages._documents_list import sources_frame
from pages._documents_words import size_text

APP = str(Path(pages._services.__file__).parent.parent / "app.py")
NOTES = "# Opening hours\n\n" + "\n\n".join(
    f"## Shop {i}\n\nThe shop of district {i} opens at nine and closes at {i % 5 + 17}."
    for i in range(24)
)


@pytest.fixture
def page(services: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    """The page, opened; what a test adds is deleted afterwards."""
    monkeypatch.setattr(pages._services, "_services", services)
    tenant_id = services.local_tenant_id
    list_sources = services.sources.list  # the real one: some tests replace it
    before = {source.source_id for source in list_sources(tenant_id)}
    yield open_page()
    for source in list_sources(tenant_id):
        if source.source_id not in before:
            services.sources.delete(tenant_id, source.source_id)


def open_page(**query: str) -> AppTest:
    console = AppTest.from_file(APP, default_timeout=30).run()
    for name, value in query.items():
        console.query_params[name] = value
    return console.switch_page("pages/documents.py").run()


def add(page: AppTest, *files: tuple[str, bytes]) -> AppTest:
    uploader = page.file_uploader[0]
    uploader.set_value([(name, data, "application/octet-stream") for name, data in files]).run()
    page.button(key="documents_add").click().run()
    assert not page.exception
    return page


def added(services: Services, filename: str) -> SourceView:
    """Return the source of a file once it has been read."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for source in services.sources.list(services.local_tenant_id):
            if source.filename == filename and source.status in ("processed", "failed"):
                return source
        time.sleep(0.1)
    pytest.fail(f"{filename} was not read within 30 seconds.")


def texts(page: AppTest) -> str:
    kinds = (page.markdown, page.caption, page.success, page.info, page.error, page.subheader)
    return "\n".join(element.value for elements in kinds for element in elements)


def test_a_file_is_added_read_and_listed(page: AppTest, services: Services) -> None:
    add(page, ("hours.md", NOTES.encode()))
    source = added(services, "hours.md")
    page.run()
    assert source.status == "processed"
    assert f"Ready, with {source.passage_count} passages." in texts(page)
    assert "Opening hours" in list(page.dataframe[0].value["title"])


def test_the_upload_leaves_the_session_when_it_was_taken_over(page: AppTest) -> None:
    add(page, ("hours.md", NOTES.encode()))
    assert page.file_uploader[0].value == []
    assert page.button(key="documents_add").disabled


def test_a_file_that_waits_shows_its_progress_in_a_second_browser(
    page: AppTest, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = services.sources.list(services.local_tenant_id)
    waiting = _source(status="processing", step="embedding", progress=45, title="Slow file")
    monkeypatch.setattr(type(services.sources), "list", lambda *_, **__: (waiting, *listed))
    for browser in (page.run(), open_page()):
        progress = browser.get("progress")[0].proto
        assert progress.text == "Computing vectors, 45%: Slow file"
        assert progress.value == 45


def test_the_same_file_twice_is_already_there(page: AppTest, services: Services) -> None:
    add(page, ("hours.md", NOTES.encode()))
    added(services, "hours.md")
    add(page, ("copy-of-hours.md", NOTES.encode()))
    assert "already there as “Opening hours”" in page.info[0].value
    filenames = [s.filename for s in services.sources.list(services.local_tenant_id)]
    assert "copy-of-hours.md" not in filenames


def test_a_file_over_the_limit_is_told_both_sizes(page: AppTest, services: Services) -> None:
    limit = services.settings.max_file_bytes
    add(page, ("big.txt", b"a" * (limit + 6 * 2**20)))
    assert "31 MB" in page.error[1].value
    assert "25 MB" in page.error[1].value


def test_one_bad_file_does_not_keep_the_good_ones_out(page: AppTest, services: Services) -> None:
    add(page, ("fake.pdf", b"\x89PNG\r\n\x1a\n" + bytes(500)), ("hours.md", NOTES.encode()))
    assert "fake" in page.error[1].value
    assert "LeanRAG reads PDF" in page.error[1].value
    assert added(services, "hours.md").status == "processed"


def test_a_learn_only_file_is_stored_as_such(page: AppTest, services: Services) -> None:
    page.toggle(key="documents_citable").set_value(False).run()
    assert "never quote, name or link them" in texts(page)
    add(page, ("hours.md", NOTES.encode()))
    assert not added(services, "hours.md").is_citable


def test_a_failed_source_stands_with_its_reason(
    page: AppTest, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = _source(status="failed", error="This PDF is broken; save it anew.", title="Broken")
    monkeypatch.setattr(type(services.sources), "list", lambda *_, **__: (broken,))
    page.run()
    assert "Broken" in page.error[1].value
    assert "save it anew" in page.error[1].value


def test_a_card_opens_the_source_and_pages_through_its_passages(
    page: AppTest, services: Services
) -> None:
    add(page, ("hours.md", NOTES.encode()))
    source = added(services, "hours.md")
    page.run().button(key=f"documents_card_open_{source.source_id}").click().run()
    assert page.header[0].value == "Opening hours"
    assert page.subheader[0].value == "Passages 1 to 10 of 24"
    assert "district 0 opens" in page.text[0].value
    page.pagination(key="documents_passage_page").set_value(3).run()
    assert page.subheader[0].value == "Passages 21 to 24 of 24"
    assert [text.value for text in page.text][-1].startswith("The shop of district 23")


def test_an_address_of_a_source_that_is_gone_says_so(page: AppTest) -> None:
    page.query_params["source"] = str(uuid4())
    page.run()
    assert "may have been deleted" in page.warning[0].value
    page.button(key="documents_back").click().run()
    assert page.title[0].value == "Documents"


def test_delete_asks_first_and_names_what_goes(page: AppTest, services: Services) -> None:
    add(page, ("hours.md", NOTES.encode()))
    source = added(services, "hours.md")
    page.query_params["source"] = str(source.source_id)
    page.run().button(key="documents_delete").click().run()
    assert "its 24 passages are deleted for good" in texts(page)
    ids = {s.source_id for s in services.sources.list(services.local_tenant_id)}
    assert source.source_id in ids
    page.button(key="documents_delete_yes").click().run()
    ids = {s.source_id for s in services.sources.list(services.local_tenant_id)}
    assert source.source_id not in ids
    assert page.title[0].value == "Documents"


def test_an_empty_list_says_what_to_do_next(
    page: AppTest, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(services.sources), "list", lambda *_, **__: ())
    page.run()
    assert "Nothing here yet" in texts(page)
    assert "Choose a file above" in texts(page)
    assert not page.dataframe


def test_a_title_that_holds_markdown_is_shown_as_it_is(page: AppTest, services: Services) -> None:
    services.ingest.add(
        services.local_tenant_id,
        Upload("![x](http://evil.example/a.png).txt", b"Nothing of interest stands here."),
    )
    page.run()
    assert "![x](http" not in "\n".join(button.label for button in page.button)


def test_numbers_and_times_of_the_list_sort_as_such() -> None:
    frame = sources_frame([_source(token_count=9), _source(token_count=1200, page_count=3)])
    assert list(frame.sort_values("tokens")["tokens"]) == [9, 1200]
    assert frame["pages"].isna().tolist() == [True, False]


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
