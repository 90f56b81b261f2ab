"""What a bot says, on its page: drafted, published, contested, compared and brought back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from streamlit.testing.v1 import AppTest

from db.tenancy import Actor, acting
from leanrag.bootstrap import Services
from leanrag.bot_content import BotContent
from leanrag.bot_version_rows import BotVersion
from leanrag.bots import BotView
from leanrag.router import KeywordRule
from leanrag.tuning import TuningDraft
from pages._bots_draft import on_top
from pages._bots_versions import VERSIONS_PER_PAGE
from tests.served_console import hold_cookie, open_console
from tests.signed_in_api import ADA

pytestmark = pytest.mark.usefixtures("served_door")
SARA = Actor("person", "7", "Sara", "203.0.113.9")


class Desk:
    """A bot of its own for each test, what is stored of it, and what Sara does with it."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.tenant_id = services.local_tenant_id
        self.bot: BotView = services.bots.create(self.tenant_id, f"b{uuid4().hex[:8]}", "Sales")

    @property
    def stored(self) -> BotVersion:
        return self.services.bot_versions.open_draft(self.tenant_id, self.bot.slug)

    @property
    def in_force(self) -> BotVersion:
        return self.services.bot_versions.get(self.tenant_id, self.bot.slug)

    def sara_saves(self, **texts: Any) -> None:
        stored = self.stored
        with acting(SARA):
            self.services.bot_versions.save_draft(
                self.tenant_id,
                self.bot.slug,
                replace(stored.content, **texts),
                edit=stored.stamp.edit,
                based_on=stored.stamp.based_on,
            )

    def sara_publishes(self, note: str = "", **texts: Any) -> None:
        self.sara_saves(**texts)
        edit = self.stored.stamp.edit
        with acting(SARA):
            self.services.bot_versions.publish(self.tenant_id, self.bot.slug, edit=edit, note=note)


