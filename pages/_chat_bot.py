"""Which of the tenant's bots the chat page talks to: chosen for a new conversation, then kept."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.bots import BotView
from pages._chat_state import BOT_QUERY, open_conversation_id
from pages._locale import t
from pages._passages_words import cut
from pages._safe_text import plain_text
from pages._services import current_tenant

_CHOSEN, _CHOICE = "chat_bot", "chat_bot_choice"
_BADGE_LETTERS = 12
_OPTION_LETTERS = 80


def chosen_bot(bots: Sequence[BotView]) -> BotView:
    """Return the bot of a new conversation: the address's, the last chosen, or the first."""
    for wanted in (st.query_params.get(BOT_QUERY), st.session_state.get(_CHOSEN)):
        for bot in bots:
            if wanted and wanted in (bot.slug, str(bot.bot_id)):
                return bot
    return bots[0]


def talking_bot(services: Services, bots: Sequence[BotView]) -> BotView:
    """Return the bot of the open conversation, or of the new one. Raises NotFound."""
    opened = open_conversation_id()
    if opened is None or len(bots) < 2:
        return chosen_bot(bots)
    found = services.conversations.get(current_tenant(), opened)
    return next((bot for bot in bots if bot.bot_id == found.bot_id), bots[0])


def keep_bot(bots: Sequence[BotView]) -> None:
    """Hold the chosen bot in the session, and in the address of a new conversation."""
    named = st.query_params.get(BOT_QUERY)
    bot = chosen_bot(bots)
    if named and named in (bot.slug, str(bot.bot_id)):
        st.session_state[_CHOSEN] = bot.slug
    is_choice = len(bots) > 1 and open_conversation_id() is None and _CHOSEN in st.session_state
    if not is_choice:
        st.query_params.pop(BOT_QUERY, None)
    elif named != bot.slug:
        st.query_params[BOT_QUERY] = bot.slug


def draw_choice(bots: Sequence[BotView]) -> None:
    """Let a bot be chosen for the new conversation."""
    names = {bot.slug: bot.name for bot in bots}
    st.session_state[_CHOICE] = chosen_bot(bots).slug
    st.selectbox(
        t("chat.bot"),
        tuple(names),
        format_func=lambda slug: cut(names[slug], _OPTION_LETTERS),
        label_visibility="collapsed",
        on_change=_choose,
        width=420,
        key=_CHOICE,
    )


def bot_badge(name: str) -> str:
    """Return the mark of a bot before the title of one of its conversations."""
    return f":gray-badge[{plain_text(cut(name, _BADGE_LETTERS))}]"


def _choose() -> None:
    slug = str(st.session_state[_CHOICE])
    st.session_state[_CHOSEN] = slug
    st.query_params[BOT_QUERY] = slug
