"""A change of embedding models under way: how far it is, and what stands in its way."""

from __future__ import annotations

from uuid import UUID

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.embedding_switch import BROKE_OFF, UNEXPECTED, EmbeddingSwitches, SwitchStatus
from leanrag.errors import LeanRagError
from pages._documents_notice import attempt
from pages._documents_why import error_sentence, why
from pages._locale import is_right_to_left, number, t
from pages._safe_text import plain_text
from pages._services import may

POLL_SECONDS = 2.0
_NO_KEY = " needs a key: "  # in the sentence about a provider's model without one
_FROM_THE_RIGHT = """<style>
.st-key-documents_switch [data-testid="stProgressBarTrack"] { transform: scaleX(-1); }
</style>"""


def draw_switch(services: Services, tenant_id: UUID) -> None:
    """Show the tenant's change of embedding models, if there is one, redrawn as it goes on."""
    switches = services.embedding_switches
    status = switches.status(tenant_id)
    if is_right_to_left():
        st.html(_FROM_THE_RIGHT)
    if status.next_model:
        _poll(switches, tenant_id)
    elif status.error or status.by_words_alone:
        _draw(switches, tenant_id, status)


@st.fragment(run_every=POLL_SECONDS)
def _poll(switches: EmbeddingSwitches, tenant_id: UUID) -> None:
    """Redraw the change; the rest of the page does not depend on it."""
    try:
        status = switches.status(tenant_id)
    except LeanRagError as exc:
        st.error(error_sentence(exc), icon=":material/error:")
        return
    if status.next_model or status.error:
        _draw(switches, tenant_id, status)
    else:
        st.success(t("switch.done"), icon=":material/check_circle:")


def _draw(switches: EmbeddingSwitches, tenant_id: UUID, status: SwitchStatus) -> None:
    with st.container(border=True, key="documents_switch"):
        if status.next_model:
            _draw_progress(status)
        if status.by_words_alone:
            model = plain_text(status.model)
            st.warning(t("switch.by_words", model=model), icon=":material/match_word:")
        if status.error:
            reason = t("switch.error", reason=_reason(status.error))
            st.error(reason, icon=":material/error:")
            if may("knowledge.write"):
                st.button(
                    t("switch.try_again"),
                    icon=":material/refresh:",
                    key="documents_switch_again",
                    on_click=_start,
                    args=(switches, tenant_id),
                )


def _start(switches: EmbeddingSwitches, tenant_id: UUID) -> None:
    attempt(lambda: switches.start(tenant_id), t("switch.tried"))


def _draw_progress(status: SwitchStatus) -> None:
    st.markdown(f"**{t('switch.title')}**")
    done, total = number(status.done_count), number(status.total_count)
    share = status.done_count / status.total_count if status.total_count else 0.0
    st.progress(share, text=t("switch.progress", done=done, total=total))
    st.caption(t("switch.meanwhile", model=plain_text(status.next_model)))


def _reason(error: str) -> str:
    """Return for markdown what stands in the way, which the database keeps in English."""
    if error == UNEXPECTED:
        return t("switch.unexpected")
    if error == BROKE_OFF:
        return t("switch.broke_off")
    return t("switch.no_key") if _NO_KEY in error else why(error)
