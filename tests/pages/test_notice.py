"""What was done or could not be done is told once, and the newer of the two counts."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def _page() -> None:
    import streamlit as st

    from leanrag.errors import Conflict
    from pages._notice import Notice

    notice = Notice("demo", lambda error: f"No: {error.message}")

    def refuse() -> int:
        raise Conflict("It is taken.")

    if st.button("works", key="works"):
        assert notice.attempt(lambda: 7, lambda answer: f"{answer} were made.")
    if st.button("fails", key="fails"):
        assert not notice.attempt(refuse, "Made.")
    if st.button("both", key="both"):
        notice.attempt(refuse, "Made.")
        notice.say("Made after all.")
    if st.button("dialog", key="dialog"):
        notice.attempt(refuse, "Made.")
        assert notice.draw_problem()
        assert not notice.draw_problem()
    notice.draw()


def told(page: AppTest) -> list[list[str]]:
    assert not page.exception
    return [[one.value for one in kind] for kind in (page.toast, page.success, page.error)]


def click(key: str) -> AppTest:
    return AppTest.from_function(_page).run().button(key=key).click().run()


def test_what_was_done_is_told_once_with_what_came_back() -> None:
    page = click("works")
    assert told(page) == [["7 were made."], ["7 were made."], []]
    assert told(page.run()) == [[], [], []]


def test_why_not_is_told_once_in_the_words_of_the_page() -> None:
    page = click("fails")
    assert told(page) == [["No: It is taken."], [], ["No: It is taken."]]
    assert told(page.run()) == [[], [], []]


def test_what_comes_later_takes_the_place_of_what_was_said() -> None:
    assert told(click("both")) == [["Made after all."], ["Made after all."], []]


def test_a_dialog_that_told_the_problem_leaves_none_for_the_page() -> None:
    assert told(click("dialog")) == [[], [], ["No: It is taken."]]
