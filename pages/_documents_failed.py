"""Sources that could not be read, or whose reading was stopped, each with what to do next."""

from __future__ import annotations

from uuid import UUID

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.source_filter import SourceFilter
from leanrag.sources import SourceView
from pages._documents_address import open_source, set_value
from pages._documents_delete import draw_delete
from pages._documents_notice import attempt
from pages._documents_progress import Counts
from pages._documents_why import why
from pages._documents_words import isolated, title_text
from pages._locale import number, t
from pages._services import may

MAX_SHOWN = 3


def draw_failed(services: Services, tenant_id: UUID, counts: Counts) -> None:
    """Show each source that failed or was stopped, the newest first, with the ways on."""
    total = counts.get("failed", 0) + counts.get("cancelled", 0)
    if not total:
        return
    wanted = SourceFilter(statuses=("failed", "cancelled"))
    shown = services.sources.list(tenant_id, wanted, limit=MAX_SHOWN)
    for source in shown:
        with st.container(border=True, gap="xsmall", key=f"documents_ended_{source.source_id}"):
            draw_end(source, with_title=True)
            with st.container(horizontal=True):
                draw_try_again(services, tenant_id, source)
                _draw_open(source)
                draw_delete(services, tenant_id, [source], place=str(source.source_id))
    if total > len(shown):
        st.button(
            t("documents.failed_more", count=number(total - len(shown))),
            type="tertiary",
            icon=":material/filter_alt:",
            on_click=set_value,
            args=("status", "failed" if counts.get("failed") else "cancelled"),
            key="documents_failed_more",
        )


def draw_end(source: SourceView, *, with_title: bool = False) -> None:
    """Say why a source failed, that it was stopped, or what is amiss although it is in use."""
    title = f"**{title_text(source)}**  \n" if with_title else ""
    reason = isolated(why(source.error or "") or t("documents.failed_unknown"))
    with st.container(key=f"interface-documents-end-{source.source_id}"):
        if source.status == "failed":
            st.error(f"{title}{reason}", icon=":material/error:")
        elif source.status == "cancelled":
            name = "cancelled_in_use" if source.passage_count else "cancelled"
            st.info(f"{title}{t(f'documents.{name}')}", icon=":material/stop_circle:")
        elif source.status == "processed" and source.error:
            st.warning(f"{title}{reason}", icon=":material/warning:")


def draw_try_again(services: Services, tenant_id: UUID, source: SourceView) -> None:
    """Draw the button that has a failed or stopped source read once more, as it was to be read."""
    if not may("knowledge.write"):
        return
    name = "start_again" if source.status == "cancelled" else "try_again"
    st.button(
        t(f"documents.{name}"),
        icon=":material/refresh:",
        on_click=_try_again,
        args=(services, tenant_id, source),
        key=f"documents_again_{source.source_id}",
    )


def _draw_open(source: SourceView) -> None:
    is_replaced = source.form == "file" and source.status == "failed" and may("knowledge.write")
    name = "replace_file" if is_replaced else "open"
    st.button(
        t(f"documents.{name}"),
        icon=":material/open_in_full:" if name == "open" else ":material/upload_file:",
        on_click=open_source,
        args=(source.source_id,),
        key=f"documents_ended_open_{source.source_id}",
    )


def _try_again(services: Services, tenant_id: UUID, source: SourceView) -> None:
    attempt(
        lambda: services.ingest.reprocess(
            tenant_id, source.source_id, chunk_tokens=source.chunk_tokens
        ),
        t("documents.begun", title=title_text(source)),
    )
