"""My account: who I am, what I may do where, where I am signed in, and the tenant as a whole."""

from __future__ import annotations

import streamlit as st

from pages._account_sign_ins import draw_sign_ins
from pages._account_tenant import draw_own_tenant
from pages._account_tenants import draw_memberships
from pages._account_who import draw_who
from pages._locale import t
from pages._services import get_services, visitor
from pages._tenants_delete import draw_deletion
from pages._tenants_notice import notice

services, identity = get_services(), visitor()
with st.container(key="account_column"):
    st.title(t("account.title"))
    draw_deletion()
    notice.draw()
    draw_who(identity)
    draw_memberships(services, identity)
    draw_sign_ins(services, identity)
    draw_own_tenant(services, identity)
