"""One bot: what it says by its draft and by what is in force, and the versions before."""

from __future__ import annotations

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.bot_summaries import BotSummary
from leanrag.bot_version_rows import BotVersion
from pages._bots_address import close_bot
from pages._bots_change import draw_delete, draw_rename
from pages._bots_draft import open_editing
from pages._bots_notice import notice
from pages._bots_save import draw_bar
from pages._bots_texts import draw_boxes, draw_content
from pages._bots_versions import draw_versions
from pages._bots_words import draft_badge, held_text, version_badge
from pages._chat_text import isolated
from pages._locale import is_right_to_left, t
from pages._names import MAX_NAME, name_text
from pages._reading import say_reads_only
from pages._safe_text import plain_text
from pages._services import current_tenant, may

_VIEW = "bots_view"
_VIEWS = ("draft", "versions")
_TITLE_LETTERS = 60  # a longer one fills a small screen


def draw_bot(services: Services, bot: BotSummary, *, is_last: bool) -> None:
    """Draw a bot that was opened."""
    st.button(
        t("bots.back"),
        icon=f":material/arrow_{'forward' if is_right_to_left() else 'back'}:",
        type="tertiary",
        on_click=close_bot,
        key="bots_close",
    )
    draw_title = st.title if len(bot.name) <= _TITLE_LETTERS else st.subheader
    draw_title(name_text(bot.name, MAX_NAME), anchor=False)
    with st.container(key="interface-bots-opened"):
        st.markdown(f"{version_badge(bot.prompt_version)}{draft_badge(bot)}")
        st.caption(f"{isolated(plain_text(bot.slug))} · {held_text(bot)}")
    _draw_actions(services, bot, is_last=is_last)
    notice.draw()
    if not may("bots.write"):
        say_reads_only("bots", "bots.write")
    view = st.segmented_control(
        t("bots.title"),
        _VIEWS,
        default="draft",
        required=True,
        format_func=lambda name: t(f"bots.view_{name}"),
        label_visibility="collapsed",
        key=_VIEW,
    )
    published = services.bot_versions.get(current_tenant(), bot.bot_id)
    if view == "versions":
        draw_versions(services, bot.bot_id, published)
    elif may("bots.write"):
        _draw_draft(services, bot, published)
    else:
        draw_content(services, published.content, place="in-force")


def _draw_actions(services: Services, bot: BotSummary, *, is_last: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="bots_actions"):
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


def _draw_draft(services: Services, bot: BotSummary, published: BotVersion) -> None:
    stored = services.bot_versions.open_draft(current_tenant(), bot.bot_id)
    editing = open_editing(bot.bot_id, stored)
    bar = st.container(key="bots_standing")
    editing = draw_boxes(services, editing)
    with bar:  # above the texts, and about what is typed in them
        draw_bar(services, editing, stored, published)
