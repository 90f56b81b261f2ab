"""Files that are made when their button is pressed, outside of the page's script.

Streamlit calls such a function in a thread that knows no visitor. So the page notes what the
browser brought, and who it is by then is read anew: what was revoked meanwhile downloads nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from leanrag.access import Credentials
from leanrag.bootstrap import Services
from leanrag.guarded_services import guard_services
from leanrag.identity import Identity
from pages import _identity
from pages._services import current_tenant, running_services, visitor


def visitor_later() -> Callable[[], Identity]:
    """Return what tells, when it is asked, who this page's visitor is then.

    It raises Unauthenticated or Forbidden where the visitor may no longer act in this tenant.
    """
    services = running_services()
    if services.settings.auth == "none":
        local = visitor()
        return lambda: local
    ip, cookie = _identity.network_address(services.settings), _identity.session_cookie()
    brought = Credentials(cookie=cookie, tenant=str(current_tenant()), ip=ip)
    return lambda: services.access.identify(brought)


def services_later() -> Services:
    """Return services for a function that runs outside of the page, guarded as the page's are."""
    return guard_services(running_services(), visitor_later())
