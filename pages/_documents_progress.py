"""Sources that are being read, step by step, redrawn every second from the database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.errors import LeanRagError, NotFound
from leanrag.ingest.progress import STEPS
from leanrag.source_filter import SourceFilter
from leanrag.sources import Sources, SourceView
from leanrag.types import SourceStatus
from pages._documents_address import open_source
from pages._documents_notice import attempt
from pages._documents_why import error_sentence, why
from pages._documents_words import title_text
from pages._locale import is_right_to_left, number, percent, t
from pages._services import may

POLL_SECONDS = 1.0
IDLE_SECONDS = 5.0  # how soon a page that shows nothing under way hears of something
MAX_SHOWN = 6
UNFINISHED: tuple[SourceStatus, ...] = ("pending", "processing")
_UNITS = {"extracting": "pages", "cutting": "pages"}  # of the other steps: passages
_DIALOG = "documents_dialog"
_FROM_THE_RIGHT = """<style>
.st-key-documents_progress [data-testid="stProgressBarTrack"] { transform: scaleX(-1); }
</style>"""
Counts = dict[SourceStatus, int]
Answer = TypeVar("Answer")


def draw_progress(services: Services, tenant_id: UUID) -> Counts:
    """Show what is still being read, the same in every browser; return the sources by state."""
    st.session_state[_DIALOG] = False  # one that was open went with the whole page
    _turn_bars()
    counts = dict(services.sources.status_counts(tenant_id))
    is_busy = any(counts.get(status) for status in UNFINISHED)
    st.fragment(_poll, run_every=POLL_SECONDS if is_busy else IDLE_SECONDS)(
        services, tenant_id, counts
    )
    return counts


def draw_own_progress(services: Services, tenant_id: UUID, source: SourceView) -> None:
    """Show how far one source is, or that it waits; redraw its page when that has changed."""
    st.session_state[_DIALOG] = False
    _turn_bars()
    is_busy = source.status in UNFINISHED
    st.fragment(_poll_one, run_every=POLL_SECONDS if is_busy else IDLE_SECONDS)(
        services, tenant_id, source.source_id, _stamp(source)
    )


def hold_dialog() -> None:
    """Keep the page from being redrawn as a whole, which would close the dialog that opens now."""
    st.session_state[_DIALOG] = True


def draw_stop(services: Services, tenant_id: UUID, source: SourceView) -> None:
    """Draw the button that stops the processing of a source."""
    if not may("knowledge.write"):
        return
    st.button(
        t("documents.stop"),
        icon=":material/stop_circle:",
        help=t("documents.stop_help"),
        on_click=_stop,
        args=(services, tenant_id, source),
        key=f"documents_stop_{source.source_id}",
    )


# ---- asking the database ----------------------------------------------------------------------


def _turn_bars() -> None:
    """Let bars grow from the right where the interface reads so; Streamlit's know one way only."""
    if is_right_to_left():
        st.html(_FROM_THE_RIGHT)


def _poll(services: Services, tenant_id: UUID, counts: Counts) -> None:
    """Redraw what is under way; redraw the whole page as soon as a source changes its state."""
    now = _asked(lambda: dict(services.sources.status_counts(tenant_id)))
    if now is None:
        return
    if now != counts:
        _redraw()
    total = sum(counts.get(status, 0) for status in UNFINISHED)
    if total:
        _draw_unfinished(services, tenant_id, total)


def _poll_one(
    services: Services,
    tenant_id: UUID,
    source_id: UUID,
    shown: tuple[SourceStatus, datetime | None],
) -> None:
    found = _asked(lambda: _find(services.sources, tenant_id, source_id))
    if found is None:
        return
    source = found[0] if found else None
    if source is None or _stamp(source) != shown:
        _redraw()
    if source is not None and source.status in UNFINISHED:
        with st.container(border=True, key="documents_progress"):
            _draw_source(services, tenant_id, source)


