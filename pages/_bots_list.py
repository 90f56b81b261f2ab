"""The tenant's bots: searched, a page at a time, each with what can be done with it."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.bot_summaries import BotSummary
from pages._bots_address import open_bot
from pages._bots_change import draw_delete, draw_rename
from pages._bots_words import draft_badge, held_text, version_badge
from pages._chat_text import isolated
from pages._locale import number, t
from pages._names import name_text
from pages._safe_text import plain_text
from pages._search import SEARCHED_FROM, search
from pages._services import may

BOTS_PER_PAGE = 15
_STYLE = """<style>
[data-testid="stLayoutWrapper"]:has(> [class*="st-key-bots_who_"]) {
  flex: 1 1 16rem;
  min-width: 0;
}
</style>"""


def draw_list(services: Services, bots: Sequence[BotSummary]) -> None:
    """Draw the bots that the search leaves, a page at a time."""
    found = search(
        bots, lambda bot: f"{bot.name} {bot.slug}", label=t("bots.search"), key="bots_find"
    )
    if not found:
        st.info(t("bots.nothing"), icon=":material/search_off:")
        return
    if len(bots) >= SEARCHED_FROM:
        st.caption(t("bots.listed", count=number(len(found)), total=number(len(bots))))
    st.html(_STYLE)
    pages = ceil(len(found) / BOTS_PER_PAGE)
    page_key = f"bots_page_{pages}"
    page = min(pages, int(st.session_state.get(page_key) or 1))
    for bot in found[(page - 1) * BOTS_PER_PAGE : page * BOTS_PER_PAGE]:
        _draw_bot(services, bot, is_first=bot == bots[0], is_last=len(bots) == 1)
    if pages > 1:
        st.pagination(pages, max_visible_pages=7, key=page_key)


def _draw_bot(services: Services, bot: BotSummary, *, is_first: bool, is_last: bool) -> None:
    with st.container(
        border=True,
        horizontal=True,
        vertical_alignment="center",
        key=f"bots_row_{bot.bot_id}",
    ):
        with st.container(gap="xsmall", key=f"bots_who_{bot.bot_id}"):
            _draw_who(bot, is_first=is_first and not is_last)
        with st.container(
            horizontal=True,
            vertical_alignment="center",
            width="content",
            key=f"bots_do_{bot.bot_id}",
        ):
            _draw_actions(services, bot, is_last=is_last)


def _draw_who(bot: BotSummary, *, is_first: bool) -> None:
    first = f" :blue-badge[{t('bots.first')}]" if is_first else ""
    badges = f"{version_badge(bot.prompt_version)}{draft_badge(bot)}{first}"
    with st.container(key=f"interface-bots-{bot.bot_id}", gap="xxsmall"):
        st.markdown(f"**{name_text(bot.name)}** {badges}")
        st.caption(f"{isolated(plain_text(bot.slug))} · {held_text(bot)}")


def _draw_actions(services: Services, bot: BotSummary, *, is_last: bool) -> None:
    st.button(
        t("bots.open"),
        icon=":material/format_quote:",
        on_click=open_bot,
        args=(bot.slug,),
        key=f"bots_open_{bot.bot_id}",
    )
    st.page_link(
        "pages/chat.py",
        label=t("bots.chat"),
        icon=":material/chat:",
        query_params={"bot": bot.slug},
        width="content",
    )
    if may("bots.write"):
        draw_rename(services, bot)
        draw_delete(services, bot, is_last=is_last)
