"""Adding a member by address and role."""

from __future__ import annotations

from functools import partial

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.identity import Identity
from leanrag.permissions import Role
from pages._locale import t
from pages._members_notice import notice
from pages._members_words import role_name, role_sentence, roles_to_give
from pages._names import name_text
from pages._services import visitor

_EMAIL, _NAME, _ROLE = "members_email", "members_name", "members_role"
_ADDED = "members_added"


def draw_add(services: Services, identity: Identity) -> None:
    """Draw the button that asks whom to add, where the visitor may."""
    roles = roles_to_give(identity)
    if roles and st.button(
        t("members.add"), type="primary", icon=":material/person_add:", key="members_add"
    ):
        _ask(services, roles)


def _ask(services: Services, roles: tuple[Role, ...]) -> None:
    for key in (_EMAIL, _NAME, _ROLE, _ADDED):
        st.session_state.pop(key, None)  # a dialog that was closed leaves what was typed

    @st.dialog(t("members.add"), icon=":material/person_add:")
    def ask() -> None:
        if st.session_state.pop(_ADDED, False):
            st.rerun()
        st.caption(t("members.add_intro"))
        notice.draw_problem()
        with st.form("members_new", border=False):
            st.text_input(
                t("members.email"), placeholder="name@example.com", max_chars=254, key=_EMAIL
            )
            st.text_input(t("members.name"), max_chars=200, key=_NAME)
            draw_role_choice(roles, roles[-1], key=_ROLE)
            st.form_submit_button(
                t("members.add_yes"),
                type="primary",
                width="stretch",
                on_click=_add,
                args=(services,),
                key="members_add_yes",
            )

    ask()


def draw_role_choice(roles: tuple[Role, ...], chosen: Role, *, key: str) -> None:
    """Draw the choice of a role, each with what it may do; the session holds what is chosen."""
    st.radio(
        t("members.role"),
        roles,
        index=roles.index(chosen),
        format_func=role_name,
        captions=[role_sentence(role) for role in roles],
        key=key,
    )


def _add(services: Services) -> None:
    email, name = str(st.session_state[_EMAIL]), str(st.session_state[_NAME])
    role: Role = st.session_state[_ROLE]
    add = partial(services.access.members.add, visitor(anew=True), email, role, name)
    done = t("members.added", name=name_text(name.strip() or email.strip()))
    st.session_state[_ADDED] = notice.attempt(add, done)
