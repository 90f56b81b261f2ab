"""The console's own look, on top of the theme in `.streamlit/config.toml`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import streamlit as st

from pages._locale import is_right_to_left

_FOLDER = Path(__file__).parent


def apply_look() -> None:
    """Add the console's styles; call once a run, before anything is drawn."""
    names = ("_look.css", "_look_rtl.css") if is_right_to_left() else ("_look.css",)
    st.html(f"<style>{''.join(_styles(name) for name in names)}</style>")


@cache
def _styles(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
