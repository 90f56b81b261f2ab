"""The usage page's charts: tokens by time, by bot and by model."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import plotly.graph_objects as go
import streamlit as st

from leanrag.usage import UsageReport, UsageRow
from pages._figure import (
    AMBER,
    BLUE,
    TEAL,
    escape,
    number_axis,
    short_label,
    show_figure,
    spread_labels,
)
from pages._locale import number, t
from pages._usage_tiles import DAY_HOURS
from pages._usage_times import day_label, hour_label

_MOST_BARS = 8


def draw_by_time(report: UsageReport, *, hours: int) -> None:
    """Draw stacked prompt and completion tokens, with the send-everything prompts as a line."""
    rows = report.by_time
    labels = [time_label(row, hours=hours) for row in rows]
    figure = _stacked(rows, labels, horizontal=False)
    everything = [row.totals.counterfactual_tokens for row in rows]
    figure.add_scatter(
        x=list(range(len(rows))),
        y=everything,
        name=t("usage.everything"),
        mode="lines+markers",
        line={"color": AMBER, "width": 2, "dash": "dot"},
        marker={"size": 5},
        hovertext=_hover(t("usage.everything"), labels, everything),
        hoverinfo="text",
    )
    largest = max([*everything, *(row.totals.total_tokens for row in rows)], default=0)
    figure.update_xaxes(**spread_labels(labels))
    figure.update_yaxes(**number_axis(largest))
    st.subheader(t("usage.by_time_hours" if hours == DAY_HOURS else "usage.by_time_days"))
    show_figure(figure, key="usage_by_time", alt=t("usage.by_time_alt"), height=320)


def draw_shares(report: UsageReport) -> None:
    """Draw the tokens by bot and by model, side by side where there is room."""
    for column, name, rows in zip(
        st.columns(2), ("by_bot", "by_model"), (report.by_bot, report.by_model), strict=True
    ):
        with column:
            st.subheader(t(f"usage.{name}"))
            _draw_ranking(name, rows)


def time_label(row: UsageRow, *, hours: int) -> str:
    """Return a bucket's hour or day, as the reader's calendar of the interface writes it."""
    start = datetime.fromisoformat(row.key)
    return hour_label(start) if hours == DAY_HOURS else day_label(start)


def _draw_ranking(name: str, rows: Sequence[UsageRow]) -> None:
    top = sorted(rows, key=lambda row: row.totals.total_tokens, reverse=True)[:_MOST_BARS]
    labels = [short_label(row.label) for row in top]
    figure = _stacked(top, [row.label for row in top], horizontal=True)
    longest = max((row.totals.total_tokens for row in top), default=0)
    figure.update_xaxes(**number_axis(longest, ticks=3))
    figure.update_yaxes(
        tickmode="array",
        tickvals=list(range(len(top))),
        ticktext=labels,
        autorange="reversed",
    )
    height = 90 + 36 * len(top)
    show_figure(figure, key=f"usage_{name}", alt=t(f"usage.{name}"), height=height)
    if len(rows) > len(top):
        st.caption(t("usage.more_rows", shown=number(len(top)), all=number(len(rows))))


def _stacked(rows: Sequence[UsageRow], labels: Sequence[str], *, horizontal: bool) -> go.Figure:
    figure = go.Figure(layout={"barmode": "stack"})
    series = (
        (t("usage.prompt"), TEAL, [row.totals.prompt_tokens for row in rows]),
        (t("usage.completion"), BLUE, [row.totals.completion_tokens for row in rows]),
    )
    places = list(range(len(rows)))
    for name, colour, values in series:
        figure.add_bar(
            x=values if horizontal else places,
            y=places if horizontal else values,
            orientation="h" if horizontal else "v",
            name=name,
            marker={"color": colour, "line": {"width": 0}},
            hovertext=_hover(name, labels, values),
            hoverinfo="text",
            textposition="none",
        )
    return figure


def _hover(name: str, labels: Sequence[str], values: Sequence[int]) -> list[str]:
    return [
        f"{escape(label)}<br>{name}: {number(value)}"
        for label, value in zip(labels, values, strict=True)
    ]
