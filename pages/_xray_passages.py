"""The X-ray's passages: kept, trimmed or dropped, and why."""

from __future__ import annotations

import re

import streamlit as st

from leanrag.ledger import Ledger
from leanrag.types import PassageDecision
from pages._chat_text import direction, isolated, place
from pages._locale import number, percent, t
from pages._safe_text import plain_text

_FATE_COLOURS = {"kept": "green", "trimmed": "orange", "dropped": "gray"}
_REASONS = (
    (re.compile(r"fits as a whole"), "whole"),
    (re.compile(r"trimmed to .*"), "trimmed"),
    (re.compile(r"below the relevance floor"), "floor"),
    (re.compile(r"too unlikely to answer"), "unlikely"),
    (re.compile(r"primary share is full"), "primary_full"),
    (re.compile(r"secondary share is full"), "secondary_full"),
    (re.compile(r"same text as \[(?P<marker>\d+)\]"), "same"),
    (re.compile(r"same text as a background note"), "same_note"),
)


def draw_passages(ledger: Ledger, *, key: str) -> None:
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
    for decision in ledger.prompt.carried():
        _draw_carried(decision)
    dropped = [decision for decision in decisions if decision.fate == "dropped"]
    if dropped:
        label = t("chat.xray.dropped_said", count=number(len(dropped)))
        # Every part of a line is isolated, so that the lines need a direction from outside.
        with st.expander(label), st.container(key=f"interface-dropped-{key}"):
            st.markdown("\n".join(_dropped_line(decision) for decision in dropped))


def _draw_carried(decision: PassageDecision) -> None:
    passage = decision.passage
    fate = f":{_FATE_COLOURS[decision.fate]}-badge[{t(f'chat.xray.fate_{decision.fate}')}]"
    marker = f"\\[{number(decision.marker)}\\] " if decision.marker is not None else ""
    tokens = t("chat.xray.tokens", tokens=number(decision.tokens))
    name = place(passage.title or passage.source_title, passage.heading)
    label = f"{fate} {marker}{plain_text(name)} · {isolated(tokens)}"
    with st.expander(label):
        st.markdown(f"**{reason_text(decision.reason)}**")
        st.caption(plain_text(_figures(decision)))
        with st.container(key=f"{direction(passage.text)}-xray-{passage.passage_id}"):
            st.markdown(plain_text(decision.text or passage.text).replace("\n", "  \n"))


def _dropped_line(decision: PassageDecision) -> str:
    passage = decision.passage
    name = plain_text(place(passage.title or passage.source_title, passage.heading))
    score = isolated(t("chat.xray.score", score=percent(passage.score)))
    return f"- {name} · {score} · {isolated(reason_text(decision.reason))}"


def _figures(decision: PassageDecision) -> str:
    passage = decision.passage
    parts = [passage.source_title, passage.heading] if passage.heading else [passage.source_title]
    parts += [
        t(f"chat.xray.section_{decision.section}"),
        t("chat.xray.score", score=percent(passage.score)),
        t("chat.xray.words", score=number(round(passage.lexical_score, 2))),
    ]
    if passage.dense_score:  # an embedding that counts for nothing is not scored
        parts.append(t("chat.xray.meaning", score=number(round(passage.dense_score, 2))))
    if not passage.is_citable:
        parts.append(t("chat.xray.learn_only"))
    return " · ".join(isolated(part) for part in parts)


def reason_text(reason: str) -> str:
    """Return the budget's reason in the interface's language."""
    for pattern, name in _REASONS:
        if found := pattern.fullmatch(reason):
            return plain_text(t(f"chat.xray.reason_{name}", **found.groupdict()))
    return plain_text(reason)
