"""What waits for a person: suggested questions and edits to review; and what was saved."""

from __future__ import annotations

from uuid import UUID

import streamlit as st

from leanrag.bootstrap import Services
from pages._documents_address import show_suggestions
from pages._documents_source_facts import savings_text
from pages._locale import number, t


def draw_waiting(services: Services, tenant_id: UUID) -> None:
    """Lead to the suggestions and the edits that wait for a decision; nothing where none does."""
    pairs = services.suggestions.count(tenant_id)
    reviews = services.passage_edits.count_reviews(tenant_id)
    if not pairs and not reviews:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="documents_waiting"):
        if pairs:
            st.button(
                t("documents.pairs_wait", count=number(pairs)),
                icon=":material/quiz:",
                on_click=show_suggestions,
                args=(True,),
                key="documents_pairs_open",
            )
        if reviews:
            st.page_link(
                "pages/passages.py",
                label=t("documents.reviews", count=number(reviews)),
                icon=":material/rule:",
                query_params={"review": "1"},
                width="content",
            )


def draw_savings(services: Services, tenant_id: UUID) -> None:
    """Say what embedding every passage once ever has saved the tenant; nothing where nothing."""
    text = savings_text(services.sources.savings(tenant_id), services.settings)
    if text:
        st.caption(f":material/savings: {text}")
