"""Where somebody is signed in: one sign-in or all others ended, and the way out."""

from __future__ import annotations

from math import ceil
from uuid import UUID

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.identity import Identity
from leanrag.sessions import SignInView
from pages._account_device import browser_name, is_handheld, system_name
from pages._chat_text import isolated
from pages._locale import number, t, when
from pages._safe_text import plain_text
from pages._tenants_notice import notice
from pages._visitor import sign_out

_PER_PAGE = 10
_PAGE = "account_page"
_MAX_AGENT = 60


def draw_sign_ins(services: Services, identity: Identity) -> None:
    """Draw the sign-ins that count, this one first, and what ends them."""
    if identity.person_id is None:
        return
    found = services.access.sessions.list(identity.person_id)
    mine = sorted(found, key=lambda one: one.sign_in_id != identity.sign_in_id)  # stable
    st.subheader(t("account.sign_ins"))
    st.caption(t("account.sign_ins_help"))
    with st.container(horizontal=True, key="account_ways_out"):
        if st.button(t("shell.sign_out"), icon=":material/logout:", key="account_sign_out"):
            sign_out(services, identity)
        others = sum(one.sign_in_id != identity.sign_in_id for one in found)
        if others and st.button(
            t("account.end_others"), icon=":material/devices_off:", key="account_end_others"
        ):
            _confirm(services, identity, others)
    pages = ceil(len(mine) / _PER_PAGE)
    page = min(pages, int(st.session_state.get(_PAGE, 1)))
    for one in mine[(page - 1) * _PER_PAGE : page * _PER_PAGE]:
        _draw_sign_in(services, identity, one)
    if pages > 1:
        st.session_state[_PAGE] = page
        st.pagination(pages, key=_PAGE)


def _draw_sign_in(services: Services, identity: Identity, one: SignInView) -> None:
    is_this = one.sign_in_id == identity.sign_in_id
    with (
        st.container(border=True, key=f"account_sign_in_{one.sign_in_id}"),
        st.container(horizontal=True, vertical_alignment="center"),
    ):
        with st.container(gap="xxsmall", key=f"interface-account-{one.sign_in_id}"):
            this = f" :green-badge[{t('account.this_one')}]" if is_this else ""
            kind = f":gray-badge[{t(f'account.kind.{one.kind}')}]"
            st.markdown(f"{_icon(one)} **{_device(one)}** {kind}{this}")
            st.caption(_facts(one))
        if not is_this:
            st.button(
                t("account.end"),
                icon=":material/close:",
                on_click=_end,
                args=(services, identity, one.sign_in_id),
                key=f"account_end_{one.sign_in_id}",
            )


def _icon(one: SignInView) -> str:
    if one.kind == "token":
        return ":material/terminal:"
    return ":material/smartphone:" if is_handheld(one.agent) else ":material/computer:"


def _device(one: SignInView) -> str:
    browser, system = browser_name(one.agent), system_name(one.agent)
    if browser and system:
        return t("account.device", browser=isolated(browser), system=isolated(system))
    named = browser or system or one.agent.strip()[:_MAX_AGENT]
    return isolated(plain_text(named)) if named else t("account.unknown_device")


def _facts(one: SignInView) -> str:
    facts = [t("account.since", when=isolated(when(one.created_at)))]
    if one.seen_at is not None:
        facts.append(t("account.seen", when=isolated(when(one.seen_at))))
    if one.ip:
        facts.append(t("account.from_ip", ip=isolated(plain_text(one.ip))))
    facts.append(t("account.until", when=isolated(when(one.expires_at))))
    return " · ".join(facts)


def _end(services: Services, identity: Identity, sign_in_id: UUID) -> None:
    person_id = identity.person_id
    assert person_id is not None  # draw_sign_ins drew nothing otherwise
    revoke = services.access.sessions.revoke
    notice.attempt(lambda: revoke(person_id, sign_in_id), t("account.ended"))


def _confirm(services: Services, identity: Identity, others: int) -> None:
    @st.dialog(t("account.end_others"), icon=":material/devices_off:")
    def ask() -> None:
        st.markdown(t("account.end_others_goes", count=number(others)))
        with st.container(horizontal=True, horizontal_alignment="right"):
            if st.button(t("account.keep"), key="account_end_others_no"):
                st.rerun()
            if st.button(
                t("account.end_others_yes"),
                type="primary",
                on_click=_end_others,
                args=(services, identity),
                key="account_end_others_yes",
            ):
                st.rerun()

    ask()


def _end_others(services: Services, identity: Identity) -> None:
    person_id, keep = identity.person_id, identity.sign_in_id
    assert person_id is not None
    revoke = services.access.sessions.revoke_others
    notice.attempt(
        lambda: revoke(person_id, keep=keep),
        lambda count: t("account.ended_many", count=number(count)),
    )
