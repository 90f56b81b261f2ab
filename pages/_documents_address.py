"""What the knowledge page shows is in its address, so that a reload or a link shows it again."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

import streamlit as st

from leanrag.source_filter import SOURCE_ORDERS, SourceFilter, SourceOrder
from leanrag.types import LANGUAGES, SOURCE_KINDS

FilterName = Literal["find", "kind", "status", "language", "tag", "citable", "enabled", "order"]
CHOICES: tuple[FilterName, ...] = ("kind", "status", "language", "tag", "citable", "enabled")
STATUSES = ("pending", "processing", "processed", "failed", "cancelled")
# "queue" is for what is under way.
ORDERS: tuple[SourceOrder, ...] = tuple(order for order in SOURCE_ORDERS if order != "queue")
MAX_WORDS_LETTERS = 200
NOTICE = "documents_notice"  # key of what is said of the last change
_SOURCE, _SUGGESTIONS, _PAGE, _MOVED = "source", "suggestions", "page", "documents_moved"
_ANSWERS = {"yes": True, "no": False}
# The browser would keep its scroll position, the middle of what is shown now.
_TO_TOP = "<script>document.querySelector('[data-testid=\"stMain\"]')?.scrollTo(0, 0)</script>"


def chosen_source() -> UUID | None:
    """Return the source that the address names; None where it names none."""
    try:
        return UUID(st.query_params.get(_SOURCE, ""))
    except ValueError:
        return None


def open_source(source_id: UUID) -> None:
    """Show one source; the list's filter stays in the address for the way back."""
    show_suggestions(False)
    _write(_SOURCE, str(source_id))
    for key in ("documents_passage_page", "documents_view"):
        st.session_state.pop(key, None)


def close_source() -> None:
    """Show the list again."""
    show_suggestions(False)
    _write(_SOURCE, "")


def is_suggesting() -> bool:
    """Tell whether the questions that websites suggest are shown."""
    return _SUGGESTIONS in st.query_params


def show_suggestions(shown: bool) -> None:
    """Show the questions that websites suggest, or what was shown before."""
    _write(_SUGGESTIONS, "1" if shown else "")


def scroll_up() -> None:
    """Begin at the top where something else is shown than before."""
    if st.session_state.pop(_MOVED, False):
        st.html(_TO_TOP, unsafe_allow_javascript=True)


# ---- the list ---------------------------------------------------------------------------------


def read_filter() -> SourceFilter:
    """Return the filter that the address names; what it names wrongly is left out."""
    kind, status = read_value("kind"), read_value("status")
    language, tag = read_value("language"), read_value("tag")
    return SourceFilter(
        words=read_value("find"),
        kinds=tuple(one for one in SOURCE_KINDS if one == kind),
        statuses=tuple(one for one in STATUSES if one == status),  # type: ignore[misc]
        languages=(language,) if language in LANGUAGES else (),
        tags=(tag,) if tag else (),
        is_citable=_ANSWERS.get(read_value("citable")),
        enabled=_ANSWERS.get(read_value("enabled")),
    )


def read_order() -> SourceOrder:
    """Return the order that the address names, else the newest first."""
    name = read_value("order")
    return next((order for order in ORDERS if order == name), ORDERS[0])


def read_value(name: FilterName) -> str:
    """Return one value of the filter as the address has it; empty where it has none."""
    return st.query_params.get(name, "")[:MAX_WORDS_LETTERS]


def set_value(name: FilterName, value: str) -> None:
    """Change one value of the filter, and go back to its first page."""
    _write_only(name, value)
    _write_only(_PAGE, "")


def clear_filter() -> None:
    """Show all sources."""
    for name in ("find", *CHOICES):
        set_value(name, "")


def page_number() -> int:
    """Return the page of the list that the address names, from 1."""
    number = st.query_params.get(_PAGE, "")
    return max(1, int(number)) if number.isdecimal() and len(number) < 7 else 1


def go_to_page(number: int) -> None:
    """Show another page of the list."""
    _write_only(_PAGE, "" if number == 1 else str(number))


def _write(name: str, value: str) -> None:
    """Change what is shown as a whole; what was said of the last change goes with it."""
    if st.query_params.get(name, "") != value:
        st.session_state[_MOVED] = True
        st.session_state.pop(NOTICE, None)
    _write_only(name, value)


def _write_only(name: str, value: str) -> None:
    if value:
        st.query_params[name] = value
    else:
        st.query_params.pop(name, None)
