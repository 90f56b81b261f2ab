"""My account: who I am, my tenants, my sign-ins, and taking out or deleting the own tenant."""

from __future__ import annotations

import io
import json
import time
from pathlib import Path
from uuid import UUID, uuid4
from zipfile import ZipFile

import pytest
from streamlit.testing.v1 import AppTest

import pages._services
from leanrag.bootstrap import Services
from leanrag.errors import Forbidden, NotFound, Unauthenticated
from leanrag.identity import identify
from leanrag.permissions import Role
from pages._account_device import browser_name, is_handheld, system_name
from pages._account_export import TenantFile, _taker
from tests import served_console
from tests.served_console import keys, open_console
from tests.signed_in_api import ADA

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
CHROME = f"{WINDOWS}Chrome/131.0.0.0 Safari/537.36"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
DEADLINE_SECONDS = 30


pytestmark = pytest.mark.usefixtures("served_door")


class Person:
    """Somebody in a tenant of the test, signed in at the console."""

    def __init__(self, door: Services, role: Role, monkeypatch: pytest.MonkeyPatch) -> None:
        self.door = door
        self.address = f"{uuid4().hex[:10]}@shop.example"
        self.slug = f"s{uuid4().hex[:10]}"
        self.tenant_id = door.tenants.create(self.slug, f"Shop of {role}").tenant_id
        door.access.members.ensure_owner(self.tenant_id, "keeper@shop.example")
        self.person_id = self.join(self.tenant_id, role)
        self.secret = served_console.hold_cookie(door, monkeypatch, self.address)

    def join(self, tenant_id: UUID, role: Role) -> UUID:
        person_id = self.door.access.people.add(self.address)
        keeper = self.door.access.people.find("keeper@shop.example")
        assert keeper is not None
        if role == "owner":
            return self.door.access.members.ensure_owner(tenant_id, self.address)
        self.door.access.members.add(identify(keeper, tenant=str(tenant_id)), self.address, role)
        return person_id

    def sign_in_elsewhere(self, agent: str, kind: str = "code", ip: str = "203.0.113.9") -> UUID:
        with self.door.database.administration() as session:
            made = self.door.access.sessions.open(
                self.person_id,
                kind,  # type: ignore[arg-type] # one of the kinds
                ip=ip,
                agent=agent,
                session=session,
            )
        return made.sign_in_id

    def sign_ins(self) -> set[UUID]:
        return {one.sign_in_id for one in self.door.access.sessions.list(self.person_id)}


@pytest.fixture
def owner(door: Services, monkeypatch: pytest.MonkeyPatch) -> Person:
    return Person(door, "owner", monkeypatch)


def texts(page: AppTest) -> str:
    kinds = (page.markdown, page.caption, page.text, page.success, page.error, page.subheader)
    said = "\n".join(element.value for elements in kinds for element in elements)
    return said.replace("\u2068", "").replace("\u2069", "")


def until(page: AppTest, key: str) -> AppTest:
    """Run the page until it has a button or a download with this key."""
    end = time.monotonic() + DEADLINE_SECONDS
    while key not in keys(page) | {one.key for one in page.get("download_button")}:
        assert time.monotonic() < end, texts(page)
        time.sleep(0.1)
        page.run()
        assert not page.exception
    return page


@pytest.fixture
def exporting(owner: Person) -> AppTest:
    """The page after a click that makes the export of its owner's tenant."""
    return open_console("account").button(key="account_export_make").click().run()


@pytest.mark.parametrize(
    ("agent", "browser", "system"),
    [
        (CHROME, "Chrome", "Windows"),
        (f"{CHROME} Edg/131.0.0.0", "Microsoft Edge", "Windows"),
        (f"{CHROME} OPR/115.0.0.0", "Opera", "Windows"),
        (f"{IPHONE}Gecko) Version/18.1 Mobile/15E148 Safari/604.1", "Safari", "iPhone"),
        (f"{IPHONE}Gecko) CriOS/131.0 Mobile/15E148 Safari/604.1", "Chrome", "iPhone"),
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
            *("Firefox", "Linux"),
        ),
        (
            "Mozilla/5.0 (Linux; Android 14; SM-S918B) SamsungBrowser/25.0 Chrome/121.0 Mobile",
            "Samsung Internet",
            "Android",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/17.6 Safari/605.1.15",
            "Safari",
            "macOS",
        ),
        ("curl/8.5.0", "curl", ""),
        ("python-httpx/0.28", "Python", ""),
        ("", "", ""),
    ],
)
def test_a_device_is_told_in_plain_words(agent: str, browser: str, system: str) -> None:
    assert (browser_name(agent), system_name(agent)) == (browser, system)
    assert is_handheld(agent) == (system in ("iPhone", "Android"))


