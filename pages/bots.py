"""Bots: the tenant's list of them, and what each says, drafted, published and brought back."""

from __future__ import annotations

import streamlit as st

from pages._bots_address import close_bot, opened_bot
from pages._bots_create import draw_create
from pages._bots_list import draw_list
from pages._bots_notice import notice
from pages._bots_one import draw_bot
from pages._locale import t
from pages._reading import say_reads_only
from pages._services import current_tenant, get_services, may

services = get_services()
bots = services.bot_summaries.list(current_tenant())
wanted = opened_bot()
opened = next((bot for bot in bots if wanted in (bot.slug, str(bot.bot_id))), None)
with st.container(key="bots_column"):
    if opened is not None:
        draw_bot(services, opened, is_last=len(bots) == 1)
    else:
        st.title(t("bots.title"))
        st.caption(t("bots.intro"))
        notice.draw()
        if wanted:
            close_bot()
            st.warning(t("bots.error_gone"), icon=":material/search_off:")
        if may("bots.write"):
            draw_create(services)
        else:
            say_reads_only("bots", "bots.write")
        draw_list(services, bots)
