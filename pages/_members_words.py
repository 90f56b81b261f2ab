"""What is said of members and roles, in words of the interface's language."""

from __future__ import annotations

import streamlit as st

from leanrag.identity import Identity
from leanrag.members import MemberView
from leanrag.permissions import ROLES, Role, may_give
from pages._locale import t, when
from pages._names import name_text


def role_name(role: Role) -> str:
    """Return what a role is called."""
    return t(f"shell.role.{role}")


def role_sentence(role: Role) -> str:
    """Return in one sentence what a role may do."""
    return t(f"members.may.{role}")


def member_name(member: MemberView) -> str:
    """Return for markdown what a member is called: by name, else by address."""
    return name_text(member.name or member.email or t("members.unnamed"))


def facts(member: MemberView) -> str:
    """Return for markdown since when somebody is a member, and by whom."""
    by = t("members.by_installation")
    if member.added_by:
        by = t("members.added_by", name=name_text(member.added_by))
    return f"{t('members.since', when=when(member.created_at))} · {by}"


def roles_to_give(identity: Identity) -> tuple[Role, ...]:
    """Return the roles that somebody may give and take, the strongest first."""
    role = identity.role
    if role is None or "members.write" not in identity.allowed:
        return ()
    return tuple(given for given in ROLES if may_give(role, given))


def draw_limits(identity: Identity) -> None:
    """Say in a quiet line what the visitor cannot change here, if anything."""
    given = roles_to_give(identity)
    if identity.is_suspended:
        st.caption(t("members.suspended"))
    elif given != ROLES:
        st.caption(t("members.may_give", roles=", ".join(role_name(role) for role in given)))
