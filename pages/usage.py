"""Usage: what the answers cost, and what they would have cost without the budget."""

from __future__ import annotations

import streamlit as st

from pages._downloads import services_later
from pages._locale import t
from pages._services import current_tenant, get_services
from pages._usage_alert import draw_alerts
from pages._usage_charts import draw_by_time, draw_shares
from pages._usage_table import draw_breakdown, draw_download
from pages._usage_tiles import choose_hours, draw_notes, draw_tiles

st.title(t("usage.title"))
st.caption(t("usage.intro"))
services = get_services()
tenant_id = current_tenant()
draw_alerts(services.usage.prompt_alerts(tenant_id))

hours = choose_hours()
with st.spinner(t("usage.loading")):
    report = services.usage.report(tenant_id, hours=hours)

if report.totals.requests:
    draw_tiles(report.totals)
    draw_notes(report.totals)
    draw_by_time(report, hours=hours)
    draw_shares(report)
    draw_breakdown(report, hours=hours)
    draw_download(services_later().usage, tenant_id, hours=hours)
else:
    st.info(t("usage.empty"), icon=":material/bar_chart:")
