"""A new tenant: its name, its short name, and who owns it first."""

from __future__ import annotations

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.email_address import read_address
from leanrag.errors import LeanRagError
from pages._chat_text import isolated
from pages._locale import t
from pages._names import MAX_NAME, MAX_SLUG, name_text, short_name
from pages._safe_text import plain_text
from pages._tenants_errors import problem_text
from pages._tenants_notice import notice

_NAME, _SLUG, _OWNER = "tenants_new_name", "tenants_new_slug", "tenants_new_owner"
_MAX_ADDRESS = 254


def draw_create(services: Services) -> None:
    """Draw the button that opens the form."""
    if st.button(t("tenants.new"), icon=":material/add:", type="primary", key="tenants_new"):
        for key in (_NAME, _SLUG, _OWNER):
            st.session_state[key] = ""
        _ask(services)


def _ask(services: Services) -> None:
    @st.dialog(t("tenants.new"), icon=":material/domain_add:")
    def ask() -> None:
        has_failed = notice.draw_problem()
        with st.form("tenants_new_form", border=False):
            st.text_input(t("tenants.name"), key=_NAME, max_chars=MAX_NAME, autocomplete="off")
            st.text_input(
                t("tenants.slug"),
                key=_SLUG,
                max_chars=MAX_SLUG,
                help=t("tenants.slug_help"),
                placeholder="acme",
                autocomplete="off",
            )
            st.text_input(
                t("tenants.owner"),
                key=_OWNER,
                max_chars=_MAX_ADDRESS,
                help=t("tenants.owner_help"),
                placeholder="you@example.com",
                autocomplete="off",
            )
            pressed = st.form_submit_button(
                t("tenants.create"), type="primary", on_click=_create, args=(services,)
            )
        if pressed and not has_failed:
            st.rerun()

    ask()


def _create(services: Services) -> None:
    name, slug, owner = (str(st.session_state[key]).strip() for key in (_NAME, _SLUG, _OWNER))
    try:
        address = read_address(owner)  # before there is a tenant that nobody owns
        made = services.tenants.create(slug or short_name(name), name)
    except LeanRagError as error:
        notice.complain(error)
        return
    shown = name_text(made.name)
    try:
        services.access.members.ensure_owner(made.tenant_id, address)
    except LeanRagError as error:
        notice.complain(t("tenants.created_alone", name=shown, problem=problem_text(error)))
        return
    notice.say(t("tenants.created", name=shown, email=isolated(plain_text(address))))
