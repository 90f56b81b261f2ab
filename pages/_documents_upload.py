"""Uploaded files: what the uploader looks like, and letting go of what it holds."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from pages._locale import t

# The uploader has no words of its own to set: its button's are replaced, its hint (which our label
# says already) is hidden, and a file it refuses, which it explains on hover alone, shows our note.
_STYLE = """<style>
[class*="st-key-documents_upload"] [data-testid="stFileUploaderDropzoneInstructions"],
[class*="st-key-documents_upload"]:not(:has([data-testid="stFileChip"][aria-invalid="true"]))
  [data-testid="stLayoutWrapper"]:has(> [class*="st-key-documents_refused"]) {{ display: none; }}
[class*="st-key-documents_upload"] [data-testid="stFileUploaderDropzone"] button p {{
  font-size: 0;
}}
[class*="st-key-documents_upload"] [data-testid="stFileUploaderDropzone"] button p::after {{
  content: "{browse}"; font-size: 0.875rem;
}}
</style>"""


def style_uploader() -> None:
    """Give the uploaders inside `documents_upload…` containers the interface's words."""
    st.html(_STYLE.format(browse=t("documents.add.browse")))


def draw_refused(form: str, text: str) -> None:
    """Keep ready what is said where the uploader itself refuses a file; hidden until then."""
    with st.container(key=f"documents_refused_{form}"):
        st.error(text, icon=":material/error:")


def let_go(files: Sequence[UploadedFile]) -> None:
    """Free the files' memory, which Streamlit keeps for as long as the session lives."""
    context = get_script_run_ctx()
    if context is None or not isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
        return
    for file in files:
        context.uploaded_file_mgr.remove_file(context.session_id, file.file_id)
