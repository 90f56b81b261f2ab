"""A small table of the X-ray, whose columns begin where the interface's language begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st


def draw_table(columns: Mapping[str, Sequence[str]]) -> None:
    """Draw columns of markdown under their names."""
    st.table(dict(columns), border="horizontal", hide_index=True)
