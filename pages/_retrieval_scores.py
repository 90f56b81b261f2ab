"""The scores of what a question finds, as bars: what the prompt carries, and what it does not."""

from __future__ import annotations

import plotly.graph_objects as go

from leanrag.retrieval_look import RetrievalLook, RetrievedPassage
from leanrag.types import Fate
from pages._figure import AMBER, GREY, TEAL, escape, short_label, show_figure
from pages._locale import number, percent, t

_COLOURS: dict[Fate, str] = {"kept": TEAL, "trimmed": AMBER, "dropped": GREY}
_BAR_WIDTH = 0.72  # or a kind with few bars would draw them wide
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


def draw_scores(look: RetrievalLook) -> None:
    """Draw a bar a passage, the best first, coloured by what the budget did with it."""
    figure = go.Figure(layout={"barmode": "overlay"})
    for fate, colour in _COLOURS.items():
        _add_bars(figure, [p for p in look.passages if p.decision.fate == fate], fate, colour)
    figure.update_xaxes(
        range=[0, 1.08],
        tickmode="array",
        tickvals=list(_TICKS),
        ticktext=[percent(tick) for tick in _TICKS],
    )
    labels = [_label(found) for found in look.passages]
    figure.update_yaxes(
        tickmode="array",
        tickvals=list(range(1, len(labels) + 1)),
        ticktext=labels,
        range=[len(labels) + 0.5, 0.5],
    )
    height = 110 + 22 * len(labels)
    show_figure(figure, key="retrieval_bars", alt=t("retrieval.scores"), height=height)


def _add_bars(figure: go.Figure, passages: list[RetrievedPassage], fate: Fate, colour: str) -> None:
    if not passages:
        return
    figure.add_bar(
        x=[found.decision.passage.score for found in passages],
        y=[found.rank for found in passages],
        orientation="h",
        width=_BAR_WIDTH,
        name=t(f"chat.xray.fate_{fate}"),
        marker={"color": colour, "line": {"width": 0}},
        hovertext=[_hover(found) for found in passages],
        hoverinfo="text",
    )


def _label(found: RetrievedPassage) -> str:
    passage = found.decision.passage
    return f"{short_label(passage.title or passage.source_title)}  {number(found.rank)}"


def _hover(found: RetrievedPassage) -> str:
    passage = found.decision.passage
    return "<br>".join(
        (
            escape(passage.title or passage.source_title),
            t("chat.xray.score", score=percent(passage.score)),
            f"{t('retrieval.column_chance')}: {percent(passage.probability)}",
        )
    )
