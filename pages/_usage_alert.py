"""The usage page's banner: models whose provider counts prompts above the limit."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from leanrag.usage import ALERT_CALLS, PromptAlert
from pages._chat_text import isolated
from pages._locale import number, t, when
from pages._safe_text import plain_text


def draw_alerts(alerts: Sequence[PromptAlert]) -> None:
    """Show which models went above, by how much and when, and what to do; nothing without any."""
    if not alerts:
        return
    limit = number(alerts[0].max_prompt_tokens)
    lines = [f"**{t('usage.alert_title', limit=limit)}**", *map(_line, alerts)]
    advice = t("usage.alert_advice", calls=number(ALERT_CALLS))
    with st.container(key="interface-usage-alert"):
        st.warning("\n\n".join([*lines, advice]), icon=":material/warning:")


def _line(alert: PromptAlert) -> str:
    said = t(
        "usage.alert_line",
        model=isolated(plain_text(alert.model)),
        reported=number(alert.reported_tokens),
        excess=number(alert.excess_tokens),
        above=number(alert.calls_above),
        seen=number(alert.calls_seen),
        when=isolated(when(alert.latest_at)),
    )
    return said.replace("\n", " ")
