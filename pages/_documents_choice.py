"""One of a few ways to look at something, as a row of buttons that reads from either side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import streamlit as st

Option = TypeVar("Option", bound=str)
_STYLE = """<style>
.st-key-{key} [role="radiogroup"] {{ gap: 0.35rem; }}
.st-key-{key} button {{ border-radius: 0.5rem !important; margin: 0 !important; }}
.st-key-{key} button:not([aria-checked="true"]) {{
  border: 1px solid var(--st-border-color, #8884) !important;
}}
</style>"""


def draw_choice(
    label: str,
    names: Mapping[Option, str],
    *,
    key: str,
    on_change: Callable[[], None] | None = None,
) -> Option:
    """Draw the options by their names, and return the chosen one, at first the first."""
    st.html(_STYLE.format(key=key))
    options = tuple(names)
    if st.session_state.get(key) not in options:
        st.session_state[key] = options[0]
    chosen = st.segmented_control(
        label,
        options,
        required=True,
        format_func=lambda option: names[option],
        label_visibility="collapsed",
        wrap=True,
        on_change=on_change,
        key=key,
    )
    return chosen or options[0]
