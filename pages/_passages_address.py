"""What the passages page shows is in its address, so that a reload or a link shows it again."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

import streamlit as st

from leanrag.passage_filter import PassageFilter
from leanrag.types import LANGUAGES, SOURCE_KINDS

FilterName = Literal["words", "source", "kind", "language", "citable", "enabled", "edited", "tag"]
FILTER_NAMES: tuple[FilterName, ...] = (
    "words",
    "source",
    "kind",
    "language",
    "citable",
    "enabled",
    "edited",
    "tag",
)
MAX_WORDS_LETTERS = 200
_PAGE, _PASSAGE, _REVIEW, _MOVED = "page", "passage", "review", "passages_moved"
_ANSWERS = {"yes": True, "no": False}
# The browser would keep its scroll position, the middle of what is shown now.
_TO_TOP = "<script>document.querySelector('[data-testid=\"stMain\"]')?.scrollTo(0, 0)</script>"


def read_filter() -> PassageFilter:
    """Return the filter that the address names; what it names wrongly is left out."""
    kind, language = read_value("kind"), read_value("language")
    tag = read_value("tag")
    return PassageFilter(
        words=read_value("words"),
        source_id=_uuid(read_value("source")),
        kinds=(kind,) if kind in SOURCE_KINDS else (),
        languages=(language,) if language in LANGUAGES else (),
        is_citable=_ANSWERS.get(read_value("citable")),
        enabled=_ANSWERS.get(read_value("enabled")),
        is_edited=_ANSWERS.get(read_value("edited")),
        tags=(tag,) if tag else (),
    )


def read_value(name: FilterName) -> str:
    """Return one value of the filter as the address has it; empty where it has none."""
    return st.query_params.get(name, "")[:MAX_WORDS_LETTERS]


def set_value(name: FilterName, value: str) -> None:
    """Change one value of the filter, and go back to its first page."""
    _write(name, value)
    go_to_page(1)


def clear_filter() -> None:
    """Show all passages."""
    for name in FILTER_NAMES:
        set_value(name, "")


def page_number() -> int:
    """Return the page of the list that the address names, from 1."""
    number = st.query_params.get(_PAGE, "")
    return max(1, int(number)) if number.isdecimal() and len(number) < 7 else 1


def go_to_page(number: int) -> None:
    """Show another page of the list."""
    _write(_PAGE, "" if number == 1 else str(number))
    st.session_state[_MOVED] = True


def opened_passage() -> UUID | None:
    """Return the passage that the address names; None where the list is shown."""
    return _uuid(st.query_params.get(_PASSAGE, ""))


def open_passage(passage_id: UUID) -> None:
    """Show a passage in its place; the list's filter stays in the address for the way back."""
    _write(_PASSAGE, str(passage_id))
    st.session_state[_MOVED] = True


def close_passage() -> None:
    """Show the list again."""
    _write(_PASSAGE, "")
    st.session_state[_MOVED] = True


def is_reviewing() -> bool:
    """Tell whether the edits that wait for a decision are shown."""
    return _REVIEW in st.query_params


def show_reviews(shown: bool) -> None:
    """Show the edits that wait for a decision, or the list again."""
    _write(_REVIEW, "1" if shown else "")
    st.session_state[_MOVED] = True


def scroll_up() -> None:
    """Begin at the top where something else is shown than before."""
    if st.session_state.pop(_MOVED, False):
        st.html(_TO_TOP, unsafe_allow_javascript=True)


def _write(name: str, value: str) -> None:
    if value:
        st.query_params[name] = value
    else:
        st.query_params.pop(name, None)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
