"""Chat: ask the bot, watch the answer being written, and see what it was made from."""

from __future__ import annotations

import streamlit as st

from leanrag.errors import LeanRagError, NotFound
from pages._chat_bot import chosen_bot, keep_bot
from pages._chat_focus import focus_input
from pages._chat_live import draw_live
from pages._chat_messages import draw_history
from pages._chat_sidebar import draw_conversations, draw_heading
from pages._chat_state import (
    INPUT_KEY,
    ask,
    begin_conversation,
    keep_conversation,
    live_answer,
    refusal,
    restore_question,
)
from pages._chat_welcome import draw_welcome
from pages._error_text import error_text
from pages._locale import t
from pages._reading import say_reads_only
from pages._safe_text import plain_text
from pages._services import current_tenant, get_services, may


def draw_chat() -> None:
    """Draw the page; while an answer is being written, this returns when it has ended."""
    services = get_services()
    bots = services.bots.list(current_tenant())
    keep_bot(bots)
    restore_question()
    stop_place = st.bottom.container()  # before the input, so that Stop stands above it
    if may("ask"):
        question = st.chat_input(t("chat.placeholder"), key=INPUT_KEY)
        if question:
            ask(services, question, chosen_bot(bots))
        focus_input()
    else:
        with st.bottom:
            say_reads_only("chat", "ask")
    draw_conversations(services, bots)
    with st.container(key="chat_column"):
        draw_heading(services, bots)
        messages = draw_history(services)
        live = live_answer()
        if live is None and not messages:
            draw_welcome(services, chosen_bot(bots))
        if refusal():
            st.error(plain_text(refusal()), icon=":material/error:")
        if live is not None:
            draw_live(live, stop_place)


try:
    keep_conversation()
    draw_chat()
except NotFound as exc:
    begin_conversation()
    st.warning(error_text(exc), icon=":material/search_off:")
    if may("ask"):
        st.button(t("chat.new"), icon=":material/add:", key="chat_new_after_missing")
except LeanRagError as exc:
    st.error(error_text(exc), icon=":material/error:")
