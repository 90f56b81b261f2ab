"""The retrieval page on the real product: one question, a file of them, stop and download."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import pages._services
from leanrag.bootstrap import Services
from pages._retrieval_many import Trial
from tests.product_parts import add_text, new_tenant
from tests.served_console import open_console

APP = str(Path(pages._services.__file__).parent.parent / "app.py")
DELIVERY = "Parcels for Istanbul take three working days and cost 95 lira."
KETTLE = "The Nar kettle holds 1.2 litres and takes three minutes to boil in Istanbul."
QUESTION = "How many days do parcels to Istanbul take?"
FILE = f"question;expected\n{QUESTION};three working days\nWhat holds the Nar kettle?;9 litres\n"


@pytest.fixture
def own(services: Services, monkeypatch: pytest.MonkeyPatch) -> Services:
    """The services of a tenant with two sources."""
    own = replace(services, local_tenant_id=new_tenant(services.database))
    add_text(own.ingest, own.local_tenant_id, DELIVERY, name="delivery.txt", kind="faq")
    add_text(own.ingest, own.local_tenant_id, KETTLE, name="kettle.txt", kind="product")
    monkeypatch.setattr(pages._services, "_services", own)
    return own


def open_page(**query: str) -> AppTest:
    return open_console("retrieval", **query)


def texts(page: AppTest) -> str:
    kinds = (page.markdown, page.caption, page.info, page.warning, page.error, page.success)
    return "\n".join(element.value for elements in kinds for element in elements)


def upload(page: AppTest, data: bytes, name: str = "questions.csv") -> AppTest:
    page.file_uploader[0].set_value([(name, data, "text/csv")]).run()
    assert not page.exception
    return page


def test_an_empty_page_says_what_to_do(own: Services) -> None:
    page = open_page()
    assert "Type a question" in texts(page)
    assert not page.dataframe


def test_a_question_shows_its_passages_scores_and_shares(own: Services) -> None:
    page = open_page()
    page.text_input(key="retrieval_question").set_value(QUESTION).run()
    assert not page.exception
    assert page.query_params["q"] == QUESTION
    assert "2 passages found" in texts(page)
    frame = page.dataframe[0].value
    assert list(frame["rank"]) == [1, 2]
    assert list(frame["plain_rank"]) == [1, 2]
    assert frame["title"][0].lower().startswith("delivery")
    assert frame["score"][0] > frame["score"][1]
    assert len(page.get("plotly_chart")) == 2


def test_a_link_with_a_question_shows_the_same(own: Services) -> None:
    assert "2 passages found" in texts(open_page(q=QUESTION))


def test_the_order_without_the_route_is_the_search_alone(own: Services) -> None:
    page = open_page(q=QUESTION)
    page.segmented_control(key="retrieval_order").set_value("plain").run()
    assert list(page.dataframe[0].value["plain_rank"]) == [1, 2]


@pytest.mark.parametrize("question", ["?!", "word " * 799])
def test_a_question_that_cannot_be_tried_says_why(own: Services, question: str) -> None:
    page = open_page(q=question)
    assert page.error
    assert not page.dataframe


def test_a_question_that_finds_nothing_says_so(own: Services) -> None:
    page = open_page(q="zebra quagga")
    assert "No passage holds enough" in page.warning[0].value
    assert not page.dataframe


def test_a_greeting_is_said_to_be_answered_by_a_fixed_text(own: Services) -> None:
    assert "fixed text answers" in texts(open_page(q="Hello!"))


def test_a_file_of_questions_becomes_a_table_with_its_recall(own: Services) -> None:
    page = upload(open_page(), FILE.encode())
    assert "2 questions, 2 of them say what is expected" in texts(page)
    page.button(key="retrieval_run").click().run()
    assert not page.exception
    tiles = {tile.label: tile.value for tile in page.metric}
    assert tiles["Questions"] == "2"
    assert tiles["Found first"] == "50%"
    frame = page.dataframe[0].value
    assert list(frame["hit"]) == ["Yes", "No"]
    assert frame["rank"].tolist()[0] == 1
    page.toggle(key="retrieval_misses").set_value(True).run()
    assert list(page.dataframe[0].value["hit"]) == ["No"]


def test_the_uploaded_file_leaves_the_session(own: Services) -> None:
    page = upload(open_page(), FILE.encode())
    assert not page.file_uploader[0].value


@pytest.mark.parametrize("data", [b"", b"question\n\n", b'"' + b"a" * 200_000])
def test_a_file_without_questions_is_refused_with_a_sentence(own: Services, data: bytes) -> None:
    page = upload(open_page(), data)
    assert page.error[0].value.endswith(".")
    assert not page.metric


def test_a_stopped_test_shows_what_is_done_and_goes_on(own: Services) -> None:
    lines = "\n".join(f"{QUESTION} {n}" for n in range(12))
    page = upload(open_page(), lines.encode())
    trial: Trial = page.session_state["retrieval_trial"]
    rows = own.retrieval_test.run(own.local_tenant_id, trial.questions)
    trial.rows += [next(rows) for _ in range(5)]  # as if Stop had been pressed here
    page.run()
    assert "Stopped after 5 of 12 questions" in texts(page)
    assert len(page.dataframe[0].value) == 5
    page.button(key="retrieval_run").click().run()
    frame = page.dataframe[0].value
    assert list(frame["number"]) == list(range(1, 13))
    assert "Stopped" not in texts(page)


def test_a_question_that_fails_alone_has_its_sentence_in_the_table(own: Services) -> None:
    page = upload(open_page(), f"{QUESTION}\n?!\n".encode())
    page.button(key="retrieval_run").click().run()
    assert list(page.dataframe[0].value["error"])[1].endswith(".")
