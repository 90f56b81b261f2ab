"""How every plotly figure of the console looks: compact, still under a finger, localised."""

from __future__ import annotations

import math
from collections.abc import Sequence

import plotly.graph_objects as go
import streamlit as st

from pages._locale import number

# Mid-tones: 3:1 or more on both the light and the dark background.
BLUE, TEAL, AMBER, VIOLET, GREY, RED = (
    "#3b82f6",
    "#0d9f8f",
    "#d97706",
    "#8b5cf6",
    "#7c8798",
    "#e0484d",
)
UNUSED = "rgba(124, 135, 152, 0.3)"
_LABEL_LETTERS = 26


def show_figure(figure: go.Figure, *, key: str, alt: str, height: int) -> None:
    """Draw a figure in the theme's colours; dragging scrolls the page and does not zoom."""
    figure.update_layout(
        height=height,
        margin={"l": 4, "r": 4, "t": 8, "b": 4},
        bargap=0.25,
        legend={
            "orientation": "h",
            "y": 1.02,
            "yanchor": "bottom",
            "x": 0,
            "traceorder": "normal",
        },
        hoverlabel={"namelength": -1},
    )
    figure.update_xaxes(fixedrange=True, automargin=True, title_text="")
    figure.update_yaxes(fixedrange=True, automargin=True, title_text="")
    st.plotly_chart(figure, key=key, alt=alt, config={"displayModeBar": False, "responsive": True})


def number_axis(largest: float, *, ticks: int = 4) -> dict[str, object]:
    """Return an axis from 0 to beyond `largest`, with round ticks in the interface's digits."""
    step = _round_step(max(largest, 1) / ticks)
    values = [step * i for i in range(math.ceil(max(largest, 1) / step) + 1)]
    return {
        "tickmode": "array",
        "tickvals": values,
        "ticktext": [number(value) for value in values],
        "range": [0, max(values[-1], largest * 1.02)],
    }


def spread_labels(labels: Sequence[str], *, most: int = 6) -> dict[str, object]:
    """Return a category axis that names at most `most` of its categories, evenly spread."""
    every = max(1, math.ceil(len(labels) / most))
    chosen = range(0, len(labels), every)
    return {
        "tickmode": "array",
        "tickvals": list(chosen),
        "ticktext": [labels[i] for i in chosen],
        "tickangle": 0,
    }


def short_label(text: str) -> str:
    """Cut a name for an axis, and keep plotly from reading markup in it."""
    cut = text if len(text) <= _LABEL_LETTERS else text[: _LABEL_LETTERS - 1].rstrip() + "…"
    return escape(cut)


def escape(text: str) -> str:
    """Return text that plotly, which reads some HTML, shows as it is."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _round_step(rough: float) -> int:
    """Return the next of 1, 2, 5 × 10ⁿ at or above `rough`; at least 1."""
    magnitude = 10 ** math.floor(math.log10(max(rough, 1)))
    return next(int(m * magnitude) for m in (1, 2, 5, 10) if m * magnitude >= rough)
