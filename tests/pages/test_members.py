"""The page Members: who is one, who may change whom, and what is asked before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

import pages._services
from leanrag.bootstrap import Services
from leanrag.errors import Conflict, Forbidden, InvalidInput, LeanRagError, NotFound
from leanrag.members import MemberView
from leanrag.permissions import ACTIONS, ROLES, Role, may
from pages._members_list import MEMBERS_PER_PAGE
from pages._members_why import why_not
from tests.served_console import keys
from tests.signed_in_pages import Console, Shop, email_of, identity, lower, suspended

BEN = "ben@shop.example"


@pytest.fixture(autouse=True)
def _everybody_as_before(shop: Shop) -> Any:
    yield
    members = shop.services.access.members
    kept = {email_of(role): role for role in ROLES} | {"second@shop.example": "owner"}
    second = identity(shop, "second@shop.example")
    members.ensure_owner(shop.tenant_id, email_of("owner"))
    for member in members.list(shop.tenant_id):
        if member.email not in kept:
            members.remove(second, member.person_id)
        elif member.role != kept[member.email]:
            members.change_role(second, member.person_id, kept[member.email])  # type: ignore[arg-type] # roles
    here = {member.email for member in members.list(shop.tenant_id)}
    for role in ROLES[1:]:
        if email_of(role) not in here:
            members.add(second, email_of(role), role)


def member(shop: Shop, email: str) -> MemberView | None:
    found = shop.services.access.members.list(shop.tenant_id)
    return next((one for one in found if one.email == email), None)


def id_of(shop: Shop, email: str) -> UUID:
    found = member(shop, email)
    assert found is not None
    return found.person_id


def open_page(console: Console, shop: Shop, role: Role = "owner") -> AppTest:
    page = console.visit("members", shop.cookie(email_of(role))).browser
    assert not page.exception
    return page


def said(page: AppTest) -> str:
    kinds = (page.markdown, page.caption, page.info, page.error, page.warning, page.toast)
    more = (*page.subheader, *page.title)
    texts = [*(e.value for kind in kinds for e in kind), *(e.value for e in more)]
    return "\n".join(texts).replace("\u200b", "")  # parts addresses


def add(page: AppTest, email: str, role: Role = "viewer", name: str = "") -> AppTest:
    page.button(key="members_add").click().run()
    page.text_input(key="members_email").input(email)
    page.text_input(key="members_name").input(name)
    page.radio(key="members_role").set_value(role)
    return page.button(key="members_add_yes").click().run()


def test_the_list_says_who_has_which_role_since_when_and_by_whom(console: Console, shop: Shop):
    text = said(open_page(console, shop))
    for role in ROLES:
        assert email_of(role).replace(".", "\\.") in text  # as markdown
    assert "May do everything, give every role, and delete the tenant." in text
    assert "Reads conversations, knowledge, tuning and usage, and changes nothing." in text
    assert "added by the installation" in text
    assert text.count("member since") == len(ROLES) + 1
    assert "green-badge[You]" in text


def test_an_owner_adds_somebody_who_can_then_sign_in(console: Console, shop: Shop):
    page = add(open_page(console, shop), f" {BEN.upper()} ", "manager", "Ben *Okafor*")
    assert not page.exception
    made = member(shop, BEN)
    assert made is not None
    assert (made.role, made.name, made.added_by) == (
        "manager",
        "Ben *Okafor*",
        "owner@shop.example",
    )
    assert r"Ben \*Okafor\*" in said(page)  # a name is no markdown
    assert identity(shop, BEN).role == "manager"


def test_what_is_no_address_is_told_and_can_be_typed_again(console: Console, shop: Shop):
    page = add(open_page(console, shop), "no address")
    assert "no e\\-mail address" in page.error[0].value
    page = add(page, BEN)
    assert not page.error
    assert member(shop, BEN) is not None


def test_who_is_a_member_already_is_not_added_again(console: Console, shop: Shop):
    page = add(open_page(console, shop), email_of("viewer"), "admin")
    assert "already" in page.error[0].value
    assert member(shop, email_of("viewer")).role == "viewer"  # type: ignore[union-attr] # is there


def test_an_owner_changes_a_role(console: Console, shop: Shop):
    page, person_id = open_page(console, shop), id_of(shop, email_of("viewer"))
    page.button(key=f"members_change_{person_id}").click().run()
    page.radio(key=f"members_role_{person_id}").set_value("manager")
    page.button(key="members_change_yes").click().run()
    assert not page.exception
    assert member(shop, email_of("viewer")).role == "manager"  # type: ignore[union-attr] # is there
    assert "is now: Manager" in said(page)


def test_cancelling_changes_nothing(console: Console, shop: Shop):
    page, person_id = open_page(console, shop), id_of(shop, email_of("viewer"))
    page.button(key=f"members_change_{person_id}").click().run()
    page.radio(key=f"members_role_{person_id}").set_value("manager")
    page.button(key="members_change_no").click().run()
    page.button(key=f"members_remove_{person_id}").click().run()
    page.button(key="members_remove_no").click().run()
    assert member(shop, email_of("viewer")).role == "viewer"  # type: ignore[union-attr] # is there


def test_an_administrator_gives_and_takes_only_lower_roles(console: Console, shop: Shop):
    page = open_page(console, shop, "admin")
    assert "Manager, Operator, Viewer" in said(page)
    drawn = keys(page)
    for role in ROLES:
        person_id = id_of(shop, email_of(role))
        is_lower = ROLES.index(role) > ROLES.index("admin")
        assert (f"members_change_{person_id}" in drawn) == is_lower, role
        assert (f"members_remove_{person_id}" in drawn) == is_lower, role
    page.button(key="members_add").click().run()
    assert page.radio(key="members_role").options == ["Manager", "Operator", "Viewer"]


@pytest.mark.parametrize("role", ["manager", "operator", "viewer"])
def test_who_may_not_read_members_is_refused_and_sees_none(
    console: Console, shop: Shop, role: Role
):
    page = open_page(console, shop, role)
    assert "does not open this page" in said(page)
    assert "second@" not in said(page)
    assert not {key for key in keys(page) if key.startswith("members_")}


def test_removing_says_what_follows_and_names_the_keys_that_stop(console: Console, shop: Shop):
    keys_of, email = shop.services.access.keys, email_of("admin")
    made = keys_of.make(identity(shop, email), "Website chat", ["ask"])
    other = keys_of.make(identity(shop, email), "Gone already", ["ask"])
    keys_of.revoke(shop.tenant_id, other.view.key_id)
    page, person_id = open_page(console, shop), id_of(shop, email)
    page.button(key=f"members_remove_{person_id}").click().run()
    text = said(page)
    assert "next click or request" in text
    assert "Website chat" in text
    assert "Gone already" not in text
    assert member(shop, email) is not None  # nothing was done yet
    page.button(key="members_remove_yes").click().run()
    assert not page.exception
    assert member(shop, email) is None
    with pytest.raises(LeanRagError):
        keys_of.find(made.text)


def test_a_member_that_is_removed_meanwhile_is_told_of_and_nothing_breaks(
    console: Console, shop: Shop
):
    page, person_id = open_page(console, shop), id_of(shop, email_of("viewer"))
    page.button(key=f"members_remove_{person_id}").click().run()
    shop.services.access.members.remove(identity(shop, "second@shop.example"), person_id)
    page.button(key="members_remove_yes").click().run()
    assert not page.exception
    assert "no such member" in page.error[0].value


def test_a_role_that_is_lowered_between_drawing_and_click_changes_nothing(
    console: Console, shop: Shop
):
    page, person_id = open_page(console, shop), id_of(shop, email_of("viewer"))
    page.button(key=f"members_change_{person_id}").click().run()
    page.radio(key=f"members_role_{person_id}").set_value("admin")
    lower(shop, email_of("owner"), "viewer")
    page.button(key="members_change_yes").click().run()
    assert not page.exception
    assert member(shop, email_of("viewer")).role == "viewer"  # type: ignore[union-attr] # is there
    assert "does not open this page" in said(page)


def test_an_administrator_lowered_in_the_dialog_adds_nobody(console: Console, shop: Shop):
    page = open_page(console, shop, "admin")
    page.button(key="members_add").click().run()
    page.text_input(key="members_email").input(BEN)
    lower(shop, email_of("admin"), "operator")
    page.button(key="members_add_yes").click().run()
    assert not page.exception
    assert member(shop, BEN) is None


def test_a_session_that_ended_meanwhile_removes_nobody(console: Console, shop: Shop):
    page, person_id = open_page(console, shop), id_of(shop, email_of("viewer"))
    page.button(key=f"members_remove_{person_id}").click().run()
    shop.services.access.sessions.revoke_everything(id_of(shop, email_of("owner")))
    page.button(key="members_remove_yes").click().run()
    assert not page.exception
    assert member(shop, email_of("viewer")) is not None
    assert [box.key for box in page.text_input] == ["sign_in_typed_email"]


def test_the_only_owner_is_explained_and_cannot_be_changed_or_leave(console: Console, shop: Shop):
    assert "members_leave" in keys(open_page(console, shop))
    lower(shop, email_of("owner"), "admin")
    page = console.visit("members", shop.cookie("second@shop.example")).browser
    assert "The only owner." in said(page)
    second = id_of(shop, "second@shop.example")
    assert not {f"members_change_{second}", f"members_remove_{second}", "members_leave"} & keys(
        page
    )


def test_leaving_is_asked_and_closes_the_tenant(console: Console, shop: Shop):
    page = open_page(console, shop, "admin")
    page.button(key="members_leave").click().run()
    assert "You see nothing of" in said(page)
    assert member(shop, email_of("admin")) is not None
    page.session_state["chat_conversation"] = "left over"
    page.button(key="members_leave_yes").click().run()
    assert not page.exception
    assert member(shop, email_of("admin")) is None
    assert "chat_conversation" not in page.session_state
    assert [box.key for box in page.text_input] == ["sign_in_typed_email"]  # a member nowhere


def test_in_a_suspended_tenant_the_owner_reads_and_changes_nothing(console: Console, shop: Shop):
    with suspended(shop):
        page = open_page(console, shop)
    assert "suspended" in said(page)
    drawn = {key for key in keys(page) if key.startswith("members_")}
    assert drawn == {"members_leave"}


def test_a_long_list_is_searched_by_words_of_name_and_address_and_paged(
    console: Console, shop: Shop
):
    owner = identity(shop, email_of("owner"))
    for i in range(MEMBERS_PER_PAGE + 5):
        shop.services.access.members.add(owner, f"p{i}@shop.example", "viewer", f"Person No{i}")
    page = open_page(console, shop)
    assert len([key for key in keys(page) if key.startswith("members_remove_")]) < MEMBERS_PER_PAGE
    page.text_input(key="members_find").input("no7 PERSON").run()
    assert page.subheader[0].value == "Members: 1 of 31"
    assert f"members_remove_{id_of(shop, 'p7@shop.example')}" in keys(page)
    page.text_input(key="members_find").input("nobody at all").run()
    assert "No member's name" in page.info[0].value


def test_the_table_says_of_every_action_which_roles_may_do_it(console: Console, shop: Shop):
    table = open_page(console, shop).table[0].value
    assert list(table.columns) == [
        "Action",
        *("Owner", "Administrator", "Manager"),
        *("Operator", "Viewer"),
    ]
    assert len(table) == len(ACTIONS)
    for row, action in zip(table.itertuples(index=False), ACTIONS, strict=True):
        assert [mark == "✓" for mark in row[1:]] == [may(role, action) for role in ROLES]


def test_in_local_mode_a_notice_says_when_members_count(
    services: Services, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(pages._services, "_services", services)
    page = AppTest.from_file(pages._services.__file__.replace("pages/_services.py", "app.py"))
    page = page.run(timeout=60).switch_page("pages/members.py").run(timeout=60)
    assert not page.exception
    assert "LEANRAG_AUTH=sign-in" in page.info[0].value
    assert "docs/sign-in.md" in page.info[0].value
    assert "members_leave" not in keys(page)
    assert "members_add" in keys(page)


@pytest.mark.parametrize("language", ["fa", "ar", "tr"])
def test_every_refusal_is_told_in_the_language(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, language: str
):
    monkeypatch.setattr("pages._locale.ui_language", lambda: language)
    members, owner = shop.services.access.members, identity(shop, email_of("owner"))
    viewer, other = id_of(shop, email_of("viewer")), replace(owner, tenant_id=shop.pair)
    admin = identity(shop, email_of("admin"))
    for attempt, kind in (
        (lambda: members.add(owner, email_of("viewer"), "viewer"), Conflict),
        (lambda: members.add(owner, "nothing", "viewer"), InvalidInput),
        (lambda: members.add(owner, "کس@shop.example", "viewer"), InvalidInput),
        (lambda: members.add(owner, BEN, "viewer", "x" * 201), InvalidInput),
        (lambda: members.add(admin, BEN, "owner"), Forbidden),
        (lambda: members.add(identity(shop, email_of("viewer")), BEN, "viewer"), Forbidden),
        (lambda: members.remove(other, viewer), NotFound),
    ):
        with pytest.raises(kind) as refused:
            attempt()
        assert why_not(refused.value) != refused.value.message
        assert not why_not(refused.value).startswith(refused.value.message[:12])
