"""A tenant deleted with everything in it: asked with its name to be typed, and seen to its end."""

from __future__ import annotations

import logging
from functools import partial

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.errors import LeanRagError
from leanrag.tenant_removal import RemovedTenant
from leanrag.tenants import TenantView
from pages._delete_by_name import ask_deletion
from pages._locale import number, t
from pages._names import name_text
from pages._services import visitor
from pages._tenants_notice import notice
from pages._tenants_work import Work, poll

_WORK = "tenants_removal"
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
        ask_deletion(
            notice,
            name=tenant.name,
            slug=tenant.slug,
            goes=t("tenants.delete_goes"),
            delete=partial(_begin, services, tenant),
        )


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
        notice.draw_problem()


def _begin(services: Services, tenant: TenantView, typed: str) -> None:
    work = Work(tenant.tenant_id, tenant.name)
    remove = services.tenant_removal.remove
    try:
        work.start(
            lambda: remove(str(tenant.tenant_id), confirmed=typed, on_progress=work.hear_removal)
        )
    except LeanRagError as error:  # whoever asks is signed out, or may no longer do this
        notice.complain(error)
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
        notice.say(t("tenants.deleted", name=name, rows=rows, people=people))
    elif isinstance(error, LeanRagError):
        notice.complain(error)
    else:
        _log.error("Deleting a tenant failed.", exc_info=error)
        notice.complain(t("tenants.delete_failed", name=name))
