"""What was just done on a page, or why not: told once, in the next drawing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import streamlit as st

from leanrag.errors import LeanRagError

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Notice:
    """The way in which the parts of a page tell such things.

    `page` begins the keys of the session that hold them; `problem_text` returns an error's sentence
    as markdown, in the interface's language.
    """

    page: str
    problem_text: Callable[[LeanRagError], str]

    def attempt(self, change: Callable[[], Answer], done: str | Callable[[Answer], str]) -> bool:
        """Do something and say so, or say why not; return whether it was done.

        `done` is markdown of ours, or makes it of what came back.
        """
        try:
            answer = change()
        except LeanRagError as error:
            self.complain(error)
            return False
        self.say(done if isinstance(done, str) else done(answer))
        return True

    def say(self, text: str) -> None:
        """Tell what was done."""
        st.session_state.pop(self._problem, None)
        st.session_state[self._done] = text

    def complain(self, problem: LeanRagError | str) -> None:
        """Tell what could not be done: an error, or markdown of ours."""
        text = problem if isinstance(problem, str) else self.problem_text(problem)
        st.session_state.pop(self._done, None)
        st.session_state[self._problem] = text

    def draw(self) -> None:
        """Show what was done or could not be done, once; whoever is far down sees it too."""
        if done := st.session_state.pop(self._done, ""):
            st.toast(done, icon=":material/check_circle:")
            st.success(done, icon=":material/check_circle:")
        if problem := st.session_state.get(self._problem, ""):
            st.toast(problem, icon=":material/error:")
            self.draw_problem()

    def draw_problem(self) -> bool:
        """Show what could not be done, once; return whether there was such a thing.

        A dialog that asked for it stays open then.
        """
        problem: str = st.session_state.pop(self._problem, "")
        if problem:
            st.error(problem, icon=":material/error:")
        return bool(problem)

    @property
    def _done(self) -> str:
        return f"{self.page}_done"

    @property
    def _problem(self) -> str:
        return f"{self.page}_problem"
