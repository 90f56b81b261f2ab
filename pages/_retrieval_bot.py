"""For which of the tenant's bots retrieval is tested."""

from __future__ import annotations

from uuid import UUID

import streamlit as st

from leanrag.bootstrap import Services
from pages._locale import t
from pages._services import current_tenant


def choose_bot(services: Services) -> UUID | None:
    """Let a bot be chosen where there are several; None is the only one."""
    bots = services.bots.list(current_tenant())
    if len(bots) < 2:
        return None
    names = {bot.bot_id: bot.name for bot in bots}
    chosen: UUID = st.selectbox(
        t("retrieval.bot"),
        tuple(names),
        format_func=names.__getitem__,
        key="retrieval_bot",
        width=320,
    )
    return chosen
