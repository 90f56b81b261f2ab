"""Adding files: taken over and let go, refused with a sentence, looked at before they are added."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import pages._documents_add_preview as preview
from leanrag.bootstrap import Services
from leanrag.ingest.pipeline import Ingest
from tests.knowledge_page import added, choose, open_page, opened_page, speak, texts

NOTES = "# Opening hours\n\n" + "\n\n".join(
    f"## Shop {i}\n\nThe shop of district {i} opens at nine and closes at {i % 5 + 17}."
    for i in range(24)
)


@pytest.fixture
def page(services: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    with opened_page(services, monkeypatch) as opened:
        yield opened


def give(page: AppTest, *files: tuple[str, bytes]) -> AppTest:
    uploader = page.file_uploader[0]
    uploader.set_value([(name, data, "application/octet-stream") for name, data in files]).run()
    assert not page.exception
    return page


def add(page: AppTest, *files: tuple[str, bytes]) -> AppTest:
    give(page, *files).button(key="documents_add").click().run()
    assert not page.exception
    return page


def test_a_file_is_added_and_read(page: AppTest, services: Services) -> None:
    add(page, ("hours.md", NOTES.encode()))
    source = added(services, "Opening hours")
    assert source.status == "processed"
    assert f"Ready, with {source.passage_count} passages." in texts(page.run())


def test_the_upload_leaves_the_session_when_it_was_taken_over(page: AppTest) -> None:
    add(page, ("hours.md", NOTES.encode()))
    assert page.file_uploader[0].value == []
    assert page.button(key="documents_add").disabled


def test_the_same_file_again_is_said_to_be_there_and_can_be_opened(
    page: AppTest, services: Services
) -> None:
    add(page, ("hours.md", NOTES.encode()))
    source = added(services, "Opening hours")
    add(page, ("copy-of-hours.md", NOTES.encode()))
    assert "already there as “Opening hours”" in page.info[0].value
    page.button(key=f"documents_outcome_{source.source_id}").click().run()
    assert page.query_params["source"] == str(source.source_id)


def test_what_was_said_can_be_closed(page: AppTest, services: Services) -> None:
    add(page, ("fake.pdf", b"\x89PNG\r\n\x1a\n" + bytes(500)))
    assert "LeanRAG reads PDF" in texts(page)
    page.button(key="documents_outcomes_close").click().run()
    assert "LeanRAG reads PDF" not in texts(page)


def test_a_file_over_the_limit_is_told_both_sizes(page: AppTest, services: Services) -> None:
    limit = services.settings.max_file_bytes
    add(page, ("big.txt", b"a" * (limit + 6 * 2**20)))
    assert "31 MB" in texts(page)
    assert "25 MB; split it" in texts(page).replace("the limit is ", "")


def test_one_bad_file_does_not_keep_the_good_ones_out(page: AppTest, services: Services) -> None:
    add(page, ("fake.pdf", b"\x89PNG\r\n\x1a\n" + bytes(500)), ("hours.md", NOTES.encode()))
    assert "LeanRAG reads PDF" in texts(page)
    assert added(services, "Opening hours").status == "processed"


def test_a_refused_file_is_told_in_the_language_of_the_interface(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    speak(monkeypatch, "fa")
    persian = add(open_page(), ("fake.pdf", b"\x89PNG\r\n\x1a\n" + bytes(500)))
    assert "نوع این فایل دیگر است" in texts(persian)


def test_kind_quoting_and_tags_go_with_the_file(page: AppTest, services: Services) -> None:
    page.toggle(key="documents_citable_files").set_value(False).run()
    assert "never quote, name or link it" in texts(page)
    page.selectbox(key="documents_kind").set_value("manual").run()
    page.session_state["documents_tags_files"] = ["shops"]
    add(page, ("hours.md", NOTES.encode()))
    source = added(services, "Opening hours")
    assert (source.kind, source.is_citable, source.tags) == ("manual", False, ("shops",))


def test_a_cut_is_shown_before_anything_is_stored(page: AppTest, services: Services) -> None:
    before = services.sources.list(services.local_tenant_id)
    give(page, ("hours.md", NOTES.encode()))
    page.toggle(key="documents_look").set_value(True).run()
    assert "**24** passages" in texts(page)
    assert "Shop 0" in texts(page)
    assert "district 0 opens" in page.text[0].value
    page.pagination[0].set_value(3).run()
    assert [text.value for text in page.text][-1].startswith("The shop of district 23")
    assert services.sources.list(services.local_tenant_id) == before


def test_a_cut_follows_the_size_of_passages_which_goes_with_the_file(
    page: AppTest, services: Services
) -> None:
    long = ". ".join(f"Sentence {i} tells of the kettle and of its lid" for i in range(120)) + "."
    give(page, ("long.txt", long.encode()))
    page.toggle(key="documents_look").set_value(True).run()
    usual = len(page.text)
    page.number_input(key="documents_chunk_tokens").set_value(96).run()
    smaller = next(
        m.value for m in page.markdown if "passages**" in m.value or "** passages" in m.value
    )
    assert int(smaller.split("**")[1]) > usual
    page.button(key="documents_add").click().run()
    assert added(services, "long").passage_count == int(smaller.split("**")[1])


def test_a_file_that_cannot_be_cut_says_why(page: AppTest) -> None:
    give(page, ("broken.pdf", b"%PDF-1.7\n" + b"nothing of use" * 20))
    page.toggle(key="documents_look").set_value(True).run()
    assert "PDF" in page.error[-1].value
    assert not page.exception


def test_a_long_cut_can_be_left_which_ends_its_reading(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = threading.Event()

    def slow(_ingest: Ingest, _upload: Any, *, on_wait: Any) -> tuple[Any, ...]:
        try:
            while True:
                on_wait(3, 10)
                stopped.wait(0.05)
        finally:
            stopped.set()

    monkeypatch.setattr(Ingest, "preview", slow)
    monkeypatch.setattr(preview, "POLL_SECONDS", 0.1)
    give(page, ("hours.md", NOTES.encode()))
    page.toggle(key="documents_look").set_value(True).run()
    assert "3 of 10 pages" in page.get("progress")[0].proto.text
    assert "leaving ends the look" in texts(page)
    assert not stopped.is_set()
    choose(page, "faq")
    assert stopped.wait(20)
