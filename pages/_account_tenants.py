"""The tenants that somebody belongs to, with the role in each and the way into it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.errors import LeanRagError
from leanrag.identity import Identity, Membership
from pages._chat_text import isolated
from pages._identity import enter_tenant
from pages._locale import t
from pages._names import name_text
from pages._safe_text import plain_text
from pages._tenants_notice import notice
from pages._tenants_words import state_badge


def draw_memberships(services: Services, identity: Identity) -> None:
    """Draw the visitor's tenants: the one that is open, and buttons for the others."""
    st.subheader(t("account.tenants"))
    found = memberships(services, identity)
    if not found:
        st.info(t("account.no_tenant"), icon=":material/domain:")
    for place in found:
        _draw_place(services, identity, place)


def memberships(services: Services, identity: Identity) -> Sequence[Membership]:
    """Return the tenants that the visitor belongs to."""
    if identity.person_id is None:
        return ()
    return services.access.members.tenants_of(identity.person_id)


def draw_open(services: Services, identity: Identity, tenant_id: UUID, *, place: str) -> None:
    """Draw the button that enters a tenant; `place` tells it from others."""
    st.button(
        t("tenants.open"),
        icon=":material/login:",
        on_click=_enter,
        args=(services, identity, tenant_id),
        key=f"tenants_open_{place}_{tenant_id}",
    )


def _draw_place(services: Services, identity: Identity, place: Membership) -> None:
    is_here = place.tenant_id == identity.tenant_id
    with (
        st.container(border=True, key=f"account_tenant_{place.tenant_id}"),
        st.container(horizontal=True, vertical_alignment="center"),
    ):
        with st.container(gap="xxsmall", key=f"interface-account-place-{place.tenant_id}"):
            badges = [f":blue-badge[{t(f'shell.role.{place.role}')}]"]
            if place.is_suspended:
                badges.append(state_badge("suspended"))
            if is_here:
                badges.append(f":green-badge[{t('account.open_now')}]")
            st.markdown(f"**{name_text(place.name)}** {' '.join(badges)}")
            st.caption(isolated(plain_text(place.slug)))
        if not is_here:
            draw_open(services, identity, place.tenant_id, place="account")


def _enter(services: Services, identity: Identity, tenant_id: UUID) -> None:
    try:
        services.access.sessions.choose_tenant(identity, tenant_id)
    except LeanRagError as error:
        notice.complain(error)
    else:
        enter_tenant(tenant_id)
