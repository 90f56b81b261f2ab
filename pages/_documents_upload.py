"""Adding files: the uploader, its options, and what became of each file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from leanrag.errors import FileTooLarge, LeanRagError
from leanrag.ingest.pipeline import Ingest, Upload
from leanrag.sources import SourceView
from leanrag.types import SOURCE_KINDS
from pages._documents_words import size_text
from pages._error_text import error_text
from pages._locale import number, t, ui_language
from pages._safe_text import plain_text

EXTENSIONS = (
    *("pdf", "docx", "xlsx", "html", "htm", "xhtml"),
    *("srt", "vtt", "txt", "md", "markdown"),
)
# The uploader has no words of its own to set: its button's are replaced, its hint (which our label
# says already) is hidden, and a file it refuses, which it explains on hover alone, shows our note.
_STYLE = """<style>
.st-key-documents_upload [data-testid="stFileUploaderDropzoneInstructions"],
.st-key-documents_upload:not(:has([data-testid="stFileChip"][aria-invalid="true"]))
  [data-testid="stLayoutWrapper"]:has(> .st-key-documents_refused) {{ display: none; }}
.st-key-documents_upload [data-testid="stFileUploaderDropzone"] button p {{ font-size: 0; }}
.st-key-documents_upload [data-testid="stFileUploaderDropzone"] button p::after {{
  content: "{browse}"; font-size: 0.875rem;
}}
/* The knob slides to the right in every language; from the right it would leave its track. */
.st-key-documents_citable label > div:first-of-type {{ direction: ltr; }}
</style>"""
_TRANSLATED_ERRORS = frozenset(
    {"empty_file", "unsupported_file_type", "encrypted_file", "no_text", "extraction_failed"}
)


@dataclass(frozen=True, slots=True)
class UploadOutcome:
    """What became of one file: `source_id` is the source it made, or made once before.

    `problem` says why it was not taken; empty where it was.
    """

    filename: str
    source_id: UUID | None
    is_duplicate: bool = False
    problem: str = ""


def draw_upload(ingest: Ingest, tenant_id: UUID, *, max_bytes: int) -> None:
    """Show the uploader; its files are taken over when the button is pressed, then let go."""
    generation = st.session_state.setdefault("documents_generation", 0)
    st.html(_STYLE.format(browse=t("documents.browse")))
    with st.container(border=True, key="documents_upload"):
        files = st.file_uploader(
            t("documents.choose", limit=size_text(max_bytes)),
            type=list(EXTENSIONS),
            accept_multiple_files=True,
            key=f"documents_files_{generation}",
        )
        with st.container(key="documents_refused"):
            st.error(t("documents.refused", limit=size_text(max_bytes)), icon=":material/error:")
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


def draw_outcomes(listed: Sequence[SourceView]) -> None:
    """Say, beside each file's name, what has become of the files that were handed over last."""
    outcomes: tuple[UploadOutcome, ...] = st.session_state.get("documents_outcomes", ())
    sources = {source.source_id: source for source in listed}
    for outcome in outcomes:
        # Two lines, so that name and sentence may each take their own direction.
        name = f"**{plain_text(outcome.filename)}**  \n"
        source = sources.get(outcome.source_id) if outcome.source_id else None
        if outcome.problem:
            st.error(f"{name}{outcome.problem}", icon=":material/error:")
        elif source is None or source.status == "failed":
            continue  # deleted since, or shown with its error among those that failed
        elif outcome.is_duplicate:
            text = t("documents.duplicate", title=plain_text(source.title))
            st.info(f"{name}{text}", icon=":material/content_copy:")
        elif source.status == "processed":
            text = t("documents.accepted", count=number(source.passage_count))
            st.success(f"{name}{text}", icon=":material/check_circle:")


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
        return UploadOutcome(file.name, None, problem=rejection_text(exc))
    return UploadOutcome(file.name, accepted.source.source_id, accepted.is_duplicate)


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
