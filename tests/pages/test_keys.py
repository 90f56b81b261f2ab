"""The page API keys: making one, which is shown once, what each may do, and revoking."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import update
from streamlit.testing.v1 import AppTest

import pages._services
from db.models import ApiKey
from leanrag.api_keys import KEY_SCOPES, NEVER_BY_KEY, KeyView
from leanrag.bootstrap import Services
from leanrag.errors import Forbidden, InvalidInput, LeanRagError, NotFound
from leanrag.permissions import Action, Role, may
from pages._keys_list import KEYS_PER_PAGE
from pages._keys_words import example
from pages._members_why import why_not
from tests.served_console import keys
from tests.signed_in_pages import Console, Shop, email_of, identity, lower


@pytest.fixture(autouse=True)
def _no_key_is_left(shop: Shop) -> Iterator[None]:
    yield
    second = identity(shop, "second@shop.example")
    members = shop.services.access.members
    for email, role in ((email_of("owner"), "owner"), (email_of("admin"), "admin")):
        person = shop.services.access.people.find(email)
        assert person is not None
        if not person.memberships:
            members.add(second, email, role)  # type: ignore[arg-type] # a role
        members.change_role(second, person.person_id, role)  # type: ignore[arg-type] # a role
    with shop.services.database.administration() as session:
        session.query(ApiKey).delete()


def make_key(
    shop: Shop, name: str, *scopes: Action, by: Role = "owner", ended: bool = False
) -> tuple[UUID, str]:
    made = shop.services.access.keys.make(identity(shop, email_of(by)), name, scopes or ("ask",))
    if ended:
        past = update(ApiKey).values(expires_at=datetime.now(UTC) - timedelta(days=1))
        with shop.services.database.administration() as session:
            session.execute(past.where(ApiKey.key_id == made.view.key_id))
    return made.view.key_id, made.text


def listed(shop: Shop) -> tuple[KeyView, ...]:
    return shop.services.access.keys.list(shop.tenant_id)


def open_page(console: Console, shop: Shop, role: Role = "owner") -> AppTest:
    page = console.visit("keys", shop.cookie(email_of(role))).browser
    assert not page.exception
    return page


def said(page: AppTest) -> str:
    kinds = (page.markdown, page.caption, page.info, page.error, page.warning, page.toast)
    texts = [e.value for kind in kinds for e in kind] + [e.label for e in page.expander]
    return "\n".join(texts).replace("\u200b", "")


def fill(page: AppTest, name: str, *scopes: Action, days: int | None = None) -> AppTest:
    page.button(key="keys_make").click().run()
    page.text_input(key="keys_name").input(name)
    for scope in KEY_SCOPES:
        page.checkbox(key=f"keys_scope_{scope}").set_value(scope in scopes)
    if days is not None:
        page.selectbox(key="keys_days").set_value(days)
    return page.button(key="keys_make_yes").click().run()


def test_a_key_is_made_shown_once_and_works(console: Console, shop: Shop):
    page = fill(open_page(console, shop), "Website chat", "ask", "usage.read")
    assert not page.exception
    (key,) = listed(shop)
    assert (key.name, key.scopes) == ("Website chat", ("ask", "usage.read"))
    assert key.expires_at is not None
    assert timedelta(days=89) < key.expires_at - datetime.now(UTC) <= timedelta(days=90)
    text, command = (code.value for code in page.code)
    assert "never again" in page.warning[0].value
    assert shop.services.access.keys.find(text).allowed == {"ask", "usage.read"}
    assert text in command
    page.button(key="keys_done").click().run()
    assert not page.code
    assert text not in str(page)
    assert text not in repr(page.session_state)
    assert key.prefix in said(page)
    assert text not in str(page.run())


@pytest.mark.parametrize(("days", "ends"), [(30, True), (365, True), (0, False)])
def test_a_key_ends_as_was_chosen(console: Console, shop: Shop, days: int, ends: bool):
    fill(open_page(console, shop), "Report", "usage.read", days=days)
    (key,) = listed(shop)
    if not ends:
        assert key.expires_at is None
        return
    assert key.expires_at is not None
    assert timedelta(0) <= datetime.now(UTC) + timedelta(days=days) - key.expires_at < timedelta(1)


def test_a_button_that_is_pressed_twice_makes_one_key(console: Console, shop: Shop):
    page = open_page(console, shop)
    page.button(key="keys_make").click().run()
    page.text_input(key="keys_name").input("Once")
    page.session_state["keys_made"] = shop.services.access.keys.make(
        identity(shop, email_of("owner")), "Once", ["ask"]
    )
    page.button(key="keys_make_yes").click().run()
    assert [key.name for key in listed(shop)] == ["Once"]


def test_what_no_key_may_do_is_not_offered(console: Console, shop: Shop):
    page = open_page(console, shop)
    page.button(key="keys_make").click().run()
    offered = {box.key for box in page.checkbox if box.key}
    assert offered == {f"keys_scope_{scope}" for scope in KEY_SCOPES}
    assert not {f"keys_scope_{scope}" for scope in NEVER_BY_KEY} & offered
    assert "Take over, close, name and delete conversations" in {b.label for b in page.checkbox}


def test_a_key_without_name_or_scope_is_refused_in_a_sentence(console: Console, shop: Shop):
    page = fill(open_page(console, shop), "  ", "ask")
    page.button(key="keys_make").click().run()  # the test's browser closed the dialog
    page.text_input(key="keys_name").input("Nothing")
    page.checkbox(key="keys_scope_ask").set_value(False)
    page.button(key="keys_make_yes").click().run()
    assert not page.exception
    assert listed(shop) == ()


def test_the_list_tells_state_maker_and_use(console: Console, shop: Shop):
    make_key(shop, "Works *well*", by="admin")
    used = make_key(shop, "Used", "usage.read")[1]
    shop.services.access.keys.find(used)
    revoked = make_key(shop, "Revoked")[0]
    shop.services.access.keys.revoke(shop.tenant_id, revoked)
    make_key(shop, "Expired", ended=True)
    page = open_page(console, shop)
    text = said(page)
    assert r"Works \*well\*" in text
    assert f"made by \u2068{email_of('admin').replace('.', chr(92) + '.')}\u2069" in text
    assert "never used" in text
    assert "last used" in text
    assert "works until it is revoked" in text
    assert "Revoked" not in text
    page.segmented_control(key="keys_shown").set_value("ended").run()
    text = said(page)
    assert "gray-badge[revoked]" in text
    assert "gray-badge[expired]" in text
    assert r"Works" not in text
    assert not {key for key in keys(page) if key.startswith("keys_revoke_")}


def test_a_key_whose_maker_left_is_told_as_stopped_and_can_be_revoked(console: Console, shop: Shop):
    key_id, text = make_key(shop, "Orphan", by="admin")
    admin = identity(shop, email_of("admin"))
    assert admin.person_id is not None
    shop.services.access.members.remove(identity(shop, email_of("owner")), admin.person_id)
    with pytest.raises(LeanRagError):
        shop.services.access.keys.find(text)
    page = open_page(console, shop)
    assert "No key works now." in said(page)
    page.segmented_control(key="keys_shown").set_value("ended").run()
    assert "orange-badge[stopped]" in said(page)
    page.button(key=f"keys_revoke_{key_id}").click().run()
    page.button(key="keys_revoke_yes").click().run()
    assert listed(shop)[0].revoked_at is not None


def test_what_a_lowered_maker_may_no_longer_do_is_marked(console: Console, shop: Shop):
    make_key(shop, "Of an administrator", "ask", "audit.read", by="admin")
    lower(shop, email_of("admin"), "operator")
    lines = next(m.value for m in open_page(console, shop).markdown if m.value.startswith("- "))
    asks, audits = lines.splitlines()
    assert "not any more" not in asks
    assert "not any more" in audits
    assert not may("operator", "audit.read")


def test_revoking_is_asked_and_counts_at_the_next_request(console: Console, shop: Shop):
    key_id, text = make_key(shop, "Website chat")
    page = open_page(console, shop)
    page.button(key=f"keys_revoke_{key_id}").click().run()
    assert "refused at its next request" in said(page)
    page.button(key="keys_revoke_no").click().run()
    assert shop.services.access.keys.find(text).allowed == {"ask"}
    page.button(key=f"keys_revoke_{key_id}").click().run()
    page.button(key="keys_revoke_yes").click().run()
    assert not page.exception
    with pytest.raises(LeanRagError):
        shop.services.access.keys.find(text)


def test_a_key_that_was_revoked_meanwhile_is_told_of(console: Console, shop: Shop):
    key_id, _ = make_key(shop, "Website chat")
    page = open_page(console, shop)
    page.button(key=f"keys_revoke_{key_id}").click().run()
    shop.services.access.keys.revoke(shop.tenant_id, key_id)
    page.button(key="keys_revoke_yes").click().run()
    assert "no such key" in page.error[0].value


def test_an_administrator_makes_keys_and_others_do_not_see_the_page(console: Console, shop: Shop):
    fill(open_page(console, shop, "admin"), "By the administrator", "ask", "audit.read")
    assert [key.name for key in listed(shop)] == ["By the administrator"]
    for role in ("manager", "operator", "viewer"):
        page = open_page(console, shop, role)
        assert "does not open this page" in said(page)
        assert "By the administrator" not in str(page)
        assert not {key for key in keys(page) if key.startswith("keys_")}


def test_a_role_that_is_lowered_between_drawing_and_click_makes_and_ends_no_key(
    console: Console, shop: Shop
):
    key_id, text = make_key(shop, "Website chat")
    page = open_page(console, shop, "admin")
    page.button(key="keys_make").click().run()
    page.text_input(key="keys_name").input("Too late")
    revoking = open_page(console, shop, "admin")
    revoking.button(key=f"keys_revoke_{key_id}").click().run()
    lower(shop, email_of("admin"), "manager")
    revoking.button(key="keys_revoke_yes").click().run()
    assert "does not open this page" in said(revoking)
    page.button(key="keys_make_yes").click().run()
    assert not page.exception
    assert not page.code
    assert [key.name for key in listed(shop)] == ["Website chat"]
    assert shop.services.access.keys.find(text).allowed == {"ask"}


def test_without_keys_the_page_says_what_one_is_for(console: Console, shop: Shop):
    page = open_page(console, shop)
    assert "No keys yet" in said(page)
    assert not page.segmented_control


def test_many_keys_are_paged(console: Console, shop: Shop):
    for i in range(KEYS_PER_PAGE + 3):
        make_key(shop, f"Key {i}")
    page = open_page(console, shop)
    shown = {key for key in keys(page) if key.startswith("keys_revoke_")}
    assert len(shown) == KEYS_PER_PAGE


def test_in_local_mode_a_key_is_made_at_this_computer(
    services: Services, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(pages._services, "_services", services)
    page = AppTest.from_file(pages._services.__file__.replace("pages/_services.py", "app.py"))
    page = page.run(timeout=60).switch_page("pages/keys.py").run(timeout=60)
    page = fill(page, "Local program", "ask")
    assert services.access.keys.find(page.code[0].value).allowed == {"ask"}
    page.button(key="keys_done").click().run()
    assert "made at this computer" in said(page)


@pytest.mark.parametrize(
    ("scopes", "path"),
    [
        (("ask", "usage.read"), "/api/v1/ai/ask"),
        (("usage.read",), "/api/v1/usage"),
        (("knowledge.read",), "/api/v1/files"),
        (("bots.write",), "/api/v1/auth/me"),
    ],
)
def test_the_example_is_one_command_for_what_the_key_may_do(
    monkeypatch: pytest.MonkeyPatch, scopes: tuple[Action, ...], path: str
):
    monkeypatch.setattr("pages._keys_words.t", lambda _: "Wo ist's?")
    words = shlex.split(example("lr_secret", scopes, "https://console.example"))
    assert words[:2] == ["curl", f"https://console.example{path}"]
    assert "Authorization: Bearer lr_secret" in words
    if "ask" in scopes:
        assert json.loads(words[-1]) == {"question": "Wo ist's?"}


@pytest.mark.parametrize("language", ["fa", "ar", "tr"])
def test_every_refusal_is_told_in_the_language(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, language: str
):
    monkeypatch.setattr("pages._locale.ui_language", lambda: language)
    service, owner = shop.services.access.keys, identity(shop, email_of("owner"))
    past = datetime.now(UTC) - timedelta(days=1)
    for attempt, kind in (
        (lambda: service.make(owner, " ", ["ask"]), InvalidInput),
        (lambda: service.make(owner, "Key", []), InvalidInput),
        (lambda: service.make(owner, "Key", ["ask"], expires_at=past), InvalidInput),
        (lambda: service.make(replace(owner, role=None), "Key", ["ask"]), Forbidden),
        (lambda: service.make(identity(shop, email_of("viewer")), "Key", ["ask"]), Forbidden),
        (lambda: service.revoke(shop.tenant_id, shop.pair), NotFound),
    ):
        with pytest.raises(kind) as refused:
            attempt()
        assert not why_not(refused.value).startswith(refused.value.message[:12])
