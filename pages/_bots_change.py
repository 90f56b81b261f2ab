"""Renaming a bot, and deleting it with what is its own: each is asked in a dialog."""

from __future__ import annotations

from functools import partial

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.bot_summaries import BotSummary
from pages._bots_address import close_bot
from pages._bots_notice import notice
from pages._chat_text import isolated
from pages._delete_by_name import ask_deletion
from pages._locale import number, t
from pages._names import MAX_NAME, name_text
from pages._safe_text import plain_text
from pages._services import current_tenant

_NAME = "bots_rename_name"


def draw_rename(services: Services, bot: BotSummary) -> None:
    """Draw the button that asks for another name."""
    if st.button(t("bots.rename"), icon=":material/edit:", key=f"bots_rename_{bot.bot_id}"):
        st.session_state[_NAME] = bot.name
        _ask_name(services, bot)


def draw_delete(services: Services, bot: BotSummary, *, is_last: bool) -> None:
    """Draw the button that asks whether to delete a bot; the last one stays."""
    if st.button(
        t("bots.delete"),
        icon=":material/delete:",
        disabled=is_last,
        help=t("bots.error_last") if is_last else None,
        key=f"bots_delete_{bot.bot_id}",
    ):
        _ask_deletion(services, bot)


def _ask_name(services: Services, bot: BotSummary) -> None:
    @st.dialog(t("bots.rename_title"), icon=":material/edit:")
    def ask() -> None:
        has_failed = notice.draw_problem()
        with st.form("bots_rename_form", border=False):
            st.text_input(t("bots.name"), key=_NAME, max_chars=MAX_NAME, autocomplete="off")
            st.caption(t("bots.rename_stays", slug=isolated(plain_text(bot.slug))))
            pressed = st.form_submit_button(
                t("bots.rename_yes"), type="primary", on_click=_rename, args=(services, bot)
            )
        if pressed and not has_failed:
            st.rerun()

    ask()


def _rename(services: Services, bot: BotSummary) -> None:
    name = str(st.session_state[_NAME])
    notice.attempt(
        lambda: services.bots.rename(current_tenant(), bot.bot_id, name),
        t("bots.renamed", name=name_text(name.strip())),
    )


def _ask_deletion(services: Services, bot: BotSummary) -> None:
    goes = t(
        "bots.delete_goes",
        conversations=number(bot.conversations),
        sources=number(bot.own_sources),
    )
    delete = partial(_delete, services, bot)
    ask_deletion(notice, name=bot.name, slug=bot.slug, goes=goes, delete=delete)


def _delete(services: Services, bot: BotSummary, typed: str) -> None:
    if notice.attempt(
        lambda: services.bots.delete(current_tenant(), bot.bot_id, confirmed=typed),
        t("bots.deleted", name=name_text(bot.name)),
    ):
        close_bot()
