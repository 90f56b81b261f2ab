"""One passage in its place: what stands before and after it, and the page that it was cut from."""

from __future__ import annotations

from uuid import UUID

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.errors import NotFound
from leanrag.passage_browser import PassagePlace
from leanrag.sources import ChunkView
from pages._error_text import error_text
from pages._locale import is_right_to_left, number, t
from pages._passages_address import close_passage, open_passage
from pages._passages_edit import draw_actions
from pages._passages_picture import draw_picture, has_picture
from pages._passages_words import badges, cut, direction, place_text, tldr_text
from pages._safe_text import plain_text
from pages._services import current_tenant

NEIGHBOUR_LETTERS = 360
MAX_TLDR_LETTERS = 2_000
_WEB = ("https://", "http://")
_STYLE = '<style>[class*="st-key-passages_beside_"] { opacity: 0.7; }</style>'


def draw_place(services: Services, passage_id: UUID) -> None:
    """Show a passage in its source, with the page of a PDF beside it."""
    _draw_back()
    try:
        place = services.passage_browser.place(current_tenant(), passage_id)
    except NotFound as exc:
        st.warning(plain_text(error_text(exc)), icon=":material/search_off:")
        return
    st.header(plain_text(cut(place.source.title)))
    said = t("passages.place", number=number(place.number), total=number(place.total))
    st.caption(f"{said} · {place_text(place.passage)}")
    _draw_steps(place)
    page = place.page
    if page is not None and has_picture(place.source, page):
        words, beside = st.columns([3, 2], gap="medium")
        with words:
            _draw_words(services, place)
        with beside:
            draw_picture(services, place.source, page)
    else:
        _draw_words(services, place)


def _draw_back() -> None:
    st.button(
        t("passages.back"),
        icon=f":material/arrow_{'forward' if is_right_to_left() else 'back'}:",
        type="tertiary",
        on_click=close_passage,
        key="passages_back",
    )


def _draw_steps(place: PassagePlace) -> None:
    """Lead to the passages around, to the whole source, and to where it stands on the web."""
    with st.container(horizontal=True, vertical_alignment="center", key="passages_steps"):
        for name, others in (("before", place.before[-1:]), ("after", place.after[:1])):
            st.button(
                t(f"passages.go_{name}"),
                disabled=not others,
                on_click=open_passage,
                args=(others[0].chunk_id if others else place.passage.chunk_id,),
                key=f"passages_go_{name}",
            )
        st.page_link(
            "pages/documents.py",
            label=t("passages.whole_source"),
            icon=":material/description:",
            query_params={"source": str(place.source.source_id)},
            width="content",
        )
        if place.passage.url.startswith(_WEB):
            st.link_button(t("passages.web_page"), place.passage.url, icon=":material/open_in_new:")


def _draw_words(services: Services, place: PassagePlace) -> None:
    if not place.source.enabled:
        st.info(t("passages.source_off"), icon=":material/visibility_off:")
    st.html(_STYLE)
    for passage in place.before:
        _draw_neighbour(passage, t("passages.before"), _end(passage.text))
    _draw_passage(services, place.passage)
    for passage in place.after:
        _draw_neighbour(passage, t("passages.after"), cut(passage.text, NEIGHBOUR_LETTERS))


def _draw_passage(services: Services, passage: ChunkView) -> None:
    with st.container(border=True, gap="small", key="passages_opened"):
        with st.container(key="interface-passages-opened"):
            st.markdown(badges(passage))
        with st.container(gap="small", key=f"{direction(passage)}-passages-opened"):
            if passage.title and passage.title != passage.source_title:
                st.markdown(f"**{plain_text(cut(passage.title))}**")
            if passage.tldr:
                st.markdown(tldr_text(passage, MAX_TLDR_LETTERS))
            st.text(passage.text)
        draw_actions(services, passage)


def _draw_neighbour(passage: ChunkView, label: str, text: str) -> None:
    """Show what stands beside a passage, quieter than itself."""
    with st.container(gap="xsmall", key=f"passages_beside_{passage.chunk_id}"):
        st.caption(label)
        with st.container(key=f"{direction(passage)}-passages-beside-{passage.chunk_id}"):
            st.text(text)


def _end(text: str) -> str:
    """Return the end of a text, with a mark where something is missing before it."""
    if len(text) <= NEIGHBOUR_LETTERS:
        return text
    return "…" + text[-NEIGHBOUR_LETTERS:].partition(" ")[2]
