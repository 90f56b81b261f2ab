"""What state a tenant is in, as markdown."""

from __future__ import annotations

from leanrag.tenants import TenantStatus
from pages._locale import t

_COLOURS: dict[TenantStatus, str] = {"active": "green", "suspended": "orange", "deleting": "red"}


def state_badge(status: TenantStatus) -> str:
    """Return a tenant's state as a badge."""
    return f":{_COLOURS[status]}-badge[{t(f'tenants.state_{status}')}]"
