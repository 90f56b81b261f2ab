"""The list of conversations, and what can be done with the open one."""

from __future__ import annotations

from uuid import UUID

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.conversations import ConversationView
from leanrag.errors import LeanRagError, NotFound
from pages._chat_state import (
    begin_conversation,
    open_conversation,
    open_conversation_id,
    show_problem,
)
from pages._error_text import error_text
from pages._locale import t, when
from pages._safe_text import plain_text
from pages._services import current_tenant, may

_LISTED = 30
_TITLE_LETTERS = 60


def draw_conversations(services: Services) -> None:
    """Draw the list in the sidebar: a new one first, then the latest."""
    opened = open_conversation_id()
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
                _label(conversation),
                key=f"chat_open_{conversation.conversation_id}",
                type="secondary" if is_open else "tertiary",
                width="stretch",
                help=plain_text(_help(conversation)),
                on_click=open_conversation,
                args=(conversation.conversation_id,),
            )


def _label(conversation: ConversationView) -> str:
    """Return the title, with a sign before it where a person was asked for."""
    title = _title(conversation.title)
    # Inside the text, so that a long title is cut behind it.
    is_marked = conversation.handoff_requested_at is not None
    return f":material/support_agent: {title}" if is_marked else title


def _help(conversation: ConversationView) -> str:
    """Return when the conversation last went on, and when a person was asked for."""
    moments = [when(conversation.updated_at)]
    if conversation.handoff_requested_at is not None:
        wished_at = when(conversation.handoff_requested_at)
        moments.append(t("chat.wanted_person_at", moment=wished_at))
    return " · ".join(moments)


def draw_heading(services: Services) -> None:
    """Draw whom one talks to, and for an open conversation the way to delete it."""
    bot = services.bots.find(current_tenant())
    opened = open_conversation_id()
    with st.container(key="chat_heading", horizontal=True, vertical_alignment="center"):
        st.subheader(plain_text(bot.name), anchor=False)
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
