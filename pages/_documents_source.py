"""One source: its facts, its passages page by page, its file, and how to delete it."""

from __future__ import annotations

from math import ceil
from uuid import UUID

import streamlit as st

from leanrag.errors import LeanRagError, NotFound
from leanrag.sources import ChunkView, Sources, SourceView
from leanrag.types import RIGHT_TO_LEFT
from pages._documents_words import facts, isolated, status_badge
from pages._error_text import error_text
from pages._locale import is_right_to_left, number, t, when
from pages._safe_text import plain_text

PASSAGES_PER_PAGE = 10
_QUERY, _OPENED = "source", "documents_opened"
# The browser keeps the list's scroll position, which would be the middle of the passages.
_TO_TOP = "<script>document.querySelector('[data-testid=\"stMain\"]')?.scrollTo(0, 0)</script>"


def chosen_source() -> UUID | None:
    """Return the source that the address names; None where it names none."""
    try:
        return UUID(st.query_params.get(_QUERY, ""))
    except ValueError:
        return None


def open_source(source_id: UUID) -> None:
    """Show one source; it is kept in the address, so that a reload or a link shows it again."""
    st.query_params[_QUERY] = str(source_id)
    st.session_state.pop("documents_passage_page", None)
    st.session_state[_OPENED] = True


def close_source() -> None:
    """Show all sources again."""
    st.query_params.pop(_QUERY, None)


def draw_source(sources: Sources, tenant_id: UUID, source_id: UUID) -> None:
    """Show one source with its passages, from its top when it has just been opened."""
    if st.session_state.pop(_OPENED, False):
        st.html(_TO_TOP, unsafe_allow_javascript=True)
    st.button(
        t("documents.back"),
        icon=f":material/arrow_{'forward' if is_right_to_left() else 'back'}:",
        type="tertiary",
        on_click=close_source,
        key="documents_back",
    )
    try:
        source = sources.get(tenant_id, source_id)
    except NotFound as exc:
        st.warning(plain_text(error_text(exc)), icon=":material/search_off:")
        return
    st.header(plain_text(source.title))
    st.caption(" · ".join((status_badge(source.status), *facts(source), when(source.created_at))))
    if source.error:
        st.error(plain_text(source.error), icon=":material/error:")
    _draw_actions(sources, tenant_id, source)
    if source.passage_count:
        _draw_passages(sources, tenant_id, source)
    elif source.status in ("pending", "processing"):
        st.info(t("documents.not_read_yet"), icon=":material/hourglass_top:")


def _draw_actions(sources: Sources, tenant_id: UUID, source: SourceView) -> None:
    with st.container(horizontal=True, key="documents_actions"):
        if source.filename:
            st.download_button(
                t("documents.download"),
                lambda: sources.file(tenant_id, source.source_id).data,
                file_name=source.filename,
                mime=source.media_type or "application/octet-stream",
                icon=":material/download:",
                on_click="ignore",
                key="documents_download",
            )
        if st.button(t("documents.delete"), icon=":material/delete:", key="documents_delete"):
            _confirm_delete(sources, tenant_id, source)


def _confirm_delete(sources: Sources, tenant_id: UUID, source: SourceView) -> None:
    @st.dialog(t("documents.delete_title"), icon=":material/delete:")
    def ask() -> None:
        st.markdown(f"**{plain_text(source.title)}**")
        st.markdown(t("documents.delete_goes", passages=number(source.passage_count)))
        st.caption(t("documents.delete_stays"))
        with st.container(horizontal=True, horizontal_alignment="right"):
            if st.button(t("documents.keep"), key="documents_delete_no"):
                st.rerun()
            if st.button(
                t("documents.delete_yes"),
                type="primary",
                on_click=_delete,
                args=(sources, tenant_id, source),
                key="documents_delete_yes",
            ):
                st.rerun()

    ask()


def _delete(sources: Sources, tenant_id: UUID, source: SourceView) -> None:
    try:
        sources.delete(tenant_id, source.source_id)
    except NotFound:
        pass  # somebody else deleted it meanwhile: what was asked for has happened
    except LeanRagError as exc:
        st.toast(plain_text(error_text(exc)), icon=":material/error:", duration="infinite")
        return
    st.toast(t("documents.deleted", title=plain_text(source.title)), icon=":material/delete:")
    close_source()


def _draw_passages(sources: Sources, tenant_id: UUID, source: SourceView) -> None:
    """Read one page of passages from the database and show it."""
    pages = max(1, ceil(source.passage_count / PASSAGES_PER_PAGE))
    page = min(st.session_state.get("documents_passage_page", 1), pages)
    offset = (page - 1) * PASSAGES_PER_PAGE
    passages = sources.chunks(tenant_id, source.source_id, limit=PASSAGES_PER_PAGE, offset=offset)
    first, last = number(offset + 1), number(offset + len(passages))
    total = number(source.passage_count)
    st.subheader(t("documents.passages", first=first, last=last, total=total))
    for passage in passages:
        _draw_passage(passage)
    if pages > 1:
        st.pagination(pages, max_visible_pages=5, key="documents_passage_page")


def _draw_passage(passage: ChunkView) -> None:
    """Show one passage word for word, in its own direction."""
    direction = "rtl" if passage.language in RIGHT_TO_LEFT else "ltr"
    with st.container(border=True, gap="xsmall", key=f"documents_passage_{passage.chunk_id}"):
        place = [t("documents.passage_number", position=number(passage.position + 1))]
        if passage.page is not None:
            place.append(t("documents.passage_page", page=number(passage.page)))
        elif passage.label:
            place.append(plain_text(passage.label))
        place.append(t("documents.count_tokens", count=number(passage.token_count)))
        if not passage.enabled:
            place.append(t("documents.passage_disabled"))
        st.caption(" · ".join(place))
        with st.container(gap="xsmall", key=f"{direction}-documents-{passage.chunk_id}"):
            if passage.heading:
                st.markdown(f"**{plain_text(passage.heading)}**")
            if passage.tldr:
                st.caption(f"{isolated(t('documents.tldr'))}: {plain_text(passage.tldr)}")
            st.text(passage.text)
