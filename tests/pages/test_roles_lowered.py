"""A role lowered, or a session ended, between the drawing of a page and a click on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from leanrag.identity import identify
from leanrag.permissions import Role
from tests.signed_in_pages import Console, Shop, email_of


@pytest.fixture
def lowered(shop: Shop) -> Iterator[Callable[[Role], None]]:
    """Make the manager a viewer, and a manager again afterwards."""
    members, people = shop.services.access.members, shop.services.access.people
    owner, manager = people.find(email_of("owner")), people.find(email_of("manager"))
    assert owner is not None
    assert manager is not None

    def give(role: Role) -> None:
        members.change_role(identify(owner), manager.person_id, role)

    yield give
    give("manager")


def test_a_button_that_was_drawn_before_a_role_was_lowered_does_nothing(
    shop: Shop, console: Console, lowered: Callable[[Role], None]
) -> None:
    source_id = shop.sources["file"]
    seen = console.visit(
        "documents", shop.cookie(email_of("manager")), query={"source": str(source_id)}
    )
    lowered("viewer")
    browser = seen.browser.toggle(key=f"documents_enabled_{source_id}").set_value(False).run()
    assert not browser.exception
    assert "Your role in this tenant does not allow this" in browser.error[0].value
    assert shop.services.sources.get(shop.tenant_id, source_id).enabled
    assert not browser.toggle


def test_a_question_that_was_typed_before_a_role_was_lowered_is_not_asked(
    shop: Shop, console: Console, lowered: Callable[[Role], None]
) -> None:
    before = shop.services.conversations.list(shop.tenant_id)
    seen = console.visit("chat", shop.cookie(email_of("manager")))
    lowered("viewer")
    browser = seen.browser.chat_input(key="chat_input").set_value("And the price?").run()
    assert not browser.exception
    assert shop.services.conversations.list(shop.tenant_id) == before
    assert not browser.chat_input


def test_a_click_after_the_session_was_ended_does_nothing_and_leads_to_the_sign_in(
    shop: Shop, console: Console
) -> None:
    access, source_id = shop.services.access, shop.sources["file"]
    seen = console.visit(
        "documents", shop.cookie(email_of("manager")), query={"source": str(source_id)}
    )
    manager = access.people.find(email_of("manager"))
    assert manager is not None
    access.sessions.revoke_everything(manager.person_id)
    browser = seen.browser.toggle(key=f"documents_enabled_{source_id}").set_value(False).run()
    assert not browser.exception
    assert browser.text_input(key="sign_in_typed_email") is not None
    assert shop.services.sources.get(shop.tenant_id, source_id).enabled
