"""A suggested pair in a person's own words."""

from __future__ import annotations

from uuid import UUID

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.errors import LeanRagError
from leanrag.suggestions import (
    MAX_ANSWER_CHARACTERS,
    MAX_QUESTION_CHARACTERS,
    SuggestionView,
)
from pages._chat_text import direction
from pages._documents_notice import say
from pages._documents_why import error_sentence
from pages._locale import number, t

_PROBLEM = "documents_pair_problem"


def ask_words(services: Services, tenant_id: UUID, pair: SuggestionView) -> None:
    """Open the dialog that approves a pair in other words than the website's."""
    st.session_state.pop(_PROBLEM, None)

    @st.dialog(t("documents.pair_edit_title"), icon=":material/edit:", on_dismiss="rerun")
    def ask() -> None:
        question, answer = f"documents_pair_q_{pair.pair_id}", f"documents_pair_a_{pair.pair_id}"
        with st.container(key=f"{direction(pair.answer)}-documents-pair-words"):
            st.text_input(
                t("documents.add.column_question"),
                pair.question,
                max_chars=MAX_QUESTION_CHARACTERS,
                key=question,
            )
            st.text_area(
                t("documents.add.column_answer"),
                pair.approved_answer if pair.state == "approved" else pair.answer,
                height=240,
                max_chars=MAX_ANSWER_CHARACTERS,
                key=answer,
            )
        problem = st.session_state.get(_PROBLEM)
        if problem:
            st.error(problem, icon=":material/error:")
        with st.container(horizontal=True, horizontal_alignment="right"):
            is_left = st.button(t("documents.cancel"), key="documents_pair_no")
            is_saved = st.button(
                t("documents.pair_save"),
                type="primary",
                icon=":material/check:",
                on_click=_save,
                args=(services, tenant_id, pair, question, answer),
                key="documents_pair_yes",
            )
        if is_left or (is_saved and not st.session_state.get(_PROBLEM)):
            st.rerun()

    ask()


def _save(
    services: Services, tenant_id: UUID, pair: SuggestionView, question: str, answer: str
) -> None:
    st.session_state.pop(_PROBLEM, None)
    try:
        services.suggestions.edit_and_approve(
            tenant_id,
            pair.pair_id,
            question=str(st.session_state[question]),
            answer=str(st.session_state[answer]),
            by="",
            list_title=t("documents.approved_list"),
        )
    except LeanRagError as exc:
        st.session_state[_PROBLEM] = error_sentence(exc)
        return
    say(t("documents.approved", count=number(1)))
