"""Sources that are being read, redrawn every second, and those that could not be read."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import streamlit as st

from leanrag.errors import LeanRagError
from leanrag.sources import Sources, SourceView
from leanrag.types import SourceStatus
from pages._error_text import error_text
from pages._locale import number, percent, t
from pages._safe_text import plain_text

POLL_SECONDS = 1.0
MAX_SHOWN = 8
_STEPS = frozenset({"extracting", "cutting", "embedding", "storing"})


def draw_progress(sources: Sources, tenant_id: UUID, listed: Sequence[SourceView]) -> None:
    """Show what is still being read; the state is the database's, so every browser sees it."""
    waiting = _waiting(listed)
    if waiting:
        _poll(sources, tenant_id, _states(waiting))


@st.fragment(run_every=POLL_SECONDS)
def _poll(sources: Sources, tenant_id: UUID, shown: frozenset[tuple[UUID, SourceStatus]]) -> None:
    """Redraw the waiting sources; redraw the whole page as soon as one begins or is done."""
    try:
        waiting = _waiting(sources.list(tenant_id))
    except LeanRagError as exc:
        st.error(plain_text(error_text(exc)), icon=":material/error:")
        return
    if _states(waiting) != shown:
        st.rerun()
    with st.container(border=True, key="documents_progress"):
        st.markdown(f"**{t('documents.reading', count=number(len(waiting)))}**")
        for source in waiting[:MAX_SHOWN]:
            st.progress(source.progress / 100, text=_progress_text(source))
        if len(waiting) > MAX_SHOWN:
            st.caption(t("documents.reading_more", count=number(len(waiting) - MAX_SHOWN)))


def draw_failed(listed: Sequence[SourceView]) -> None:
    """Show each source that could not be read, with the reason and a way to it."""
    failed = [source for source in listed if source.status == "failed"]
    for source in failed[:MAX_SHOWN]:
        reason = plain_text(source.error or t("documents.failed_unknown"))
        st.error(f"**{plain_text(source.title)}**  \n{reason}", icon=":material/error:")
    if len(failed) > MAX_SHOWN:
        st.caption(t("documents.failed_more", count=number(len(failed) - MAX_SHOWN)))


def _waiting(listed: Sequence[SourceView]) -> list[SourceView]:
    """Return the unfinished sources, the oldest first, as they will be read."""
    unfinished = [source for source in listed if source.status in ("pending", "processing")]
    return unfinished[::-1]


def _states(waiting: Sequence[SourceView]) -> frozenset[tuple[UUID, SourceStatus]]:
    return frozenset((source.source_id, source.status) for source in waiting)


def _progress_text(source: SourceView) -> str:
    title = plain_text(source.title)
    if source.status == "pending":
        return t("documents.waiting", title=title)
    step = t(f"documents.step_{source.step if source.step in _STEPS else 'other'}")
    return t("documents.at_step", title=title, step=step, share=percent(source.progress / 100))