def test_the_page_says_who_i_am_and_my_roles_in_my_tenants(door: Services, owner: Person) -> None:
    other = door.tenants.create(f"x{uuid4().hex[:8]}", "Other *shop*").tenant_id
    door.access.members.ensure_owner(other, "keeper@shop.example")
    owner.join(other, "viewer")
    said = texts(open_console("account"))
    assert owner.address in said
    assert "**Shop of owner** :blue-badge[Owner] :green-badge[Open now]" in said
    assert "**Other \\*shop\\*** :blue-badge[Viewer]" in said
    assert "Administrator of this installation" not in said


def test_another_tenant_of_mine_opens_with_a_click(door: Services, owner: Person) -> None:
    other = door.tenants.create(f"x{uuid4().hex[:8]}", "Other").tenant_id
    door.access.members.ensure_owner(other, "keeper@shop.example")
    owner.join(other, "viewer")
    page = open_console("account")
    page.button(key=f"tenants_open_account_{other}").click().run()
    assert "**Other** :blue-badge[Viewer] :green-badge[Open now]" in texts(page)
    assert "account_export_make" not in keys(page)  # a viewer of this one


def test_a_sign_in_elsewhere_is_told_and_ended_and_this_one_has_no_such_button(
    owner: Person,
) -> None:
    elsewhere = owner.sign_in_elsewhere(CHROME)
    (here,) = owner.sign_ins() - {elsewhere}
    page = open_console("account")
    said = texts(page)
    assert "**Chrome on Windows** :gray-badge[Code by mail]" in said
    assert "203\\.0\\.113\\.9" in said
    assert ":green-badge[This one]" in said
    assert f"account_end_{here}" not in keys(page)
    page.button(key=f"account_end_{elsewhere}").click().run()
    assert owner.sign_ins() == {here}
    assert "That sign-in has ended" in texts(page)


def test_all_others_end_after_a_question(owner: Person) -> None:
    others = {owner.sign_in_elsewhere("curl/8", "token"), owner.sign_in_elsewhere(CHROME)}
    page = open_console("account")
    page.button(key="account_end_others").click().run()
    assert others < owner.sign_ins()
    page.button(key="account_end_others_yes").click().run()
    assert not others & owner.sign_ins()
    assert len(owner.sign_ins()) == 1
    assert "2 other sign-ins have ended" in texts(page)


def test_a_sign_in_of_somebody_else_is_not_ended(door: Services, owner: Person) -> None:
    ada = door.access.people.find(ADA)
    assert ada is not None
    with pytest.raises(NotFound):
        door.access.sessions.revoke(owner.person_id, uuid4())
    with pytest.raises(Forbidden):
        pages._services.get_services().access.sessions.list(ada.person_id)


def test_signing_out_here_ends_this_session(owner: Person) -> None:
    page = open_console("account")
    page.button(key="account_sign_out").click().run()
    assert owner.sign_ins() == set()
    assert [box.key for box in page.text_input] == ["sign_in_typed_email"]


def test_twenty_sign_ins_are_shown_a_page_at_a_time(owner: Person) -> None:
    for _ in range(20):
        owner.sign_in_elsewhere("<b>Strange</b> *agent* " + "y" * 200)
    page = open_console("account")
    assert len([key for key in keys(page) if key.startswith("account_end_0")]) == 9
    assert "&lt;b\\>Strange" in texts(page)
    page.pagination[0].set_value(3).run()
    assert len([key for key in keys(page) if key.startswith("account_end_0")]) == 1


