"""The X-ray of an answer: where its tokens went, which passages it saw, the exact prompt."""

from __future__ import annotations

import streamlit as st

from leanrag.ledger import Ledger
from leanrag.token_margin import TokenMargin
from leanrag.types import Route
from pages._intents import intent_name, language_name
from pages._locale import number, percent, t
from pages._safe_text import plain_text
from pages._xray_budget import draw_budget, draw_counterfactual
from pages._xray_passages import draw_passages

_STEPS = ("admit", "embed", "retrieve", "budget", "generate")


def draw_xray(ledger: Ledger, max_prompt_tokens: int, *, key: str) -> None:
    """Draw everything that an answer was made from; `key` tells several X-rays apart."""
    budget, passages, prompt, everything, route = st.tabs(
        [
            t("chat.xray.budget"),
            t("chat.xray.passages"),
            t("chat.xray.prompt"),
            t("chat.xray.everything"),
            t("chat.xray.route"),
        ]
    )
    with budget:
        draw_budget(ledger.prompt, ledger.margin.limit(max_prompt_tokens), key=key)
        _draw_margin(ledger.margin, max_prompt_tokens)
    with passages:
        draw_passages(ledger, key=key)
    with prompt, st.container(key=f"chat_prompt_{key}"):
        _draw_prompt(ledger)
    with everything:
        draw_counterfactual(ledger, key=key)
    with route:
        _draw_route(ledger.route)
        _draw_steps(ledger)


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


def _draw_route(route: Route) -> None:
    facts = [intent_name(route.intent), language_name(route.language)]
    if route.matched:
        facts.append(t("chat.confidence", value=percent(route.confidence)))
    st.markdown(" · ".join(facts))
    if route.matched:
        with st.container(horizontal=True, gap="small"):
            for match in route.matched:
                label = f"{plain_text(match.keyword)} → {intent_name(match.intent)} "
                st.badge(label + f"×{number(match.weight)}", color="gray")
    else:
        st.caption(t("chat.xray.no_keywords"))
    for name, share in (("primary", route.primary), ("secondary", route.secondary)):
        kinds = ", ".join(t(f"documents.kind_{kind}") for kind in share.kinds)
        shown = t("chat.xray.share", kinds=kinds or "–", tokens=number(share.max_tokens))
        st.caption(f"{t(f'chat.xray.section_{name}')}: {shown}")


def _draw_steps(ledger: Ledger) -> None:
    st.markdown(f"**{t('chat.xray.steps')}**")
    known = [step for step in _STEPS if step in ledger.step_ms]
    steps = known + [step for step in ledger.step_ms if step not in _STEPS]
    times = [
        t("shell.milliseconds", value=number(round(ledger.step_ms[step], 1))) for step in steps
    ]
    st.table(
        {t("chat.xray.step"): [_step_name(step) for step in steps], t("chat.xray.time"): times},
        border="horizontal",
        hide_index=True,
    )


def _step_name(step: str) -> str:
    try:
        return t(f"chat.xray.steps_{step}")
    except KeyError:  # a step that has no name for people
        return plain_text(step)
