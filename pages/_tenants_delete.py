"""A tenant deleted with everything in it: asked with its name to be typed, and seen to its end."""

from __future__ import annotations

import logging

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.errors import LeanRagError
from leanrag.tenant_removal import RemovedTenant
from leanrag.tenants import TenantView
from pages._chat_text import isolated
from pages._locale import number, t
from pages._safe_text import plain_text
from pages._services import visitor
from pages._tenants_errors import problem_text
from pages._tenants_notice import complain, draw_problem, say
from pages._tenants_words import name_text
from pages._tenants_work import Work, poll

_WORK, _TYPED = "tenants_removal", "tenants_typed"
_log = logging.getLogger("leanrag.console")


def draw_delete(services: Services, tenant: TenantView, *, place: str) -> None:
    """Draw the button that asks whether to delete a tenant; `place` tells it from others."""
    goes_on = tenant.status == "deleting"
    if st.button(
        t("tenants.delete_go_on" if goes_on else "tenants.delete"),
        icon=":material/delete_forever:",
        disabled=is_deleting(),
        key=f"tenants_delete_{place}",
    ):
        st.session_state[_TYPED] = ""
        _confirm(services, tenant)


def is_deleting() -> bool:
    """Tell whether this page deletes a tenant right now."""
    return _WORK in st.session_state


def draw_deletion() -> None:
    """Show how far a deletion is that was begun here, or what came of it."""
    work: Work | None = st.session_state.get(_WORK)
    if work is None:
        return
    if work.result.done():
        visitor(anew=True)  # whose only tenant it was is told by the way to sign in
        del st.session_state[_WORK]
        _tell(work)
    else:
        poll(work, _progress)


def draw_farewell() -> None:
    """Say once to whoever deleted a tenant in this tab, and is signed out by it, what came of it.

    Nobody else has this in a tab, so it tells no stranger that there was such a tenant.
    """
    work: Work | None = st.session_state.get(_WORK)
    if work is None or not work.result.done():
        return
    del st.session_state[_WORK]
    if work.result.exception() is None:
        done = t("sign_in.tenant_deleted", name=name_text(work.name))
        st.success(done, icon=":material/check_circle:")
    else:
        _tell(work)
        draw_problem()


def _confirm(services: Services, tenant: TenantView) -> None:
    @st.dialog(t("tenants.delete_title"), icon=":material/delete_forever:")
    def ask() -> None:
        with st.container(key="interface-tenants-delete"):
            st.markdown(f"**{name_text(tenant.name)}**")
        st.markdown(t("tenants.delete_goes"))
        st.caption(t("tenants.delete_stays"))
        has_failed = draw_problem()
        with st.form("tenants_delete_form", border=False):
            label = t("tenants.delete_type", slug=isolated(plain_text(tenant.slug)))
            st.text_input(label, key=_TYPED, autocomplete="off")
            pressed = st.form_submit_button(
                t("tenants.delete_yes"),
                type="primary",
                icon=":material/delete_forever:",
                on_click=_begin,
                args=(services, tenant),
            )
        if pressed and not has_failed:
            st.rerun()

    ask()


def _begin(services: Services, tenant: TenantView) -> None:
    typed = str(st.session_state[_TYPED]).strip()
    if typed != tenant.slug:
        complain(plain_text(t("tenants.error_wrong_slug", slug=tenant.slug)))
        return
    work = Work(tenant.tenant_id, tenant.name)
    remove = services.tenant_removal.remove
    try:
        work.start(
            lambda: remove(str(tenant.tenant_id), confirmed=typed, on_progress=work.hear_removal)
        )
    except LeanRagError as error:  # whoever asks is signed out, or may no longer do this
        complain(problem_text(error))
    else:
        st.session_state[_WORK] = work


def _progress(work: Work) -> str:
    name = name_text(work.name)
    return t("tenants.deleting", name=name, count=number(work.done))


def _tell(work: Work) -> None:
    error = work.result.exception()
    name = name_text(work.name)
    if error is None:
        removed = work.result.result()
        assert isinstance(removed, RemovedTenant)
        rows, people = number(sum(removed.rows.values())), number(removed.people)
        say(t("tenants.deleted", name=name, rows=rows, people=people))
    elif isinstance(error, LeanRagError):
        complain(problem_text(error))
    else:
        _log.error("Deleting a tenant failed.", exc_info=error)
        complain(t("tenants.delete_failed", name=name))
