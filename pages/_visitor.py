"""Whose console it is: the tenant, who looks at it, the way to another tenant and out."""

from __future__ import annotations

from uuid import UUID

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.errors import LeanRagError
from leanrag.identity import Identity
from pages._error_text import error_text
from pages._identity import enter_tenant, forget_everything
from pages._locale import LANGUAGE_KEY, t
from pages._safe_text import plain_text

_CHOICE = "shell_tenant_choice"


def draw_visitor(services: Services, identity: Identity) -> None:
    """Draw the tenant, or the choice among several, and who is signed in."""
    try:
        _draw_tenant(services, identity)
    except LeanRagError as error:
        st.error(error_text(error))
    if services.settings.auth == "none":
        return
    role = f" · {t(f'shell.role.{identity.role}')}" if identity.role else ""
    st.caption(f"{plain_text(identity.name or identity.email)}{role}")
    leave = t("shell.sign_out")
    if st.button(leave, icon=":material/logout:", type="tertiary", key="shell_sign_out"):
        sign_out(services, identity)


def draw_refusal(services: Services, identity: Identity) -> None:
    """Say why a page stays closed: no tenant yet, a suspended one, or a role that lacks it."""
    if not identity.has_tenant:
        st.info(t("shell.no_tenant"), icon=":material/domain:")
        return
    tenant = services.tenants.get(identity.tenant_id)
    if tenant.status == "active":
        st.info(t("shell.not_for_role"), icon=":material/lock:")
        return
    st.warning(t("shell.suspended", name=plain_text(tenant.name)), icon=":material/pause_circle:")
    if tenant.suspended_reason:
        st.text(tenant.suspended_reason)


def _draw_tenant(services: Services, identity: Identity) -> None:
    places = {place.tenant_id: place for place in identity.memberships}
    if len(places) > 1:
        st.session_state[_CHOICE] = identity.tenant_id
        st.selectbox(
            t("shell.tenant"),
            list(places),
            format_func=lambda tenant_id: places[tenant_id].name,
            key=_CHOICE,
            on_change=_switch,
            args=(services, identity),
        )
    elif identity.has_tenant:
        name = services.tenants.get(identity.tenant_id).name
        st.caption(f"{t('shell.tenant')}: {plain_text(name)}")


def _switch(services: Services, identity: Identity) -> None:
    chosen: UUID = st.session_state[_CHOICE]
    services.access.sessions.choose_tenant(identity, chosen)
    enter_tenant(chosen)


def sign_out(services: Services, identity: Identity) -> None:
    """End this session, and show the way to sign in."""
    if identity.person_id and identity.sign_in_id:
        services.access.sessions.revoke(identity.person_id, identity.sign_in_id)
    forget_everything(but=frozenset({LANGUAGE_KEY}))
    if st.user.to_dict().get("is_logged_in"):
        st.logout()  # sends the browser away, so there is nothing to draw
        st.stop()
    st.rerun()
