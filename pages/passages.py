"""Passages: everything the bot can find, searched and filtered, shown in its place, and mended."""

from __future__ import annotations

import streamlit as st

from leanrag.passage_filter import PassageFilter
from pages._locale import t
from pages._passages_address import (
    go_to_page,
    is_reviewing,
    opened_passage,
    page_number,
    read_filter,
    scroll_up,
)
from pages._passages_filter import draw_filters, draw_search
from pages._passages_list import (
    PASSAGES_PER_PAGE,
    draw_empty,
    draw_list,
    draw_nothing_found,
    list_offset,
)
from pages._passages_place import draw_place
from pages._passages_review import draw_reviews, draw_waiting
from pages._reading import say_reads_only
from pages._services import current_tenant, get_services, may

MAX_SOURCES = 500


def draw_browser() -> None:
    """Draw the search, the filters and the passages that they leave."""
    services, wanted = get_services(), read_filter()
    tenant_id = current_tenant()
    st.title(t("passages.title"))
    if may("knowledge.write"):
        st.caption(t("passages.intro"))
    else:
        st.caption(t("passages.intro_reader"))
        say_reads_only("passages", "knowledge.write")
    draw_waiting(services)
    browser = services.passage_browser
    found = browser.find(tenant_id, wanted, limit=PASSAGES_PER_PAGE, offset=list_offset())
    if not found.total and wanted == PassageFilter():
        draw_empty()
        return
    if found.total and not found.passages and page_number() > 1:  # a link to a page that is gone
        go_to_page(1)
        found = browser.find(tenant_id, wanted, limit=PASSAGES_PER_PAGE)
    draw_search()
    draw_filters(found, services.sources.list(tenant_id, limit=MAX_SOURCES))
    if found.total:
        draw_list(services, found, wanted)
    else:
        draw_nothing_found(wanted)


scroll_up()
opened = opened_passage()
if opened is not None:
    draw_place(get_services(), opened)
elif is_reviewing():
    draw_reviews(get_services())
else:
    draw_browser()
