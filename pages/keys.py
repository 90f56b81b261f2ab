"""API keys: what programs come in with, made here, shown once, and revoked."""

from __future__ import annotations

import streamlit as st

from pages._keys_list import draw_list
from pages._keys_make import draw_make
from pages._keys_words import console_address
from pages._locale import t
from pages._members_notice import notice
from pages._services import get_services, visitor

services = get_services()
identity = visitor()

st.title(t("keys.title"))
st.caption(t("keys.intro"))
notice.draw()
draw_make(services, identity)
draw_list(services, identity)
st.caption(t("keys.described", address=f"`{console_address()}/api/docs`"))
