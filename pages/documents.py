"""Knowledge: what the bot knows from; add to it, watch it being read, look inside, delete."""

from __future__ import annotations

import streamlit as st

from pages._documents_add import draw_add
from pages._documents_add_outcomes import draw_outcomes
from pages._documents_address import chosen_source, is_suggesting, scroll_up
from pages._documents_failed import draw_failed
from pages._documents_list import draw_list
from pages._documents_notice import draw_notice
from pages._documents_progress import draw_progress
from pages._documents_source import draw_back, draw_source
from pages._documents_suggest import draw_all_suggestions
from pages._documents_switch import draw_switch
from pages._documents_waiting import draw_savings, draw_waiting
from pages._locale import t
from pages._reading import say_reads_only
from pages._services import current_tenant, get_services, may

services = get_services()
tenant_id = current_tenant()
chosen = chosen_source()
scroll_up()
if chosen is not None:
    draw_source(services, tenant_id, chosen)
elif is_suggesting():
    draw_back(t("documents.back"))
    if not may("knowledge.write"):
        say_reads_only("documents", "knowledge.write")
    draw_all_suggestions(services, tenant_id)
else:
    st.title(t("documents.title"))
    st.caption(t("documents.intro"))
    if may("knowledge.write"):
        draw_add(services, tenant_id)
    else:
        say_reads_only("documents", "knowledge.write")
    draw_outcomes(services.sources, tenant_id)
    counts = draw_progress(services, tenant_id)
    draw_failed(services, tenant_id, counts)
    draw_waiting(services, tenant_id)
    draw_switch(services, tenant_id)
    draw_notice()
    draw_list(services, tenant_id, counts)
    draw_savings(services, tenant_id)
