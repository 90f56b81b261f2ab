"""The period switch and the figures at the top of the usage page."""

from __future__ import annotations

import streamlit as st

from leanrag.usage import UsageTotals
from pages._locale import money, number, percent, t

DAY_HOURS, WEEK_HOURS = 24, 7 * 24
# Three tiles in a row, two on a phone, where the figures are smaller: seven digits and a share fit.
_TILE_STYLE = """<style>
.st-key-usage_tiles > div { flex: 1 1 calc(33% - 1rem) !important; min-width: 9.5rem; }
.st-key-usage_tiles [data-testid="stMetric"] { padding: 0.75rem 1rem; }
.st-key-usage_tiles [data-testid="stMetricValue"] { font-size: 1.6rem; }
@media (max-width: 640px) {
  .st-key-usage_tiles [data-testid="stMetric"] { padding: 0.6rem 0.7rem; }
  .st-key-usage_tiles [data-testid="stMetricValue"] { font-size: 1.1rem; }
}
</style>"""


def choose_hours() -> int:
    """Let the reader switch between the last day and the last week; return its hours."""
    chosen = st.segmented_control(
        t("usage.period"),
        (DAY_HOURS, WEEK_HOURS),
        default=DAY_HOURS,
        required=True,
        format_func=lambda hours: t("usage.day" if hours == DAY_HOURS else "usage.week"),
        label_visibility="collapsed",
        key="usage_hours",
    )
    return chosen or DAY_HOURS


def draw_tiles(totals: UsageTotals) -> None:
    """Show six tiles, which wrap into fewer columns on a narrow screen."""
    tokens = t(
        "usage.tokens_parts",
        prompt=number(totals.prompt_tokens),
        completion=number(totals.completion_tokens),
    )
    everything = t("usage.everything_tokens", tokens=number(totals.counterfactual_tokens))
    tiles = (
        ("tokens_used", number(totals.total_tokens), tokens),
        ("tokens_saved", _saved(totals), everything),
        ("cost", _dollars(totals.cost_usd, totals), t("usage.cost_help")),
        ("money_saved", _dollars(totals.saved_usd, totals), t("usage.money_saved_help")),
        ("requests", number(totals.requests), t("usage.requests_help")),
        ("failed", number(totals.failed), t("usage.failed_help")),
    )
    st.html(_TILE_STYLE)
    with st.container(horizontal=True, gap="small", key="usage_tiles"):
        for name, value, explanation in tiles:
            st.metric(t(f"usage.{name}"), value, help=explanation, border=True)


def draw_notes(totals: UsageTotals) -> None:
    """Say what the figures do not know."""
    if totals.unpriced_requests:
        st.caption(
            t(
                "usage.unpriced",
                unpriced=number(totals.unpriced_requests),
                requests=number(totals.requests),
            )
        )


def _saved(totals: UsageTotals) -> str:
    if totals.counterfactual_tokens <= 0:
        return number(totals.saved_tokens)
    share = percent(totals.saved_tokens / totals.counterfactual_tokens)
    return t("usage.with_share", value=number(totals.saved_tokens), share=share)


def _dollars(usd: float, totals: UsageTotals) -> str:
    """Write an amount; unknown where no request has a price, a lower bound where some have none."""
    if totals.unpriced_requests >= totals.requests:
        return t("usage.unknown")
    if totals.unpriced_requests:
        return t("usage.at_least", value=money(usd))
    return money(usd)
