"""Questions that websites answer, suggested as FAQ pairs: a person approves them, or not."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import ceil
from urllib.parse import unquote
from uuid import UUID

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.sources import SourceView
from leanrag.suggested_pairs import PAIR_STATES, PairState
from leanrag.suggestions import Approved, SuggestionView
from pages._chat_text import direction, isolated
from pages._documents_choice import draw_choice
from pages._documents_notice import attempt, draw_notice
from pages._documents_progress import hold_dialog
from pages._documents_suggest_edit import ask_words
from pages._locale import number, t, when
from pages._safe_text import plain_text
from pages._services import may

PAIRS_PER_PAGE = 10
MAX_ADDRESS_LETTERS = 70
_WEB = ("https://", "http://")
_STATE, _PAGE, _CHOSEN = "documents_pair_state", "documents_pair_page", "documents_pairs_chosen"


def draw_all_suggestions(services: Services, tenant_id: UUID) -> None:
    """Draw the suggestions of all websites."""
    st.header(t("documents.suggestions"), anchor=False)
    draw_notice()
    _draw(services, tenant_id, None)


def draw_suggestions_of(services: Services, tenant_id: UUID, source: SourceView) -> None:
    """Draw the suggestions of one website."""
    _draw(services, tenant_id, source.source_id)


def _draw(services: Services, tenant_id: UUID, source_id: UUID | None) -> None:
    st.caption(t("documents.suggestions_what", list=t("documents.approved_list")))
    counts = {
        state: services.suggestions.count(tenant_id, source_id=source_id, state=state)
        for state in PAIR_STATES
    }
    names = {
        state: f"{t(f'documents.pairs_{state}')} ({number(counts[state])})" for state in PAIR_STATES
    }
    state = draw_choice(t("documents.column_status"), names, key=_STATE, on_change=_first_page)
    total = counts[state]
    if not total:
        st.info(t(f"documents.pairs_none_{state}"), icon=":material/task_alt:")
        return
    pages = max(1, ceil(total / PAIRS_PER_PAGE))
    page = min(st.session_state.get(_PAGE, 1), pages)
    pairs = services.suggestions.list(
        tenant_id,
        source_id=source_id,
        state=state,
        limit=PAIRS_PER_PAGE,
        offset=(page - 1) * PAIRS_PER_PAGE,
    )
    if state != "approved" and may("knowledge.write"):
        _draw_bulk(services, tenant_id, pairs, state)
    for pair in pairs:
        _draw_pair(services, tenant_id, pair, with_title=source_id is None)
    if pages > 1:
        st.pagination(pages, max_visible_pages=5, key=_PAGE)


def _first_page() -> None:
    st.session_state.pop(_PAGE, None)
    st.session_state.pop(_CHOSEN, None)


# ---- several at once --------------------------------------------------------------------------


def _draw_bulk(
    services: Services, tenant_id: UUID, pairs: Sequence[SuggestionView], state: PairState
) -> None:
    chosen = [pair for pair in pairs if pair.pair_id in _chosen()]
    with st.container(horizontal=True, vertical_alignment="center", key="documents_pairs_bulk"):
        if len(chosen) < len(pairs):
            st.button(
                t("documents.choose_all"),
                type="tertiary",
                icon=":material/select_check_box:",
                on_click=_choose_all,
                args=(pairs,),
                key="documents_pairs_all",
            )
        if not chosen:
            return
        st.markdown(f"**{t('documents.chosen', count=number(len(chosen)))}**", width="content")
        ids = [pair.pair_id for pair in chosen]
        _draw_decisions(services, tenant_id, ids, state, key="chosen", is_main=True)


def _draw_decisions(
    services: Services,
    tenant_id: UUID,
    ids: Collection[UUID],
    state: PairState,
    *,
    key: str,
    is_main: bool = False,
) -> None:
    st.button(
        t("documents.approve"),
        type="primary" if is_main else "secondary",
        icon=":material/check:",
        on_click=_approve,
        args=(services, tenant_id, ids),
        key=f"documents_approve_{key}",
    )
    if state == "waiting":
        st.button(
            t("documents.reject"),
            icon=":material/close:",
            on_click=_reject,
            args=(services, tenant_id, ids),
            key=f"documents_reject_{key}",
        )


def _chosen() -> frozenset[UUID]:
    chosen: frozenset[UUID] = st.session_state.get(_CHOSEN, frozenset())
    return chosen


def _choose_all(pairs: Sequence[SuggestionView]) -> None:
    st.session_state[_CHOSEN] = frozenset(pair.pair_id for pair in pairs)


def _choose(key: str, pair_id: UUID) -> None:
    chosen = _chosen() | {pair_id} if st.session_state[key] else _chosen() - {pair_id}
    st.session_state[_CHOSEN] = chosen


def _approve(services: Services, tenant_id: UUID, ids: Collection[UUID]) -> None:
    def approve() -> Approved:
        title = t("documents.approved_list")
        return services.suggestions.approve(tenant_id, ids, by="", list_title=title)

    if attempt(approve, t("documents.approved", count=number(len(ids)))):
        st.session_state.pop(_CHOSEN, None)


def _reject(services: Services, tenant_id: UUID, ids: Collection[UUID]) -> None:
    def reject() -> int:
        return services.suggestions.reject(tenant_id, ids, by="")

    if attempt(reject, t("documents.rejected", count=number(len(ids)))):
        st.session_state.pop(_CHOSEN, None)


# ---- one pair ---------------------------------------------------------------------------------


def _draw_pair(
    services: Services, tenant_id: UUID, pair: SuggestionView, *, with_title: bool
) -> None:
    may_decide = may("knowledge.write")
    with st.container(border=True, gap="xsmall", key=f"documents_pair_{pair.pair_id}"):
        with st.container(
            horizontal=True, vertical_alignment="center", key=f"documents_head_{pair.pair_id}"
        ):
            if pair.state != "approved" and may_decide:
                _draw_choice(pair)
            st.markdown(f"**{isolated(plain_text(pair.question))}**")
        with st.container(key=f"{direction(pair.answer)}-documents-pair-{pair.pair_id}"):
            st.text(pair.answer)
        if pair.notice:
            st.warning(t(f"documents.pair_{pair.notice}"), icon=":material/sync_problem:")
            if pair.approved_answer:
                with st.container(key=f"{direction(pair.approved_answer)}-old-{pair.pair_id}"):
                    st.caption(plain_text(pair.approved_answer))
        st.caption(" · ".join(_place(pair, with_title=with_title)))
        with st.container(horizontal=True, vertical_alignment="center"):
            if may_decide:
                _draw_ways(services, tenant_id, pair)
            if pair.url.startswith(_WEB):
                st.link_button(
                    t("documents.pair_page"),
                    pair.url,
                    type="tertiary",
                    icon=":material/open_in_new:",
                    key=f"documents_pair_page_{pair.pair_id}",
                )


def _draw_ways(services: Services, tenant_id: UUID, pair: SuggestionView) -> None:
    if pair.state != "approved":
        _draw_decisions(services, tenant_id, [pair.pair_id], pair.state, key=str(pair.pair_id))
    if st.button(
        t("documents.pair_edit"),
        icon=":material/edit:",
        key=f"documents_pair_edit_{pair.pair_id}",
    ):
        hold_dialog()
        ask_words(services, tenant_id, pair)


def _draw_choice(pair: SuggestionView) -> None:
    key = f"documents_pair_choose_{pair.pair_id}"
    st.session_state[key] = pair.pair_id in _chosen()
    st.checkbox(
        t("documents.choose"),
        label_visibility="collapsed",
        width="content",
        on_change=_choose,
        args=(key, pair.pair_id),
        key=key,
    )


def _place(pair: SuggestionView, *, with_title: bool) -> list[str]:
    address = unquote(pair.url).partition("://")[2]
    if len(address) > MAX_ADDRESS_LETTERS:
        address = address[:MAX_ADDRESS_LETTERS] + "…"
    place = [isolated(plain_text(pair.source_title))] if with_title else []
    place.append(isolated(plain_text(address)))
    if pair.decided_at is not None:
        place.append(when(pair.decided_at))
        if pair.decided_by:
            place.append(isolated(plain_text(pair.decided_by)))
    return place
