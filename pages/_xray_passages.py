"""The X-ray's passages: kept, trimmed or dropped, and why."""

from __future__ import annotations

import re

import streamlit as st

from leanrag.ledger import Ledger
from leanrag.types import PassageDecision
from pages._chat_text import direction
from pages._locale import number, percent, t
from pages._safe_text import plain_text

_FATE_COLOURS = {"kept": "green", "trimmed": "orange", "dropped": "gray"}
_REASONS = (
    (re.compile(r"fits as a whole"), "whole"),
    (re.compile(r"trimmed to .*"), "trimmed"),
    (re.compile(r"below the relevance floor"), "floor"),
    (re.compile(r"primary share is full"), "primary_full"),
    (re.compile(r"secondary share is full"), "secondary_full"),
    (re.compile(r"same text as \[(?P<marker>\d+)\]"), "same"),
    (re.compile(r"same text as a background note"), "same_note"),
)


def draw_passages(ledger: Ledger) -> None:
    """List every passage that was looked at, in prompt order, with its fate and its scores."""
    decisions = ledger.prompt.decisions
    kept = sum(decision.fate != "dropped" for decision in decisions)
    st.markdown(
        t(
            "chat.xray.passages_said",
            kept=number(kept),
            found=number(len(decisions)),
            searched=number(ledger.searched),
        )
    )
    if ledger.widened:
        st.info(t("chat.xray.widened"), icon=":material/open_in_full:")
    for decision in decisions:
        _draw_decision(decision)


def _draw_decision(decision: PassageDecision) -> None:
    passage = decision.passage
    with st.container(gap="xsmall", border=True):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.badge(t(f"chat.xray.fate_{decision.fate}"), color=_FATE_COLOURS[decision.fate])
            marker = f"\\[{decision.marker}\\] " if decision.marker is not None else ""
            st.markdown(f"{marker}**{plain_text(passage.source_title)}**", width="content")
            st.caption(reason_text(decision.reason), width="content")
        st.caption(plain_text(_figures(decision)))
        text = decision.text or passage.text
        with st.container(key=f"{direction(text)}-xray-{passage.passage_id}"):
            st.markdown(plain_text(text).replace("\n", "  \n"))


def _figures(decision: PassageDecision) -> str:
    passage = decision.passage
    parts = [
        t("chat.xray.tokens", carried=number(decision.tokens), whole=number(passage.token_count)),
        t("chat.xray.score", score=percent(passage.score)),
        t("chat.xray.words", score=percent(passage.lexical_score)),
        t("chat.xray.meaning", score=percent(passage.dense_score)),
        t(f"chat.xray.section_{decision.section}"),
    ]
    if not passage.is_citable:
        parts.append(t("chat.xray.learn_only"))
    return " · ".join(parts)


def reason_text(reason: str) -> str:
    """Return the budget's reason in the interface's language."""
    for pattern, name in _REASONS:
        if found := pattern.fullmatch(reason):
            return plain_text(t(f"chat.xray.reason_{name}", **found.groupdict()))
    return plain_text(reason)
