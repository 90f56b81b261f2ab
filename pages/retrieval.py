"""Retrieval test: what a question finds and why, one at a time or a file of them."""

from __future__ import annotations

import streamlit as st

from pages._locale import number, t
from pages._retrieval_bot import choose_bot
from pages._retrieval_many import draw_many
from pages._retrieval_one import draw_one
from pages._services import get_services

services = get_services()
st.title(t("retrieval.title"))
st.caption(t("retrieval.intro", tokens=number(services.settings.max_prompt_tokens)))
bot = choose_bot(services)
one_tab, many_tab = st.tabs([t("retrieval.one"), t("retrieval.many")])
with one_tab:
    draw_one(services, bot)
with many_tab:
    draw_many(services, bot)
