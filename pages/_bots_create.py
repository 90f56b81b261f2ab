"""A new bot: the name that people see, and the short name that addresses use."""

from __future__ import annotations

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.errors import LeanRagError
from pages._bots_address import open_bot
from pages._bots_notice import notice
from pages._locale import t
from pages._names import MAX_NAME, MAX_SLUG, name_text, short_name
from pages._services import current_tenant

_NAME, _SLUG = "bots_new_name", "bots_new_slug"


def draw_create(services: Services) -> None:
    """Draw the button that opens the form."""
    if st.button(t("bots.new"), icon=":material/add:", type="primary", key="bots_new"):
        for key in (_NAME, _SLUG):
            st.session_state[key] = ""
        _ask(services)


def _ask(services: Services) -> None:
    @st.dialog(t("bots.new"), icon=":material/smart_toy:")
    def ask() -> None:
        st.caption(t("bots.new_intro"))
        has_failed = notice.draw_problem()
        with st.form("bots_new_form", border=False):
            st.text_input(t("bots.name"), key=_NAME, max_chars=MAX_NAME, autocomplete="off")
            st.text_input(
                t("bots.slug"),
                key=_SLUG,
                max_chars=MAX_SLUG,
                help=t("bots.slug_help"),
                placeholder="sales",
                autocomplete="off",
            )
            pressed = st.form_submit_button(
                t("bots.create"), type="primary", on_click=_create, args=(services,)
            )
        if pressed and not has_failed:
            st.rerun()

    ask()


def _create(services: Services) -> None:
    name, slug = (str(st.session_state[key]).strip() for key in (_NAME, _SLUG))
    try:
        made = services.bots.create(current_tenant(), slug or short_name(name), name)
    except LeanRagError as error:
        notice.complain(error)
        return
    open_bot(made.slug)
    notice.say(t("bots.created", name=name_text(made.name)))
