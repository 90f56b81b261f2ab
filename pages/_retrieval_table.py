"""The tested questions: what they come to, the table of them, and the table as a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

import pandas as pd
import streamlit as st

from leanrag.retrieval_rows import (
    TABLE_COLUMNS,
    RetrievalRow,
    RetrievalSummary,
    summarise,
    table_csv,
)
from pages._intents import intent_name, language_name
from pages._locale import number, percent, t

_TILE_STYLE = """<style>
.st-key-retrieval_tiles > div { flex: 1 1 calc(20% - 1rem) !important; min-width: 8.5rem; }
.st-key-retrieval_tiles [data-testid="stMetric"] { padding: 0.6rem 0.8rem; }
.st-key-retrieval_tiles [data-testid="stMetricValue"] { font-size: 1.4rem; }
/* The knob slides to the right in every language; from the right it would leave its track. */
.st-key-retrieval_misses label > div:first-of-type { direction: ltr; }
</style>"""
_MISSES = "retrieval_misses"


def draw_results(rows: Sequence[RetrievalRow], *, filename: str) -> None:
    """Draw the shares, the table with a way to see the misses alone, and the download."""
    summary = summarise(rows)
    _draw_tiles(summary)
    # Outside a run of the script, where the file is made, no language is known.
    names = {name: t(f"retrieval.column_{name}") for name in TABLE_COLUMNS}
    with st.container(horizontal=True, vertical_alignment="center", key="retrieval_result_bar"):
        only_misses = bool(summary.expecting) and st.toggle(t("retrieval.only_misses"), key=_MISSES)
        st.download_button(
            t("retrieval.download"),
            lambda: table_csv(rows, names),
            file_name=f"{PurePath(filename).stem}-retrieval.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            key="retrieval_download",
        )
    shown = [row for row in rows if not only_misses or row.is_hit is False or row.error]
    if not shown:
        st.success(t("retrieval.no_misses"), icon=":material/task_alt:")
        return
    _draw_table(shown, expects=bool(summary.expecting))


def _draw_tiles(summary: RetrievalSummary) -> None:
    tiles = [("tile_questions", number(summary.questions))]
    if summary.expecting:
        tiles += [
            (f"tile_recall_{rank}", percent(share)) for rank, share in summary.recall if rank != 10
        ]
        tiles.append(("tile_in_prompt", percent(summary.in_prompt)))
    tiles.append(("tile_answering", percent(summary.answering)))
    tiles.append(("tile_tokens", number(round(summary.mean_prompt_tokens))))
    if summary.failed:
        tiles.append(("tile_failed", number(summary.failed)))
    st.html(_TILE_STYLE)
    with st.container(horizontal=True, gap="small", key="retrieval_tiles"):
        for name, value in tiles:
            st.metric(t(f"retrieval.{name}"), value, border=True)


def results_frame(rows: Sequence[RetrievalRow], *, expects: bool) -> pd.DataFrame:
    """Return one line for each question, with numbers that sort as such."""
    columns: dict[str, Any] = {
        "number": [row.number for row in rows],
        "question": [row.asked.question for row in rows],
    }
    if expects:
        columns |= {
            "expected": [row.asked.expected or row.asked.source for row in rows],
            "hit": [_yes_no(row.is_hit) for row in rows],
            "rank": pd.array([row.rank for row in rows], dtype="Int64"),
            "in_prompt": [_yes_no(None if row.is_hit is None else row.in_prompt) for row in rows],
        }
    passages = [row.best.decision.passage if row.best else None for row in rows]
    return pd.DataFrame(
        columns
        | {
            "best_source": [p.title or p.source_title if p else "" for p in passages],
            "best_score": [p.score if p else None for p in passages],
            "chance": [None if row.error else row.chance for row in rows],
            "answers": [_yes_no(None if row.error else row.answers) for row in rows],
            "intent": [intent_name(row.intent) if row.intent else "" for row in rows],
            "language": [language_name(row.language) if row.language else "" for row in rows],
            "found": [row.found for row in rows],
            "kept": [row.kept for row in rows],
            "trimmed": [row.trimmed for row in rows],
            "dropped": [row.dropped for row in rows],
            "prompt_tokens": [row.prompt_tokens for row in rows],
            "error": [row.error for row in rows],
        }
    )


def _draw_table(rows: Sequence[RetrievalRow], *, expects: bool) -> None:
    frame = results_frame(rows, expects=expects)
    if not any(frame["error"]):
        frame = frame.drop(columns="error")
    counts = ("number", "rank", "found", "kept", "trimmed", "dropped", "prompt_tokens")
    formats: dict[str, Any] = {name: number for name in counts if name in frame.columns}
    formats |= dict.fromkeys(("best_score", "chance"), percent)
    names = {str(name): t(f"retrieval.column_{name}") for name in frame.columns}
    wide = {name: st.column_config.TextColumn(names[name], width=280) for name in ("question",)}
    st.dataframe(
        frame.style.format(formats, na_rep="–"),
        hide_index=True,
        column_config={**names, **wide},
        placeholder="–",
        key="retrieval_results",
    )


def _yes_no(value: bool | None) -> str:
    return "" if value is None else t("retrieval.yes" if value else "retrieval.no")
