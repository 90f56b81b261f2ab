"""A source's title, tags, kind and bot, changed in a dialog."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, cast
from uuid import UUID

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.ingest.upload import MAX_TAGS, MAX_TITLE_CHARACTERS
from leanrag.source_changes import SourceChange
from leanrag.sources import SourceView
from leanrag.types import SOURCE_KINDS, SourceKind
from pages._documents_changes import change_sources
from pages._documents_words import title_text
from pages._locale import t

BotChoice = UUID | Literal["every"]
_TITLE, _KIND, _TAGS, _BOT = (f"documents_edit_{name}" for name in ("title", "kind", "tags", "bot"))


def ask_edit(services: Services, tenant_id: UUID, source: SourceView) -> None:
    """Open the dialog; what is saved can be taken back at once."""

    @st.dialog(t("documents.edit_title"), icon=":material/edit:", on_dismiss="rerun")
    def ask() -> None:
        st.text_input(
            t("documents.add.title"), source.title, max_chars=MAX_TITLE_CHARACTERS, key=_TITLE
        )
        st.selectbox(
            t("documents.add.kind"),
            SOURCE_KINDS,
            index=SOURCE_KINDS.index(source.kind),
            format_func=lambda kind: t(f"documents.kind_{kind}"),
            help=t("documents.add.kind_help"),
            disabled=source.form == "records",
            key=_KIND,
        )
        known = services.sources.tags(tenant_id)
        st.multiselect(
            t("documents.add.tags"),
            options=known,
            default=list(source.tags),
            accept_new_options=True,
            max_selections=MAX_TAGS,
            placeholder=t("documents.add.tags_placeholder"),
            key=_TAGS,
        )
        has_bots = _draw_bot(services, tenant_id, source)
        with st.container(horizontal=True, horizontal_alignment="right"):
            if st.button(t("documents.cancel"), key="documents_edit_no"):
                st.rerun()
            if st.button(
                t("documents.add.save"),
                type="primary",
                icon=":material/save:",
                on_click=_save,
                args=(services, tenant_id, source, has_bots),
                key="documents_edit_yes",
            ):
                st.rerun()

    ask()


def _draw_bot(services: Services, tenant_id: UUID, source: SourceView) -> bool:
    """Draw the choice of a bot where there are several; tell whether it was drawn."""
    names = {bot.bot_id: bot.name for bot in services.bots.list(tenant_id)}
    if len(names) < 2:
        return False
    choices: tuple[BotChoice, ...] = ("every", *names)
    st.selectbox(
        t("documents.add.bot"),
        choices,
        index=choices.index(source.bot_id or "every"),
        format_func=lambda bot: t("documents.add.bot_all") if bot == "every" else names[bot],
        help=t("documents.add.bot_help"),
        key=_BOT,
    )
    return True


def _save(services: Services, tenant_id: UUID, source: SourceView, has_bots: bool) -> None:
    state = st.session_state
    title, tags = str(state[_TITLE]).strip(), tuple(state[_TAGS])
    kind = cast(SourceKind, state[_KIND])
    change = SourceChange(
        title=title if title != source.title else None,
        tags=tags if tags != source.tags else None,
        kind=kind if kind != source.kind else None,
    )
    if has_bots and state[_BOT] != (source.bot_id or "every"):
        change = replace(change, bot_id=state[_BOT])
    done = t("documents.changed", title=title_text(source))
    change_sources(services, tenant_id, [(source, change)], done)
