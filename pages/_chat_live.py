"""The answer while it is being written: question, growing text, Stop."""

from __future__ import annotations

import time

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages._chat_answer import LiveAnswer
from pages._chat_messages import draw_question, message_box, text_box
from pages._chat_state import forget_live_answer, keep_conversation, refuse, stop_answer
from pages._error_text import error_text
from pages._locale import t
from pages._safe_text import safe_markdown

_REDRAW_SECONDS = 0.05
_CURSOR = " ▍"


def draw_live(live: LiveAnswer, stop_place: DeltaGenerator) -> None:
    """Draw the question and its answer until that ends; then the page is drawn anew."""
    draw_question(live.question, key="live")
    with stop_place.container(horizontal=True, horizontal_alignment="center"):
        st.button(
            t("chat.stop"),
            icon=":material/stop_circle:",
            key="chat_stop",
            shortcut="Esc",
            disabled=live.is_stopping,
            on_click=stop_answer,
        )
    with message_box("assistant"), text_box(live.question, key="answer-live"):
        _follow(live, st.empty())
    if live.refusal is None:
        forget_live_answer()
    else:
        refuse(live.question, error_text(live.refusal))
    st.rerun()


def live_markdown(text: str) -> str:
    """Return the markdown of an answer that is still growing, with a cursor at its end."""
    return safe_markdown(text) + _CURSOR


def _follow(live: LiveAnswer, box: DeltaGenerator) -> None:
    box.markdown(live_markdown(live.text) if live.text else f":gray[{t('chat.answering')}]")
    drawn_text, drawn_at = live.text, time.monotonic()
    while live.advance():
        if live.text != drawn_text and time.monotonic() - drawn_at >= _REDRAW_SECONDS:
            drawn_text, drawn_at = live.text, time.monotonic()
            box.markdown(live_markdown(drawn_text))
        else:
            # Touching the session lets a click, on Stop above all, end this drawing.
            keep_conversation()
