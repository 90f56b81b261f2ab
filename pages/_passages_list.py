"""A page of passages: each as its own words, with its place and state."""

from __future__ import annotations

from math import ceil

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.passage_browser import PassagePage
from leanrag.passage_filter import PassageFilter
from leanrag.sources import ChunkView
from pages._chat_text import isolated
from pages._locale import number, t
from pages._passages_address import go_to_page, open_passage, page_number
from pages._passages_bulk import draw_bulk, draw_pick, draw_switch, is_selecting
from pages._passages_edit import draw_notice
from pages._passages_filter import draw_clear
from pages._passages_words import badges, cut, direction, place_text, tldr_text
from pages._safe_text import plain_text
from pages._services import may

PASSAGES_PER_PAGE = 20
MAX_SHOWN_LETTERS = 700


def list_offset() -> int:
    """Return how many passages stand before the page that the address names."""
    return (page_number() - 1) * PASSAGES_PER_PAGE


def draw_list(services: Services, found: PassagePage, wanted: PassageFilter) -> None:
    """Show a page of passages below how many there are, and the way to the other pages."""
    with st.container(horizontal=True, vertical_alignment="center", key="passages_said"):
        st.markdown(f"**{_said(found)}**")
        draw_clear(wanted)
        if may("knowledge.write"):
            draw_switch()
    if found.too_common:
        words = ", ".join(isolated(plain_text(cut(word, 30))) for word in found.too_common)
        st.caption(t("passages.too_common", words=words))
    draw_notice()
    if is_selecting():
        draw_bulk(services, found.passages)
    for passage in found.passages:
        _draw_passage(passage)
    _draw_pager(found.total)


def draw_nothing_found(wanted: PassageFilter) -> None:
    """Say that no passage is as the filter wants it, and what to do."""
    with st.container(border=True, horizontal_alignment="center", key="passages_nothing"):
        st.markdown(f"#### {t('passages.nothing')}", text_alignment="center")
        hint = "nothing_words" if wanted.words else "nothing_filter"
        st.caption(t(f"passages.{hint}"), text_alignment="center")
        draw_clear(wanted)


def draw_empty() -> None:
    """Say what to do where there is no passage yet."""
    with st.container(border=True, horizontal_alignment="center", key="passages_empty"):
        st.markdown(f"#### {t('passages.empty')}", text_alignment="center")
        name = "empty_next" if may("knowledge.write") else "empty_reader"
        st.caption(t(f"passages.{name}"), text_alignment="center")
        st.page_link(
            "pages/documents.py", label=t("shell.documents"), icon=":material/description:"
        )


def _said(found: PassagePage) -> str:
    first = list_offset() + 1
    last = list_offset() + len(found.passages)
    return t("passages.said", first=number(first), last=number(last), total=number(found.total))


def _draw_passage(passage: ChunkView) -> None:
    with st.container(border=True, gap="xsmall", key=f"passages_card_{passage.chunk_id}"):
        _draw_title(passage)
        st.caption(_line(passage))
        with st.container(gap="xsmall", key=f"{direction(passage)}-passages-{passage.chunk_id}"):
            if passage.tldr and not passage.text.startswith(passage.tldr):
                st.markdown(tldr_text(passage))
            st.text(cut(passage.text, MAX_SHOWN_LETTERS))
        with st.container(key=f"interface-passages-{passage.chunk_id}"):
            st.markdown(badges(passage))


def _draw_title(passage: ChunkView) -> None:
    """Draw a passage's name, which opens it, beside what picks it."""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        if is_selecting():
            draw_pick(passage.chunk_id)
        st.button(
            isolated(plain_text(cut(passage.title or passage.source_title))),
            type="tertiary",
            icon=":material/pageview:",
            key=f"passages_open_{passage.chunk_id}",
            help=t("passages.open"),
            on_click=open_passage,
            args=(passage.chunk_id,),
        )


def _line(passage: ChunkView) -> str:
    """Return the source's title where the passage has another one, and the place in it."""
    own = passage.title and passage.title != passage.source_title
    source = (isolated(plain_text(cut(passage.source_title))),) if own else ()
    return " · ".join((*source, place_text(passage)))


def _draw_pager(total: int) -> None:
    pages = max(1, ceil(total / PASSAGES_PER_PAGE))
    if pages == 1:
        return
    page = min(page_number(), pages)
    key = f"passages_page_{page}"  # a new widget for each page: the address says which is shown
    st.pagination(
        pages,
        default=page,
        max_visible_pages=7,
        key=key,
        on_change=lambda: go_to_page(int(st.session_state[key])),
    )
