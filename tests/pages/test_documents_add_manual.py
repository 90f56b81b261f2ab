"""Adding instructions: what becomes of the text is said before it is saved."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from leanrag.bootstrap import Services
from tests.knowledge_page import added, choose, opened_page, texts

SHORT = "# Returns\n\nWe take back everything within fourteen days."
LONG = "\n\n".join(
    f"## Rule {n}\n\nRule {n} says that the shop of district {n} is swept at {n % 12} o'clock by"
    " whoever came last, and that the lamps are put out, the doors are shut, the till is counted"
    " and the sum of it is written into the green book that lies under the counter."
    for n in range(40)
)


@pytest.fixture
def page(services: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    with opened_page(services, monkeypatch) as opened:
        yield choose(opened, "manual")


def write(page: AppTest, text: str) -> AppTest:
    page.text_area[0].set_value(text).run()
    assert not page.exception
    return page


def test_a_short_text_is_said_to_stay_whole_and_does(page: AppTest, services: Services) -> None:
    write(page, SHORT)
    assert "Under 1,000 words: it stays one passage." in texts(page)
    page.text_input(key="documents_title_manual_0").set_value("House rules")
    page.button(key="documents_manual_save").click().run()
    source = added(services, "House rules")
    assert (source.kind, source.form, source.passage_count) == ("manual", "manual", 1)
    assert page.text_area[0].value == ""


def test_a_long_text_becomes_as_many_passages_as_were_said(
    page: AppTest, services: Services
) -> None:
    write(page, LONG)
    said = next(c.value for c in page.caption if c.value.startswith("It becomes"))
    page.toggle(key="documents_manual_look").set_value(True).run()
    assert "**Rule 9**" in texts(page)
    page.text_input(key="documents_title_manual_0").set_value("Long rules")
    page.button(key="documents_manual_save").click().run()
    source = added(services, "Long rules")
    assert source.passage_count > 1
    assert f"It becomes {source.passage_count} passages" in said


def test_nothing_written_is_said_and_nothing_saved(page: AppTest, services: Services) -> None:
    before = len(services.sources.list(services.local_tenant_id))
    page.button(key="documents_manual_save").click().run()
    assert "write the text first" in page.error[-1].value
    assert len(services.sources.list(services.local_tenant_id)) == before


def test_the_text_stays_while_another_form_is_open(page: AppTest) -> None:
    write(page, SHORT)
    choose(page, "faq")
    assert "Not saved yet in “Instructions”: 8 words." in texts(page)
    page.button(key="documents_unsaved_manual").click().run()
    assert page.text_area[0].value == SHORT


def test_the_text_stays_while_another_page_of_the_console_is_open(page: AppTest) -> None:
    write(page, SHORT)
    page.switch_page("pages/usage.py").run()
    page.switch_page("pages/documents.py").run()
    assert page.text_area[0].value == SHORT


def test_the_same_text_again_is_said_to_be_there(page: AppTest, services: Services) -> None:
    for _ in range(2):
        write(page, SHORT)
        page.button(key="documents_manual_save").click().run()
        added(services, "Instructions")
    assert "already there as “Instructions”" in page.info[0].value
