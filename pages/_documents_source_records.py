"""A list of questions or products, edited in the grid that it was added with."""

from __future__ import annotations

import hashlib
from pathlib import PurePath
from typing import cast
from uuid import UUID

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.errors import LeanRagError
from leanrag.ingest.pipeline import Upload
from leanrag.ingest.record_files import (
    RECORDS_MEDIA_TYPE,
    export_records,
    read_stored,
    write_records,
)
from leanrag.ingest.record_rows import RecordKind, RecordRow
from leanrag.sources import SourceView
from pages._documents_grid import (
    add_to_grid,
    draw_records_grid,
    forget_grid,
    keep_grid,
    show_rows,
    unsaved_rows,
)
from pages._documents_source_drafts import draw_written, keep_beginning, save_version
from pages._documents_why import error_sentence
from pages._locale import t

_READ = "documents_rows_read"


def draw_records(services: Services, tenant_id: UUID, source: SourceView) -> None:
    """Draw the rows of a list; what is saved is its newer version."""
    kind = cast(RecordKind, source.kind)
    found = _find_rows(services, tenant_id, source)
    if found is None:
        return
    data, rows = found
    key = f"documents_rows_{source.source_id}"
    keep_grid(key)
    keep_beginning(source.source_id, data, is_unsaved=unsaved_rows(key) > 0)
    draw_written(source, lambda written: _bring_back(key, kind, written))
    changed = draw_records_grid(key, kind, rows, save_label=t("documents.save_rows"))
    _draw_export(source, kind, rows)
    if changed is None:
        return
    upload = Upload(
        filename=source.filename,
        data=write_records(changed, kind),
        kind=kind,
        media_type=RECORDS_MEDIA_TYPE,
        form="records",
    )
    if save_version(services, tenant_id, source, upload, changed):
        forget_grid(key)
    st.rerun()


def show_records(services: Services, tenant_id: UUID, source: SourceView) -> None:
    """Draw the rows of a list for whoever may not change them."""
    found = _find_rows(services, tenant_id, source)
    if found is not None:
        show_rows(cast(RecordKind, source.kind), found[1])
        _draw_export(source, cast(RecordKind, source.kind), found[1])


def _find_rows(
    services: Services, tenant_id: UUID, source: SourceView
) -> tuple[bytes, tuple[RecordRow, ...]] | None:
    """Return the newest list as it is stored and as rows, or say why there is none."""
    try:
        data = services.sources.file(tenant_id, source.source_id, newest=True).data
        return data, _read(data, cast(RecordKind, source.kind))
    except LeanRagError as exc:
        st.error(error_sentence(exc), icon=":material/error:")
        return None


def _bring_back(key: str, kind: RecordKind, written: tuple[RecordRow, ...]) -> None:
    forget_grid(key)
    add_to_grid(key, kind, written)


def _read(data: bytes, kind: RecordKind) -> tuple[RecordRow, ...]:
    """Read a list once for all reruns of this browser that show it."""
    key = hashlib.sha256(data).digest()
    kept: tuple[bytes, tuple[RecordRow, ...]] | None = st.session_state.get(_READ)
    if kept is None or kept[0] != key:
        kept = (key, read_stored(data, kind))
        st.session_state[_READ] = kept
    return kept[1]


def _draw_export(source: SourceView, kind: RecordKind, rows: tuple[RecordRow, ...]) -> None:
    st.download_button(
        t("documents.export"),
        lambda: export_records(rows, kind),
        file_name=f"{PurePath(source.filename).stem}.csv",
        mime="text/csv",
        icon=":material/download:",
        disabled=not rows,
        on_click="ignore",
        key="documents_export",
    )
