"""What a person changes in a list or a text that somebody else may change meanwhile."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any
from uuid import UUID

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.errors import LeanRagError
from leanrag.ingest.pipeline import Upload
from leanrag.sources import SourceView
from pages._documents_add_outcomes import rejection_text
from pages._documents_notice import complain, say
from pages._documents_words import title_text
from pages._locale import t

_BEGAN, _WRITTEN = "documents_began_", "documents_written_"


def keep_beginning(source_id: UUID, data: bytes, *, is_unsaved: bool) -> None:
    """Remember the version that a person's changes are made of: the one that they saw."""
    key = f"{_BEGAN}{source_id}"
    if not is_unsaved or key not in st.session_state:
        st.session_state[key] = _hash(data)


def save_version(
    services: Services, tenant_id: UUID, source: SourceView, upload: Upload, written: object
) -> bool:
    """Hand a changed list or text over as the source's newer version; whether it was taken.

    What was `written` is kept until it has been read well. Where somebody else saved another
    version meanwhile, say so first: who saves again replaces it.
    """
    stored = services.sources.file(tenant_id, source.source_id, newest=True).data
    key = f"{_BEGAN}{source.source_id}"
    if st.session_state.get(key) != _hash(stored):
        st.session_state[key] = _hash(stored)
        complain(t("documents.changed_meanwhile"))
        return False
    try:
        services.ingest.replace_file(tenant_id, source.source_id, upload)
    except LeanRagError as exc:
        complain(rejection_text(exc, noun="list" if source.form == "records" else "file"))
        return False
    st.session_state[f"{_WRITTEN}{source.source_id}"] = written
    say(t("documents.version_saved", title=title_text(source)))
    return True


def draw_written(source: SourceView, bring_back: Callable[[Any], None]) -> None:
    """Offer what this browser saved last and could not be read, so that no word of it is lost."""
    key = f"{_WRITTEN}{source.source_id}"
    if source.status != "processed" or key not in st.session_state:
        return
    if not source.error:
        del st.session_state[key]
        return
    st.button(
        t("documents.bring_back"),
        icon=":material/redo:",
        on_click=bring_back,
        args=(st.session_state[key],),
        key="documents_bring_back",
    )


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
