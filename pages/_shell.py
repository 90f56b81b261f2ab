"""What surrounds every page: navigation, language, whose bot it is and who answers."""

from __future__ import annotations

import logging
from pathlib import Path

import streamlit as st

from leanrag.errors import LeanRagError
from leanrag.types import Language
from pages._error_text import error_text
from pages._locale import LANGUAGE_NAMES, choose_language, keep_language, t, ui_language
from pages._look import apply_look
from pages._safe_text import plain_text
from pages._services import get_services

_ICON = Path(__file__).parent.parent / "static" / "favicon.png"
_LANGUAGE_WIDGET = "shell_language_choice"
_log = logging.getLogger("leanrag.console")


def draw_console() -> None:
    """Draw the shell and the page that is open in it."""
    st.set_page_config(page_title=t("shell.product"), page_icon=str(_ICON), layout="wide")
    keep_language()
    apply_look()
    listed = [
        st.Page("pages/chat.py", title=t("shell.chat"), icon=":material/chat:", default=True),
        st.Page("pages/documents.py", title=t("shell.documents"), icon=":material/description:"),
        st.Page("pages/passages.py", title=t("shell.passages"), icon=":material/article:"),
        st.Page("pages/retrieval.py", title=t("shell.retrieval"), icon=":material/manage_search:"),
        st.Page("pages/tuning.py", title=t("shell.tuning"), icon=":material/tune:"),
        st.Page("pages/usage.py", title=t("shell.usage"), icon=":material/monitoring:"),
    ]
    # Streamlit's own list would show every file of pages/ until this one is known.
    page = st.navigation(listed, position="hidden")
    if not _is_open():
        st.info(t("shell.for_programs"), icon=":material/lock:")
        return
    with st.sidebar, st.container(key="shell_pages", gap="xxsmall"):
        for link in listed:
            st.page_link(link, width="stretch")
    # Before the page, which may take its time; the styles move it to the sidebar's end.
    with st.sidebar, st.container(key="shell_foot"):
        _draw_language()
        _draw_tenant()
    try:
        page.run()
    except LeanRagError as error:
        st.error(error_text(error))


def _is_open() -> bool:
    """Tell whether whoever opens a page may see it: with sign-in, only the API knows who asks."""
    try:
        return get_services().settings.auth == "none"
    except LeanRagError:
        return True  # nothing runs: the page says so itself


def show_failure(error: Exception) -> bool:
    """Show one sentence in place of an unexpected error, and log the error itself."""
    _log.error("A page failed.", exc_info=error)
    st.error(t("shell.failed"))
    return True


def _draw_language() -> None:
    st.session_state[_LANGUAGE_WIDGET] = ui_language()
    st.selectbox(
        t("shell.language"),
        list(LANGUAGE_NAMES),
        format_func=_language_name,
        key=_LANGUAGE_WIDGET,
        on_change=_change_language,
    )


def _language_name(language: Language) -> str:
    return LANGUAGE_NAMES[language]


def _change_language() -> None:
    choose_language(st.session_state[_LANGUAGE_WIDGET])


def _draw_tenant() -> None:
    try:
        services = get_services()
        tenant = services.tenants.find(str(services.local_tenant_id))
    except LeanRagError as error:
        st.error(error_text(error))
        return
    st.caption(f"{t('shell.tenant')}: {plain_text(tenant.name)}")
    model = services.answerer.model_name
    if model == "extractive":
        st.caption(t("shell.answers_by_quotes"), help=t("shell.answers_by_quotes_help"))
    else:
        st.caption(t("shell.answers_by_model", model=plain_text(model)))
