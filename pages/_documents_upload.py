"""Adding files: the uploader, its options, and what became of each file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from leanrag.errors import FileTooLarge, LeanRagError
from leanrag.ingest.pipeline import Ingest, Upload
from leanrag.types import SOURCE_KINDS
from pages._documents_words import MEGABYTE, size_text
from pages._error_text import error_text
from pages._locale import number, t, ui_language
from pages._safe_text import plain_text

EXTENSIONS = ("pdf", "txt", "md", "markdown")
_TRANSLATED_ERRORS = frozenset(
    {"empty_file", "unsupported_file_type", "encrypted_file", "no_text", "extraction_failed"}
)


@dataclass(frozen=True, slots=True)
class UploadOutcome:
    """What became of one file that was handed over."""

    filename: str
    state: Literal["accepted", "duplicate", "rejected"]
    message: str


def draw_upload(ingest: Ingest, tenant_id: UUID, *, max_bytes: int) -> None:
    """Show the uploader; its files are taken over when the button is pressed, then let go."""
    generation = st.session_state.setdefault("documents_generation", 0)
    with st.container(border=True, key="documents_upload"):
        files = st.file_uploader(
            t("documents.choose", limit=size_text(max_bytes)),
            type=list(EXTENSIONS),
            accept_multiple_files=True,
            max_upload_size=max_bytes // MEGABYTE,
            key=f"documents_files_{generation}",
        )
        with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
            st.selectbox(
                t("documents.kind"),
                SOURCE_KINDS,
                index=SOURCE_KINDS.index("document"),
                format_func=lambda kind: t(f"documents.kind_{kind}"),
                help=t("documents.kind_help"),
                key="documents_kind",
                width=220,
            )
            st.toggle(t("documents.citable"), value=True, key="documents_citable")
            st.button(
                t("documents.add_some", count=number(len(files))) if files else t("documents.add"),
                type="primary",
                icon=":material/upload_file:",
                disabled=not files,
                on_click=_take_over,
                args=(ingest, tenant_id, tuple(files)),
                key="documents_add",
            )
        is_citable = st.session_state["documents_citable"]
        st.caption(t("documents.citable_on" if is_citable else "documents.citable_off"))


def draw_outcomes() -> None:
    """Say, beside each file's name, what became of the files that were handed over last."""
    outcomes: tuple[UploadOutcome, ...] = st.session_state.get("documents_outcomes", ())
    for outcome in outcomes:
        text = f"**{plain_text(outcome.filename)}** – {outcome.message}"
        if outcome.state == "rejected":
            st.error(text, icon=":material/error:")
        elif outcome.state == "duplicate":
            st.info(text, icon=":material/content_copy:")
        else:
            st.success(text, icon=":material/check_circle:")


def _take_over(ingest: Ingest, tenant_id: UUID, files: tuple[UploadedFile, ...]) -> None:
    st.session_state["documents_outcomes"] = tuple(
        _accept(ingest, tenant_id, file) for file in files
    )
    _let_go(files)
    # A new key is a new, empty uploader.
    del st.session_state[f"documents_files_{st.session_state['documents_generation']}"]
    st.session_state["documents_generation"] += 1


def _accept(ingest: Ingest, tenant_id: UUID, file: UploadedFile) -> UploadOutcome:
    upload = Upload(
        filename=file.name,
        data=file.getvalue(),
        kind=st.session_state["documents_kind"],
        is_citable=st.session_state["documents_citable"],
    )
    try:
        accepted = ingest.accept(tenant_id, upload)
    except LeanRagError as exc:
        return UploadOutcome(file.name, "rejected", rejection_text(exc))
    if accepted.is_duplicate:
        text = t("documents.duplicate", title=plain_text(accepted.source.title))
        return UploadOutcome(file.name, "duplicate", text)
    return UploadOutcome(file.name, "accepted", t("documents.accepted"))


def rejection_text(error: LeanRagError) -> str:
    """Say in the interface's language why a file was not taken."""
    size, limit = error.details.get("bytes"), error.details.get("max_bytes")
    if isinstance(error, FileTooLarge) and isinstance(size, int) and isinstance(limit, int):
        return t("documents.error_file_too_large", size=size_text(size), limit=size_text(limit))
    if ui_language() != "en" and error.code in _TRANSLATED_ERRORS:
        return t(f"documents.error_{error.code}")
    return plain_text(error_text(error))


def _let_go(files: tuple[UploadedFile, ...]) -> None:
    """Free the files' memory, which Streamlit keeps for as long as the session lives."""
    context = get_script_run_ctx()
    if context is None or not isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
        return
    for file in files:
        context.uploaded_file_mgr.remove_file(context.session_id, file.file_id)
