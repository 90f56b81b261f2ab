"""Signing in on the page: the address, the six digits, the ticket, and the way out."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from leanrag.bootstrap import Services
from tests import served_console
from tests.served_console import open_console, post_box
from tests.signed_in_api import ADA, BEN

pytestmark = pytest.mark.usefixtures("served_door")


def hold_cookie(door: Services, monkeypatch: pytest.MonkeyPatch) -> str:
    return served_console.hold_cookie(door, monkeypatch, ADA)


def type_address(console: AppTest, address: str) -> AppTest:
    console.text_input(key="sign_in_typed_email").input(address)
    next(button for button in console.button if button.form_id == "sign_in_address").click()
    return console.run()


def type_code(console: AppTest, code: str) -> AppTest:
    console.text_input(key="sign_in_typed_code").input(code)
    next(button for button in console.button if button.form_id == "sign_in_code").click()
    return console.run()


def tickets(console: AppTest) -> list[str]:
    """Return the scripts on the page that take a ticket to the server."""
    return [html.proto.body for html in console.get("html") if "/auth/claim" in html.proto.body]


def test_who_is_not_signed_in_sees_the_form_and_nothing_else(door: Services):
    console = open_console()
    assert [box.key for box in console.text_input] == ["sign_in_typed_email"]
    assert not console.sidebar.button
    name = door.tenants.get(door.local_tenant_id).name
    assert name not in str(console)


def test_an_address_and_its_code_give_a_ticket_once(door: Services):
    came = len(post_box(door).letters)
    console = type_address(open_console(), f"  {ADA.upper()} ")
    assert console.text_input(key="sign_in_typed_code")
    console = type_code(console, post_box(door).code(came + 1))
    assert len(tickets(console)) == 1
    assert not tickets(console.run())


def test_an_address_that_nobody_has_is_answered_the_same(door: Services):
    known = type_address(open_console(), ADA)
    unknown = type_address(open_console(), "nobody@demo.example")
    said = [[e.value for e in (*page.markdown, *page.caption)] for page in (known, unknown)]
    assert said[0] == [text.replace("nobody@", "ada@") for text in said[1]]


def test_a_wrong_code_is_told_in_a_sentence_and_can_be_typed_again(door: Services):
    came = len(post_box(door).letters)
    console = type_code(type_address(open_console(), ADA), "000000x")
    assert "wrong" in console.error[0].value
    assert not tickets(console)
    console = type_code(console, post_box(door).code(came + 1))
    assert tickets(console)


def test_what_is_no_address_is_told_in_a_sentence(door: Services):
    console = type_address(open_console(), "no address")
    assert len(console.error) == 1
    assert [box.key for box in console.text_input] == ["sign_in_typed_email"]


def test_a_session_opens_the_pages_and_signing_out_closes_them(
    door: Services, monkeypatch: pytest.MonkeyPatch
):
    secret = hold_cookie(door, monkeypatch)
    console = open_console()
    assert console.sidebar.button(key="shell_sign_out")
    console.button(key="shell_sign_out").click().run()
    assert [box.key for box in console.text_input] == ["sign_in_typed_email"]
    assert door.access.sessions.find(secret) is None


def test_a_session_that_is_revoked_elsewhere_closes_the_page_at_the_next_click(
    door: Services, monkeypatch: pytest.MonkeyPatch
):
    secret = hold_cookie(door, monkeypatch)
    console = open_console()
    found = door.access.sessions.find(secret)
    assert found is not None
    assert found.person_id is not None
    door.access.sessions.revoke_others(found.person_id, keep=None)
    console.run()
    assert [box.key for box in console.text_input] == ["sign_in_typed_email"]


def test_who_belongs_to_two_tenants_chooses_and_keeps_the_choice(
    door: Services, monkeypatch: pytest.MonkeyPatch
):
    second = door.tenants.create("second-shop", "Second Shop")
    door.access.members.ensure_owner(second.tenant_id, ADA)
    hold_cookie(door, monkeypatch)
    console = open_console()
    choice = console.selectbox(key="shell_tenant_choice")
    assert choice.options == [door.tenants.get(door.local_tenant_id).name, "Second Shop"]
    console.session_state["chat_conversation"] = "left over"
    choice.set_value(second.tenant_id).run()
    assert not console.exception
    assert console.selectbox(key="shell_tenant_choice").value == second.tenant_id
    assert "chat_conversation" not in console.session_state
    again = open_console()  # a new tab
    assert again.selectbox(key="shell_tenant_choice").value == second.tenant_id


def test_a_tab_that_somebody_else_goes_on_with_remembers_nothing_of_the_first(
    door: Services, monkeypatch: pytest.MonkeyPatch
):
    door.access.members.ensure_owner(door.local_tenant_id, BEN)
    served_console.hold_cookie(door, monkeypatch, BEN)
    console = open_console(lang="tr")
    console.session_state["account_export"] = "of the first"
    console.run()
    assert "account_export" in console.session_state
    hold_cookie(door, monkeypatch)  # signed in beside it; the tab connects again
    console.run()
    assert not console.exception
    assert "account_export" not in console.session_state
    assert console.sidebar.button(key="shell_sign_out").label == "Çıkış yap"
