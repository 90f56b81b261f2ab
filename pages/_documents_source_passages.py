"""A source's passages in their order, page by page."""

from __future__ import annotations

from math import ceil
from uuid import UUID

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.sources import ChunkView, SourceView
from leanrag.types import RIGHT_TO_LEFT
from pages._documents_words import isolated
from pages._locale import number, t
from pages._row_label import label_text
from pages._safe_text import plain_text

PASSAGES_PER_PAGE = 10


def draw_passages(services: Services, tenant_id: UUID, source: SourceView) -> None:
    """Read one page of passages from the database and show it."""
    if not source.passage_count:
        if source.status in ("pending", "processing"):
            st.info(t("documents.not_read_yet"), icon=":material/hourglass_top:")
        return
    pages = max(1, ceil(source.passage_count / PASSAGES_PER_PAGE))
    page = min(st.session_state.get("documents_passage_page", 1), pages)
    offset = (page - 1) * PASSAGES_PER_PAGE
    passages = services.sources.chunks(
        tenant_id, source.source_id, limit=PASSAGES_PER_PAGE, offset=offset
    )
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
        with st.container(
            horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
        ):
            st.caption(" · ".join(_place(passage)), width="content")
            st.page_link(
                "pages/passages.py",
                label=t("documents.passage_open"),
                icon=":material/pageview:",
                query_params={"passage": str(passage.chunk_id)},
                width="content",
            )
        with st.container(gap="xsmall", key=f"{direction}-documents-{passage.chunk_id}"):
            if passage.heading:
                st.markdown(f"**{plain_text(passage.heading)}**")
            if passage.tldr and passage.tldr != passage.text:
                st.caption(f"{isolated(t('documents.tldr'))}: {plain_text(passage.tldr)}")
            st.text(passage.text)


def _place(passage: ChunkView) -> list[str]:
    place = [t("documents.passage_number", position=number(passage.position + 1))]
    if passage.page is not None:
        place.append(t("documents.passage_page", page=number(passage.page)))
    elif passage.label:
        place.append(isolated(plain_text(label_text(passage.label))))
    place.append(t("documents.count_tokens", count=number(passage.token_count)))
    if not passage.is_citable:
        place.append(t("documents.citable_no"))
    if not passage.enabled:
        place.append(t("documents.passage_disabled"))
    if passage.edit_id is not None:
        place.append(t("documents.passage_edited"))
    return place
