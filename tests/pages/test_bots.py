"""The page of bots: listed, made, renamed and deleted, and which of them the chat page talks to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from streamlit.testing.v1 import AppTest

from leanrag.audit import AuditFilter
from leanrag.bootstrap import Services
from leanrag.bots import BotView
from pages._bots_list import BOTS_PER_PAGE
from tests.product_parts import ask
from tests.served_console import hold_cookie, open_console
from tests.signed_in_api import ADA

pytestmark = pytest.mark.usefixtures("served_door")
LONG = "ن" * 100 + "W" * 100


@pytest.fixture
def ada(door: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    """The services of a console that its owner is signed in at; its first bot alone is kept."""
    hold_cookie(door, monkeypatch, ADA)
    tenant_id = door.local_tenant_id
    yield door
    for bot in door.bots.list(tenant_id)[1:]:
        door.bots.delete(tenant_id, bot.bot_id, confirmed=bot.slug)
    for conversation in door.conversations.list(tenant_id):
        door.conversations.delete(tenant_id, conversation.conversation_id)


def make(door: Services, name: str = "Sales") -> BotView:
    return door.bots.create(door.local_tenant_id, f"b{uuid4().hex[:8]}", name)


def open_bots(bot: str = "") -> AppTest:
    """Open the page of bots, at one of them."""
    page = open_console("bots")
    if bot:
        page.query_params["bot"] = bot
        page.run()
    assert not page.exception
    return page


def texts(page: AppTest) -> str:
    kinds: tuple[Any, ...] = (
        *(page.title, page.subheader, page.markdown, page.caption, page.text),
        *(page.success, page.error, page.info, page.warning),
    )
    said = "\n".join(str(element.value) for elements in kinds for element in elements)
    return said.replace("\u2068", "").replace("\u2069", "").replace("\\", "")


def submit(page: AppTest, form: str) -> AppTest:
    next(button for button in page.button if button.form_id == form).click().run()
    assert not page.exception
    return page


def create(page: AppTest, name: str, slug: str = "") -> AppTest:
    page.button(key="bots_new").click().run()
    page.text_input(key="bots_new_name").set_value(name)
    page.text_input(key="bots_new_slug").set_value(slug)
    return submit(page, "bots_new_form")


def delete(page: AppTest, bot: BotView, typed: str) -> AppTest:
    page.button(key=f"bots_delete_{bot.bot_id}").click().run()
    page.text_input(key="bots_typed").set_value(typed)
    return submit(page, "bots_delete_form")


# ---- the list ---------------------------------------------------------------------------------


def test_the_only_bot_is_listed_and_cannot_be_deleted(ada: Services) -> None:
    page = open_bots()
    (only,) = ada.bots.list(ada.local_tenant_id)
    assert "Pervin" in texts(page)
    assert only.slug in texts(page)
    assert page.button(key=f"bots_delete_{only.bot_id}").disabled
    assert "Answers by default" not in texts(page)


def test_a_bot_is_made_and_opened_and_the_log_says_by_whom(ada: Services) -> None:
    page = create(open_bots(), "Sales & Returns")
    made = ada.bots.find(ada.local_tenant_id, "sales-returns")
    assert made.name == "Sales & Returns"
    assert "Sales &amp; Returns is there" in texts(page)
    assert page.query_params["bot"] in ("sales-returns", ["sales-returns"])
    assert page.text_area
    wanted = AuditFilter(object_kind="bot", object_id=str(made.bot_id))
    (event,) = ada.audit.find(ada.local_tenant_id, wanted).events
    assert (event.actor_name, event.action) == (ADA, "created")


@pytest.mark.parametrize(
    ("name", "slug", "said"),
    [
        ("سماور", "", "A short name has 1 to 63 letters"),
        ("Sales", "Not a slug", "A short name has 1 to 63 letters"),
        (" ", "sales", "needs a name of at most 200"),
        ("Sales", "shop-assistant", "A bot named shop-assistant exists already"),
    ],
)
def test_what_is_wrong_with_a_new_bot_is_told_in_its_form(
    ada: Services, name: str, slug: str, said: str
) -> None:
    page = create(open_bots(), name, slug)
    assert said in texts(page)
    assert len(ada.bots.list(ada.local_tenant_id)) == 1


def test_a_bot_is_renamed_and_keeps_its_short_name(ada: Services) -> None:
    bot = make(ada)
    page = open_bots()
    page.button(key=f"bots_rename_{bot.bot_id}").click().run()
    assert page.text_input(key="bots_rename_name").value == "Sales"
    page.text_input(key="bots_rename_name").set_value("Sales desk")
    submit(page, "bots_rename_form")
    assert "It is called Sales desk now" in texts(page)
    found = ada.bots.find(ada.local_tenant_id, bot.bot_id)
    assert (found.name, found.slug) == ("Sales desk", bot.slug)
    page.button(key=f"bots_rename_{bot.bot_id}").click().run()
    page.text_input(key="bots_rename_name").set_value(" ")
    assert "needs a name" in texts(submit(page, "bots_rename_form"))


def test_a_bot_is_deleted_with_what_is_its_own_once_its_short_name_is_typed(
    ada: Services,
) -> None:
    bot, tenant_id = make(ada), ada.local_tenant_id
    ask(ada.answerer, tenant_id, "Hello!", bot=bot.slug)
    page = open_bots(bot.slug)
    page.button(key=f"bots_delete_{bot.bot_id}").click().run()
    assert "its conversations (1), and the sources that are its own (0)" in texts(page)
    assert "That is not its short name" in texts(delete(page, bot, "shop-assistant"))
    assert len(ada.bots.list(tenant_id)) == 2
    delete(page, bot, bot.slug)
    assert "Sales is deleted" in texts(page)
    assert "bot" not in page.query_params
    assert len(ada.bots.list(tenant_id)) == 1
    assert not ada.conversations.list(tenant_id)


def test_a_bot_that_is_gone_leads_back_to_the_list(ada: Services) -> None:
    page = open_bots("nobody")
    assert "This bot is no longer there" in texts(page)
    assert page.button(key="bots_new") is not None
    bot = make(ada)
    page = open_bots()
    page.button(key=f"bots_delete_{bot.bot_id}").click().run()
    ada.bots.delete(ada.local_tenant_id, bot.bot_id, confirmed=bot.slug)
    page.text_input(key="bots_typed").set_value(bot.slug)
    submit(page, "bots_delete_form")
    assert "This bot is no longer there" in texts(page)


def test_many_bots_come_in_pages_and_are_found_by_name(ada: Services) -> None:
    made = [make(ada, f"Helper n{number}n") for number in range(BOTS_PER_PAGE + 3)]
    page = open_bots()
    assert f"{len(made) + 1} of {len(made) + 1} bots" in texts(page)
    opens = [b for b in page.button if str(b.key).startswith("bots_open_")]
    assert len(opens) == BOTS_PER_PAGE
    page.text_input(key="bots_find").set_value(f"helper N{BOTS_PER_PAGE + 2}n").run()
    assert [b.key for b in page.button if str(b.key).startswith("bots_open_")] == [
        f"bots_open_{made[-1].bot_id}"
    ]
    page.text_input(key="bots_find").set_value("zanzibar").run()
    assert "No bot is called like that" in texts(page)


def test_a_very_long_name_is_cut_in_the_list_and_whole_on_its_page(ada: Services) -> None:
    bot = make(ada, LONG)
    assert LONG not in texts(open_bots())
    assert LONG in texts(open_bots(bot.slug))


# ---- the chat page ------------------------------------------------------------------------------


def chosen(page: AppTest) -> str:
    return str(page.selectbox(key="chat_bot_choice").value)


def heading(page: AppTest) -> str:
    return page.subheader[0].value


def test_with_one_bot_the_chat_page_offers_no_choice(ada: Services) -> None:
    page = open_console("chat")
    assert not [box for box in page.selectbox if box.key == "chat_bot_choice"]
    assert "bot" not in page.query_params
    assert "Pervin" in heading(page)


def test_a_new_conversation_is_with_the_bot_that_was_chosen(ada: Services) -> None:
    bot, tenant_id = make(ada), ada.local_tenant_id
    page = open_console("chat")
    assert chosen(page) == "shop-assistant"
    page.selectbox(key="chat_bot_choice").select(bot.slug).run()
    assert page.query_params["bot"] in (bot.slug, [bot.slug])
    assert "chat_example_1" not in {button.key for button in page.button}
    page.chat_input(key="chat_input").set_value("Hello!").run()
    assert not page.exception
    (conversation,) = ada.conversations.list(tenant_id)
    assert conversation.bot_id == bot.bot_id
    assert heading(page) == "Sales"
    assert "bot" not in page.query_params
    opened = page.button(key=f"chat_open_{conversation.conversation_id}")
    assert opened.label.startswith(":gray-badge[Sales] ")
    page.button(key="chat_new").click().run()
    assert chosen(page) == bot.slug


def test_an_address_with_a_bot_begins_a_conversation_with_it(ada: Services) -> None:
    bot, tenant_id = make(ada), ada.local_tenant_id
    ask(ada.answerer, tenant_id, "Hello!")
    (conversation,) = ada.conversations.list(tenant_id)
    page = open_console("chat", conversation=str(conversation.conversation_id))
    assert "Pervin" in heading(page)
    page = open_console("chat", bot=bot.slug)
    assert chosen(page) == bot.slug
    page = open_console("chat", bot=str(bot.bot_id))
    assert chosen(page) == bot.slug


def test_an_open_conversation_shows_its_own_bot(ada: Services) -> None:
    bot, tenant_id = make(ada), ada.local_tenant_id
    ask(ada.answerer, tenant_id, "Hello!", bot=bot.slug)
    (conversation,) = ada.conversations.list(tenant_id)
    page = open_console("chat", conversation=str(conversation.conversation_id))
    assert heading(page) == "Sales"
    page.chat_input(key="chat_input").set_value("Thanks!").run()
    assert len(ada.conversations.list(tenant_id)) == 1


def test_a_bot_that_is_unknown_or_gone_gives_way_to_the_first(ada: Services) -> None:
    bot = make(ada)
    make(ada, "Returns")
    page = open_console("chat", bot="nobody")
    assert chosen(page) == "shop-assistant"
    page.selectbox(key="chat_bot_choice").select(bot.slug).run()
    ada.bots.delete(ada.local_tenant_id, bot.bot_id, confirmed=bot.slug)
    page.run()
    assert not page.exception
    assert chosen(page) == "shop-assistant"
