"""The X-ray of an answer: where its tokens went, which passages it saw, the exact prompt."""

from __future__ import annotations

import streamlit as st

from leanrag.ledger import Ledger
from leanrag.token_margin import TokenMargin
from pages._locale import number, t
from pages._safe_text import plain_text
from pages._xray_budget import draw_budget, draw_counterfactual
from pages._xray_decision import draw_decision, is_decided_early, is_fixed
from pages._xray_passages import draw_passages
from pages._xray_route import draw_route
from pages._xray_table import draw_table

_STEPS = ("admit", "embed", "retrieve", "budget", "generate")


def draw_xray(ledger: Ledger, max_prompt_tokens: int, *, key: str) -> None:
    """Draw everything that an answer was made from; `key` tells several X-rays apart."""
    names = ("budget", "passages", "answer", "route", "prompt", "everything")
    labels = [t(f"chat.xray.{name}") for name in names]
    first = "answer" if is_decided_early(ledger) else "budget"
    budget, passages, answer, route, prompt, everything = st.tabs(
        labels, default=t(f"chat.xray.{first}")
    )
    with budget:
        _draw_budget(ledger, max_prompt_tokens, key=key)
    with passages:
        if _has_prompt(ledger):
            draw_passages(ledger, key=key)
    with answer:
        draw_decision(ledger, key=key)
    with route:
        if is_fixed(ledger):
            st.info(t("chat.xray.route_unused"), icon=":material/alt_route:")
        draw_route(ledger.route, key=key, has_searched=bool(ledger.prompt.messages))
        _draw_steps(ledger)
    with prompt, st.container(key=f"chat_prompt_{key}"):
        if _has_prompt(ledger):
            _draw_prompt(ledger)
    with everything:
        draw_counterfactual(ledger, key=key)


def _has_prompt(ledger: Ledger) -> bool:
    """Say where nothing was sent, and tell whether there is a prompt to show at all."""
    if is_fixed(ledger):
        st.info(t("chat.xray.nothing_sent"), icon=":material/do_not_disturb_on:")
        return False
    if ledger.cached is not None:
        has_earlier = bool(ledger.prompt.messages)
        note = t("chat.xray.earlier_prompt" if has_earlier else "chat.xray.earlier_unknown")
        st.info(note, icon=":material/history:")
        return has_earlier
    return True


def _draw_budget(ledger: Ledger, max_prompt_tokens: int, *, key: str) -> None:
    if _has_prompt(ledger):
        draw_budget(ledger.prompt, ledger.margin.limit(max_prompt_tokens), key=key)
        _draw_margin(ledger.margin, max_prompt_tokens)


def _draw_margin(margin: TokenMargin, max_prompt_tokens: int) -> None:
    limit = number(margin.limit(max_prompt_tokens))
    factor = number(round(margin.factor, 2))
    values = {"factor": factor, "calls": number(margin.calls), "limit": limit}
    st.caption(t(f"chat.xray.margin_{margin.origin}", **values))


def _draw_prompt(ledger: Ledger) -> None:
    shown = t("chat.xray.prompt_tokens", tokens=number(ledger.prompt.total_tokens))
    st.caption(f"{shown} ({plain_text(ledger.prompt.encoding)})")
    for message in ledger.prompt.messages:
        st.caption(t(f"chat.xray.role_{message.role}"))
        st.code(message.content, language=None, wrap_lines=True)


def _draw_steps(ledger: Ledger) -> None:
    st.markdown(f"**{t('chat.xray.steps')}**")
    known = [step for step in _STEPS if step in ledger.step_ms]
    steps = known + [step for step in ledger.step_ms if step not in _STEPS]
    times = [
        t("shell.milliseconds", value=number(round(ledger.step_ms[step], 1))) for step in steps
    ]
    draw_table(
        {t("chat.xray.step"): [_step_name(step) for step in steps], t("chat.xray.time"): times}
    )


def _step_name(step: str) -> str:
    try:
        return t(f"chat.xray.steps_{step}")
    except KeyError:  # a step that has no name for people
        return plain_text(step)
