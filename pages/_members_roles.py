"""What each role may do, drawn from the one table that decides it."""

from __future__ import annotations

import streamlit as st

from leanrag.permissions import ACTIONS, ROLES, Action, may
from pages._locale import t
from pages._members_words import role_name

_STYLE = """<style>
@media (max-width: 640px) {.st-key-members_roles_wide {display: none}}
@media (min-width: 641px) {.st-key-members_roles_narrow {display: none}}
.st-key-members_roles_wide :is(td, th):not(:first-child) { text-align: center !important; }
.st-key-members_roles_wide :is(td, th):not(:first-child) p { text-align: center !important; }
</style>"""


def draw_roles() -> None:
    """Draw the table; on a narrow screen each action with the roles that may do it."""
    st.subheader(t("members.table"))
    st.html(_STYLE)
    with st.container(key="members_roles_wide"):
        columns = {t("members.table_action"): [action_text(action) for action in ACTIONS]}
        for role in ROLES:
            marks = ["✓" if may(role, action) else "–" for action in ACTIONS]
            columns[role_name(role)] = marks
        st.table(columns, border="horizontal", hide_index=True)
    with st.container(key="members_roles_narrow", gap="xsmall"):
        for action in ACTIONS:
            with st.container(key=f"interface-members-{action}", gap=None):
                st.markdown(action_text(action))
                st.caption(" · ".join(role_name(role) for role in ROLES if may(role, action)))


def action_text(action: Action) -> str:
    """Return in words what an action of the role table is."""
    return t(f"members.action.{action}")
