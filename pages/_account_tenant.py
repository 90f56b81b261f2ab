"""What whoever answers for a tenant does with it as a whole: take everything out, or delete it."""

from __future__ import annotations

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.identity import Identity
from pages._account_export import draw_export
from pages._locale import t
from pages._names import name_text
from pages._services import may
from pages._tenants_delete import draw_delete
from pages._tenants_words import state_badge


def draw_own_tenant(services: Services, identity: Identity) -> None:
    """Draw the export and the deletion of the tenant that is open, as the role allows them."""
    may_export, may_delete = may("tenant.export"), may("tenant.delete")
    if not identity.has_tenant or not (may_export or may_delete):
        return
    tenant = services.tenants.get(identity.tenant_id)
    st.subheader(t("account.tenant_title", name=name_text(tenant.name)))
    if tenant.status != "active":
        with st.container(key="interface-account-state"):
            st.markdown(state_badge(tenant.status))
        if tenant.suspended_reason:
            st.text(tenant.suspended_reason)
    if may_export:
        st.markdown(t("account.export_help"))
        draw_export(services, tenant)
    if may_delete:
        st.markdown(t("account.delete_help"))
        draw_delete(services, tenant, place="account")
