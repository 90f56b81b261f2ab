"""The page of tenants: made, suspended, opened, deleted by administrators, and by nobody else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import update
from streamlit.testing.v1 import AppTest

import pages._services
from db.models import Person
from leanrag.audit import AuditFilter
from leanrag.bootstrap import Services
from leanrag.errors import Forbidden, NotFound
from leanrag.guarded_services import guard_services
from leanrag.identity import Identity, identify
from leanrag.tenants import TenantView
from pages._names import short_name
from pages._tenants_list import TENANTS_PER_PAGE
from tests.served_console import hold_cookie, open_console
from tests.signed_in_api import ADA

OLGA = "olga@shop.example"
DEADLINE_SECONDS = 30


pytestmark = pytest.mark.usefixtures("served_door")


@pytest.fixture
def ada(door: Services, monkeypatch: pytest.MonkeyPatch) -> Services:
    """The services of a console that the administrator is signed in at."""
    hold_cookie(door, monkeypatch, ADA)
    return door


def make(door: Services, name: str = "Shop") -> TenantView:
    return door.tenants.create(f"t{uuid4().hex[:10]}", name)


def texts(page: AppTest) -> str:
    kinds = (page.markdown, page.caption, page.text, page.success, page.error, page.info)
    said = "\n".join(element.value for elements in kinds for element in elements)
    return said.replace("\u2068", "").replace("\u2069", "")


def find(page: AppTest, words: str) -> AppTest:
    """Search, where there are so many that there is a search."""
    if any(box.key == "tenants_find" for box in page.text_input):
        page.text_input(key="tenants_find").set_value(words).run()
    return page


def submit(page: AppTest, form: str) -> AppTest:
    next(button for button in page.button if button.form_id == form).click().run()
    assert not page.exception
    return page


def create(page: AppTest, name: str, slug: str, owner: str) -> AppTest:
    page.button(key="tenants_new").click().run()
    for key, value in (("name", name), ("slug", slug), ("owner", owner)):
        page.text_input(key=f"tenants_new_{key}").set_value(value)
    return submit(page, "tenants_new_form")


def delete(page: AppTest, tenant: TenantView, typed: str) -> AppTest:
    page.button(key=f"tenants_delete_list_{tenant.tenant_id}").click().run()
    page.text_input(key="tenants_typed").set_value(typed)
    return submit(page, "tenants_delete_form")


def until_said(page: AppTest, words: str) -> AppTest:
    end = time.monotonic() + DEADLINE_SECONDS
    while words not in texts(page):
        assert time.monotonic() < end, texts(page)
        page.run()
        assert not page.exception
    return page


@pytest.mark.parametrize(
    ("name", "slug"),
    [("Acme Ltd.", "acme-ltd"), ("Çınar Çay & Kahve", "cinar-cay-kahve"), ("سماور", "")],
)
def test_a_short_name_is_made_of_latin_letters(name: str, slug: str) -> None:
    assert short_name(name) == slug


def test_a_tenant_is_made_with_its_first_owner(ada: Services) -> None:
    name = f"Acme {uuid4().hex[:6]}"
    page = create(open_console("tenants"), name, "", OLGA)
    assert f"{name} is there" in texts(page)
    made = ada.tenants.find(short_name(name))
    (member,) = ada.access.members.list(made.tenant_id)
    assert (member.email, member.role) == (OLGA, "owner")
    event = ada.audit.find(made.tenant_id, AuditFilter(object_kind="member")).events[0]
    assert event.actor_name == ADA


@pytest.mark.parametrize(
    ("name", "slug", "owner", "said"),
    [
        ("Acme", "acme-1", "nobody", "no e\\-mail address"),
        ("Acme", "Not a slug", OLGA, "A short name has 1 to 63"),
        ("سماور", "", OLGA, "A short name has 1 to 63"),
        ("  ", "acme-2", OLGA, "needs a name"),
        ("Acme", "demo", OLGA, "exists already"),
    ],
)
def test_what_is_wrong_with_a_new_tenant_is_told_and_none_is_made(
    ada: Services, name: str, slug: str, owner: str, said: str
) -> None:
    before = ada.tenants.list()
    page = create(open_console("tenants"), name, slug, owner)
    assert said in texts(page)
    assert ada.tenants.list() == before


def test_a_tenant_is_suspended_with_a_reason_and_resumed(ada: Services) -> None:
    tenant = make(ada)
    page = find(open_console("tenants"), tenant.slug)
    page.button(key=f"tenants_suspend_{tenant.tenant_id}").click().run()
    page = submit(page, "tenants_suspend_form")
    assert "letters why" in texts(page)
    page.button(key=f"tenants_suspend_{tenant.tenant_id}").click().run()
    page.text_area(key="tenants_reason").set_value("Not <b>paid</b>.")
    page = submit(page, "tenants_suspend_form")
    assert ":orange-badge[Suspended]" in texts(page)
    assert "Not <b>paid</b>." in {text.value for text in page.text}
    assert ada.tenants.get(tenant.tenant_id).suspended_reason == "Not <b>paid</b>."
    page.button(key=f"tenants_resume_{tenant.tenant_id}").click().run()
    assert ada.tenants.get(tenant.tenant_id).status == "active"


def test_a_tenant_is_deleted_by_typing_its_name(ada: Services) -> None:
    tenant = make(ada, "Gone & forgotten")
    page = find(open_console("tenants"), tenant.slug)
    page = delete(page, tenant, "Gone & forgotten")
    assert "That is not its short name" in texts(page)
    page = until_said(delete(page, tenant, tenant.slug), "is deleted:")
    with pytest.raises(NotFound):
        ada.tenants.find(tenant.slug)


def test_a_deletion_that_was_cut_short_can_be_finished(ada: Services) -> None:
    tenant = make(ada)
    removal, forget = ada.tenant_removal, ada.tenant_removal._forget

    def crash(_tenant_id: object) -> None:
        raise RuntimeError("the machine went off")

    removal._forget = crash  # type: ignore[method-assign]
    with pytest.raises(RuntimeError):
        removal.remove(tenant.slug, confirmed=tenant.slug)
    removal._forget = forget  # type: ignore[method-assign]
    page = find(open_console("tenants"), tenant.slug)
    assert ":red-badge[Being deleted]" in texts(page)
    button = page.button(key=f"tenants_delete_list_{tenant.tenant_id}")
    assert button.label == "Go on deleting"
    until_said(delete(page, tenant, tenant.slug), "is deleted:")


def test_the_first_tenant_cannot_be_deleted(ada: Services) -> None:
    first = ada.tenants.get(ada.local_tenant_id)
    page = find(open_console("tenants"), first.slug)
    until_said(delete(page, first, first.slug), "made anew at every start")
    assert ada.tenants.get(first.tenant_id).status == "active"


def test_a_tenant_opens_for_its_members_alone(ada: Services) -> None:
    own, other = make(ada, "Mine"), make(ada, "Theirs")
    ada.access.members.ensure_owner(own.tenant_id, ADA)
    page = find(open_console("tenants"), other.slug)
    assert not [b for b in page.button if b.key == f"tenants_open_list_{other.tenant_id}"]
    page = find(open_console("tenants"), own.slug)
    page.button(key=f"tenants_open_list_{own.tenant_id}").click().run()
    assert not page.exception
    page = find(page, own.slug)
    assert "**Mine** :green-badge[Active] :blue-badge[Open now]" in texts(page)


def test_sixty_tenants_are_searched_and_paged(ada: Services) -> None:
    stem = uuid4().hex[:8]
    for n in range(TENANTS_PER_PAGE + 2):
        ada.tenants.create(f"p{stem}-{n:02}", f"*{stem}* {n} " + "long " * 40)
    page = find(open_console("tenants"), stem)
    assert f"{TENANTS_PER_PAGE + 2} of" in texts(page)
    assert texts(page).count("badge[Active]") == TENANTS_PER_PAGE
    page.pagination[0].set_value(2).run()
    assert texts(page).count("badge[Active]") == 2
    page = find(page, f"{stem} 3")
    assert f"\\*{stem}\\* 3" in texts(page)
    assert "No tenant is called like that" in texts(find(page, "no such name"))


def test_the_page_is_for_administrators_of_the_installation(
    door: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = make(door)
    door.access.members.ensure_owner(tenant.tenant_id, OLGA)
    hold_cookie(door, monkeypatch, OLGA)
    page = open_console("tenants")
    assert not [b for b in page.button if (b.key or "").startswith("tenants_")]
    assert door.tenants.get(door.local_tenant_id).name not in str(page.main)


# ---- between drawing and click ------------------------------------------------------------------


@pytest.fixture
def no_longer(door: Services, ada: Services) -> Iterator[Callable[[], None]]:
    """Take the installation from the administrator, and give it back afterwards."""
    person = door.access.people.find(ADA)
    assert person is not None

    def take() -> None:
        change = update(Person).where(Person.person_id == person.person_id)
        with door.database.administration() as session:
            session.execute(change.values(is_administrator=False))

    yield take
    door.access.people.make_administrator(person.person_id)


def answered_too_late(page: AppTest, form: str) -> None:
    """Answer a dialog that was drawn before, and see that the page is closed."""
    assert [box for box in (*page.text_input, *page.text_area) if box.key], "no dialog is open"
    page = submit(page, form)
    assert not [b for b in page.button if (b.key or "").startswith("tenants_")]


def test_a_new_tenant_that_was_asked_for_before_is_not_made(
    ada: Services, no_longer: Callable[[], None]
) -> None:
    before = ada.tenants.list()
    page = open_console("tenants")
    page.button(key="tenants_new").click().run()
    for key, value in (("name", "Late"), ("slug", "late"), ("owner", OLGA)):
        page.text_input(key=f"tenants_new_{key}").set_value(value)
    no_longer()
    answered_too_late(page, "tenants_new_form")
    assert ada.tenants.list() == before


def test_a_tenant_is_not_suspended_deleted_or_resumed_by_who_no_longer_may(
    ada: Services, no_longer: Callable[[], None]
) -> None:
    tenants = [make(ada) for _ in range(3)]
    ada.tenants.suspend(str(tenants[2].tenant_id), "Not paid.")
    suspending, deleting, resuming = (find(open_console("tenants"), t.slug) for t in tenants)
    suspending.button(key=f"tenants_suspend_{tenants[0].tenant_id}").click().run()
    suspending.text_area(key="tenants_reason").set_value("Because.")
    deleting.button(key=f"tenants_delete_list_{tenants[1].tenant_id}").click().run()
    deleting.text_input(key="tenants_typed").set_value(tenants[1].slug)
    no_longer()
    answered_too_late(suspending, "tenants_suspend_form")
    answered_too_late(deleting, "tenants_delete_form")
    resuming.button(key=f"tenants_resume_{tenants[2].tenant_id}").click().run()
    assert not resuming.exception
    now = [ada.tenants.get(tenant.tenant_id).status for tenant in tenants]
    assert now == ["active", "active", "suspended"]


# ---- what the guard lets through ---------------------------------------------------------------


def identity_of(door: Services, address: str) -> Identity:
    person = door.access.people.find(address)
    assert person is not None
    return identify(person)


def test_only_an_administrator_reaches_the_list_and_gives_a_tenant_its_owner(
    door: Services,
) -> None:
    own, other = make(door), make(door)
    door.access.members.ensure_owner(own.tenant_id, OLGA)
    olga = identity_of(door, OLGA)
    guarded = guard_services(door, lambda: olga)
    for refused in (
        guarded.tenants.list,
        lambda: guarded.tenants.create("acme-9", "Acme"),
        lambda: guarded.tenants.suspend(str(olga.tenant_id), "why"),
        lambda: guarded.access.members.ensure_owner(olga.tenant_id, OLGA),
        lambda: guarded.access.members.ensure_owner(other.tenant_id, OLGA),
        lambda: guarded.tenant_removal.remove(other.slug, confirmed=other.slug),
        lambda: guarded.tenant_removal.remove(str(other.tenant_id), confirmed=other.slug),
    ):
        with pytest.raises(Forbidden):
            refused()
    assert door.tenants.get(other.tenant_id).status == "active"


def test_an_administrator_without_a_tenant_deletes_one_but_reads_none(door: Services) -> None:
    tenant = make(door)
    lone = replace(identity_of(door, ADA), role=None, allowed=frozenset())
    guarded = guard_services(door, lambda: lone)
    for refused in (
        lambda: guarded.audit.find(tenant.tenant_id),
        lambda: guarded.access.members.list(tenant.tenant_id),
        lambda: guarded.tenants.get(tenant.tenant_id),
    ):
        with pytest.raises(Forbidden):
            refused()
    guarded.tenant_removal.remove(tenant.slug, confirmed=tenant.slug)
    with pytest.raises(NotFound):
        door.tenants.find(tenant.slug)


def test_pages_get_no_call_that_is_not_listed(door: Services, ada: Services) -> None:
    guarded = pages._services.get_services()
    with pytest.raises(AttributeError):
        guarded.tenants.find("demo")
