"""A newer version of a source's file: title, tags, citability and people's edits stay."""

from __future__ import annotations

from uuid import UUID

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from leanrag.bootstrap import Services
from leanrag.errors import LeanRagError
from leanrag.ingest.pipeline import Upload
from leanrag.sources import SourceView
from pages._documents_add_files import EXTENSIONS
from pages._documents_add_outcomes import rejection_text
from pages._documents_notice import say
from pages._documents_upload import draw_refused, let_go, style_uploader
from pages._documents_why import error_sentence
from pages._documents_words import size_text, title_text
from pages._locale import t

_PROBLEM = "documents_newer_problem"


def ask_newer(services: Services, tenant_id: UUID, source: SourceView) -> None:
    """Open the dialog that takes the newer file; until it is read well, the old one serves."""
    st.session_state.pop(_PROBLEM, None)

    @st.dialog(t("documents.newer"), icon=":material/upload_file:", on_dismiss="rerun")
    def ask() -> None:
        st.markdown(t("documents.newer_what"))
        style_uploader()
        limit = size_text(services.settings.max_file_bytes)
        with st.container(key="documents_upload_newer"):
            st.file_uploader(
                t("documents.newer_choose", limit=limit),
                type=list(EXTENSIONS),
                key=_file_key(source),
            )
            draw_refused("newer", t("documents.add.refused", limit=limit))
        problem = st.session_state.get(_PROBLEM)
        if problem:
            st.error(problem, icon=":material/error:")
        with st.container(horizontal=True, horizontal_alignment="right"):
            is_left = st.button(t("documents.cancel"), key="documents_newer_no")
            is_taken = st.button(
                t("documents.newer_yes"),
                type="primary",
                icon=":material/upload_file:",
                on_click=_replace,
                args=(services, tenant_id, source),
                key="documents_newer_yes",
            )
        if is_left or (is_taken and not st.session_state.get(_PROBLEM)):
            st.rerun()

    ask()


def _replace(services: Services, tenant_id: UUID, source: SourceView) -> None:
    file: UploadedFile | None = st.session_state.get(_file_key(source))
    if file is None:
        st.session_state[_PROBLEM] = t("documents.newer_none")
        return
    st.session_state.pop(_PROBLEM, None)
    try:
        upload = Upload(filename=file.name, data=file.getvalue())
        accepted = services.ingest.replace_file(tenant_id, source.source_id, upload)
    except LeanRagError as exc:
        said = rejection_text(exc)
        st.session_state[_PROBLEM] = error_sentence(exc) if exc.message in said else said
        return
    finally:
        let_go((file,))
    name = "newer_same" if accepted.is_duplicate else "newer_taken"
    say(t(f"documents.{name}", title=title_text(source)))


def _file_key(source: SourceView) -> str:
    return f"documents_newer_{source.source_id}"