@pytest.mark.parametrize(
    ("role", "export", "delete"),
    [("owner", True, True), ("admin", True, False), ("manager", False, False)],
)
def test_a_role_sees_what_it_may_do_with_the_tenant(
    door: Services, monkeypatch: pytest.MonkeyPatch, role: Role, export: bool, delete: bool
) -> None:
    Person(door, role, monkeypatch)
    page = open_console("account")
    assert ("account_export_make" in keys(page)) == export
    assert ("tenants_delete_account" in keys(page)) == delete


def test_an_export_is_made_downloaded_once_and_gone_from_the_disk(
    owner: Person, exporting: AppTest
) -> None:
    page = until(exporting, "account_export_download")
    made: TenantFile = page.session_state["account_export"]
    assert made.path.stat().st_mode & 0o077 == 0
    assert made.path.parent.stat().st_mode & 0o077 == 0
    with ZipFile(io.BytesIO(made.take())) as pack:
        manifest = json.loads(pack.read("manifest.json"))
    assert manifest["tenant"]["slug"] == owner.slug
    assert not made.path.parent.exists()
    page.run()
    assert "The ZIP was downloaded" in texts(page)
    assert "account_export_make" in keys(page.run())


def test_what_waits_to_be_downloaded_is_not_for_whoever_may_no_longer(
    door: Services, owner: Person, exporting: AppTest
) -> None:
    made: TenantFile = until(exporting, "account_export_download").session_state["account_export"]
    # Outside of a page there is no tab: who it is comes from the cookie alone.
    take = _taker(made)
    door.access.sessions.revoke_others(owner.person_id, keep=None)
    with pytest.raises(Unauthenticated):
        take()
    assert made.path.exists()


def test_a_discarded_export_and_one_whose_tab_is_gone_leave_nothing(
    owner: Person, exporting: AppTest
) -> None:
    page = until(exporting, "account_export_discard")
    folder: Path = page.session_state["account_export"].path.parent
    page.button(key="account_export_discard").click().run()
    assert not folder.exists()
    assert "account_export" not in page.session_state
    made = TenantFile(owner.door.tenants.get(owner.tenant_id))
    folder = made.path.parent
    assert folder.exists()
    del made
    assert not folder.exists()


def delete_tenant(page: AppTest, typed: str) -> AppTest:
    """Ask to delete the tenant, and type its name into the dialog."""
    page.button(key="tenants_delete_account").click().run()
    page.text_input(key="tenants_typed").set_value(typed)
    next(b for b in page.button if b.form_id == "tenants_delete_form").click().run()
    assert not page.exception
    return page


def test_an_owner_deletes_the_own_tenant_by_typing_its_name(door: Services, owner: Person) -> None:
    kept = door.tenants.create(f"x{uuid4().hex[:8]}", "Kept").tenant_id
    door.access.members.ensure_owner(kept, "keeper@shop.example")
    owner.join(kept, "viewer")
    page = delete_tenant(open_console("account"), "other")
    assert "That is not its short name" in texts(page)
    assert door.tenants.get(owner.tenant_id).status == "active"
    page = delete_tenant(page, owner.slug)
    end = time.monotonic() + DEADLINE_SECONDS
    while "is deleted:" not in texts(page):
        assert time.monotonic() < end, texts(page)
        page.run()
    assert owner.slug not in {tenant.slug for tenant in door.tenants.list()}
    assert "**Kept** :blue-badge[Viewer] :green-badge[Open now]" in texts(page)


def test_who_deletes_the_only_tenant_is_told_so_once_and_strangers_are_told_nothing(
    door: Services, owner: Person
) -> None:
    beside = open_console("account")  # another tab of the same browser
    page = delete_tenant(open_console("account"), owner.slug)
    end = time.monotonic() + DEADLINE_SECONDS
    while not [box for box in page.text_input if box.key == "sign_in_typed_email"]:
        assert time.monotonic() < end, texts(page)
        page.run()
    assert "Shop of owner is deleted, with everything that was in it" in texts(page)
    assert owner.slug not in {tenant.slug for tenant in door.tenants.list()}
    for other in (page.run(), beside.run(), open_console()):
        assert [box.key for box in other.text_input] == ["sign_in_typed_email"]
        assert "Shop of owner" not in texts(other)
