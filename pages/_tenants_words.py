"""How a tenant is named, and what state it is in, as markdown."""

from __future__ import annotations

from leanrag.tenants import TenantStatus
from pages._chat_text import isolated
from pages._locale import t
from pages._safe_text import plain_text

MAX_NAME_LETTERS = 80
_COLOURS: dict[TenantStatus, str] = {"active": "green", "suspended": "orange", "deleting": "red"}


def name_text(name: str) -> str:
    """Return a tenant's name, cut where it is long, in its own direction."""
    is_long = len(name) > MAX_NAME_LETTERS
    return isolated(plain_text(f"{name[:MAX_NAME_LETTERS].rstrip()}…" if is_long else name))


def state_badge(status: TenantStatus) -> str:
    """Return a tenant's state as a badge."""
    return f":{_COLOURS[status]}-badge[{t(f'tenants.state_{status}')}]"
