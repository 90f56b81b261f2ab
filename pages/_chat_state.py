"""What the chat page remembers: the open conversation, the running answer, a refused question."""

from __future__ import annotations

from uuid import UUID

import streamlit as st

from leanrag.answer import Question
from leanrag.bootstrap import Services
from leanrag.bots import BotView
from leanrag.errors import LeanRagError
from leanrag.stream import AnswerStream
from pages._chat_answer import LiveAnswer
from pages._error_text import error_text
from pages._services import current_tenant, may

INPUT_KEY = "chat_input"
BOT_QUERY = "bot"
_QUERY = "conversation"
_CONVERSATION = "chat_conversation"
_LIVE = "chat_live"
_REFUSAL = "chat_refusal"
_RESTORED = "chat_restored_question"
_XRAY = "chat_xray_message"


def open_conversation_id() -> UUID | None:
    """Return the conversation that the address names, else the one that was open last."""
    try:
        return UUID(st.query_params.get(_QUERY) or st.session_state.get(_CONVERSATION) or "")
    except ValueError:
        return None


def keep_conversation() -> None:
    """Hold the open conversation in the address and the session; call once a run, first.

    An address that names a bot and no conversation begins a new one with it.
    """
    if st.query_params.get(BOT_QUERY) and not st.query_params.get(_QUERY):
        st.session_state.pop(_CONVERSATION, None)
    live = live_answer()
    if live is not None and live.conversation_id is not None:
        _remember(live.conversation_id)
    elif (conversation_id := open_conversation_id()) is not None:
        _remember(conversation_id)


def open_conversation(conversation_id: UUID) -> None:
    """Show a conversation."""
    st.session_state.pop(_REFUSAL, None)
    _remember(conversation_id)


def begin_conversation() -> None:
    """Show an empty page for a new conversation; an answer that still runs ends unseen."""
    for key in (_REFUSAL, _CONVERSATION, _LIVE):
        st.session_state.pop(key, None)
    st.query_params.pop(_QUERY, None)


def live_answer() -> LiveAnswer | None:
    """Return the answer that is being written in the open conversation."""
    live: LiveAnswer | None = st.session_state.get(_LIVE)
    if live is None or open_conversation_id() not in (live.asked_in, live.conversation_id):
        return None
    return live


def ask(services: Services, question: str, bot: BotView | None = None) -> None:
    """Begin an answer in the open conversation, or in a new one with `bot` (None: the first).

    An answer that is still running there is stopped.
    """
    before = live_answer()
    if before is not None:
        before.stop()
        while before.advance():  # until it is stored
            continue
    conversation_id = open_conversation_id()
    try:
        tenant_id = current_tenant()
    except LeanRagError as exc:  # signed out meanwhile
        refuse(question, error_text(exc))
        return
    new_with = bot.bot_id if bot is not None and conversation_id is None else None
    asked = Question(text=question, conversation_id=conversation_id, bot=new_with)
    stream = AnswerStream(services.answerer, tenant_id, asked)
    st.session_state.pop(_REFUSAL, None)
    st.session_state[_LIVE] = LiveAnswer(stream, question=question, asked_in=conversation_id)


def stop_answer() -> None:
    """Stop the running answer; what it wrote is kept."""
    live = live_answer()
    if live is not None:
        live.stop()


def _remember(conversation_id: UUID) -> None:
    st.session_state[_CONVERSATION] = str(conversation_id)
    st.query_params.pop(BOT_QUERY, None)  # a conversation has its own
    if st.query_params.get(_QUERY) != str(conversation_id):
        st.query_params[_QUERY] = str(conversation_id)


def forget_live_answer() -> None:
    """The running answer has ended and is stored."""
    st.session_state.pop(_LIVE, None)


def refuse(question: str, sentence: str) -> None:
    """A question was not taken: say why, and give its text back to the input."""
    forget_live_answer()
    show_problem(sentence)
    st.session_state[_RESTORED] = question


def show_problem(sentence: str) -> None:
    """Keep what was wrong with the last act for the next drawing, until something else is done."""
    st.session_state[_REFUSAL] = sentence


def refusal() -> str:
    """Return why the last question or act was not taken, or nothing."""
    return str(st.session_state.get(_REFUSAL, ""))


def restore_question() -> None:
    """Put a refused question back into the input; call before the input is drawn."""
    restored = st.session_state.pop(_RESTORED, None)
    if restored is not None and may("ask"):
        st.session_state[INPUT_KEY] = restored


def xray_message() -> str:
    """Return the id of the message whose X-ray is open, or nothing."""
    return str(st.session_state.get(_XRAY, ""))


def toggle_xray(message_id: UUID) -> None:
    """Open or close the X-ray of a message; one is open at a time."""
    st.session_state[_XRAY] = "" if xray_message() == str(message_id) else str(message_id)
