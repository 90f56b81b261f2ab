"""Members: who may sign in to the tenant, with which role, and what each role may do."""

from __future__ import annotations

import streamlit as st

from pages._locale import t
from pages._members_add import draw_add
from pages._members_leave import draw_leave
from pages._members_list import draw_list
from pages._members_notice import notice
from pages._members_roles import draw_roles
from pages._members_words import draw_limits
from pages._services import get_services, visitor

services = get_services()
identity = visitor()
members = services.access.members.list(identity.tenant_id)

st.title(t("members.title"))
st.caption(t("members.intro"))
if services.settings.auth == "none":
    st.info(t("members.local"), icon=":material/info:")
notice.draw()
draw_limits(identity)
draw_add(services, identity)
draw_list(services, identity, members)
draw_leave(services, identity, members)
draw_roles()
