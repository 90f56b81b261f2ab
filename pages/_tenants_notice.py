"""What was just done about tenants and sign-ins, or why not: told in the next drawing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from leanrag.errors import LeanRagError
from pages._tenants_errors import problem_text

_DONE, _PROBLEM = "tenants_done", "tenants_problem"
Answer = TypeVar("Answer")


def attempt(change: Callable[[], Answer], done: str | Callable[[Answer], str]) -> bool:
    """Do something and say so, or say why not; return whether it was done.

    `done` is markdown of ours, or makes it of what came back.
    """
    try:
        answer = change()
    except LeanRagError as error:
        complain(problem_text(error))
        return False
    say(done if isinstance(done, str) else done(answer))
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
