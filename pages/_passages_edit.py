"""Changing a passage by hand: its words, whether it may be quoted, whether it counts; and undo."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.edit_wording import MAX_TEXT_LETTERS, MAX_TLDR_LETTERS
from leanrag.errors import Conflict, LeanRagError
from leanrag.passage_edits import PassageChange, passage_version
from leanrag.sources import ChunkView
from pages._error_text import error_text
from pages._locale import t
from pages._passages_address import open_passage
from pages._passages_words import direction
from pages._reading import say_reads_only
from pages._safe_text import plain_text
from pages._services import current_tenant, may

_NOTICE, _PROBLEM = "passages_notice", "passages_problem"
_TEXT, _TLDR = "passages_edit_text_", "passages_edit_tldr_"


def draw_actions(services: Services, passage: ChunkView) -> None:
    """Offer to edit a passage, to switch what it may be used for, and to undo an edit."""
    if not may("knowledge.write"):
        say_reads_only("passages", "knowledge.write")
        return
    with st.container(horizontal=True, key="passages_actions"):
        if st.button(t("passages.edit"), icon=":material/edit:", key="passages_edit"):
            _edit_dialog(services, passage)
        citable = "learn_only" if passage.is_citable else "may_quote"
        _draw_switch(services, passage, citable, PassageChange(is_citable=not passage.is_citable))
        enabled = "switch_off" if passage.enabled else "switch_on"
        _draw_switch(services, passage, enabled, PassageChange(enabled=not passage.enabled))
        if passage.edit_id is not None:
            st.button(
                t("passages.revert"),
                icon=":material/undo:",
                help=t("passages.revert_help"),
                on_click=_revert,
                args=(services, passage, passage.edit_id),
                key="passages_revert",
            )
    draw_notice()


def draw_notice() -> None:
    """Say how the last change went."""
    problem = st.session_state.pop(_PROBLEM, None)
    if problem is not None:
        st.error(problem, icon=":material/error:")
    notice = st.session_state.pop(_NOTICE, None)
    if notice is not None:
        st.success(notice, icon=":material/check_circle:")


def say(*, notice: str = "", problem: str = "") -> None:
    """Keep a sentence of success, one of failure, or both, for `draw_notice`."""
    for key, sentence in ((_NOTICE, notice), (_PROBLEM, problem)):
        if sentence:
            st.session_state[key] = sentence


def attempt(change: Callable[[], object], notice: str) -> bool:
    """Make a change and say so, or say why not; whether it was made."""
    try:
        change()
    except LeanRagError as exc:
        say(problem=problem_text(exc))
        return False
    say(notice=notice)
    return True


def problem_text(error: LeanRagError) -> str:
    """Return an error's sentence as markdown; one of its own where somebody else was faster."""
    return t("passages.conflict") if isinstance(error, Conflict) else plain_text(error_text(error))


def _draw_switch(services: Services, passage: ChunkView, name: str, change: PassageChange) -> None:
    st.button(
        t(f"passages.{name}"),
        help=t(f"passages.{name}_help"),
        on_click=_switch,
        args=(services, passage, change),
        key=f"passages_{name}",
    )


def _switch(services: Services, passage: ChunkView, change: PassageChange) -> None:
    attempt(lambda: _change(services, passage, change), t("passages.saved"))


def _change(services: Services, passage: ChunkView, change: PassageChange) -> ChunkView:
    return services.passage_edits.edit(
        current_tenant(), passage.chunk_id, change, expected=passage_version(passage)
    )


def _revert(services: Services, passage: ChunkView, edit_id: UUID) -> None:
    def revert() -> None:
        shown = services.passage_edits.revert(
            current_tenant(), edit_id, expected=passage_version(passage)
        )
        if shown is not None and shown.chunk_id != passage.chunk_id:
            open_passage(shown.chunk_id)

    attempt(revert, t("passages.reverted"))


def _edit_dialog(services: Services, passage: ChunkView) -> None:
    @st.dialog(t("passages.edit_title"), width="large", icon=":material/edit:")
    def ask() -> None:
        st.caption(t("passages.edit_help"))
        with st.container(key=f"{direction(passage)}-passages-edit"):
            st.text_area(
                t("passages.edit_text"),
                passage.text,
                height=280,
                max_chars=MAX_TEXT_LETTERS,
                key=f"{_TEXT}{passage.chunk_id}",
            )
            st.text_area(
                t("passages.edit_tldr"),
                passage.tldr,
                height=100,
                max_chars=MAX_TLDR_LETTERS,
                key=f"{_TLDR}{passage.chunk_id}",
            )
        with st.container(horizontal=True, horizontal_alignment="right"):
            is_cancelled = st.button(t("passages.cancel"), key="passages_edit_no")
            is_saved = st.button(
                t("passages.save"),
                type="primary",
                icon=":material/save:",
                on_click=_save,
                args=(services, passage),
                key="passages_edit_yes",
            )
        problem = st.session_state.pop(_PROBLEM, None)
        if problem is not None:  # what was written stays
            st.error(problem, icon=":material/error:")
        elif is_saved or is_cancelled:
            st.rerun()

    ask()


def _save(services: Services, passage: ChunkView) -> None:
    """Store the words that differ."""
    text = str(st.session_state[f"{_TEXT}{passage.chunk_id}"])
    tldr = str(st.session_state[f"{_TLDR}{passage.chunk_id}"])
    change = PassageChange(
        text=None if text == passage.text else text,
        tldr=None if tldr == passage.tldr else tldr,
    )
    if change.has_words:
        attempt(lambda: _show(_change(services, passage, change)), t("passages.saved"))


def _show(passage: ChunkView) -> None:
    open_passage(passage.chunk_id)
