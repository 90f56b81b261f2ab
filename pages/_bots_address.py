"""Which bot the page of bots shows is in its address, so that a reload or a link shows it again."""

from __future__ import annotations

import streamlit as st

_BOT = "bot"
_MAX_LETTERS = 100


def opened_bot() -> str:
    """Return the short name or id of the bot that is opened; empty for the list."""
    return st.query_params.get(_BOT, "")[:_MAX_LETTERS]


def open_bot(slug: str) -> None:
    """Show one bot."""
    st.query_params[_BOT] = slug


def close_bot() -> None:
    """Show the list again."""
    st.query_params.pop(_BOT, None)
