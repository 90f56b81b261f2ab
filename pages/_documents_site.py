"""The pages of a crawled website: what became of each, and why one is not read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any, Literal
from urllib.parse import unquote
from uuid import UUID

import pandas as pd
import streamlit as st

from leanrag.bootstrap import Services
from leanrag.crawl.crawled import READ_STATUSES, PageStatus
from leanrag.sources import SourceView
from leanrag.websites import SitePageView
from pages._documents_why import why_words
from pages._intents import language_name
from pages._locale import number, t, when

PAGES_PER_PAGE = 50
_ROWS_IN_SIGHT = 14
_WEB = ("https://", "http://")
_STATUS, _PAGE = "documents_site_status", "documents_site_page"
# In the order in which a person asks: what is read, what went wrong, what was left out.
_ORDER: tuple[PageStatus, ...] = (
    *("new", "changed", "unchanged", "failed", "refused", "gone", "excluded", "duplicate"),
)


def draw_site_pages(services: Services, tenant_id: UUID, source: SourceView) -> None:
    """Draw how many pages have each status, and a page of those of the chosen one."""
    counts = services.websites.page_counts(tenant_id, source.source_id)
    if not counts:
        st.info(t("documents.site_none"), icon=":material/travel_explore:")
        return
    read = sum(counts.get(status, 0) for status in READ_STATUSES)
    total = sum(counts.values())
    st.caption(t("documents.site_read", read=number(read), total=number(total)))
    status = _choose_status(counts, total)
    count = total if status is None else counts.get(status, 0)
    pages = max(1, ceil(count / PAGES_PER_PAGE))
    page = min(st.session_state.get(_PAGE, 1), pages)
    shown = services.websites.pages(
        tenant_id,
        source.source_id,
        status=status,
        limit=PAGES_PER_PAGE,
        offset=(page - 1) * PAGES_PER_PAGE,
    )
    _draw_table(shown)
    if pages > 1:
        st.pagination(pages, max_visible_pages=5, key=_PAGE)


def pages_frame(pages: Sequence[SitePageView]) -> pd.DataFrame:
    """Return one line for each page, with numbers and times that sort as such."""
    return pd.DataFrame(
        {
            # What is no web address is shown nowhere as a link.
            "url": [page.url if page.url.startswith(_WEB) else None for page in pages],
            "status": [t(f"documents.page_{page.status}") for page in pages],
            "reason": [_reason(page) for page in pages],
            "title": [page.title for page in pages],
            "language": [language_name(page.language) for page in pages],
            "letters": [page.character_count for page in pages],
            "depth": [page.depth for page in pages],
            "fetched": pd.to_datetime([page.fetched_at for page in pages], utc=True),
        }
    )


def _choose_status(counts: Mapping[PageStatus, int], total: int) -> PageStatus | None:
    """Draw the choice of a status, each with its count; None stands for all."""
    shown: dict[PageStatus | Literal["all"], int] = {"all": total}
    shown |= {status: counts[status] for status in _ORDER if counts.get(status)}
    if st.session_state.get(_STATUS) not in shown:
        st.session_state[_STATUS] = "all"  # no page has it any more
    chosen = st.pills(
        t("documents.column_status"),
        tuple(shown),
        required=True,
        format_func=lambda status: f"{t(f'documents.page_{status}')} ({number(shown[status])})",
        label_visibility="collapsed",
        on_change=_first_page,
        key=_STATUS,
    )
    return None if chosen is None or chosen == "all" else chosen


def _first_page() -> None:
    st.session_state.pop(_PAGE, None)


def _reason(page: SitePageView) -> str:
    reason = why_words(page.reason) if page.reason else ""
    return f"{reason} → {unquote(page.same_as)}" if page.same_as else reason


def _draw_table(pages: Sequence[SitePageView]) -> None:
    formats: dict[str, Any] = {"letters": number, "depth": number, "fetched": when}
    names = ("status", "reason", "title", "language", "letters", "depth", "fetched")
    widths = {"reason": 330, "title": 240}
    st.dataframe(
        pages_frame(pages).style.format(formats, na_rep=""),
        hide_index=True,
        height=36 * (min(len(pages), _ROWS_IN_SIGHT) + 1) + 2,
        column_config={
            "url": st.column_config.LinkColumn(t("documents.site_url"), width=330),
            **{
                name: st.column_config.Column(t(f"documents.site_{name}"), width=widths.get(name))
                for name in names
            },
        },
        placeholder="–",
        key="documents_site_pages",
    )
