"""The chance that the sources answer: against the least one, and what it is made of."""

from __future__ import annotations

from html import escape

import streamlit as st

from leanrag.abstention import MAX_STRENGTH, Answerability, Signal
from pages._figure import AMBER, RED, TEAL, UNUSED
from pages._locale import number, percent, t
from pages._safe_text import plain_text
from pages._xray_table import draw_table

_STARTING_POINT = "constant"
_MOST = {"strength": MAX_STRENGTH}  # all other signals are shares
_BAR = (
    '<div role="img" aria-label="{label}" style="position:relative;height:0.9rem;'
    'margin-block:0.4rem;border-radius:0.45rem;background:{unused}">'
    '<div style="position:absolute;inset-block:0;inset-inline-start:0;width:{chance:.1f}%;'
    'border-radius:0.45rem;background:{colour}"></div>'
    '<div style="position:absolute;inset-block:-0.3rem;inset-inline-start:{least:.1f}%;'
    'width:3px;background:{mark}"></div></div>'
)


def draw_chance(answerability: Answerability) -> None:
    """Draw the chance as a bar with a mark, the signs behind it, and the words not found."""
    if answerability.signals:
        st.html(_bar(answerability))
        st.caption(t("chat.xray.chance_mark", least=percent(answerability.least_chance)))
        _draw_signals(answerability)
    if answerability.unknown_words:
        with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
            st.caption(t("chat.xray.unknown_words"), width="content")
            for word in answerability.unknown_words:
                st.badge(plain_text(word), color="orange")


def chance_sentence(answerability: Answerability) -> str:
    """Return whether the sources answer, with the chance and the least one, as markdown."""
    if not answerability.signals:
        return t("chat.xray.chance_none")
    name = "chance_enough" if answerability.is_answerable else "chance_weak"
    chance, least = percent(answerability.chance), percent(answerability.least_chance)
    return t(f"chat.xray.{name}", chance=chance, least=least)


def _bar(answerability: Answerability) -> str:
    return _BAR.format(
        label=escape(chance_sentence(answerability).replace("\\", "")),
        unused=UNUSED,
        chance=100 * answerability.chance,
        colour=TEAL if answerability.is_answerable else AMBER,
        least=100 * answerability.least_chance,
        mark=RED,
    )


def _draw_signals(answerability: Answerability) -> None:
    """List every sign with its value and what it counts, and their sum."""
    signals = answerability.signals
    total = sum(signal.value * signal.weight for signal in signals)
    names = [_signal_name(signal.name) for signal in signals]
    draw_table(
        {
            t("chat.xray.signal"): [*names, f"**{t('chat.xray.signal_sum')}**"],
            t("chat.xray.signal_value"): [*map(_value, signals), percent(answerability.chance)],
            t("chat.xray.signal_counts"): [
                *(_signed(signal.value * signal.weight) for signal in signals),
                f"**{_signed(total)}**",
            ],
        }
    )
    knowledge = answerability.knowledge.replace(" ", "_")
    st.caption(t(f"chat.xray.knowledge_{knowledge}") + " " + t("chat.xray.signal_help"))


def _signal_name(name: str) -> str:
    try:
        return t(f"chat.xray.signal_{name}")
    except KeyError:  # a sign that has no name for people
        return plain_text(name)


def _value(signal: Signal) -> str:
    if signal.name == _STARTING_POINT:
        return "–"
    return percent(signal.value / _MOST.get(signal.name, 1.0))


def _signed(value: float) -> str:
    """Write a number with its sign before it, in a text of either direction."""
    shown = round(value, 1)
    sign = "+" if shown > 0 else "\u2212" if shown < 0 else ""
    return f"\u2066{sign}{number(abs(shown))}\u2069"  # isolated from left to right
