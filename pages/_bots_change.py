"""Renaming a bot, and deleting it with what is its own: each is asked in a dialog."""

from __future__ import annotations

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.bot_summaries import BotSummary
from pages._bots_address import close_bot
from pages._bots_create import MAX_NAME
from pages._bots_notice import attempt, complain, draw_problem
from pages._bots_words import name_text
from pages._chat_text import isolated
from pages._locale import number, t
from pages._safe_text import plain_text
from pages._services import current_tenant

_NAME, _TYPED = "bots_rename_name", "bots_typed"


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
        st.session_state[_TYPED] = ""
        _ask_deletion(services, bot)


def _ask_name(services: Services, bot: BotSummary) -> None:
    @st.dialog(t("bots.rename_title"), icon=":material/edit:")
    def ask() -> None:
        has_failed = draw_problem()
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
    attempt(
        lambda: services.bots.rename(current_tenant(), bot.bot_id, name),
        t("bots.renamed", name=name_text(name.strip())),
    )


def _ask_deletion(services: Services, bot: BotSummary) -> None:
    @st.dialog(t("bots.delete_title"), icon=":material/delete_forever:")
    def ask() -> None:
        with st.container(key="interface-bots-delete"):
            st.markdown(f"**{name_text(bot.name)}**")
        st.markdown(
            t(
                "bots.delete_goes",
                conversations=number(bot.conversations),
                sources=number(bot.own_sources),
            )
        )
        st.caption(t("bots.delete_stays"))
        has_failed = draw_problem()
        with st.form("bots_delete_form", border=False):
            label = t("bots.delete_type", slug=isolated(plain_text(bot.slug)))
            st.text_input(label, key=_TYPED, autocomplete="off")
            pressed = st.form_submit_button(
                t("bots.delete_yes"),
                type="primary",
                icon=":material/delete_forever:",
                on_click=_delete,
                args=(services, bot),
            )
        if pressed and not has_failed:
            st.rerun()

    ask()


def _delete(services: Services, bot: BotSummary) -> None:
    typed = str(st.session_state[_TYPED]).strip()
    if typed != bot.slug:
        complain(plain_text(t("bots.error_wrong_slug", slug=bot.slug)))
        return
    if attempt(
        lambda: services.bots.delete(current_tenant(), bot.bot_id, confirmed=typed),
        t("bots.deleted", name=name_text(bot.name)),
    ):
        close_bot()
