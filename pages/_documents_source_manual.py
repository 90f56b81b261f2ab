"""The text of a tenant's instructions, changed where it was written."""

from __future__ import annotations

from uuid import UUID

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.errors import NotFound
from leanrag.ingest.manual import count_words
from leanrag.ingest.pipeline import Upload
from leanrag.sources import SourceView
from pages._chat_text import direction
from pages._documents_add_manual import MANUAL_MEDIA_TYPE
from pages._documents_notice import complain
from pages._documents_source_drafts import draw_written, keep_beginning, save_version
from pages._documents_why import error_sentence
from pages._locale import number, t


def draw_manual(services: Services, tenant_id: UUID, source: SourceView) -> None:
    """Draw the text; what is saved is its newer version, and what is not stays in this browser."""
    data = _find_text(services, tenant_id, source)
    if data is None:
        return
    stored = data.decode("utf-8", errors="replace")
    key = _take_stored(source.source_id, stored)
    is_unsaved = st.session_state[key] != stored
    keep_beginning(source.source_id, data, is_unsaved=is_unsaved)
    draw_written(source, lambda written: _put(key, written))
    with st.container(key=f"{direction(stored)}-documents-text"):
        text = st.text_area(
            t("documents.add.manual_text"),
            height=420,
            help=t("documents.add.manual_help"),
            key=key,
            persist_state="session",
        )
    words = f"{number(count_words(text))} {t('documents.add.words')}"
    st.caption(f"{words} · {t('documents.add.grid_unsaved')}" if is_unsaved else words)
    with st.container(horizontal=True):
        st.button(
            t("documents.save_text"),
            type="primary",
            icon=":material/save:",
            on_click=_save,
            args=(services, tenant_id, source, key),
            key="documents_text_save",
        )
        if is_unsaved:
            st.button(
                t("documents.drop_text"),
                type="tertiary",
                icon=":material/undo:",
                on_click=_put,
                args=(key, stored),
                key="documents_text_drop",
            )


def show_manual(services: Services, tenant_id: UUID, source: SourceView) -> None:
    """Draw the text for whoever may not change it."""
    data = _find_text(services, tenant_id, source)
    if data is None:
        return
    text = data.decode("utf-8", errors="replace")
    with st.container(border=True, key=f"{direction(text)}-documents-text"):
        st.text(text)
    st.caption(f"{number(count_words(text))} {t('documents.add.words')}")


def _find_text(services: Services, tenant_id: UUID, source: SourceView) -> bytes | None:
    """Return the newest text, or say why there is none."""
    try:
        return services.sources.file(tenant_id, source.source_id, newest=True).data
    except NotFound as exc:
        st.error(error_sentence(exc), icon=":material/error:")
        return None


def _take_stored(source_id: UUID, stored: str) -> str:
    """Put the stored text into the box where nothing else was written; return the box's key."""
    key, base = f"documents_text_{source_id}", f"documents_text_base_{source_id}"
    if key not in st.session_state or st.session_state[key] == st.session_state.get(base):
        st.session_state[key] = stored
    st.session_state[base] = stored
    return key


def _put(key: str, text: str) -> None:
    st.session_state[key] = text


def _save(services: Services, tenant_id: UUID, source: SourceView, key: str) -> None:
    text = str(st.session_state[key])
    if not text.strip():
        complain(t("documents.add.manual_empty"))
        return
    upload = Upload(
        filename=source.filename,
        data=text.encode("utf-8", errors="replace"),
        kind="manual",
        media_type=MANUAL_MEDIA_TYPE,
        form="manual",
    )
    save_version(services, tenant_id, source, upload, text)
