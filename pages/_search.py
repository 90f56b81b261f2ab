"""A search above a list that is at hand as a whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import streamlit as st

SEARCHED_FROM = 8  # fewer rows are seen at a glance
Row = TypeVar("Row")


def search(
    rows: Sequence[Row],
    text_of: Callable[[Row], str],
    *,
    label: str,
    key: str,
    on_change: Callable[[], None] | None = None,
) -> Sequence[Row]:
    """Draw a box for words where the rows are many; return the rows whose text has them all."""
    if len(rows) < SEARCHED_FROM:
        return rows
    words = st.text_input(
        label,
        type="search",
        icon=":material/search:",
        placeholder=label,
        label_visibility="collapsed",
        max_chars=200,
        on_change=on_change,
        key=key,
    )
    wanted = words.casefold().split()
    return [row for row in rows if all(word in text_of(row).casefold() for word in wanted)]
