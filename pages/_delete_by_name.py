"""The dialog that asks to type the short name of what is deleted with all that belongs to it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages._chat_text import isolated
from pages._locale import t
from pages._names import name_text
from pages._notice import Notice
from pages._safe_text import plain_text


def ask_deletion(
    notice: Notice, *, name: str, slug: str, goes: str, delete: Callable[[str], None]
) -> None:
    """Open the dialog; `goes` says what is lost, and `delete` is called with what was typed.

    The page of the notice has the other texts: `<page>.delete_title` and so on.
    """
    page = notice.page
    st.session_state[f"{page}_typed"] = ""

    @st.dialog(t(f"{page}.delete_title"), icon=":material/delete_forever:")
    def ask() -> None:
        with st.container(key=f"interface-{page}-delete"):
            st.markdown(f"**{name_text(name)}**")
        st.markdown(goes)
        st.caption(t(f"{page}.delete_stays"))
        has_failed = notice.draw_problem()
        with st.form(f"{page}_delete_form", border=False):
            label = t(f"{page}.delete_type", slug=isolated(plain_text(slug)))
            st.text_input(label, key=f"{page}_typed", autocomplete="off")
            pressed = st.form_submit_button(
                t(f"{page}.delete_yes"),
                type="primary",
                icon=":material/delete_forever:",
                on_click=_delete,
                args=(notice, slug, delete),
            )
        if pressed and not has_failed:
            st.rerun()

    ask()


def _delete(notice: Notice, slug: str, delete: Callable[[str], None]) -> None:
    typed = str(st.session_state[f"{notice.page}_typed"]).strip()
    if typed == slug:
        delete(typed)
    else:
        notice.complain(plain_text(t(f"{notice.page}.error_wrong_slug", slug=slug)))
