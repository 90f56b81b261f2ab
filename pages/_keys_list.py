"""The list of keys: those that work, those that ended, and the way to end one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from uuid import UUID

import streamlit as st

from leanrag.api_keys import KeyView
from leanrag.bootstrap import Services
from leanrag.identity import Identity
from leanrag.members import MemberView
from leanrag.permissions import may
from pages._keys_words import KeyState, key_name, key_state, maker_text, makers_of, times_text
from pages._locale import number, t
from pages._members_notice import notice
from pages._members_roles import action_text

KEYS_PER_PAGE = 20
_SHOWN = "keys_shown"
_COLORS: Mapping[KeyState, str] = {
    "works": "green",
    "stopped": "orange",
    "expired": "gray",
    "revoked": "gray",
}
_STYLE = """<style>
[data-testid="stLayoutWrapper"]:has(> [class*="st-key-keys_what_"]) {
  flex: 1 1 16rem;
  min-width: 0;
}
</style>"""


def draw_list(services: Services, identity: Identity) -> None:
    """Draw the tenant's keys, a page of them, the newest first."""
    keys = services.access.keys.list(identity.tenant_id)
    if not keys:
        with st.container(border=True, key="keys_empty"):
            st.markdown(f"#### {t('keys.empty')}")
            st.caption(t("keys.empty_next"))
        return
    st.html(_STYLE)
    makers = makers_of(services, identity.tenant_id)
    shown = _choose(keys, makers)
    if not shown:
        st.info(t("keys.none_works"), icon=":material/key_off:")
        return
    pages = ceil(len(shown) / KEYS_PER_PAGE)
    page_key = f"keys_page_{pages}"
    page = min(int(st.session_state.get(page_key) or 1), pages)
    for key in shown[(page - 1) * KEYS_PER_PAGE : page * KEYS_PER_PAGE]:
        _draw_key(services, identity.tenant_id, key, makers)
    if pages > 1:
        st.pagination(pages, max_visible_pages=7, key=page_key)


def _choose(keys: Sequence[KeyView], makers: Mapping[str, MemberView]) -> Sequence[KeyView]:
    """Return the keys that work or those that ended, as the visitor chooses."""
    works = [key for key in keys if key_state(key, makers) == "works"]
    ended = [key for key in keys if key_state(key, makers) != "works"]
    if not ended:
        return works
    texts = {
        "works": t("keys.show_works", count=number(len(works))),
        "ended": t("keys.show_ended", count=number(len(ended))),
    }
    chosen = st.segmented_control(
        t("keys.title"),
        tuple(texts),
        default="works",
        required=True,
        format_func=lambda name: texts[name],
        label_visibility="collapsed",
        key=_SHOWN,
    )
    return ended if chosen == "ended" else works


def _draw_key(
    services: Services, tenant_id: UUID, key: KeyView, makers: Mapping[str, MemberView]
) -> None:
    state = key_state(key, makers)
    with st.container(border=True, gap="small", key=f"keys_row_{key.key_id}"):
        with st.container(
            horizontal=True, vertical_alignment="center", key=f"keys_head_{key.key_id}"
        ):
            with st.container(gap="xsmall", key=f"keys_what_{key.key_id}"):
                _draw_what(key, state, makers)
            if state in ("works", "stopped") and st.button(
                t("keys.revoke"), icon=":material/block:", key=f"keys_revoke_{key.key_id}"
            ):
                _ask_revoking(services, tenant_id, key)
        with st.expander(t("keys.may", count=number(len(key.scopes)))):
            _draw_scopes(key, makers)


def _draw_what(key: KeyView, state: KeyState, makers: Mapping[str, MemberView]) -> None:
    badge = f":{_COLORS[state]}-badge[{t(f'keys.{state}')}]"
    with st.container(key=f"interface-keys-{key.key_id}"):
        st.markdown(f"**{key_name(key)}** `{key.prefix}…` {badge}")
    st.caption(f"{maker_text(key, makers)} · {times_text(key)}")
    if state == "stopped":
        st.caption(f":material/info: {t('keys.stopped_why')}")


def _draw_scopes(key: KeyView, makers: Mapping[str, MemberView]) -> None:
    maker = makers.get(key.made_by)
    lines = []
    for scope in key.scopes:
        is_lost = maker is not None and not may(maker.role, scope)
        lines.append(f"- {action_text(scope)}" + (f" – *{t('keys.lost')}*" if is_lost else ""))
    with st.container(key=f"interface-keys-may-{key.key_id}"):
        st.markdown("\n".join(lines))


def _ask_revoking(services: Services, tenant_id: UUID, key: KeyView) -> None:
    @st.dialog(t("keys.revoke_title"), icon=":material/block:")
    def ask() -> None:
        with st.container(key="interface-keys-revoke"):
            st.markdown(f"**{key_name(key)}** `{key.prefix}…`")
        st.markdown(t("keys.revoke_goes"))
        with st.container(horizontal=True, horizontal_alignment="right"):
            if st.button(t("keys.cancel"), key="keys_revoke_no"):
                st.rerun()
            if st.button(
                t("keys.revoke_yes"),
                type="primary",
                on_click=_revoke,
                args=(services, tenant_id, key),
                key="keys_revoke_yes",
            ):
                st.rerun()

    ask()


def _revoke(services: Services, tenant_id: UUID, key: KeyView) -> None:
    revoke = services.access.keys.revoke
    notice.attempt(
        lambda: revoke(tenant_id, key.key_id), t("keys.revoked_done", name=key_name(key))
    )
