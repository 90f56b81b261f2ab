"""All tenants of the installation: searched, a page at a time, with what can be done with each."""

from __future__ import annotations

from math import ceil
from uuid import UUID

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.identity import Identity
from leanrag.tenants import TenantView
from pages._account_tenants import draw_open, memberships
from pages._chat_text import isolated
from pages._locale import number, t
from pages._names import name_text
from pages._safe_text import plain_text
from pages._search import search
from pages._tenants_delete import draw_delete
from pages._tenants_suspend import draw_suspend
from pages._tenants_words import state_badge

TENANTS_PER_PAGE = 15
_PAGE = "tenants_page"
_STYLE = """<style>
[class*="st-key-tenants_row_"] > div:first-child { min-width: 11rem; }
</style>"""


def draw_list(services: Services, identity: Identity) -> None:
    """Draw the tenants that the search leaves, a page at a time."""
    everything = services.tenants.list()
    found = search(
        everything,
        lambda tenant: f"{tenant.name} {tenant.slug}",
        label=t("tenants.search"),
        key="tenants_find",
        on_change=lambda: st.session_state.pop(_PAGE, None),
    )
    if not found:
        st.info(t("tenants.nothing"), icon=":material/search_off:")
        return
    st.caption(t("tenants.listed", count=number(len(found)), total=number(len(everything))))
    st.html(_STYLE)
    own = {place.tenant_id for place in memberships(services, identity)}
    pages = ceil(len(found) / TENANTS_PER_PAGE)
    page = min(pages, int(st.session_state.get(_PAGE, 1)))
    for tenant in found[(page - 1) * TENANTS_PER_PAGE : page * TENANTS_PER_PAGE]:
        _draw_tenant(services, identity, tenant, own)
    if pages > 1:
        st.session_state[_PAGE] = page
        st.pagination(pages, key=_PAGE)


def _draw_tenant(
    services: Services, identity: Identity, tenant: TenantView, own: set[UUID]
) -> None:
    is_here = tenant.tenant_id == identity.tenant_id
    with st.container(border=True, gap="xsmall", key=f"tenants_card_{tenant.tenant_id}"):
        with st.container(
            horizontal=True, vertical_alignment="center", key=f"tenants_row_{tenant.tenant_id}"
        ):
            with st.container(gap="xxsmall", key=f"interface-tenants-{tenant.tenant_id}"):
                here = f" :blue-badge[{t('account.open_now')}]" if is_here else ""
                st.markdown(f"**{name_text(tenant.name)}** {state_badge(tenant.status)}{here}")
                st.caption(isolated(plain_text(tenant.slug)))
            with st.container(
                horizontal=True, width="content", key=f"tenants_do_{tenant.tenant_id}"
            ):
                if tenant.tenant_id in own and not is_here:
                    draw_open(services, identity, tenant.tenant_id, place="list")
                draw_suspend(services, tenant)
                draw_delete(services, tenant, place=f"list_{tenant.tenant_id}")
        if tenant.suspended_reason:
            st.text(tenant.suspended_reason)
