"""The usage page's table, and its events as a CSV file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

import pandas as pd
import streamlit as st

from leanrag.csv_export import export_csv
from leanrag.usage import Usage, UsageReport, UsageRow
from pages._locale import money, number, t
from pages._usage_charts import time_label

Breakdown = Literal["time", "bot", "model"]
_BREAKDOWNS: tuple[Breakdown, ...] = ("time", "bot", "model")
_COUNTS = (
    "requests",
    "failed",
    "prompt_tokens",
    "completion_tokens",
    "counterfactual_tokens",
    "saved_tokens",
)
_EVENT_COLUMNS = (
    "occurred_at",
    "kind",
    "bot",
    "model",
    "prompt_tokens",
    "completion_tokens",
    "counterfactual_tokens",
    "cost_usd",
    "is_reported",
    "outcome",
    "latency_ms",
    "first_token_ms",
)
MAX_EVENTS = 5_000


def draw_breakdown(report: UsageReport, *, hours: int) -> None:
    """Show the same figures as a table, by time, bot or model; unknown costs stay empty."""
    st.subheader(t("usage.table"))
    by = st.segmented_control(
        t("usage.table_by"),
        _BREAKDOWNS,
        default="time",
        required=True,
        format_func=lambda name: t(f"usage.table_{name}"),
        label_visibility="collapsed",
        key="usage_breakdown",
    )
    rows = {"time": report.by_time, "bot": report.by_bot, "model": report.by_model}[by or "time"]
    labels = [time_label(row, hours=hours) if by == "time" else row.label for row in rows]
    busy = [(label, row) for label, row in zip(labels, rows, strict=True) if row.totals.requests]
    frame = usage_frame([row for _, row in busy], [label for label, _ in busy])
    formats: dict[str, Any] = {**dict.fromkeys(_COUNTS, number), "cost_usd": money}
    shown = frame.style.format(formats, na_rep="")
    st.dataframe(
        shown,
        hide_index=True,
        column_config={
            "label": st.column_config.TextColumn(t(f"usage.table_{by or 'time'}"), pinned=True),
            **{name: t(f"usage.column_{name}") for name in (*_COUNTS, "cost_usd")},
        },
        placeholder=t("usage.unknown"),
        key="usage_table",
    )


def usage_frame(rows: Sequence[UsageRow], labels: Sequence[str]) -> pd.DataFrame:
    """Return one line for each row; `cost_usd` is NaN where no request of it has a price."""
    columns: dict[str, list[object]] = {"label": list(labels)}
    for name in _COUNTS:
        columns[name] = [getattr(row.totals, name) for row in rows]
    columns["cost_usd"] = [
        None if row.totals.unpriced_requests >= row.totals.requests else row.totals.cost_usd
        for row in rows
    ]
    return pd.DataFrame(columns).astype({"cost_usd": "float64"})


def draw_download(usage: Usage, tenant_id: UUID, *, hours: int) -> None:
    """Offer the period's events, read from the database when the button is pressed."""
    stamp = datetime.now(UTC).strftime("%Y-%m-%d")
    st.download_button(
        t("usage.download"),
        lambda: events_csv(usage, tenant_id, hours=hours),
        file_name=f"leanrag-usage-{hours}h-{stamp}.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        help=t("usage.download_help", most=number(MAX_EVENTS)),
        key="usage_download",
    )


def events_csv(usage: Usage, tenant_id: UUID, *, hours: int) -> bytes:
    """Return the latest events of the period as CSV, one line each; unknown costs stay empty."""
    events = usage.events(tenant_id, hours=hours, limit=MAX_EVENTS)
    rows = ([getattr(event, name) for name in _EVENT_COLUMNS] for event in events)
    return export_csv(_EVENT_COLUMNS, rows)
