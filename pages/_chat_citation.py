"""The passage behind a citation: its words in place, with what stands before and after."""

from __future__ import annotations

import re
from uuid import UUID

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.errors import NotFound
from leanrag.sources import ChunkView, SourceView
from leanrag.types import Citation
from pages._locale import number, t
from pages._row_label import label_text
from pages._safe_text import plain_text
from pages._services import current_tenant


def show_citation(services: Services, citation: Citation) -> None:
    """Open a dialog with the cited passage."""
    title = t("chat.source_title", number=number(citation.number))
    st.dialog(title, width="medium", icon=":material/format_quote:")(_draw)(services, citation)


def _draw(services: Services, citation: Citation) -> None:
    tenant_id = current_tenant()
    try:
        source = services.sources.get(tenant_id, citation.source_id)
        passage = services.sources.chunk(tenant_id, citation.passage_id)
        around = services.sources.neighbours(tenant_id, citation.passage_id)
    except NotFound:
        _draw_place(citation.title, citation.heading, citation.page, citation.label)
        st.info(t("chat.source_gone"), icon=":material/search_off:")
        _draw_passage(citation.quote, citation.quote, key="quote")
        return
    _draw_place(source.title, passage.heading, passage.page, passage.label)
    for neighbour in around:
        if neighbour.position < passage.position:
            _draw_neighbour(neighbour, t("chat.passage_before"))
    _draw_passage(passage.text, citation.quote, key="passage")
    for neighbour in around:
        if neighbour.position > passage.position:
            _draw_neighbour(neighbour, t("chat.passage_after"))
    _draw_download(services, tenant_id, source)


def _draw_place(title: str, heading: str, page: int | None, label: str) -> None:
    st.markdown(f"**{plain_text(title)}**")
    parts = [plain_text(heading.replace(" > ", " › "))] if heading else []
    if page is not None:
        parts.append(t("chat.page", page=number(page)))
    elif label:
        parts.append(plain_text(label_text(label)))
    if parts:
        st.caption(" · ".join(parts))


def _draw_passage(text: str, quote: str, *, key: str) -> None:
    with st.container(border=True, key=f"chat_source_{key}"):
        st.markdown(highlighted(text, quote))


def _draw_neighbour(passage: ChunkView, label: str) -> None:
    with st.expander(label):
        st.markdown(plain_text(passage.text).replace("\n", "  \n"))


def _draw_download(services: Services, tenant_id: UUID, source: SourceView) -> None:
    try:
        file = services.sources.file(tenant_id, source.source_id)
    except NotFound:  # a source that was never a file
        return
    st.download_button(
        t("chat.download", name=plain_text(file.filename)),
        data=file.data,
        file_name=file.filename,
        mime=file.media_type,
        icon=":material/download:",
        on_click="ignore",
        key="chat_source_download",
    )


def highlighted(text: str, quote: str) -> str:
    """Return markdown of a passage in which the quote is marked; both are shown as they are."""
    words = [re.escape(word) for word in quote.split()]
    found = re.search(r"\s+".join(words), text) if words else None
    if found is None:
        return _lines(text)
    before, after = text[: found.start()], text[found.end() :]
    # A directive cannot reach over the end of a line.
    marked = [
        f":primary-background[{plain_text(s)}]" if s.strip() else s for s in found[0].split("\n")
    ]
    return _lines(before) + "  \n".join(marked) + _lines(after)


def _lines(text: str) -> str:
    return plain_text(text).replace("\n", "  \n")
