"""Every page with every role: opened or refused as the table says, and drawn without what is not.

One table says what a role may do (leanrag/permissions.py); here each page asks it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import pytest

from leanrag.identity import identify
from leanrag.permissions import ROLES, Role, allowed_to
from leanrag.permitted_calls import ANYONE
from pages._menu import PAGES, MenuPage
from tests.page_widgets import READS
from tests.signed_in_pages import Console, Drawn, Shop, email_of, suspended
from tests.widget_uses import use_of

REFUSALS = (
    "does not allow this",
    "Only an administrator",
    "not of the tenant that you are in",
    "This page could not be shown",
)


# The buttons of the page of tenants that ask something first, and what each asks.
DIALOGS = {
    "tenants_new": {"tenants_new_name", "tenants_new_slug", "tenants_new_owner"},
    "tenants_suspend_{tenant}": {"tenants_reason"},
    "tenants_delete_list_{tenant}": {"tenants_typed"},
}


@dataclass(frozen=True)
class Scene:
    """A state of a page: its address, what the browser remembers, and what is clicked.

    In a key to click, `{tenant}` stands for the shop's id.
    """

    page: str
    query: Callable[[Shop], dict[str, Any]] = lambda _: {}
    state: Callable[[Shop], dict[str, Any]] = lambda _: {}
    clicks: tuple[str, ...] = ()
    name: str = ""
    is_alike: bool = True  # of two who may the same, each is offered the same


def _source(form: str, *clicks: str, view: str = "") -> Scene:
    return Scene(
        "documents",
        lambda shop: {"source": shop.sources[form]},
        lambda _: {"documents_view": view} if view else {},
        clicks,
        f"{form} {view} {' '.join(clicks)}",
    )


def _adding(form: str) -> Scene:
    return Scene("documents", state=lambda _: {"documents_form": form}, name=f"add {form}")


SCENES = (
    Scene("chat"),
    Scene("chat", lambda shop: {"conversation": shop.conversation}, name="conversation"),
    Scene("chat", lambda _: {"conversation": "0" * 32}, name="conversation that is gone"),
    *(_adding(form) for form in ("files", "faq", "products", "manual", "website")),
    Scene(
        "documents",
        state=lambda shop: {"documents_chosen": frozenset({shop.sources["file"]})},
        name="chosen",
    ),
    _source("file"),
    *(_source("file", f"documents_{name}") for name in ("edit", "newer", "process")),
    _source("file", "documents_delete_source"),
    _source("records"),
    _source("manual"),
    _source("website", "documents_process"),
    _source("website", view="suggestions"),
    _source("failed"),
    _source("pending"),
    Scene("documents", lambda _: {"suggestions": 1}, name="suggestions"),
    Scene("passages"),
    Scene("passages", state=lambda _: {"passages_selecting": True}, name="selecting"),
    Scene("passages", lambda shop: {"passage": shop.passage}, name="passage"),
    Scene("passages", lambda shop: {"passage": shop.passage}, clicks=("passages_edit",), name="e"),
    Scene("passages", lambda _: {"review": 1}, name="review"),
    Scene("retrieval", lambda _: {"q": "copper kettle"}, name="question"),
    Scene("tuning", clicks=("tuning_reset",)),
    Scene("tuning", state=lambda _: {"tuning_question": "How much is it?"}, name="question"),
    Scene("bots"),
    Scene("bots", clicks=("bots_new",), name="new"),
    Scene("bots", lambda _: {"bot": "assistant"}, name="one"),
    Scene("bots", lambda _: {"bot": "assistant"}, clicks=("bots_publish",), name="publish"),
    Scene(
        "bots",
        lambda _: {"bot": "assistant"},
        lambda _: {"bots_view": "versions"},
        name="versions",
    ),
    Scene("usage"),
    Scene("members", is_alike=False),
    Scene("members", clicks=("members_add",), is_alike=False, name="add"),
    Scene("keys", clicks=("keys_make",)),
    Scene("audit"),
    Scene("account", is_alike=False),
    Scene("account", clicks=("tenants_delete_account",), is_alike=False, name="delete"),
    Scene("tenants"),
    *(Scene("tenants", clicks=(button,), name=button) for button in DIALOGS),
)


@dataclass(frozen=True)
class Visitor:
    """Somebody who opens pages, and what the table lets them do."""

    name: str
    email: str = ""
    role: Role | None = None
    is_suspended: bool = False
    is_administrator: bool = False

    def may_open(self, page: MenuPage) -> bool:
        if not self.email or (page.is_for_administrators and not self.is_administrator):
            return False
        allowed = allowed_to(self.role, is_suspended=self.is_suspended) if self.role else ()
        return page.action is None or page.action in allowed


VISITORS = (
    *(Visitor(role, email_of(role), role) for role in ROLES),
    *(Visitor(f"{role} of a suspended tenant", email_of(role), role, True) for role in ROLES),
    Visitor("administrator", "root@shop.example", is_administrator=True),
    Visitor("administrator and viewer", "both@shop.example", "viewer", is_administrator=True),
    Visitor("nobody"),
)


@pytest.fixture(scope="module")
def staffed(shop: Shop) -> Shop:
    """The shop, and two administrators of the installation: one of them is a viewer of it too."""
    access = shop.services.access
    owner = access.people.find(email_of("owner"))
    assert owner is not None
    access.members.add(identify(owner), "both@shop.example", "viewer")
    other = shop.services.tenants.create("other", "Other").tenant_id
    root_id = access.members.ensure_owner(other, "root@shop.example")
    access.members.ensure_owner(other, "somebody@shop.example")
    root = access.people.find("root@shop.example")
    both = access.people.find("both@shop.example")
    assert root is not None
    assert both is not None
    for person_id in (root_id, both.person_id):
        access.people.make_administrator(person_id)
    access.members.remove(identify(root), root_id)
    return shop


def cookie_of(shop: Shop, visitor: Visitor) -> str:
    return shop.cookie(visitor.email) if visitor.email else ""


@pytest.mark.parametrize("visitor", VISITORS, ids=lambda visitor: visitor.name)
def test_a_page_is_opened_or_refused_as_the_table_says(
    staffed: Shop, console: Console, visitor: Visitor
) -> None:
    cookie = cookie_of(staffed, visitor)
    with suspended(staffed) if visitor.is_suspended else nullcontext():
        seen = {page.name: console.visit(page.name, cookie) for page in PAGES}
    for page in PAGES:
        _check_opened(page, visitor, seen[page.name])
    print(f"{len(PAGES)} cells of {visitor.name}")


@pytest.mark.parametrize("visitor", VISITORS, ids=lambda visitor: visitor.name)
def test_what_is_done_with_tenants_is_asked_of_administrators_alone(
    staffed: Shop, console: Console, visitor: Visitor
) -> None:
    cookie = cookie_of(staffed, visitor)
    expected = "resume" if visitor.is_suspended else "suspend"
    with suspended(staffed) if visitor.is_suspended else nullcontext():
        for button, boxes in DIALOGS.items():
            key = button.format(tenant=staffed.tenant_id)
            drawn = console.visit("tenants", cookie, clicks=(key,))
            _check_whole(drawn)
            found = {key for key in drawn.keys if key.startswith("tenants_")}
            if visitor.is_administrator:
                assert found >= {key, *boxes, f"tenants_{expected}_{staffed.tenant_id}"}
            else:
                assert not found, button
    print(f"{len(DIALOGS)} cells of {visitor.name}")


def _check_whole(drawn: Drawn) -> None:
    """Nothing broke, and a page asked for nothing that its visitor may not."""
    assert not drawn.browser.exception
    said = [element.value for element in drawn.browser.error]
    assert [text for text in said if any(refusal in text for refusal in REFUSALS)] == []


def _check_opened(page: MenuPage, visitor: Visitor, drawn: Drawn) -> None:
    browser = drawn.browser
    _check_whole(drawn)
    if visitor.may_open(page):
        assert drawn.opened, page.name
        return
    assert not drawn.opened, page.name
    own = {key for key in drawn.keys if not key.startswith("shell_")}
    if not visitor.email:
        assert own <= {"sign_in_typed_email", *(key for key in own if "sign_in" in key)}
    else:
        assert not own, page.name
        assert len(browser.info) + len(browser.warning) == 1, page.name


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: f"{scene.page} {scene.name}".strip())
def test_nothing_that_writes_is_drawn_for_who_may_not(
    shop: Shop, console: Console, scene: Scene
) -> None:
    drawn = {role: _written(console, shop, scene, role) for role in ROLES}
    for role in ROLES:
        assert {use_of(key) for key in drawn[role]} <= allowed_to(role), role
        if scene.is_alike and may_open(scene, role):
            expected = {key for key in drawn["owner"] if use_of(key) in allowed_to(role)}
            assert drawn[role] == expected, role
    with suspended(shop):
        left = _written(console, shop, scene, "owner", is_suspended=True)
    assert {use_of(key) for key in left} <= allowed_to("owner", is_suspended=True)
    print(f"{len(ROLES) + 1} cells, {len(drawn['owner'])} widgets that write")


def may_open(scene: Scene, role: Role, *, is_suspended: bool = False) -> bool:
    (page,) = [page for page in PAGES if page.name == scene.page]
    return Visitor(role, email_of(role), role, is_suspended).may_open(page)


def _written(
    console: Console, shop: Shop, scene: Scene, role: Role, *, is_suspended: bool = False
) -> set[str]:
    """Return the keys of the widgets that write, as this role sees the page."""
    seen = console.visit(
        scene.page,
        shop.cookie(email_of(role)),
        query={key: str(value) for key, value in scene.query(shop).items()},
        state=scene.state(shop),
        clicks=tuple(key.format(tenant=shop.tenant_id) for key in scene.clicks),
    )
    _check_whole(seen)
    assert bool(seen.opened) == may_open(scene, role, is_suspended=is_suspended)
    _check_line(scene, seen, role)
    return {key for key in seen.keys if use_of(key) not in (READS, ANYONE)}


LINES = {
    "bots": "bots.write",
    "chat": "ask",
    "documents": "knowledge.write",
    "passages": "knowledge.write",
}


def _check_line(scene: Scene, seen: Drawn, role: Role) -> None:
    """A page without its writing parts says so, once."""
    said = [c.value for c in seen.browser.caption if ":material/visibility:" in c.value]
    assert len(said) <= 1
    needed = {**LINES, "tuning": "tuning.write"}.get(scene.page)
    if needed is not None and needed not in allowed_to(role):
        assert said, scene


def test_every_page_of_the_first_six_has_scenes_that_draw_what_it_writes(
    shop: Shop, console: Console
) -> None:
    """Else the walk would find nothing to compare."""
    fewest = {"chat": 3, "documents": 10, "passages": 5, "tuning": 3}
    for page, least in fewest.items():
        found: set[str] = set()
        for scene in SCENES:
            if scene.page == page and not scene.clicks:
                found |= _written(console, shop, scene, "owner")
        assert len(found) >= least, (page, found)
