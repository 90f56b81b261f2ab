"""The X-ray's two bars: the prompt's sections, and the prompt that would send everything."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from leanrag.ledger import Ledger
from leanrag.types import FIXED_REPLY, BudgetedPrompt, Section
from pages._figure import AMBER, BLUE, GREY, RED, TEAL, VIOLET, number_axis, show_figure
from pages._locale import number, percent, t

_COLOURS: dict[Section, str] = {
    "system": GREY,
    "question": BLUE,
    "conversation": VIOLET,
    "primary": TEAL,
    "secondary": AMBER,
}


def draw_budget(prompt: BudgetedPrompt, max_prompt_tokens: int, *, key: str) -> None:
    """Draw the tokens of each section, one after the other, against the limit."""
    used, limit = number(prompt.total_tokens), number(max_prompt_tokens)
    share = percent(prompt.total_tokens / max_prompt_tokens)
    said = t("chat.xray.used", used=used, limit=limit, share=share)
    st.markdown(f"**{said}**")
    figure = go.Figure()
    for section in prompt.sections:
        name = t(f"chat.xray.section_{section.section}")
        figure.add_bar(
            x=[section.tokens],
            y=[""],
            orientation="h",
            name=f"{name} {number(section.tokens)}",
            marker_color=_COLOURS[section.section],
            hovertext=f"{name}: {number(section.tokens)} / {number(section.max_tokens)}",
            hoverinfo="text",
        )
    figure.add_vline(x=max_prompt_tokens, line_width=2, line_dash="dot", line_color=RED)
    figure.update_layout(barmode="stack", legend_traceorder="normal")
    figure.update_xaxes(**number_axis(max_prompt_tokens, ticks=5))
    figure.update_xaxes(range=[0, max_prompt_tokens * 1.06])  # room for the last label
    figure.update_yaxes(showticklabels=False)
    show_figure(figure, key=f"chat_budget_{key}", alt=said, height=190)


def sent_tokens(ledger: Ledger) -> int:
    """Return the tokens of the answer's prompt; none where no prompt was needed."""
    needs_none = ledger.cached is not None or ledger.metadata.model_used == FIXED_REPLY
    return 0 if needs_none else ledger.prompt.total_tokens


def draw_counterfactual(ledger: Ledger, *, key: str) -> None:
    """Draw what the prompt that sends everything would have taken, part by part."""
    everything, sent = ledger.counterfactual, sent_tokens(ledger)
    said = t(
        "chat.xray.everything_said", everything=number(everything.total_tokens), sent=number(sent)
    )
    st.markdown(f"**{said}**")
    parts = sorted(everything.parts, key=lambda part: part.tokens)
    names = [_part_name(part.name) for part in parts] + [t("chat.xray.this_prompt")]
    tokens = [part.tokens for part in parts] + [sent]
    figure = go.Figure(
        go.Bar(
            x=tokens,
            y=names,
            orientation="h",
            marker_color=[GREY] * len(parts) + [TEAL],
            text=[number(count) for count in tokens],
            textposition="outside",
            cliponaxis=False,
            hoverinfo="skip",
        )
    )
    figure.update_xaxes(**number_axis(max(tokens) * 1.15))
    show_figure(figure, key=f"chat_everything_{key}", alt=said, height=60 + 34 * len(names))
    st.caption(t("chat.xray.everything_help"))


def _part_name(name: str) -> str:
    try:
        return t(f"chat.xray.part_{name}")
    except KeyError:  # a kind of source that has no name for people
        return name
