"""A tenant suspended with a reason that its members read, and let work again."""

from __future__ import annotations

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.tenants import TenantView
from pages._locale import t
from pages._names import name_text
from pages._tenants_notice import notice

_REASON = "tenants_reason"
_MAX_REASON = 500


def draw_suspend(services: Services, tenant: TenantView) -> None:
    """Draw the button that suspends a tenant, or lets a suspended one work again."""
    if tenant.status == "suspended":
        st.button(
            t("tenants.resume"),
            icon=":material/play_circle:",
            on_click=_resume,
            args=(services, tenant),
            key=f"tenants_resume_{tenant.tenant_id}",
        )
    elif tenant.status == "active" and st.button(
        t("tenants.suspend"),
        icon=":material/pause_circle:",
        key=f"tenants_suspend_{tenant.tenant_id}",
    ):
        st.session_state[_REASON] = ""
        _ask(services, tenant)


def _ask(services: Services, tenant: TenantView) -> None:
    @st.dialog(t("tenants.suspend_title"), icon=":material/pause_circle:")
    def ask() -> None:
        with st.container(key="interface-tenants-suspend"):
            st.markdown(f"**{name_text(tenant.name)}**")
        st.markdown(t("tenants.suspend_goes"))
        has_failed = notice.draw_problem()
        with st.form("tenants_suspend_form", border=False):
            st.text_area(t("tenants.reason"), key=_REASON, max_chars=_MAX_REASON)
            pressed = st.form_submit_button(
                t("tenants.suspend_yes"),
                type="primary",
                on_click=_suspend,
                args=(services, tenant),
            )
        if pressed and not has_failed:
            st.rerun()

    ask()


def _suspend(services: Services, tenant: TenantView) -> None:
    reason = str(st.session_state[_REASON])
    done = t("tenants.suspended", name=name_text(tenant.name))
    notice.attempt(lambda: services.tenants.suspend(str(tenant.tenant_id), reason), done)


def _resume(services: Services, tenant: TenantView) -> None:
    done = t("tenants.resumed", name=name_text(tenant.name))
    notice.attempt(lambda: services.tenants.resume(str(tenant.tenant_id)), done)
