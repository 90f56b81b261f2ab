"""What is said of keys: their state, who made them, and how a program uses one."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urlsplit
from uuid import UUID

import streamlit as st

from leanrag.api_keys import KeyView
from leanrag.bootstrap import Services
from leanrag.members import MemberView
from leanrag.permissions import Action
from pages._locale import t, when
from pages._members_words import member_name
from pages._names import name_text

KeyState = Literal["works", "expired", "revoked", "stopped"]
LOCAL_MAKER = "local"
# An endpoint that an example can call without changing anything, by the scope that it asks for.
_READABLE: Mapping[Action, str] = {"usage.read": "/v1/usage", "knowledge.read": "/v1/files"}


def key_state(key: KeyView, makers: Mapping[str, MemberView]) -> KeyState:
    """Return whether a key works; `makers` are the tenant's members by the text of their id."""
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at is not None and key.expires_at <= datetime.now(UTC):
        return "expired"
    return "works" if key.made_by in makers or key.made_by == LOCAL_MAKER else "stopped"


def makers_of(services: Services, tenant_id: UUID) -> dict[str, MemberView]:
    """Return the tenant's members by the text of their id, as keys name their makers."""
    members = services.access.members.list(tenant_id)
    return {str(member.person_id): member for member in members}


def working_keys_of(services: Services, tenant_id: UUID, member: MemberView) -> tuple[KeyView, ...]:
    """Return the keys that a member made and that work."""
    makers = {str(member.person_id): member}
    return tuple(
        key
        for key in services.access.keys.list(tenant_id)
        if key.made_by in makers and key_state(key, makers) == "works"
    )


def maker_text(key: KeyView, makers: Mapping[str, MemberView]) -> str:
    """Return for markdown who made a key."""
    if key.made_by == LOCAL_MAKER:
        return t("keys.by_local")
    maker = makers.get(key.made_by)
    return t("keys.made_by", name=member_name(maker)) if maker else t("keys.by_gone")


def times_text(key: KeyView) -> str:
    """Return when a key was made, when it ends or ended, and when it was used last."""
    if key.revoked_at is not None:
        end = t("keys.revoked_at", when=when(key.revoked_at))
    elif key.expires_at is None:
        end = t("keys.never_ends")
    else:
        is_past = key.expires_at <= datetime.now(UTC)
        end = t("keys.ended_at" if is_past else "keys.ends_at", when=when(key.expires_at))
    used = t("keys.used_at", when=when(key.used_at)) if key.used_at else t("keys.unused")
    return " · ".join((t("keys.made_at", when=when(key.created_at)), end, used))


def key_name(key: KeyView) -> str:
    """Return for markdown what a key is called."""
    return name_text(key.name, 100)


def console_address() -> str:
    """Return where the visitor's browser finds this console, without a path."""
    here = urlsplit(st.context.url or "")
    if here.scheme and here.netloc:
        return f"{here.scheme}://{here.netloc}"
    return f"http://{st.get_option('server.address')}:{st.get_option('server.port')}"


def example(text: str, scopes: Sequence[Action], address: str) -> str:
    """Return a command for a shell that uses a key for something that its scopes allow."""
    header = shlex.quote(f"Authorization: Bearer {text}")
    if "ask" in scopes:
        question = json.dumps({"question": t("keys.question")}, ensure_ascii=False)
        return (
            f"curl {shlex.quote(address + '/api/v1/ai/ask')} -H {header}"
            f" -H 'Content-Type: application/json' -d {shlex.quote(question)}"
        )
    path = next((_READABLE[scope] for scope in scopes if scope in _READABLE), "/v1/auth/me")
    return f"curl {shlex.quote(f'{address}/api{path}')} -H {header}"
