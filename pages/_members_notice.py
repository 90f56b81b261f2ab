"""What was just done with a member or a key, or why not: told once, in the next drawing."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from leanrag.errors import LeanRagError
from pages._members_why import why_not

_DONE, _PROBLEM = "members_done", "members_problem"


def attempt(change: Callable[[], object], done: str) -> bool:
    """Do something and say `done` (markdown), or why not; whether it was done."""
    try:
        change()
    except LeanRagError as error:
        st.session_state[_PROBLEM] = why_not(error)
        return False
    say(done)
    return True


def say(done: str) -> None:
    """Tell in the next drawing what was done."""
    st.session_state[_DONE] = done


def draw_notice() -> None:
    """Show what was done or could not be done since the last drawing."""
    if done := st.session_state.pop(_DONE, ""):
        st.toast(done, icon=":material/check_circle:")
    draw_problem()


def draw_problem() -> None:
    """Show what could not be done, where it was asked for."""
    if problem := st.session_state.pop(_PROBLEM, ""):
        st.error(problem, icon=":material/error:")
