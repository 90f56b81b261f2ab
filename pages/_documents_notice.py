"""What was just done: a toast, and a line that stays, with the way to undo it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from leanrag.errors import LeanRagError
from pages._documents_address import NOTICE
from pages._documents_why import error_sentence
from pages._locale import t
from pages._services import may

_TOAST = "documents_toast"


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence of markdown; `undo` takes back what it tells of, None where nothing can."""

    text: str
    undo: Callable[[], None] | None = None
    is_problem: bool = False


def say(text: str, undo: Callable[[], None] | None = None) -> None:
    """Tell what was done, and keep the way to undo it until the next thing is done."""
    forget_notice()
    st.session_state[_TOAST] = text
    if undo is not None:
        st.session_state[NOTICE] = Notice(text, undo)


def complain(text: str) -> None:
    """Tell what could not be done, until it is closed or something else is done."""
    st.session_state[NOTICE] = Notice(text, is_problem=True)


def attempt(
    change: Callable[[], object], done: str, undo: Callable[[], None] | None = None
) -> bool:
    """Do something and say so, or say why not; whether it was done."""
    try:
        change()
    except LeanRagError as exc:
        complain(error_sentence(exc))
        return False
    say(done, undo)
    return True


def draw_notice() -> None:
    """Show what was done last, until it is undone or closed."""
    toast = st.session_state.pop(_TOAST, None)  # a callback of a dialog must not draw it itself
    if toast is not None:
        st.toast(toast, icon=":material/check_circle:")
    notice: Notice | None = st.session_state.get(NOTICE)
    if notice is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="documents_notice"):
        if notice.is_problem:
            st.error(notice.text, icon=":material/error:", width="stretch")
        else:
            st.success(notice.text, icon=":material/check_circle:", width="stretch")
        if notice.undo is not None and may("knowledge.write"):
            st.button(
                t("documents.undo"),
                icon=":material/undo:",
                on_click=_undo,
                args=(notice.undo,),
                key="documents_undo",
            )
        st.button(
            t("documents.close"),
            icon=":material/close:",
            type="tertiary",
            on_click=forget_notice,
            key="documents_notice_close",
        )


def forget_notice() -> None:
    """Say nothing any more of what was done."""
    st.session_state.pop(NOTICE, None)


def _undo(undo: Callable[[], None]) -> None:
    forget_notice()
    undo()
