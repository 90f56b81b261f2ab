"""The console's pages in the order of its menu, and the action that each of them asks for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from leanrag.identity import Identity
from leanrag.permissions import Action
from leanrag.settings import Settings


@dataclass(frozen=True, slots=True)
class MenuPage:
    """A page: `pages/{name}.py`, called `shell.{name}`.

    `action` is what its visitor must be allowed; None where signing in is enough. What
    `needs_sign_in` makes no sense where everybody is the local operator.
    """

    name: str
    icon: str
    action: Action | None
    needs_sign_in: bool = False
    is_for_administrators: bool = False


PAGES = (
    MenuPage("chat", ":material/chat:", "conversations.read"),
    MenuPage("documents", ":material/description:", "knowledge.read"),
    MenuPage("passages", ":material/article:", "knowledge.read"),
    MenuPage("retrieval", ":material/manage_search:", "knowledge.read"),
    MenuPage("tuning", ":material/tune:", "tuning.read"),
    MenuPage("bots", ":material/smart_toy:", "tuning.read"),
    MenuPage("usage", ":material/monitoring:", "usage.read"),
    MenuPage("members", ":material/group:", "members.read"),
    MenuPage("keys", ":material/key:", "keys.write"),
    MenuPage("audit", ":material/history:", "audit.read"),
    MenuPage("account", ":material/account_circle:", None, needs_sign_in=True),
    MenuPage(
        "tenants",
        ":material/domain:",
        None,
        needs_sign_in=True,
        is_for_administrators=True,
    ),
)


def open_pages(identity: Identity, settings: Settings) -> Iterator[MenuPage]:
    """Yield the pages that somebody may open."""
    return (page for page in PAGES if may_open(page, identity, settings))


def may_open(page: MenuPage, identity: Identity, settings: Settings) -> bool:
    """Tell whether somebody may open a page."""
    if page.needs_sign_in and settings.auth == "none":
        return False
    if page.is_for_administrators and not identity.is_administrator:
        return False
    return page.action is None or page.action in identity.allowed