@pytest.fixture
def desk(door: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    hold_cookie(door, monkeypatch, ADA)
    made = Desk(door)
    yield made
    door.bots.delete(made.tenant_id, made.bot.bot_id, confirmed=made.bot.slug)
    door.tuning.reset(made.tenant_id)


def open_page(desk: Desk, view: str = "draft") -> AppTest:
    page = open_console("bots")
    page.query_params["bot"] = desk.bot.slug
    page.session_state["bots_view"] = view
    page.run()
    assert not page.exception
    return page


def box(page: AppTest, name: str) -> Any:
    (found,) = [area for area in page.text_area if str(area.key).startswith(f"bots_text_{name}_")]
    return found


def write(page: AppTest, name: str, text: str) -> AppTest:
    box(page, name).set_value(text).run()
    assert not page.exception
    return page


def click(page: AppTest, key: str) -> AppTest:
    page.button(key=key).click().run()
    assert not page.exception
    return page


def texts(page: AppTest) -> str:
    kinds: tuple[Any, ...] = (
        *(page.title, page.subheader, page.markdown, page.caption, page.text),
        *(page.success, page.error, page.info, page.warning),
    )
    said = "\n".join(str(element.value) for elements in kinds for element in elements)
    return said.replace("\u2068", "").replace("\u2069", "").replace("\\", "").replace("\u200b", "")


def publish(page: AppTest, note: str = "") -> AppTest:
    click(page, "bots_publish")
    page.text_input(key="bots_note").set_value(note)
    next(button for button in page.button if button.form_id == "bots_publish_form").click().run()
    assert not page.exception
    return page


# ---- the draft --------------------------------------------------------------------------------


def test_what_is_in_force_is_there_to_be_changed(desk: Desk) -> None:
    page = open_page(desk)
    assert box(page, "persona").value == desk.in_force.content.persona
    assert "No draft is open. In force is version 1." in texts(page)
    assert "bots_discard" not in {button.key for button in page.button}
    assert "Nothing was typed" in texts(click(page, "bots_save"))
    assert desk.stored.stamp.edit == 0
    assert "there is nothing to publish" in texts(click(page, "bots_publish"))


def test_a_draft_is_saved_and_has_no_effect_until_it_is_published(desk: Desk) -> None:
    page = write(open_page(desk), "greeting-fa", "سلام! چه می‌خواهید؟")
    assert "What you typed is not saved yet" in texts(page)
    click(page, "bots_save")
    assert "The draft is saved" in texts(page)
    assert f"Draft saved by {ADA}" in texts(page)
    assert desk.stored.content.greeting == {"fa": "سلام! چه می‌خواهید؟"}
    assert desk.in_force.content.greeting == {}

    publish(page, note="A warmer greeting")
    assert "Version 2 is in force" in texts(page)
    assert desk.in_force.content.greeting == {"fa": "سلام! چه می‌خواهید؟"}
    stamp = desk.in_force.stamp
    assert (stamp.version, stamp.note, stamp.edited_by) == (2, "A warmer greeting", ADA)
    assert "No draft is open. In force is version 2." in texts(page)


def test_what_was_only_typed_is_shown_stored_and_published_in_one_go(desk: Desk) -> None:
    page = write(open_page(desk), "persona", "You sell tea.")
    write(page, "instructions", "Offer a sample.")
    click(page, "bots_publish")
    said = texts(page)
    assert "This changes version 1" in said
    assert "**Persona**" in said
    assert "You sell tea." in said
    publish(page)
    content = desk.in_force.content
    assert (content.persona, content.instructions) == ("You sell tea.", "Offer a sample.")


def test_a_draft_is_discarded_after_a_question(desk: Desk) -> None:
    desk.sara_saves(persona="Draft of Sara.")
    page = open_page(desk)
    assert box(page, "persona").value == "Draft of Sara."
    assert "Draft saved by Sara" in texts(page)
    click(page, "bots_discard")
    assert desk.stored.stamp.edit
    click(page, "bots_discard_yes")
    assert "The draft was discarded" in texts(page)
    assert desk.stored.stamp.edit == 0
    assert box(page, "persona").value == desk.in_force.content.persona


def test_what_was_typed_is_there_after_another_page_was_looked_at(desk: Desk) -> None:
    page = write(open_page(desk), "persona", "Half a sent")
    page.switch_page("pages/usage.py").run()
    page.switch_page("pages/bots.py").run()
    page.query_params["bot"] = desk.bot.slug
    page.run()
    assert box(page, "persona").value == "Half a sent"


def test_the_prompt_s_tokens_are_counted_against_its_limit(desk: Desk) -> None:
    page = open_page(desk)
    assert "of 350 tokens" in page.get("progress")[0].proto.text
    write(page, "instructions", "Be kind to everybody. " * 100)
    assert "They can be saved, but not published" in texts(page)
    publish(page)
    assert "too long for the system prompt" in texts(page)
    assert desk.in_force.stamp.version == 1
    assert desk.stored.content.instructions.startswith("Be kind")
    write(page, "instructions", "Be kind.")
    publish(page)
    assert desk.in_force.content.instructions == "Be kind."


# ---- somebody else was quicker ----------------------------------------------------------------


def test_a_draft_that_nobody_typed_over_is_simply_shown_anew(desk: Desk) -> None:
    page = open_page(desk)
    desk.sara_saves(persona="Sara's.")
    page.run()
    assert box(page, "persona").value == "Sara's."
    assert not page.warning


def test_somebody_s_save_is_told_and_what_was_typed_goes_on_top_of_it(desk: Desk) -> None:
    page = write(open_page(desk), "greeting-en", "Hello from Ada!")
    desk.sara_saves(persona="Sara's.", greeting={"fa": "سلام از سارا"})
    click(page, "bots_save")
    said = texts(page)
    assert "Sara saved this draft after you opened it" in said
    assert "What you typed is still here." in said
    assert not page.error
    assert "Hello from Ada!" in said
    assert box(page, "greeting-en").value == "Hello from Ada!"
    assert desk.stored.content.greeting == {"fa": "سلام از سارا"}
    click(page, "bots_moved_mine")
    assert not page.warning
    click(page, "bots_save")
    stored = desk.stored.content
    assert stored.persona == "Sara's."
    assert stored.greeting == {"fa": "سلام از سارا", "en": "Hello from Ada!"}


def test_theirs_may_be_taken_in_place_of_what_was_typed(desk: Desk) -> None:
    page = write(open_page(desk), "persona", "Ada's.")
    desk.sara_saves(persona="Sara's.")
    page.run()
    click(page, "bots_moved_theirs")
    assert box(page, "persona").value == "Sara's."
    assert not page.warning
    assert desk.stored.content.persona == "Sara's."


def test_a_draft_that_was_published_meanwhile_is_told(desk: Desk) -> None:
    desk.sara_saves(persona="Sara's.")
    page = write(open_page(desk), "instructions", "Ada's.")
    versions = desk.services.bot_versions
    with acting(SARA):
        versions.publish(desk.tenant_id, desk.bot.slug, edit=desk.stored.stamp.edit)
    click(page, "bots_save")
    assert "In force is version 2, by Sara" in texts(page)
    click(page, "bots_moved_mine")
    publish(page)
    content = desk.in_force.content
    assert (content.persona, content.instructions) == ("Sara's.", "Ada's.")


def test_a_version_that_changes_the_same_is_a_clash_with_a_way_out(desk: Desk) -> None:
    page = write(open_page(desk), "persona", "Ada's.")
    desk.sara_publishes(persona="Sara's.", instructions="Of Sara.")
    click(page, "bots_publish")
    assert "Version 2 was published since this draft was begun" in texts(page)
    assert "changes the same: Persona" in texts(page)
    click(page, "bots_clash_mine")
    assert "saved on top of version 2" in texts(page)
    publish(page)
    content = desk.in_force.content
    assert (content.persona, content.instructions) == ("Ada's.", "Of Sara.")


def test_routing_that_was_tuned_meanwhile_stays_in_force(desk: Desk) -> None:
    page = write(open_page(desk), "persona", "Ada's.")
    loaded = desk.services.tuning.load(desk.tenant_id)
    rule = KeywordRule("pricing", "en", "zanzibar tariff", 3, True)
    tuned = TuningDraft((*loaded.keywords, rule), loaded.routings, version=loaded.version)
    desk.services.tuning.save(desk.tenant_id, tuned)
    publish(page)
    content = desk.in_force.content
    assert content.persona == "Ada's."
    assert [one.keyword for one in content.routing.keywords] == ["zanzibar tariff"]


def test_texts_that_both_changed_are_mine_and_all_others_theirs() -> None:
    base = BotContent("a", "b", {"en": "x", "fa": "y"}, {"tr": "z"})
    mine = replace(base, persona="mine", greeting={"en": "mine", "fa": "y"}, fallback={})
    theirs = replace(base, persona="theirs", instructions="theirs", greeting={"fa": "theirs"})
    assert on_top(base, mine, theirs) == BotContent(
        "mine", "theirs", {"fa": "theirs", "en": "mine"}, {}
    )


# ---- versions ---------------------------------------------------------------------------------


def test_versions_are_listed_shown_compared_and_brought_back(desk: Desk) -> None:
    desk.sara_publishes(note="Warmer", persona="Second.")
    desk.sara_publishes(persona="Third.")
    row = f"{desk.bot.bot_id}_2"
    page = open_page(desk, "versions")
    said = texts(page)
    assert said.index("Version 3") < said.index("Version 2")
    assert "by Sara" in said
    assert "Warmer" in said
    assert f"bots_back_{desk.bot.bot_id}_3" not in {button.key for button in page.button}
    assert "Second." in texts(click(page, f"bots_show_{row}"))
    compared = texts(click(page, f"bots_compare_{row}"))
    assert "Before: version 2. After: version 3" in compared
    assert "Second." in compared
    assert "Third." in compared
    click(page, f"bots_back_{row}")
    assert "under a new number" in texts(page)
    page.text_input(key="bots_back_note").set_value("It was better")
    next(button for button in page.button if button.form_id == "bots_back_form").click().run()
    assert "What version 2 said is in force again" in texts(page)
    assert "brings back version 2" in texts(page)
    stamp = desk.in_force.stamp
    assert (stamp.version, stamp.restored_from, stamp.edited_by) == (4, 2, ADA)
    assert stamp.note == "It was better"
    assert desk.in_force.content.persona == "Second."


def test_many_versions_come_in_pages(desk: Desk) -> None:
    for number in range(VERSIONS_PER_PAGE + 1):
        desk.sara_publishes(persona=f"Number {number}.")
    page = open_page(desk, "versions")
    shown = [button for button in page.button if str(button.key).startswith("bots_show_")]
    assert len(shown) == VERSIONS_PER_PAGE


def test_a_greeting_that_was_published_opens_the_conversation(desk: Desk) -> None:
    publish(write(open_page(desk), "greeting-en", "Welcome to *Sales*!"))
    page = open_console("chat", bot=desk.bot.slug)
    assert "Welcome to *Sales*!" in [element.value for element in page.markdown]
