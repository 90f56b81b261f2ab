"""The one composition root of this process, shared by the pages and the API.

The API checks its callers itself. A page gets the services as whoever looks at it may call them.
"""

from __future__ import annotations

import threading
from uuid import UUID

from leanrag.bootstrap import Services, start_services
from leanrag.guarded_services import guard_services
from leanrag.identity import Identity
from leanrag.permissions import Action
from pages._identity import identify

_lock = threading.Lock()
_services: Services | None = None


def running_services() -> Services:
    """Return the process's services, started by the first caller. Raises LeanRagError."""
    global _services
    with _lock:
        if _services is None:
            _services = start_services()
        return _services


def get_services() -> Services:
    """Return the services for a page: every call is checked, and is its visitor's own act."""
    services = running_services()
    return guard_services(services, lambda: identify(services))


def visitor(*, anew: bool = False) -> Identity:
    """Return who looks at the page. Raises Unauthenticated, as whoever is not signed in."""
    return identify(running_services(), anew=anew)


def current_tenant() -> UUID:
    """Return the tenant that the page is about."""
    return visitor().tenant_id


def may(action: Action) -> bool:
    """Tell whether whoever looks may do this here; what they may not is not offered."""
    return action in visitor().allowed


def close_services() -> None:
    """Stop the services, if they run; the next `running_services` starts new ones."""
    global _services
    with _lock:
        if _services is not None:
            _services.close()
        _services = None
