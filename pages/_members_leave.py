"""Leaving the tenant oneself."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.identity import Identity
from leanrag.members import MemberView
from pages._identity import forget_everything
from pages._locale import LANGUAGE_KEY, t
from pages._members_notice import notice
from pages._names import name_text
from pages._services import current_tenant, visitor

_LEFT = "members_left"


def draw_leave(services: Services, identity: Identity, members: Sequence[MemberView]) -> None:
    """Draw the button to leave the tenant, for a member who is not its only owner."""
    owners = {member.person_id for member in members if member.role == "owner"}
    if identity.person_id is None or owners == {identity.person_id}:
        return
    if st.button(t("members.leave"), icon=":material/logout:", key="members_leave"):
        _ask(services, identity.person_id)


def _ask(services: Services, person_id: UUID) -> None:
    st.session_state.pop(_LEFT, None)
    tenant = name_text(services.tenants.get(current_tenant()).name)

    @st.dialog(t("members.leave_title"), icon=":material/logout:")
    def ask() -> None:
        if st.session_state.pop(_LEFT, False):
            st.rerun()  # the button forgot that it was pressed, with everything else
        with st.container(key="interface-members-leave"):
            st.markdown(t("members.leave_goes", tenant=tenant))
        with st.container(horizontal=True, horizontal_alignment="right"):
            if st.button(t("members.cancel"), key="members_leave_no"):
                st.rerun()
            if st.button(
                t("members.leave_yes"),
                type="primary",
                on_click=_leave,
                args=(services, person_id, tenant),
                key="members_leave_yes",
            ):
                st.rerun()  # it was refused

    ask()


def _leave(services: Services, person_id: UUID, tenant: str) -> None:
    remove, done = services.access.members.remove, t("members.left", tenant=tenant)
    if notice.attempt(lambda: remove(visitor(anew=True), person_id), done):
        forget_everything(but=frozenset({LANGUAGE_KEY}))  # of the tenant nothing may be left
        notice.say(done)
        st.session_state[_LEFT] = True
