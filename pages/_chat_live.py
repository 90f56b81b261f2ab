"""The answer while it is being written: question, growing text, Stop."""

from __future__ import annotations

import time

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from leanrag.errors import LeanRagError
from leanrag.types import TextDelta, TurnEnded, TurnEvent, TurnFailed, TurnStarted
from pages._chat_messages import draw_question, message_box, text_box
from pages._chat_state import (
    LiveAnswer,
    forget_live_answer,
    keep_conversation,
    refuse,
    stop_answer,
)
from pages._error_text import error_text, text_of_code
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
            disabled=live.stopping,
            on_click=stop_answer,
        )
    with message_box("assistant"), text_box(live.question, key="answer-live"):
        text = st.empty()
    try:
        _follow(live, text)
    except LeanRagError as error:
        refuse(live.question, error_text(error))
    st.rerun()


def _follow(live: LiveAnswer, box: DeltaGenerator) -> None:
    _show(live, box)
    drawn_at = time.monotonic()
    drawn_text = live.text
    for event in live.events:
        if event is not None:
            _take(live, event)
        elif live.text == drawn_text:
            # Reading the session state lets a click on Stop interrupt this run.
            st.session_state.get("chat_live")
        if live.text != drawn_text and (
            event is None or time.monotonic() - drawn_at >= _REDRAW_SECONDS
        ):
            _show(live, box)
            drawn_at, drawn_text = time.monotonic(), live.text
    forget_live_answer()


def _take(live: LiveAnswer, event: TurnEvent) -> None:
    if isinstance(event, TurnStarted):
        live.conversation_id, live.message_id = event.conversation_id, event.message_id
        keep_conversation()
    elif isinstance(event, TextDelta):
        live.text += event.text
    elif isinstance(event, TurnEnded):
        live.text = event.text
    elif isinstance(event, TurnFailed) and event.message_id is None:
        refuse(live.question, text_of_code(event.code, event.message, event.details))


def live_markdown(text: str) -> str:
    """Return the markdown of an answer that is still growing, with a cursor at its end."""
    return safe_markdown(text) + _CURSOR


def _show(live: LiveAnswer, box: DeltaGenerator) -> None:
    box.markdown(live_markdown(live.text) if live.text else f":gray[{t('chat.answering')}]")
