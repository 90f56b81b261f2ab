"""The filtered events as a CSV file, made when the button is pressed."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from leanrag.audit import MAX_EXPORT, AuditFilter
from pages._downloads import services_later
from pages._locale import number, t
from pages._services import current_tenant


def draw_export(wanted: AuditFilter) -> None:
    """Offer what the filter leaves as a file; that it was taken is an event of its own."""
    services, tenant_id = services_later(), current_tenant()
    st.download_button(
        t("audit.export"),
        lambda: services.audit.export(tenant_id, wanted).data,
        file_name=f"leanrag-audit-{datetime.now(UTC):%Y-%m-%d}.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        help=t("audit.export_help", most=number(MAX_EXPORT)),
        key="audit_export",
    )
