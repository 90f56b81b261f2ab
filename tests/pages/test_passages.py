"""The passages page on the real product: search, filter, open in place, edit, undo, review."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from streamlit.testing.v1 import AppTest

import pages._services
from leanrag.bootstrap import Services
from leanrag.errors import ExtractionFailed
from leanrag.ingest.extracted import Chunk
from leanrag.ingest.pipeline import Upload
from leanrag.passage_edits import PassageChange, passage_version
from leanrag.passage_filter import PassageFilter
from leanrag.sources import ChunkView
from tests.product_parts import add_text, new_tenant
from tests.served_console import open_console

APP = str(Path(pages._services.__file__).parent.parent / "app.py")
HOURS = "# Opening hours\n\n" + "\n\n".join(
    f"## Shop {i}\n\nThe shop of district {i} opens at nine and closes at {i % 5 + 17}."
    for i in range(24)
)
SAMOVAR = "سماور برنجی ۲۵ لیر است و در استانبول ساخته می‌شود."
HOSTILE = "<script>alert(1)</script> ![x](http://evil.example/a.png) **bold** $x$"


@pytest.fixture
def own(services: Services, monkeypatch: pytest.MonkeyPatch) -> Services:
    """The services of a tenant without anything."""
    own = replace(services, local_tenant_id=new_tenant(services.database))
    monkeypatch.setattr(pages._services, "_services", own)
    return own


@pytest.fixture
def fed(own: Services) -> Services:
    add_text(own.ingest, own.local_tenant_id, HOURS, name="hours.md")
    add_text(own.ingest, own.local_tenant_id, SAMOVAR, name="samovar.txt", kind="faq")
    return own


def open_page(**query: object) -> AppTest:
    return open_console("passages", **{name: str(value) for name, value in query.items()})


def texts(page: AppTest) -> str:
    kinds = (page.markdown, page.caption, page.success, page.info, page.warning, page.text)
    return "\n".join(element.value for elements in kinds for element in elements)


def first(services: Services, words: str) -> ChunkView:
    browser = services.passage_browser
    return browser.find(services.local_tenant_id, PassageFilter(words=words)).passages[0]


def test_the_newest_passages_are_listed_with_their_number(fed: Services) -> None:
    page = open_page()
    assert "Passages 1 to 20 of 25" in texts(page)
    assert page.text[0].value == SAMOVAR
    page.pagination[0].set_value(2).run()
    assert "Passages 21 to 25 of 25" in texts(page)
    assert page.query_params["page"] == "2"


def test_a_search_is_kept_in_the_address(fed: Services) -> None:
    page = open_page()
    page.text_input(key="passages_words").set_value("district 7").run()
    assert "Passages 1 to 1 of 1" in texts(page)
    assert page.query_params["words"] == "district 7"
    page.button(key="passages_clear").click().run()
    assert "of 25" in texts(page)
    assert "words" not in page.query_params


def test_a_link_shows_what_it_names(fed: Services) -> None:
    page = open_page(kind="faq", language="fa", words="سماور")
    assert [text.value for text in page.text] == [SAMOVAR]
    assert page.selectbox(key="passages_kind").value == "faq"
    assert page.selectbox(key="passages_language").value == "fa"


def test_a_changed_filter_begins_at_its_first_page(fed: Services) -> None:
    page = open_page(page=2)
    page.selectbox(key="passages_kind").set_value("faq").run()
    assert "Passages 1 to 1 of 1" in texts(page)
    assert "page" not in page.query_params


@pytest.mark.parametrize(
    "query",
    [
        {"page": "99"},
        {"page": "x", "kind": "nonsense", "citable": "maybe", "source": "1"},
        {"tag": "\x00", "words": "'; --"},
        {"source": "00000000-0000-0000-0000-000000000000"},
    ],
)
def test_an_address_that_names_nonsense_is_no_failure(fed: Services, query: dict[str, str]) -> None:
    page = open_page(**query)
    assert page.title[0].value == "Passages"


def test_a_filter_that_leaves_nothing_says_what_to_do(fed: Services) -> None:
    page = open_page(words="zebra")
    assert "No passage is like this" in texts(page)
    page.button(key="passages_clear").click().run()
    assert "of 25" in texts(page)


def test_words_that_are_too_common_are_named(fed: Services) -> None:
    assert "left out: \u2068the\u2069" in texts(open_page(words="the shop"))


def test_without_any_passage_the_way_to_documents_is_shown(own: Services) -> None:
    page = open_page()
    assert "No passages yet" in texts(page)
    assert not page.text_input


def test_a_passage_is_shown_word_for_word_and_never_as_html(own: Services) -> None:
    add_text(own.ingest, own.local_tenant_id, HOSTILE, name="hostile.txt")
    page = open_page()
    assert page.text[0].value == HOSTILE
    opened = open_page(passage=first(own, "bold").chunk_id)
    assert HOSTILE in [text.value for text in opened.text]
    for shown in (page, opened):
        markdown = "\n".join(element.value for element in shown.markdown)
        assert "![x](http" not in markdown
        assert "<script>alert" not in markdown


def test_a_passage_opens_between_its_neighbours(fed: Services) -> None:
    passage = first(fed, "district 7")
    page = open_page(words="district 7")
    page.button(key=f"passages_open_{passage.chunk_id}").click().run()
    assert page.header[0].value == "Opening hours"
    assert "Passage 8 of 24" in texts(page)
    shown = [text.value for text in page.text]
    assert [text.split("district ")[1].split()[0] for text in shown] == ["6", "7", "8"]
    page.button(key="passages_go_after").click().run()
    assert "Passage 9 of 24" in texts(page)
    page.button(key="passages_back").click().run()
    assert "Passages 1 to 1 of 1" in texts(page)


@pytest.mark.parametrize(
    ("url", "is_linked"), [("https://shop.example/tea", True), ("javascript:alert(1)", False)]
)
def test_a_time_stamp_and_a_web_page_tell_the_place(
    own: Services, url: str, is_linked: bool
) -> None:
    chunk = Chunk(0, "Film", "", "The samovar boils.", "", "en", 5, "h", label="00:12:05", url=url)
    own.ingest.add_records(
        own.local_tenant_id,
        kind="website",
        title="Film",
        filename="f",
        data=b"f",
        chunks=[chunk],
    )
    page = open_page(passage=first(own, "samovar").chunk_id)
    assert "00:12:05" in texts(page)
    links = [link.proto.url for link in page.get("link_button")]
    assert links == ([url] if is_linked else [])


def test_a_passage_that_is_gone_says_so(fed: Services) -> None:
    page = open_page(passage=uuid4())
    assert "no longer there" in page.warning[0].value


def test_the_page_of_a_pdf_stands_beside_its_passage(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages._services, "_services", services)
    page = open_page(passage=a_pdf_passage(services).chunk_id)
    assert not page.warning
    (shown,) = page.get("image")
    assert shown.proto.imgs[0].caption == "page 1"


def test_a_page_that_cannot_be_drawn_leaves_the_words(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> bytes:
        raise ExtractionFailed("This PDF page is damaged and cannot be shown.")

    monkeypatch.setattr(pages._services, "_services", services)
    monkeypatch.setattr("pages._passages_picture.picture", refuse)
    page = open_page(passage=a_pdf_passage(services).chunk_id)
    assert "damaged" in page.warning[0].value
    assert page.text


def a_pdf_passage(services: Services) -> ChunkView:
    tenant_id = services.local_tenant_id
    source = next(s for s in services.sources.list(tenant_id) if s.media_type == "application/pdf")
    return services.sources.chunks(tenant_id, source.source_id)[0]


@pytest.mark.parametrize(
    ("button", "badge"),
    [("passages_switch_off", "Switched off"), ("passages_learn_only", "Learn only")],
)
def test_a_passage_is_switched_and_the_edit_undone(fed: Services, button: str, badge: str) -> None:
    passage = first(fed, "district 7")
    page = open_page(passage=passage.chunk_id)
    assert badge not in texts(page)
    page.button(key=button).click().run()
    assert "the next question sees it" in texts(page)
    assert badge in texts(page)
    page.button(key="passages_revert").click().run()
    assert badge not in texts(page)
    assert first(fed, "district 7").edit_id is None


def test_several_passages_are_switched_off_at_once(fed: Services) -> None:
    page = open_page(words="district")
    assert not page.checkbox
    page.toggle(key="passages_selecting").set_value(True).run()
    chosen = [first(fed, f"district {n}").chunk_id for n in (3, 4)]
    for passage_id in chosen:
        page.checkbox(key=f"passages_pick_{passage_id}").check()
    page.run()
    page.button(key="passages_bulk_switch_off").click().run()
    assert not page.exception
    assert "2 passages were changed" in texts(page)
    off = fed.passage_browser.find(fed.local_tenant_id, PassageFilter(enabled=False))
    assert {passage.chunk_id for passage in off.passages} == set(chosen)
    assert not any(box.value for box in page.checkbox)


def test_an_edited_text_is_found_by_its_new_words(fed: Services) -> None:
    passage = first(fed, "district 7")
    page = open_page(passage=passage.chunk_id)
    page.button(key="passages_edit").click().run()
    box = page.text_area(key=f"passages_edit_text_{passage.chunk_id}")
    box.set_value("The zebra shop is closed.")
    page.button(key="passages_edit_yes").click().run()
    assert not page.exception
    assert first(fed, "zebra").text == "The zebra shop is closed."
    assert "Edited" in texts(page)


def test_an_edit_of_what_somebody_else_changed_is_refused_and_kept(fed: Services) -> None:
    passage = first(fed, "district 7")
    page = open_page(passage=passage.chunk_id)
    page.button(key="passages_edit").click().run()
    edit(fed, passage, PassageChange(text="Somebody else's words."))
    box = page.text_area(key=f"passages_edit_text_{passage.chunk_id}")
    box.set_value("My own words.")
    page.button(key="passages_edit_yes").click().run()
    assert "Somebody changed this passage" in page.error[0].value
    assert first(fed, "somebody").text == "Somebody else's words."


@pytest.fixture
def reviewed(own: Services) -> Callable[[], str]:
    """A source that changed beneath an edit; the function reads what the passage says."""
    tenant_id = own.local_tenant_id
    before = "The copper kettle holds two litres of water and costs forty lira in the shop."
    source = add_text(own.ingest, tenant_id, before, name="kettle.txt")
    edit(own, first(own, "kettle"), PassageChange(text=f"{before} It is my favourite."))
    after = before.replace("forty", "fifty").encode()
    own.ingest.replace_file(tenant_id, source.source_id, Upload("kettle.txt", after))

    def said() -> str:
        return first(own, "kettle").text

    return said


def test_an_edit_whose_source_changed_waits_for_a_decision(
    own: Services, reviewed: Callable[[], str]
) -> None:
    wait_for_review(own)
    page = open_page()
    assert "their source has changed: 1" in texts(page)
    page.button(key="passages_review").click().run()
    shown = texts(page)
    assert "forty lira" in shown
    assert "my favourite" in shown
    assert "fifty lira" in shown
    review = own.passage_edits.reviews(own.local_tenant_id)[0]
    page.button(key=f"passages_take_newer_{review.edit_id}").click().run()
    assert "No edit waits for a decision" in texts(page)
    assert "fifty" in reviewed()
    assert "favourite" not in reviewed()


def wait_for_review(services: Services) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if services.passage_edits.count_reviews(services.local_tenant_id):
            return
        time.sleep(0.1)
    pytest.fail("The edit was not up for review within 30 seconds.")


def edit(services: Services, passage: ChunkView, change: PassageChange) -> None:
    services.passage_edits.edit(
        services.local_tenant_id, passage.chunk_id, change, expected=passage_version(passage)
    )


def test_a_tenant_sees_only_its_own_passages(fed: Services) -> None:
    assert isinstance(fed.local_tenant_id, UUID)
    assert "Pervin" not in texts(open_page())
