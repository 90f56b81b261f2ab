"""Tuning: keywords, routing and budgets, with a question to try the draft on before saving it."""

from __future__ import annotations

import streamlit as st

from pages._locale import number, t
from pages._reading import say_reads_only
from pages._services import current_tenant, get_services, may
from pages._tuning_draft import open_draft, show_saved
from pages._tuning_keywords import draw_keywords
from pages._tuning_routing import draw_routing
from pages._tuning_save import draw_save_bar
from pages._tuning_try import draw_try

# On a wide screen the trial stays beside the grids, however far one scrolls.
_TRIAL_STYLE = """<style>@media (min-width: 641px) {
[data-testid="stColumn"]:has(> div > .st-key-tuning_try) {
  position: sticky; top: 4.5rem; align-self: flex-start;
  max-height: calc(100vh - 5.5rem); overflow-y: auto;
}}</style>"""

services = get_services()
tenant_id = current_tenant()
max_tokens = services.settings.max_prompt_tokens

may_change = may("tuning.write")
st.title(t("tuning.title"))
if may_change:
    st.caption(t("tuning.intro", tokens=number(max_tokens)))
    open_draft(services.tuning, tenant_id)
else:
    st.caption(t("tuning.intro_reader", tokens=number(max_tokens)))
    say_reads_only("tuning", "tuning.write")
    show_saved(services.tuning, tenant_id)
st.html(_TRIAL_STYLE)
save_bar = st.container(key="tuning_save_bar")
grids, trial = st.columns([3, 2], gap="small")
with grids:
    keywords_tab, routing_tab = st.tabs([t("tuning.tab_keywords"), t("tuning.tab_routing")])
    with keywords_tab:
        draw_keywords(is_fixed=not may_change)
    with routing_tab:
        draw_routing(max_tokens=max_tokens, is_fixed=not may_change)
if may_change:
    with save_bar:  # drawn late: it sums up what the grids have just changed
        draw_save_bar(services.tuning, tenant_id)
with trial, st.container(border=True, key="tuning_try"):
    draw_try(services.previews, tenant_id, max_tokens=max_tokens, has_draft=may_change)
