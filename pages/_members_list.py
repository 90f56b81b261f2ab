"""The list of members: searched, paged, each with its role and what may be done with it."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.identity import Identity
from leanrag.members import MemberView
from pages._locale import number, t
from pages._members_change import ask_removal, ask_role
from pages._members_words import facts, member_name, role_name, role_sentence, roles_to_give
from pages._safe_text import plain_text
from pages._search import search

MEMBERS_PER_PAGE = 20
_STYLE = """<style>
[data-testid="stLayoutWrapper"]:has(> [class*="st-key-members_who_"]) {
  flex: 1 1 16rem;
  min-width: 0;
}
</style>"""


def draw_list(services: Services, identity: Identity, members: Sequence[MemberView]) -> None:
    """Draw the members that the search leaves, a page of them."""
    if not members:
        with st.container(border=True, key="members_empty"):
            st.markdown(f"#### {t('members.empty')}")
            st.caption(t("members.empty_next"))
        return
    st.html(_STYLE)
    found = _search(members)
    if not found:
        st.info(t("members.nothing"), icon=":material/search_off:")
        return
    pages = ceil(len(found) / MEMBERS_PER_PAGE)
    key = f"members_page_{pages}"
    page = min(int(st.session_state.get(key) or 1), pages)
    owners = [member.person_id for member in members if member.role == "owner"]
    for member in found[(page - 1) * MEMBERS_PER_PAGE : page * MEMBERS_PER_PAGE]:
        _draw_member(services, identity, member, is_only_owner=owners == [member.person_id])
    if pages > 1:
        st.pagination(pages, max_visible_pages=7, key=key)


def _search(members: Sequence[MemberView]) -> Sequence[MemberView]:
    """Draw the heading and, where there are many, the search; return whom it leaves."""
    heading = st.empty()
    found = search(
        members,
        lambda member: f"{member.name} {member.email}",
        label=t("members.search"),
        key="members_find",
    )
    count, total = number(len(found)), number(len(members))
    is_all = len(found) == len(members)
    heading.subheader(
        t("members.count", count=total) if is_all else t("members.found", count=count, total=total)
    )
    return found


def _draw_member(
    services: Services, identity: Identity, member: MemberView, *, is_only_owner: bool
) -> None:
    is_own = member.person_id == identity.person_id
    with st.container(
        border=True,
        horizontal=True,
        vertical_alignment="center",
        key=f"members_row_{member.person_id}",
    ):
        with st.container(gap="xsmall", key=f"members_who_{member.person_id}"):
            _draw_who(member, is_own=is_own)
            if is_only_owner:
                st.caption(f":material/info: {t('members.only_owner')}")
        if not is_only_owner and member.role in roles_to_give(identity):
            with st.container(
                horizontal=True, width="content", key=f"members_may_{member.person_id}"
            ):
                _draw_actions(services, identity, member, is_own=is_own)


def _draw_who(member: MemberView, *, is_own: bool) -> None:
    you = f" :green-badge[{t('members.you')}]" if is_own else ""
    with st.container(key=f"interface-members-{member.person_id}"):
        st.markdown(f"**{member_name(member)}** :gray-badge[{role_name(member.role)}]{you}")
    if member.name and member.email:
        st.caption(plain_text(member.email))
    st.caption(f"{role_sentence(member.role)}  \n{facts(member)}")


def _draw_actions(
    services: Services, identity: Identity, member: MemberView, *, is_own: bool
) -> None:
    if st.button(
        t("members.change"), icon=":material/badge:", key=f"members_change_{member.person_id}"
    ):
        ask_role(services, member, roles_to_give(identity), own=is_own)
    if not is_own and st.button(
        t("members.remove"),
        icon=":material/person_remove:",
        key=f"members_remove_{member.person_id}",
    ):
        ask_removal(services, member)
