"""Having a source read once more: cut to another size, or crawled to other limits."""

from __future__ import annotations

from uuid import UUID

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.ingest.upload import CHUNK_TOKENS
from leanrag.sources import SourceView
from pages._documents_notice import attempt
from pages._documents_words import title_text
from pages._locale import number, t

_SIZE, _PAGES, _DEPTH = "documents_again_size", "documents_again_pages", "documents_again_depth"


def ask_process(services: Services, tenant_id: UUID, source: SourceView) -> None:
    """Open the dialog that has a source cut and embedded again; a list has no size of passages."""

    @st.dialog(t("documents.process"), icon=":material/refresh:", on_dismiss="rerun")
    def ask() -> None:
        st.markdown(t("documents.process_what"))
        usual = services.settings.chunk_tokens
        if source.form != "records":
            st.number_input(
                t("documents.add.chunk_tokens"),
                min_value=CHUNK_TOKENS.start,
                max_value=CHUNK_TOKENS.stop - 1,
                value=source.chunk_tokens or usual,
                step=16,
                help=t("documents.add.chunk_tokens_help"),
                key=_SIZE,
            )
        if _draw_buttons("process_yes", _process, services, tenant_id, source):
            st.rerun()

    ask()


def ask_recrawl(services: Services, tenant_id: UUID, source: SourceView) -> None:
    """Open the dialog that has a website crawled again, as far as before or otherwise."""

    @st.dialog(t("documents.recrawl"), icon=":material/travel_explore:", on_dismiss="rerun")
    def ask() -> None:
        st.markdown(t("documents.recrawl_what"))
        settings = services.settings
        most_pages, most_depth = settings.crawl_max_pages, settings.crawl_max_depth
        with st.container(horizontal=True):
            st.number_input(
                t("documents.add.website_pages"),
                min_value=1,
                max_value=most_pages,
                value=min(int(source.origin.get("max_pages", most_pages)), most_pages),
                help=t("documents.add.website_pages_help", most=number(most_pages)),
                key=_PAGES,
            )
            st.number_input(
                t("documents.add.website_depth"),
                min_value=0,
                max_value=most_depth,
                value=min(int(source.origin.get("max_depth", most_depth)), most_depth),
                help=t("documents.add.website_depth_help"),
                key=_DEPTH,
            )
        if _draw_buttons("recrawl_yes", _recrawl, services, tenant_id, source):
            st.rerun()

    ask()


def _draw_buttons(
    name: str, action: object, services: Services, tenant_id: UUID, source: SourceView
) -> bool:
    """Draw the dialog's buttons; tell whether it is to be closed."""
    assert callable(action)
    with st.container(horizontal=True, horizontal_alignment="right"):
        is_left = st.button(t("documents.cancel"), key="documents_again_no")
        is_begun = st.button(
            t(f"documents.{name}"),
            type="primary",
            on_click=action,
            args=(services, tenant_id, source),
            key="documents_again_yes",
        )
    return is_left or is_begun


def _process(services: Services, tenant_id: UUID, source: SourceView) -> None:
    size: int | None = st.session_state.get(_SIZE)
    if size == services.settings.chunk_tokens:
        size = None
    attempt(
        lambda: services.ingest.reprocess(tenant_id, source.source_id, chunk_tokens=size),
        t("documents.begun", title=title_text(source)),
    )


def _recrawl(services: Services, tenant_id: UUID, source: SourceView) -> None:
    attempt(
        lambda: services.websites.recrawl(
            tenant_id,
            source.source_id,
            max_pages=int(st.session_state[_PAGES]),
            max_depth=int(st.session_state[_DEPTH]),
        ),
        t("documents.begun", title=title_text(source)),
    )
