"""The passages that a text would become, page by page: looked at before anything is stored."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from leanrag.ingest.extracted import Chunk
from leanrag.types import RIGHT_TO_LEFT
from pages._documents_words import isolated
from pages._locale import number, t
from pages._row_label import label_text
from pages._safe_text import plain_text

PASSAGES_PER_PAGE = 10


def draw_cut(chunks: Sequence[Chunk], *, key: str = "documents_cut") -> None:
    """Show how many passages and tokens there are, and the passages of one page."""
    tokens = [chunk.token_count for chunk in chunks]
    st.markdown(
        t(
            "documents.add.cut_total",
            passages=number(len(chunks)),
            tokens=number(sum(tokens)),
            largest=number(max(tokens, default=0)),
        )
    )
    pages = max(1, -(-len(chunks) // PASSAGES_PER_PAGE))
    page_key = f"{key}_page_{len(chunks)}"  # another cut begins at its first page
    page = min(st.session_state.get(page_key, 1), pages)
    start = (page - 1) * PASSAGES_PER_PAGE
    for chunk in chunks[start : start + PASSAGES_PER_PAGE]:
        _draw_chunk(chunk, key)
    if pages > 1:
        st.pagination(pages, max_visible_pages=5, key=page_key)


def _draw_chunk(chunk: Chunk, key: str) -> None:
    """Show one passage word for word, in its own direction."""
    direction = "rtl" if chunk.language in RIGHT_TO_LEFT else "ltr"
    with st.container(border=True, gap="xsmall", key=f"{key}_{chunk.position}"):
        st.caption(" · ".join(_place(chunk)))
        with st.container(gap="xsmall", key=f"{direction}-{key}-{chunk.position}"):
            if chunk.heading:
                st.markdown(f"**{plain_text(chunk.heading)}**")
            if chunk.tldr and chunk.tldr != chunk.text:
                tldr = isolated(t("documents.add.cut_tldr"))
                st.caption(f"{tldr}: {plain_text(chunk.tldr)}")
            st.text(chunk.text)


def _place(chunk: Chunk) -> list[str]:
    place = [t("documents.add.cut_passage", position=number(chunk.position + 1))]
    if chunk.page is not None:
        place.append(t("documents.add.cut_page", page=number(chunk.page)))
    elif chunk.label:
        place.append(plain_text(label_text(chunk.label)))
    place.append(t("documents.add.cut_tokens", count=number(chunk.token_count)))
    return place
