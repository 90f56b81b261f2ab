"""Edits whose source changed beneath them: what it said, what was made of it, what it says now."""

from __future__ import annotations

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.edit_reviews import EditReview
from leanrag.passage_edits import Decision
from pages._chat_text import direction, isolated
from pages._locale import is_right_to_left, number, t, when
from pages._passages_address import open_passage, show_reviews
from pages._passages_edit import attempt, draw_notice
from pages._passages_words import cut
from pages._reading import say_reads_only
from pages._row_label import label_text
from pages._safe_text import plain_text
from pages._services import current_tenant, may

MAX_REVIEWS = 20


def draw_waiting(services: Services) -> None:
    """Say how many edits wait for a decision, and lead to them; nothing where none does."""
    waiting = services.passage_edits.count_reviews(current_tenant())
    if not waiting:
        return
    with st.container(
        border=True, horizontal=True, vertical_alignment="center", key="passages_waiting"
    ):
        st.markdown(f":material/rule: {t('passages.waiting', count=number(waiting))}")
        st.button(t("passages.review"), on_click=show_reviews, args=(True,), key="passages_review")


def draw_reviews(services: Services) -> None:
    """List the edits that wait for a decision, each with the words to choose from."""
    st.button(
        t("passages.back"),
        icon=f":material/arrow_{'forward' if is_right_to_left() else 'back'}:",
        type="tertiary",
        on_click=show_reviews,
        args=(False,),
        key="passages_review_back",
    )
    st.header(t("passages.review_title"))
    if may("knowledge.write"):
        st.caption(t("passages.review_intro"))
    else:
        say_reads_only("passages", "knowledge.write")
    draw_notice()
    tenant_id = current_tenant()
    reviews = services.passage_edits.reviews(tenant_id, limit=MAX_REVIEWS)
    if not reviews:
        st.success(t("passages.review_none"), icon=":material/task_alt:")
    for review in reviews:
        _draw_review(services, review)
    if len(reviews) == MAX_REVIEWS:
        total = services.passage_edits.count_reviews(tenant_id)
        st.caption(t("passages.review_more", shown=number(len(reviews)), total=number(total)))


def _draw_review(services: Services, review: EditReview) -> None:
    with st.container(border=True, key=f"passages_review_{review.edit_id}"):
        with st.container(key=f"interface-passages-review-{review.edit_id}"):
            st.markdown(f"**{isolated(plain_text(cut(review.source_title)))}**")
        st.caption(" · ".join(_facts(review)))
        if review.state == "gone":
            st.info(t("passages.review_gone"), icon=":material/link_off:")
        columns = st.columns(2 if review.state == "gone" else 3, gap="small")
        edited = review.current_text or review.edited_text or review.original_text
        shown = [("original", review.original_text), ("edited", edited)]
        if review.state != "gone":
            shown.append(("newer", review.newer_text))
        for column, (name, text) in zip(columns, shown, strict=True):
            with column:
                _draw_text(f"{name}_{review.edit_id}", t(f"passages.review_{name}"), text)
        _draw_decisions(services, review)


def _facts(review: EditReview) -> list[str]:
    facts = [isolated(plain_text(cut(review.heading)))] if review.heading else []
    if review.page is not None:
        facts.append(t("passages.page", page=number(review.page)))
    elif review.label:
        facts.append(isolated(plain_text(label_text(review.label))))
    facts.append(t("passages.edited_at", moment=when(review.edited_at)))
    if review.is_citable is not None:
        facts.append(t("passages.citable_yes" if review.is_citable else "passages.citable_no"))
    if review.enabled is not None:
        facts.append(t("passages.enabled_yes" if review.enabled else "passages.enabled_no"))
    return facts


def _draw_text(key: str, label: str, text: str) -> None:
    st.markdown(f"**{label}**")
    with st.container(border=True, key=f"{direction(text)}-passages-{key}"):
        st.text(text)


def _draw_decisions(services: Services, review: EditReview) -> None:
    is_gone = review.state == "gone"
    decisions: tuple[Decision, ...] = ("keep", "drop") if is_gone else ("keep", "take_newer")
    with st.container(horizontal=True):
        for decision in decisions if may("knowledge.write") else ():
            name = f"{decision}_gone" if is_gone else decision
            st.button(
                t(f"passages.decide_{name}"),
                type="primary" if decision == "keep" else "secondary",
                help=t(f"passages.decide_{name}_help"),
                on_click=_settle,
                args=(services, review, decision),
                key=f"passages_{decision}_{review.edit_id}",
            )
        if review.chunk_ids:
            st.button(
                t("passages.open"),
                type="tertiary",
                on_click=_open,
                args=(review,),
                key=f"passages_see_{review.edit_id}",
            )


def _settle(services: Services, review: EditReview, decision: Decision) -> None:
    attempt(
        lambda: services.passage_edits.settle(
            current_tenant(), review.edit_id, decision, expected=review.version
        ),
        t("passages.settled"),
    )


def _open(review: EditReview) -> None:
    show_reviews(False)
    open_passage(review.chunk_ids[0])