def _redraw() -> None:
    if not st.session_state[_DIALOG]:
        st.rerun()


def _asked(question: Callable[[], Answer]) -> Answer | None:
    """Ask the database; None, with the reason shown, where it does not answer."""
    try:
        return question()
    except LeanRagError as exc:
        st.error(error_sentence(exc), icon=":material/error:")
        return None


def _find(sources: Sources, tenant_id: UUID, source_id: UUID) -> tuple[SourceView, ...]:
    try:
        return (sources.get(tenant_id, source_id),)
    except NotFound:
        return ()


def _stamp(source: SourceView) -> tuple[SourceStatus, datetime | None]:
    return source.status, source.processed_at


# ---- drawing ----------------------------------------------------------------------------------


def _draw_unfinished(services: Services, tenant_id: UUID, total: int) -> None:
    unfinished = SourceFilter(statuses=UNFINISHED)
    shown = services.sources.list(tenant_id, unfinished, order="queue", limit=MAX_SHOWN)
    with st.container(border=True, key="documents_progress"):
        st.markdown(f"**{t('documents.reading', count=number(total))}**")
        for source in shown:
            _draw_source(services, tenant_id, source, with_title=True)
        if total > len(shown):
            st.caption(t("documents.reading_more", count=number(total - len(shown))))


def _draw_source(
    services: Services, tenant_id: UUID, source: SourceView, *, with_title: bool = False
) -> None:
    """Draw a source's five steps, how far the running one is, and what it waits for."""
    with st.container(gap="xsmall", key=f"documents_progress_{source.source_id}"):
        with st.container(
            horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
        ):
            if with_title:
                st.button(
                    title_text(source),
                    type="tertiary",
                    on_click=open_source,
                    args=(source.source_id,),
                    key=f"documents_progress_open_{source.source_id}",
                )
            else:
                st.markdown(f"**{_now(source)}**", width="content")
            draw_stop(services, tenant_id, source)
        if source.status == "processing":
            st.progress(source.progress / 100, text=_now(source) if with_title else None)
            with st.container(key=f"interface-documents-steps-{source.source_id}"):
                st.markdown(_steps(source))
        elif source.error:
            st.warning(why(source.error), icon=":material/schedule:")
        elif with_title:
            st.caption(_now(source))


def _now(source: SourceView) -> str:
    """Say what happens to a source: its step, how many of how many, and the whole in percent."""
    if source.status == "pending":
        return t("documents.waiting_again" if source.error else "documents.waiting")
    step = t(f"documents.step_{_step_name(source)}")
    share = percent(source.progress / 100)
    if not source.step_total:
        return t("documents.at_step", step=step, share=share)
    unit = t(f"documents.unit_{_UNITS.get(source.step, 'passages')}")
    done, total = number(source.step_done), number(source.step_total)
    return t("documents.at_unit", step=step, done=done, total=total, unit=unit, share=share)


def _step_name(source: SourceView) -> str:
    if source.step == "extracting" and source.form == "website":
        return "fetching"
    return source.step if source.step in STEPS else "other"


def _steps(source: SourceView) -> str:
    """Return the five steps as badges: done, under way, to come."""
    running = STEPS.index(source.step) if source.step in STEPS else 0
    shown = []
    for place, step in enumerate(STEPS):
        is_fetch = step == "extracting" and source.form == "website"
        name = t(f"documents.stage_{'fetching' if is_fetch else step}")
        if place < running:
            shown.append(f":green-badge[:material/check: {name}]")
        elif place == running:
            shown.append(f":blue-badge[:material/more_horiz: {name}]")
        else:
            shown.append(f":gray-badge[{name}]")
    return " ".join(shown)


def _stop(services: Services, tenant_id: UUID, source: SourceView) -> None:
    attempt(
        lambda: services.ingest.cancel(tenant_id, source.source_id),
        t("documents.stopped", title=title_text(source)),
    )
