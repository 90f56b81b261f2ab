"""Adding a website: where its crawl begins, and how far it goes."""

from __future__ import annotations

from typing import NoReturn
from uuid import UUID

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.errors import LeanRagError
from leanrag.ingest.upload import MAX_TITLE_CHARACTERS
from leanrag.websites import MAX_HOSTS, WebsiteStart
from pages._documents_add_options import draw_bot, draw_citable, draw_learn_only, draw_tags
from pages._documents_add_outcomes import keep_outcomes, outcome_of, rejection_text
from pages._locale import number, t
from pages._safe_text import plain_text

_SAVED, _PROBLEM = "documents_saved_website", "documents_website_problem"
_USUAL_PAGES = 50


def draw_add_website(services: Services, tenant_id: UUID) -> None:
    """Draw the address and the limits, and start the crawl."""
    generation = st.session_state.get(_SAVED, 0)
    url = st.text_input(
        t("documents.add.website_url"),
        placeholder="https://www.example.com",
        help=t("documents.add.website_url_help"),
        max_chars=2000,
        key=f"documents_website_url_{generation}",
        persist_state="session",
        on_change=_forget_problem,
    ).strip()
    problem = st.session_state.get(_PROBLEM)
    if problem:
        st.error(problem, icon=":material/error:")
    start = _draw_start(services, tenant_id, url)
    st.caption(
        t(
            "documents.add.website_polite",
            seconds=number(services.settings.crawl_delay_seconds),
        )
    )
    if st.button(
        t("documents.add.website_start"),
        type="primary",
        icon=":material/travel_explore:",
        key="documents_website_start",
    ):
        _start(services, tenant_id, start)


def _draw_start(services: Services, tenant_id: UUID, url: str) -> WebsiteStart:
    settings = services.settings
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        pages = st.number_input(
            t("documents.add.website_pages"),
            min_value=1,
            max_value=settings.crawl_max_pages,
            value=min(_USUAL_PAGES, settings.crawl_max_pages),
            help=t("documents.add.website_pages_help", most=number(settings.crawl_max_pages)),
            key="documents_website_pages",
            persist_state="session",
            width=190,
        )
        depth = st.number_input(
            t("documents.add.website_depth"),
            min_value=0,
            max_value=settings.crawl_max_depth,
            value=min(2, settings.crawl_max_depth),
            help=t("documents.add.website_depth_help"),
            key="documents_website_depth",
            persist_state="session",
            width=190,
        )
        is_citable = draw_citable("website")
    draw_learn_only(is_citable)
    with st.expander(t("documents.add.more"), key="documents_more_website"):
        title = st.text_input(
            t("documents.add.title"),
            max_chars=MAX_TITLE_CHARACTERS,
            placeholder=t("documents.add.website_title"),
            key=f"documents_title_website_{st.session_state.get(_SAVED, 0)}",
            persist_state="session",
        )
        hosts = _draw_hosts()
        tags = draw_tags("website")
        bot_id = draw_bot("website", services.bots.list(tenant_id))
    return WebsiteStart(
        url=url if "://" in url or not url else f"https://{url}",
        max_depth=depth,
        max_pages=pages,
        hosts=hosts,
        is_citable=is_citable,
        title=title.strip(),
        tags=tags,
        bot_id=bot_id,
    )


def _draw_hosts() -> tuple[str, ...]:
    key = "documents_website_hosts"
    return tuple(
        st.multiselect(
            t("documents.add.website_hosts"),
            options=tuple(st.session_state.get(key, ())),
            accept_new_options=True,
            max_selections=MAX_HOSTS,
            placeholder=t("documents.add.website_hosts_placeholder"),
            help=t("documents.add.website_hosts_help"),
            key=key,
            persist_state="session",
        )
    )


def _start(services: Services, tenant_id: UUID, start: WebsiteStart) -> None:
    if not start.url:
        _complain(plain_text(t("documents.add.website_no_url")))
    try:
        accepted = services.websites.add(tenant_id, start)
    except LeanRagError as exc:
        _complain(rejection_text(exc))
    keep_outcomes([outcome_of(accepted.source.title, accepted)])
    _forget_problem()
    st.session_state[_SAVED] = st.session_state.get(_SAVED, 0) + 1
    st.rerun()


def _complain(problem: str) -> NoReturn:
    """Say beside the address what is wrong with it."""
    st.session_state[_PROBLEM] = problem
    st.rerun()


def _forget_problem() -> None:
    st.session_state.pop(_PROBLEM, None)
