"""Who is signed in."""

from __future__ import annotations

import streamlit as st

from leanrag.identity import Identity
from pages._locale import t


def draw_who(identity: Identity) -> None:
    """Draw the visitor's name and address, and what else is known of it."""
    with st.container(border=True, gap="xsmall", key="account_who"):
        if identity.name:
            _draw_fact("name", identity.name)
        if identity.email:
            _draw_fact("email", identity.email)
        if identity.tier:
            _draw_fact("tier", identity.tier)
        if identity.is_administrator:
            with st.container(key="interface-account-administrator"):
                st.markdown(f":violet-badge[{t('account.administrator')}]")
                st.caption(t("account.administrator_help"))


def _draw_fact(name: str, value: str) -> None:
    with st.container(gap=None, key=f"account_fact_{name}"):
        st.caption(t(f"account.fact_{name}"))
        st.text(value)
