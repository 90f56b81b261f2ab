"""Deleting sources, one or many: what goes is named first, and a person confirms it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.errors import NotFound
from leanrag.sources import SourceView
from pages._documents_address import chosen_source, close_source
from pages._documents_changes import for_each
from pages._documents_progress import hold_dialog
from pages._documents_words import title_text
from pages._locale import number, t
from pages._services import may

_TITLES_NAMED = 8


def draw_delete(
    services: Services, tenant_id: UUID, sources: Sequence[SourceView], *, place: str
) -> None:
    """Draw the button that asks whether to delete these sources; `place` tells it from others."""
    if may("knowledge.write") and st.button(
        t("documents.delete"),
        icon=":material/delete:",
        key=f"documents_delete_{place}",
    ):
        hold_dialog()
        _confirm(services, tenant_id, tuple(sources))


def _confirm(services: Services, tenant_id: UUID, sources: Sequence[SourceView]) -> None:
    title = "delete_title" if len(sources) == 1 else "delete_many_title"

    @st.dialog(
        t(f"documents.{title}", count=number(len(sources))),
        icon=":material/delete:",
        on_dismiss="rerun",
    )
    def ask() -> None:
        for source in sources[:_TITLES_NAMED]:
            st.markdown(f"**{title_text(source)}**")
        if len(sources) > _TITLES_NAMED:
            st.caption(t("documents.and_more", count=number(len(sources) - _TITLES_NAMED)))
        passages = number(sum(source.passage_count for source in sources))
        st.markdown(t("documents.delete_goes", passages=passages))
        if any(source.form == "website" for source in sources):
            st.markdown(t("documents.delete_website"))
        st.caption(t("documents.delete_stays"))
        with st.container(horizontal=True, horizontal_alignment="right"):
            if st.button(t("documents.keep"), key="documents_delete_no"):
                st.rerun()
            if st.button(
                t("documents.delete_yes"),
                type="primary",
                on_click=_delete,
                args=(services, tenant_id, sources),
                key="documents_delete_yes",
            ):
                st.rerun()

    ask()


def _delete(services: Services, tenant_id: UUID, sources: Sequence[SourceView]) -> None:
    def delete(source: SourceView) -> None:
        # One that somebody else deleted meanwhile is gone, as was asked for.
        with suppress(NotFound):
            services.sources.delete(tenant_id, source.source_id)

    if chosen_source() in {source.source_id for source in sources}:
        close_source()
    done = t("documents.deleted_many", count=number(len(sources)))
    if len(sources) == 1:
        done = t("documents.deleted", title=title_text(sources[0]))
    for_each(sources, delete, done)
