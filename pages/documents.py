"""Documents: what the bot knows from; add files, watch them being read, look inside, delete."""

from __future__ import annotations

import streamlit as st

from pages._documents_list import draw_empty, draw_list
from pages._documents_progress import draw_failed, draw_progress
from pages._documents_source import chosen_source, draw_source
from pages._documents_upload import draw_outcomes, draw_upload
from pages._locale import t
from pages._services import get_services

MAX_LISTED = 500

services = get_services()
tenant_id = services.local_tenant_id
chosen = chosen_source()
if chosen is not None:
    draw_source(services.sources, tenant_id, chosen)
else:
    st.title(t("documents.title"))
    st.caption(t("documents.intro"))
    draw_upload(services.ingest, tenant_id, max_bytes=services.settings.max_file_bytes)
    listed = services.sources.list(tenant_id, limit=MAX_LISTED)
    draw_outcomes(listed)
    draw_progress(services.sources, tenant_id, listed)
    draw_failed(listed)
    if listed:
        draw_list(listed, most=MAX_LISTED)
    else:
        draw_empty()
