"""What a question finds, passage by passage: with the route and without, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pandas as pd
import streamlit as st

from leanrag.retrieval_look import RetrievalLook, RetrievedPassage
from leanrag.types import Fate, Passage
from pages._chat_text import direction, isolated
from pages._locale import number, percent, t
from pages._passages_words import cut
from pages._row_label import label_text
from pages._safe_text import plain_text
from pages._xray_passages import reason_text

_FATE_COLOURS: dict[Fate, str] = {"kept": "green", "trimmed": "orange", "dropped": "gray"}
CARD_LETTERS = 240
_ORDERS = ("routed", "plain")
_ORDER, _OPENED = "retrieval_order", "retrieval_opened"
_NARROW = (
    "<style>@media (max-width: 640px) {.st-key-retrieval_wide {display: none}}"
    "@media (min-width: 641px) {.st-key-retrieval_narrow {display: none}}</style>"
)


def draw_passages(look: RetrievalLook) -> None:
    """Draw the passages as a table, on narrow screens as cards, in either order."""
    st.subheader(t("retrieval.passages"))
    order = st.segmented_control(
        t("retrieval.order"),
        _ORDERS,
        default="routed",
        required=True,
        format_func=lambda name: t(f"retrieval.order_{name}"),
        key=_ORDER,
    )
    shown = look.without_route() if order == "plain" else look.passages
    st.html(_NARROW)
    with st.container(key="retrieval_wide"):
        _draw_table(shown)
    with st.container(key="retrieval_narrow"):
        for found in shown:
            _draw_card(found)
    st.caption(t("retrieval.scores_help"))
    opened = st.session_state.pop(_OPENED, None)
    if opened is not None:
        st.switch_page("pages/passages.py", query_params={"passage": str(opened)})


def passages_frame(shown: Sequence[RetrievedPassage]) -> pd.DataFrame:
    """Return one line for each passage, with numbers that sort as such."""
    decisions = [found.decision for found in shown]
    passages = [decision.passage for decision in decisions]
    return pd.DataFrame(
        {
            "open": [t("documents.open")] * len(shown),
            "rank": [found.rank for found in shown],
            "plain_rank": [found.plain_rank for found in shown],
            "title": [passage.title or passage.source_title for passage in passages],
            "place": [_place(passage) for passage in passages],
            "score": [passage.score for passage in passages],
            "words": [passage.lexical_score for passage in passages],
            "likeness": [passage.dense_score for passage in passages],
            "chance": [passage.probability for passage in passages],
            "fate": [t(f"chat.xray.fate_{d.fate}") for d in decisions],
            "tokens": [decision.tokens for decision in decisions],
            "share": [t(f"chat.xray.section_{d.section}") for d in decisions],
            "reason": [reason_text(d.reason).replace("\\", "") for d in decisions],
            "whole": [passage.token_count for passage in passages],
            "plain_chance": [found.plain_probability for found in shown],
        }
    )


def _draw_table(shown: Sequence[RetrievedPassage]) -> None:
    frame = passages_frame(shown)
    formats: dict[str, Any] = dict.fromkeys(("rank", "plain_rank", "tokens", "whole"), number)
    formats |= dict.fromkeys(("score", "chance", "plain_chance"), _share)
    formats |= dict.fromkeys(("words", "likeness"), _two_digits)
    if not frame["likeness"].any():  # embeddings count for nothing here, so none was compared
        frame = frame.drop(columns="likeness")
        del formats["likeness"]
    names = {name: t(f"retrieval.column_{name}") for name in frame.columns if name != "open"}
    ids = tuple(found.decision.passage.passage_id for found in shown)
    st.dataframe(
        frame.style.format(formats),
        hide_index=True,
        column_config={
            **names,
            "open": st.column_config.ButtonColumn(
                "",
                type="tertiary",
                width="small",
                key="retrieval_open",
                on_click=_open_clicked,
                args=(ids,),
            ),
            "title": st.column_config.TextColumn(names["title"], width=220),
            "place": st.column_config.TextColumn(names["place"], width=180),
            "reason": st.column_config.TextColumn(names["reason"], width=220),
        },
        key="retrieval_table",
    )


def _draw_card(found: RetrievedPassage) -> None:
    decision = found.decision
    passage = decision.passage
    with st.container(border=True, gap="xsmall", key=f"retrieval_card_{passage.passage_id}"):
        fate = f":{_FATE_COLOURS[decision.fate]}-badge[{t(f'chat.xray.fate_{decision.fate}')}]"
        name = isolated(plain_text(passage.title or passage.source_title))
        with st.container(key=f"interface-retrieval-{passage.passage_id}"):
            st.markdown(f"**{number(found.rank)}.** {name} {fate}")
        st.caption(" · ".join(_facts(found)))
        st.caption(reason_text(decision.reason))
        with st.container(key=f"{direction(passage.text)}-retrieval-{passage.passage_id}"):
            st.text(cut(passage.text, CARD_LETTERS))
        st.button(
            t("documents.open"),
            type="tertiary",
            on_click=_open,
            args=(passage.passage_id,),
            key=f"retrieval_open_{passage.passage_id}",
        )


def _facts(found: RetrievedPassage) -> list[str]:
    decision = found.decision
    facts = [
        t(f"chat.xray.section_{decision.section}"),
        t("chat.xray.score", score=percent(decision.passage.score)),
        f"{t('retrieval.column_chance')} {_share(decision.passage.probability)}",
        t("documents.count_tokens", count=number(decision.tokens)),
        f"{t('retrieval.column_plain_rank')}: {number(found.plain_rank)}",
    ]
    if not decision.passage.is_citable:
        facts.append(t("chat.xray.learn_only"))
    return [isolated(fact) for fact in facts]


def _place(passage: Passage) -> str:
    parts = [passage.heading.replace(" > ", " › ")] if passage.heading else []
    if passage.page is not None:
        parts.append(t("passages.page", page=number(passage.page)))
    elif passage.label:
        parts.append(label_text(passage.label))
    return " · ".join(parts)


def _share(value: float) -> str:
    """Write a share in percent; one above 0 that would be 0 as less than one."""
    return f"<{percent(0.01)}" if 0 < value < 0.005 else percent(value)


def _two_digits(value: float) -> str:
    return number(round(value, 2))


def _open_clicked(ids: tuple[UUID, ...]) -> None:
    click = st.session_state["retrieval_open"]
    if click is not None and click["row"] < len(ids):
        _open(ids[click["row"]])


def _open(passage_id: UUID) -> None:
    st.session_state[_OPENED] = passage_id
