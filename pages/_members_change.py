"""Changing a member's role, and removing a member: each is asked before it is done."""

from __future__ import annotations

from functools import partial

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.members import MemberView
from leanrag.permissions import Role
from pages._keys_words import working_keys_of
from pages._locale import number, t
from pages._members_add import draw_role_choice
from pages._members_notice import notice
from pages._members_words import member_name, role_name
from pages._names import name_text
from pages._safe_text import plain_text
from pages._services import may, visitor

_KEYS_NAMED = 5


def ask_role(services: Services, member: MemberView, roles: tuple[Role, ...], *, own: bool) -> None:
    """Open the dialog that asks for a member's new role."""
    key = f"members_role_{member.person_id}"
    st.session_state.pop(key, None)

    @st.dialog(t("members.change_title"), icon=":material/badge:")
    def ask() -> None:
        _draw_whom(member)
        draw_role_choice(roles, member.role, key=key)
        st.caption(t("members.change_when"))
        if own:
            st.warning(t("members.change_own"), icon=":material/warning:")
        change = partial(_change, services, member, key)
        _draw_answers(t("members.change_yes"), change, key="members_change")

    ask()


def ask_removal(services: Services, member: MemberView) -> None:
    """Open the dialog that says what follows from removing a member."""

    @st.dialog(t("members.remove_title"), icon=":material/person_remove:")
    def ask() -> None:
        _draw_whom(member)
        st.markdown(t("members.remove_sign_ins"))
        if may("keys.write"):
            st.markdown(_keys_text(services, member))
        st.caption(t("members.remove_stays"))
        remove = partial(_remove, services, member)
        _draw_answers(t("members.remove_yes"), remove, key="members_remove")

    ask()


def _draw_whom(member: MemberView) -> None:
    with st.container(key="interface-members-whom"):
        st.markdown(f"**{member_name(member)}**")
    if member.name and member.email:
        st.caption(plain_text(member.email))


def _draw_answers(yes: str, action: partial[None], *, key: str) -> None:
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button(t("members.cancel"), key=f"{key}_no"):
            st.rerun()
        if st.button(yes, type="primary", on_click=action, key=f"{key}_yes"):
            st.rerun()


def _keys_text(services: Services, member: MemberView) -> str:
    keys = working_keys_of(services, visitor().tenant_id, member)
    if not keys:
        return t("members.remove_no_keys")
    names = [name_text(key.name, 40) for key in keys[:_KEYS_NAMED]]
    if len(keys) > _KEYS_NAMED:
        names.append(t("members.and_more", count=number(len(keys) - _KEYS_NAMED)))
    return t("members.remove_keys", names=", ".join(names))


def _change(services: Services, member: MemberView, key: str) -> None:
    role: Role = st.session_state[key]
    change = services.access.members.change_role
    done = t("members.changed", name=member_name(member), role=role_name(role))
    notice.attempt(lambda: change(visitor(anew=True), member.person_id, role), done)


def _remove(services: Services, member: MemberView) -> None:
    remove = services.access.members.remove
    done = t("members.removed", name=member_name(member))
    notice.attempt(lambda: remove(visitor(anew=True), member.person_id), done)
