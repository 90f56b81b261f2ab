"""The audit log: who did what to what, from where, and how it was before and after."""

from __future__ import annotations

import streamlit as st

from leanrag.errors import InvalidInput
from pages._audit_address import read_filter, read_place, show_newest
from pages._audit_export import draw_export
from pages._audit_filter import draw_clear, draw_filter
from pages._audit_lines import read_lines
from pages._audit_list import draw_lines, draw_together, take_filter
from pages._locale import t
from pages._services import current_tenant, get_services

services = get_services()
tenant_id = current_tenant()
take_filter()
st.title(t("audit.title"))
st.caption(t("audit.intro"))
draw_filter(services, tenant_id)
wanted = read_filter()
with st.container(horizontal=True, vertical_alignment="center", key="audit_bar"):
    is_grouped = draw_together()
    draw_export(wanted)
draw_clear(wanted)
try:
    page = read_lines(services.audit, tenant_id, wanted, place=read_place(), is_grouped=is_grouped)
except InvalidInput:  # a place in the address that no page gave
    show_newest()
    page = read_lines(services.audit, tenant_id, wanted, place=(None, None), is_grouped=is_grouped)
if page.lines:
    draw_lines(page)
else:
    st.info(t("audit.nothing"), icon=":material/search_off:")
