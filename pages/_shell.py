"""What surrounds every page: navigation, language, whose bot it is and who answers."""

from __future__ import annotations

import base64
import functools
import logging
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage
from streamlit.runtime.scriptrunner import RerunData, get_script_run_ctx

from leanrag.errors import LeanRagError, Unauthenticated
from leanrag.types import Language
from pages._error_text import error_text
from pages._locale import LANGUAGE_NAMES, choose_language, keep_language, t, ui_language
from pages._look import apply_look
from pages._menu import PAGES, MenuPage, may_open, open_pages
from pages._safe_text import plain_text
from pages._services import get_services, running_services, visitor
from pages._sign_in import draw_sign_in
from pages._visitor import draw_refusal, draw_visitor

_ICON = Path(__file__).parent.parent / "static" / "favicon.png"
_LANGUAGE_WIDGET = "shell_language_choice"
_log = logging.getLogger("leanrag.console")


def draw_console() -> None:
    """Draw the shell and the page that is open in it, or the way to sign in."""
    st.set_page_config(page_title=t("shell.product"), page_icon=_icon(), layout="wide")
    keep_language()
    apply_look()
    try:
        identity, settings = visitor(anew=True), get_services().settings
    except Unauthenticated:
        _draw_closed()
        return
    except LeanRagError as error:
        _navigate(PAGES)
        st.error(error_text(error))
        return
    page, links = _navigate(PAGES, first=next(open_pages(identity, settings), PAGES[0]))
    with st.sidebar, st.container(key="shell_pages", gap="xxsmall"):
        for entry in open_pages(identity, settings):
            st.page_link(links[entry], width="stretch")
    # Before the page, which may take its time; the styles move it to the sidebar's end.
    with st.sidebar, st.container(key="shell_foot"):
        draw_visitor(get_services(), identity)
        _draw_language()
        _draw_model()
    entry = next(entry for entry in PAGES if links[entry] == page)
    if may_open(entry, identity, settings):
        _run(page)
    else:
        draw_refusal(get_services(), identity)


def _navigate(
    entries: tuple[MenuPage, ...], *, first: MenuPage | None = None
) -> tuple[StreamlitPage, dict[MenuPage, StreamlitPage]]:
    """Tell Streamlit of all pages, and return the one that the address names.

    Its own list would show every file of pages/ until this one is known.
    """
    links = {
        entry: st.Page(
            f"pages/{entry.name}.py",
            title=t(f"shell.{entry.name}"),
            icon=entry.icon,
            default=entry == (first or entries[0]),
        )
        for entry in entries
    }
    return st.navigation(list(links.values()), position="hidden"), links


def _draw_closed() -> None:
    _navigate(PAGES)
    with st.container(key="sign_in", horizontal_alignment="center"), st.container(width=430):
        draw_sign_in(running_services())
        _draw_language()


def _run(page: StreamlitPage) -> None:
    try:
        page.run()
    except Unauthenticated:
        st.rerun()  # the session ended meanwhile
    except LeanRagError as error:
        st.error(error_text(error))


@functools.cache
def _icon() -> str:
    """Return the icon inside of its address: its file would be for whoever is signed in alone."""
    return f"data:image/png;base64,{base64.b64encode(_ICON.read_bytes()).decode()}"


def show_failure(error: Exception) -> bool:
    """Show one sentence in place of an error that no page caught, and log an unexpected one.

    A part of a page that runs by itself lands here too; whoever is signed out is led to the way in.
    """
    context = get_script_run_ctx(suppress_warning=True)
    if isinstance(error, Unauthenticated) and context and context.script_requests:
        # As st.rerun does, which Streamlit does not let through from here.
        whole = RerunData(context.query_string, page_script_hash=context.page_script_hash)
        context.script_requests.request_rerun(whole)
    elif isinstance(error, LeanRagError):
        st.error(error_text(error))
    else:
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


def _draw_model() -> None:
    model = get_services().answerer.model_name
    if model == "extractive":
        st.caption(t("shell.answers_by_quotes"), help=t("shell.answers_by_quotes_help"))
    else:
        st.caption(t("shell.answers_by_model", model=plain_text(model)))
