"""Who looks at a page: the local operator, or whose session the browser's cookie holds."""

from __future__ import annotations

import time
from contextvars import ContextVar
from uuid import UUID

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from leanrag.access import Credentials
from leanrag.auth import SESSION_COOKIE
from leanrag.bootstrap import Services
from leanrag.client_address import client_address
from leanrag.errors import Forbidden
from leanrag.identity import Identity, local_identity
from leanrag.settings import Settings
from pages._locale import LANGUAGE_KEY

FRESH_SECONDS = 1.0  # a run of a page asks many times; what was revoked counts after this
_TENANT = "shell_tenant"  # of this tab: another tab of the browser may be in another tenant
_PERSON = "shell_person"  # whose tab this is
_LOOPBACK = "127.0.0.1"
_known: ContextVar[tuple[float, Identity] | None] = ContextVar("page_identity", default=None)


def identify(services: Services, *, anew: bool = False) -> Identity:
    """Return who looks, read from the database at most every second and always if `anew`.

    A thread that a page started acts for whoever that page knew. Raises Unauthenticated.
    """
    if services.settings.auth == "none":
        return local_identity(services.local_tenant_id, ip=network_address(services.settings))
    known = _known.get()
    is_page = get_script_run_ctx(suppress_warning=True) is not None
    if known and not anew and (not is_page or time.monotonic() - known[0] < FRESH_SECONDS):
        return known[1]
    _known.set(None)
    identity = _find(services)
    if anew:
        _forget_others(identity)
    _known.set((time.monotonic(), identity))
    return identity


def enter_tenant(tenant_id: UUID) -> None:
    """Let this tab be in another tenant, with nothing of the one before."""
    forget_everything()
    st.session_state[_TENANT] = str(tenant_id)


def forget_everything(*, but: frozenset[str] = frozenset()) -> None:
    """Drop what this tab remembers, what its address says too."""
    _known.set(None)
    for key in [key for key in st.session_state if key not in but]:
        del st.session_state[key]
    st.query_params.clear()


def _forget_others(identity: Identity) -> None:
    """Drop what this tab remembers of another person: a browser that connects again keeps its tab.

    It brings the cookie that it has then, of whoever signed in meanwhile in another tab.
    """
    person = str(identity.person_id)
    if st.session_state.get(_PERSON, person) != person:
        forget_everything(but=frozenset({LANGUAGE_KEY}))
        if identity.has_tenant:
            st.session_state[_TENANT] = str(identity.tenant_id)
    st.session_state[_PERSON] = person


def network_address(settings: Settings) -> str:
    """Return where the browser is, as far as trusted proxies tell."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return ""
    peer: object = st.context.ip_address  # None from this computer itself
    forwarded = st.context.headers.get_all("X-Forwarded-For")
    return client_address(peer if isinstance(peer, str) else _LOOPBACK, forwarded, settings)


def session_cookie() -> str:
    """Return what the browser brought as its session, or nothing."""
    return str(st.context.cookies.get(SESSION_COOKIE, ""))


def _find(services: Services) -> Identity:
    tenant = str(st.session_state.get(_TENANT, ""))
    cookie, ip = session_cookie(), network_address(services.settings)
    try:
        identity = services.access.identify(Credentials(cookie=cookie, tenant=tenant, ip=ip))
    except Forbidden:  # no member there any more
        identity = services.access.identify(Credentials(cookie=cookie, ip=ip))
    if identity.has_tenant:
        st.session_state[_TENANT] = str(identity.tenant_id)
    return identity
