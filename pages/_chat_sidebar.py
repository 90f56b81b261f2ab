"""The list of conversations, and what can be done with the open one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.bots import BotView
from leanrag.conversations import ConversationView
from leanrag.errors import LeanRagError, NotFound
from pages._chat_bot import bot_badge, draw_choice, talking_bot
from pages._chat_state import (
    begin_conversation,
    live_answer,
    open_conversation,
    open_conversation_id,
    show_problem,
)
from pages._chat_text import isolated
from pages._error_text import error_text
from pages._locale import t, when
from pages._passages_words import cut
from pages._safe_text import plain_text
from pages._services import current_tenant, may

_LISTED = 30
_TITLE_LETTERS = 60
_HEADING_LETTERS = 100


def draw_conversations(services: Services, bots: Sequence[BotView]) -> None:
    """Draw the list in the sidebar: a new one first, then the latest, with their bots' names."""
    opened = open_conversation_id()
    names = {bot.bot_id: bot.name for bot in bots} if len(bots) > 1 else {}
    listed = services.conversations.list(current_tenant(), limit=_LISTED)
    with st.sidebar, st.container(key="chat_conversations", gap="xsmall"):
        if may("ask"):
            st.button(
                t("chat.new"),
                icon=":material/add:",
                key="chat_new",
                width="stretch",
                on_click=begin_conversation,
            )
        if listed:
            st.caption(t("chat.conversations"))
        for conversation in listed:
            is_open = conversation.conversation_id == opened
            st.button(
                _label(conversation, names),
                key=f"chat_open_{conversation.conversation_id}",
                type="secondary" if is_open else "tertiary",
                width="stretch",
                help=plain_text(_help(conversation, names)),
                on_click=open_conversation,
                args=(conversation.conversation_id,),
            )


def _label(conversation: ConversationView, names: Mapping[UUID, str]) -> str:
    """Return the title; before it its bot, and a sign where a person was asked for."""
    title = _title(conversation.title)
    if name := names.get(conversation.bot_id):
        title = f"{bot_badge(name)} {title}"
    # Inside the text, so that a long title is cut behind it.
    is_marked = conversation.handoff_requested_at is not None
    return f":material/support_agent: {title}" if is_marked else title


def _help(conversation: ConversationView, names: Mapping[UUID, str]) -> str:
    """Return with which bot and when it last went on, and when a person was asked for."""
    named = names.get(conversation.bot_id)
    moments = [isolated(named)] if named else []
    moments.append(when(conversation.updated_at))
    if conversation.handoff_requested_at is not None:
        wished_at = when(conversation.handoff_requested_at)
        moments.append(t("chat.wanted_person_at", moment=wished_at))
    return " · ".join(moments)


def draw_heading(services: Services, bots: Sequence[BotView]) -> None:
    """Draw whom one talks to, or the choice of it, and the way to delete an open conversation."""
    opened = open_conversation_id()
    is_open = opened is not None or live_answer() is not None
    with st.container(key="chat_heading", horizontal=True, vertical_alignment="center"):
        if len(bots) > 1 and not is_open and may("ask"):
            draw_choice(bots)
        else:
            name = cut(talking_bot(services, bots).name, _HEADING_LETTERS)
            st.subheader(plain_text(name), anchor=False)
        if opened is not None and may("conversations.write"):
            _draw_delete(services, opened)


def _draw_delete(services: Services, conversation_id: UUID) -> None:
    with st.popover(t("chat.delete"), icon=":material/delete:", type="tertiary"):
        st.write(t("chat.delete_question"))
        st.button(
            t("chat.delete_confirm"),
            type="primary",
            key="chat_delete_confirm",
            on_click=_delete,
            args=(services, conversation_id),
        )


def _delete(services: Services, conversation_id: UUID) -> None:
    try:
        services.conversations.delete(current_tenant(), conversation_id)
    except NotFound:
        st.toast(t("chat.deleted_already"))
    except LeanRagError as exc:
        show_problem(error_text(exc))
        return
    begin_conversation()


def _title(title: str) -> str:
    cut = title if len(title) <= _TITLE_LETTERS else title[:_TITLE_LETTERS].rstrip() + "…"
    return plain_text(cut) or "…"
