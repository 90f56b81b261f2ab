"""What was just done with a bot, or why not: told once, in the next drawing."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from leanrag.errors import LeanRagError
from pages._bots_errors import problem_text

_DONE, _PROBLEM = "bots_done", "bots_problem"


def attempt(change: Callable[[], object], done: str) -> bool:
    """Do something and say `done` (markdown of ours), or why not; return whether it was done."""
    try:
        change()
    except LeanRagError as error:
        complain(problem_text(error))
        return False
    say(done)
    return True


def say(text: str) -> None:
    """Tell what was done."""
    st.session_state.pop(_PROBLEM, None)
    st.session_state[_DONE] = text


def complain(text: str) -> None:
    """Tell what could not be done."""
    st.session_state.pop(_DONE, None)
    st.session_state[_PROBLEM] = text


def draw_notice() -> None:
    """Show what was done or could not be done, once; whoever is far down sees it too."""
    if done := st.session_state.pop(_DONE, ""):
        st.toast(done, icon=":material/check_circle:")
        st.success(done, icon=":material/check_circle:")
    if problem := st.session_state.get(_PROBLEM, ""):
        st.toast(problem, icon=":material/error:")
        draw_problem()


def draw_problem() -> bool:
    """Show what could not be done, once; return whether there was such a thing.

    A dialog that asked for it stays open then.
    """
    problem: str = st.session_state.pop(_PROBLEM, "")
    if problem:
        st.error(problem, icon=":material/error:")
    return bool(problem)
