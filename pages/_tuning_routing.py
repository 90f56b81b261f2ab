"""The grid of routings and budgets, and how each intent's prompt is shared out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from leanrag.router import FALLBACK_INTENT, IntentRouting
from leanrag.types import DEFAULT_INTENTS, SOURCE_KINDS, SourceKind
from pages._figure import AMBER, TEAL, UNUSED, escape, number_axis, show_figure
from pages._locale import number, t, ui_language
from pages._safe_text import plain_text
from pages._tuning_draft import (
    current_draft,
    intent_label,
    redraw_grids,
    revision,
    set_keywords,
    set_routings,
)

_BASE = "tuning_routing_base"
MAX_INTENT_LETTERS = 40


def draw_routing(*, max_tokens: int, is_fixed: bool = False) -> None:
    """Draw the grid and the shares; take the grid's edits over into the draft.

    Where `is_fixed`, the routings are shown to be read alone.
    """
    st.caption(t("tuning.routing_intro"))
    if is_fixed:
        st.dataframe(
            routing_frame(current_draft().routings),
            hide_index=True,
            height="content",
            column_config=_column_config(max_tokens),
            key="tuning_routing_shown",
        )
        _draw_shares(current_draft().routings, max_tokens=max_tokens)
        return
    key = f"tuning_routing_grid_{ui_language()}_{revision()}"
    if key not in st.session_state:
        st.session_state[_BASE] = current_draft().routings
    edited = st.data_editor(
        routing_frame(st.session_state[_BASE]),
        num_rows="fixed",
        hide_index=True,
        height="content",
        column_config=_column_config(max_tokens),
        key=key,
    )
    set_routings(read_routings(edited))
    _draw_own_intents()
    _draw_shares(current_draft().routings, max_tokens=max_tokens)


def routing_frame(routings: Sequence[IntentRouting]) -> pd.DataFrame:
    """Return one line for each intent; the index is the intent's own name."""
    return pd.DataFrame(
        {
            "intent": [intent_label(routing.intent) for routing in routings],
            "primary_kinds": [list(routing.primary_kinds) for routing in routings],
            "primary_tokens": [routing.primary_tokens for routing in routings],
            "secondary_kinds": [list(routing.secondary_kinds) for routing in routings],
            "secondary_tokens": [routing.secondary_tokens for routing in routings],
        },
        index=pd.Index([routing.intent for routing in routings], dtype="object"),
    )


def read_routings(frame: pd.DataFrame) -> tuple[IntentRouting, ...]:
    """Return the routings of an edited grid; an emptied cell is no kind, or no token."""
    return tuple(
        IntentRouting(
            intent=str(intent),
            primary_kinds=_kinds(row["primary_kinds"]),
            primary_tokens=_tokens(row["primary_tokens"]),
            secondary_kinds=_kinds(row["secondary_kinds"]),
            secondary_tokens=_tokens(row["secondary_tokens"]),
        )
        for intent, row in frame.iterrows()
    )


def _kinds(cell: object) -> tuple[SourceKind, ...]:
    return tuple(cast("list[SourceKind]", cell)) if isinstance(cell, list | tuple) else ()


def _tokens(cell: object) -> int:
    return 0 if pd.isna(cell) else int(cast("int", cell))  # type: ignore[call-overload]


def _draw_own_intents() -> None:
    """Let the tenant add intents of its own, and remove them; those we ship stay."""
    with st.popover(t("tuning.own_intents"), icon=":material/category:"):
        with st.form("tuning_new_intent", border=False, clear_on_submit=True):
            name = st.text_input(
                t("tuning.intent_name"),
                max_chars=MAX_INTENT_LETTERS,
                help=t("tuning.intent_name_help"),
                key="tuning_intent_name",
            )
            if st.form_submit_button(
                t("tuning.add_intent"), icon=":material/add:", key="tuning_add_intent"
            ):
                _add_intent("_".join(name.lower().split()))
        own = [r.intent for r in current_draft().routings if r.intent not in DEFAULT_INTENTS]
        if own:
            st.selectbox(t("tuning.own_intent"), own, key="tuning_own_intent")
            st.button(
                t("tuning.remove_intent"),
                icon=":material/delete:",
                on_click=_remove_intent,
                key="tuning_remove_intent",
            )


