"""What can be done with one source: switch, edit, read again, replace, download, delete."""

from __future__ import annotations

from uuid import UUID

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.source_changes import SourceChange
from leanrag.sources import SourceView
from pages._documents_changes import change_sources
from pages._documents_delete import draw_delete
from pages._documents_progress import UNFINISHED, hold_dialog
from pages._documents_source_again import ask_process, ask_recrawl
from pages._documents_source_edit import ask_edit
from pages._documents_source_newer import ask_newer
from pages._documents_words import title_text
from pages._downloads import services_later
from pages._locale import t
from pages._services import may

_STYLE = """<style>
/* The knob slides to the right in every language; from the right it would leave its track. */
.st-key-documents_switches label > div:first-of-type { direction: ltr; }
.st-key-documents_switches [data-testid="stTooltipIcon"] { margin-inline-start: 0.4rem; }
</style>"""


def draw_switches(services: Services, tenant_id: UUID, source: SourceView) -> None:
    """Draw the switches for quoting and for use; each can be taken back at once."""
    st.html(_STYLE)
    with st.container(horizontal=True, gap="large", key="documents_switches"):
        for name, is_on in (("citable", source.is_citable), ("enabled", source.enabled)):
            key = f"documents_{name}_{source.source_id}"
            st.session_state[key] = is_on
            st.toggle(
                t(f"documents.switch_{name}"),
                help=t(f"documents.switch_{name}_help"),
                on_change=_switch,
                args=(services, tenant_id, source, name, key),
                key=key,
            )


def draw_actions(services: Services, tenant_id: UUID, source: SourceView) -> None:
    """Draw the buttons; what needs more than a click is asked in a dialog."""
    with st.container(horizontal=True, vertical_alignment="center", key="documents_actions"):
        if may("knowledge.write"):
            _draw_changes(services, tenant_id, source)
        if source.form in ("file", "manual"):
            _draw_download(tenant_id, source)
        draw_delete(services, tenant_id, [source], place="source")
        st.page_link(
            "pages/passages.py",
            label=t("documents.all_passages"),
            icon=":material/article:",
            query_params={"source": str(source.source_id)},
            width="content",
        )


def _draw_changes(services: Services, tenant_id: UUID, source: SourceView) -> None:
    if st.button(t("documents.edit"), icon=":material/edit:", key="documents_edit"):
        hold_dialog()
        ask_edit(services, tenant_id, source)
    _draw_again(services, tenant_id, source)
    if source.form == "file" and st.button(
        t("documents.newer"), icon=":material/upload_file:", key="documents_newer"
    ):
        hold_dialog()
        ask_newer(services, tenant_id, source)


def _draw_again(services: Services, tenant_id: UUID, source: SourceView) -> None:
    if source.status in UNFINISHED:
        return
    is_site = source.form == "website"
    if st.button(
        t("documents.recrawl" if is_site else "documents.process"),
        icon=":material/refresh:",
        key="documents_process",
    ):
        hold_dialog()
        (ask_recrawl if is_site else ask_process)(services, tenant_id, source)


def _draw_download(tenant_id: UUID, source: SourceView) -> None:
    later = services_later()
    st.download_button(
        t("documents.download"),
        lambda: later.sources.file(tenant_id, source.source_id).data,
        file_name=source.filename,
        mime=source.media_type or "application/octet-stream",
        icon=":material/download:",
        on_click="ignore",
        key="documents_download",
    )


def _switch(services: Services, tenant_id: UUID, source: SourceView, name: str, key: str) -> None:
    is_on = bool(st.session_state[key])
    change = SourceChange(is_citable=is_on) if name == "citable" else SourceChange(enabled=is_on)
    done = t(f"documents.switched_{name}_{'on' if is_on else 'off'}", title=title_text(source))
    change_sources(services, tenant_id, [(source, change)], done)
