"""Tenants: the installation's list, for whoever administers it."""

from __future__ import annotations

import streamlit as st

from pages._locale import t
from pages._services import get_services, visitor
from pages._tenants_create import draw_create
from pages._tenants_delete import draw_deletion
from pages._tenants_list import draw_list
from pages._tenants_notice import notice

services, identity = get_services(), visitor()
with st.container(key="tenants_column"):
    st.title(t("tenants.title"))
    st.caption(t("tenants.intro"))
    draw_deletion()
    notice.draw()
    draw_create(services)
    draw_list(services, identity)