def _add_intent(intent: str) -> None:
    """Add an intent that begins with the shares of the general one."""
    routings = current_draft().routings
    if not intent or any(routing.intent == intent for routing in routings):
        st.warning(t("tuning.intent_exists"), icon=":material/warning:")
        return
    general = next(routing for routing in routings if routing.intent == FALLBACK_INTENT)
    set_routings((*routings, replace(general, intent=intent)))
    redraw_grids()
    st.rerun()


def _remove_intent() -> None:
    """Remove an intent of the tenant's own, with its keywords."""
    intent = st.session_state["tuning_own_intent"]
    set_routings(r for r in current_draft().routings if r.intent != intent)
    set_keywords(rule for rule in current_draft().keywords if rule.intent != intent)
    redraw_grids()


def _draw_shares(routings: Sequence[IntentRouting], *, max_tokens: int) -> None:
    """Draw what each intent's evidence may take, and what that leaves for the rest."""
    st.markdown(f"**{t('tuning.shares', tokens=number(max_tokens))}**")
    names = [intent_label(routing.intent) for routing in routings]
    primary = [routing.primary_tokens for routing in routings]
    secondary = [routing.secondary_tokens for routing in routings]
    rest = [max(0, max_tokens - a - b) for a, b in zip(primary, secondary, strict=True)]
    figure = go.Figure(layout={"barmode": "stack"})
    _add_share(figure, t("chat.xray.section_primary"), TEAL, primary, names)
    _add_share(figure, t("chat.xray.section_secondary"), AMBER, secondary, names)
    _add_share(figure, t("tuning.rest"), UNUSED, rest, names)
    longest = max((a + b for a, b in zip(primary, secondary, strict=True)), default=0)
    figure.update_xaxes(**number_axis(max(max_tokens, longest), ticks=3))
    figure.update_yaxes(autorange="reversed")
    show_figure(
        figure,
        key="tuning_shares",
        alt=t("tuning.shares", tokens=number(max_tokens)),
        height=90 + 36 * len(names),
    )
    for name, a, b in zip(names, primary, secondary, strict=True):
        if a + b > max_tokens:
            st.warning(
                t("tuning.over_budget", intent=plain_text(name), tokens=number(a + b)),
                icon=":material/warning:",
            )


def _add_share(
    figure: go.Figure, name: str, colour: str, tokens: Sequence[int], intents: Sequence[str]
) -> None:
    """Add one share of every intent's prompt to the stacked bars."""
    figure.add_bar(
        x=list(tokens),
        y=[escape(intent) for intent in intents],
        orientation="h",
        name=name,
        marker={"color": colour, "line": {"width": 0}},
        text=[number(count) if count else "" for count in tokens],
        textposition="inside",
        insidetextanchor="middle",
        textangle=0,
        hovertext=[
            f"{escape(intent)}<br>{name}: {number(count)}"
            for intent, count in zip(intents, tokens, strict=True)
        ],
        hoverinfo="text",
    )


def _column_config(max_tokens: int) -> dict[str, Any]:
    column = st.column_config
    config: dict[str, Any] = {
        "intent": column.TextColumn(t("tuning.intent"), disabled=True, pinned=True, width=70)
    }
    for share in ("primary", "secondary"):
        config[f"{share}_kinds"] = column.MultiselectColumn(
            t(f"tuning.{share}_kinds"),
            options=list(SOURCE_KINDS),
            format_func=_kind_label,
            width=160,
        )
        config[f"{share}_tokens"] = column.NumberColumn(
            t(f"tuning.{share}_tokens"),
            min_value=0,
            max_value=max_tokens,
            step=1,
            required=True,
            width=94,
        )
    return config


def _kind_label(kind: str) -> str:
    return t(f"documents.kind_{kind}")
