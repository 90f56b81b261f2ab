"""What a page says in place of what the visitor's role may not do."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from leanrag.permissions import ROLES, Action, may
from pages._locale import t
from pages._services import visitor

Page = Literal["bots", "chat", "documents", "passages", "tuning"]


def say_reads_only(page: Page, action: Action) -> None:
    """Say in one quiet line that this visitor reads here, and from which role on one may more."""
    if visitor().is_suspended:
        text = t("shell.suspended_reads")
    else:
        lowest = next(role for role in reversed(ROLES) if may(role, action))
        text = t(f"{page}.reads_only", role=t(f"shell.role.{lowest}"))
    with st.container(key=f"{page}_reads_only"):
        st.caption(f":material/visibility: {text}")
