"""The list of sources: searched and paged in the database; a table, or cards on narrow screens."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any
from uuid import UUID

import pandas as pd
import streamlit as st

from leanrag.bootstrap import Services
from leanrag.sources import SourceView
from pages._documents_address import (
    go_to_page,
    open_source,
    page_number,
    read_filter,
    read_order,
)
from pages._documents_list_bulk import draw_bulk
from pages._documents_list_chosen import choose_one, choose_rows, chosen_ids, generation
from pages._documents_list_filter import draw_clear, draw_search
from pages._documents_progress import Counts
from pages._documents_words import (
    badges,
    citable_text,
    enabled_text,
    facts,
    size_text,
    status_text,
    tags_text,
    title_text,
)
from pages._intents import language_name
from pages._locale import money, number, t, when
from pages._services import may

SOURCES_PER_PAGE = 20
_STYLE = """<style>
@media (max-width: 640px) {.st-key-documents_wide {display: none}}
@media (min-width: 641px) {.st-key-documents_narrow {display: none}}
.st-key-documents_find > div:first-child { flex: 1 1 14rem !important; min-width: 12rem; }
[class*="st-key-documents_head_"] { flex-wrap: nowrap !important; }
[class*="st-key-documents_head_"] button p { text-align: start; }
</style>"""


def draw_list(services: Services, tenant_id: UUID, counts: Counts) -> None:
    """Show the sources that the filter leaves; a style hides table or cards by the screen."""
    if not any(counts.values()):
        _draw_empty()
        return
    wanted = read_filter()
    total = services.sources.count(tenant_id, wanted)
    pages = max(1, ceil(total / SOURCES_PER_PAGE))
    page = min(page_number(), pages)
    listed = services.sources.list(
        tenant_id,
        wanted,
        order=read_order(),
        limit=SOURCES_PER_PAGE,
        offset=(page - 1) * SOURCES_PER_PAGE,
    )
    st.html(_STYLE)
    st.subheader(_heading(total, sum(counts.values())))
    draw_search(services.sources.tags(tenant_id))
    draw_clear(wanted)
    if not listed:
        st.info(t("documents.nothing_found"), icon=":material/search_off:")
        return
    may_change = may("knowledge.write")
    if may_change:
        draw_bulk(services, tenant_id, listed, wanted, total)
    with st.container(key="documents_wide"):
        _draw_table(listed, is_chosen_from=may_change)
    with st.container(key="documents_narrow", gap="small"):
        for source in listed:
            _draw_card(source, is_chosen_from=may_change)
    _draw_pager(page, pages)


def sources_frame(listed: Sequence[SourceView]) -> pd.DataFrame:
    """Return one line for each source, with numbers and times that sort as such."""
    return pd.DataFrame(
        {
            "open": [t("documents.open")] * len(listed),
            "title": [source.title for source in listed],
            "status": [status_text(source) for source in listed],
            "kind": [t(f"documents.kind_{source.kind}") for source in listed],
            "language": [language_name(source.language) for source in listed],
            "passages": [source.passage_count for source in listed],
            "tokens": [source.token_count for source in listed],
            "citable": [citable_text(source.is_citable) for source in listed],
            "enabled": [enabled_text(source.enabled) for source in listed],
            "tags": [list(source.tags) for source in listed],
            "processed": pd.Series(
                [source.processed_at for source in listed], dtype="datetime64[us, UTC]"
            ),
            "pages": pd.array([source.page_count for source in listed], dtype="Int64"),
            "size": [source.byte_size for source in listed],
            "cost": [float(source.embedding_cost_usd) for source in listed],
            "added": pd.to_datetime([source.created_at for source in listed], utc=True),
        }
    )


def _heading(total: int, everything: int) -> str:
    if total == everything:
        return t("documents.listed", count=number(everything))
    return t("documents.listed_some", count=number(total), total=number(everything))


def _draw_empty() -> None:
    """Say what to do where there is nothing yet."""
    with st.container(border=True, horizontal_alignment="center", key="documents_empty"):
        st.markdown(f"#### {t('documents.empty')}", text_alignment="center")
        name = "empty_next" if may("knowledge.write") else "empty_reader"
        st.caption(t(f"documents.{name}"), text_alignment="center")


def _draw_table(listed: Sequence[SourceView], *, is_chosen_from: bool) -> None:
    formats: dict[str, Any] = {
        **dict.fromkeys(("passages", "tokens", "pages"), number),
        **dict.fromkeys(("added", "processed"), when),
        "size": size_text,
        "cost": money,
    }
    ids = tuple(source.source_id for source in listed)
    key = f"documents_table_{generation(ids)}"
    choice: dict[str, Any] = {}
    if is_chosen_from:
        rows = [row for row, source_id in enumerate(ids) if source_id in chosen_ids()]
        choice = {
            "on_select": lambda: choose_rows(key, ids),
            "selection_mode": "multi-row",
            "selection_default": {"selection": {"rows": rows}},
        }
    names = ("status", "kind", "language", "passages", "tokens", "citable", "enabled")
    st.dataframe(
        sources_frame(listed).style.format(formats, na_rep=""),
        hide_index=True,
        height="content",
        column_config={
            "open": st.column_config.ButtonColumn(
                "",
                type="tertiary",
                width="small",
                key="documents_open",
                on_click=_open,
                args=(ids,),
            ),
            "title": st.column_config.TextColumn(t("documents.column_title"), width=290),
            "tags": st.column_config.ListColumn(t("documents.column_tag")),
            **{
                name: t(f"documents.column_{name}")
                for name in (*names, "processed", "pages", "size", "cost", "added")
            },
        },
        placeholder="–",
        key=key,
        **choice,
    )


def _draw_card(source: SourceView, *, is_chosen_from: bool) -> None:
    with st.container(border=True, gap="xsmall", key=f"documents_card_{source.source_id}"):
        with st.container(
            horizontal=True, vertical_alignment="center", key=f"documents_head_{source.source_id}"
        ):
            if is_chosen_from:
                _draw_choice(source)
            st.button(
                title_text(source),
                type="tertiary",
                key=f"documents_card_open_{source.source_id}",
                on_click=open_source,
                args=(source.source_id,),
            )
        with st.container(key=f"interface-documents-{source.source_id}"):
            st.markdown(f"{badges(source)} {tags_text(source)}")
        moment = source.processed_at or source.created_at
        st.caption(" · ".join((*facts(source), when(moment))))


def _draw_choice(source: SourceView) -> None:
    key = f"documents_choose_{source.source_id}"
    st.session_state[key] = source.source_id in chosen_ids()
    st.checkbox(
        t("documents.choose"),
        label_visibility="collapsed",
        width="content",
        on_change=choose_one,
        args=(key, source.source_id),
        key=key,
    )


def _draw_pager(page: int, pages: int) -> None:
    if pages == 1:
        return
    key = f"documents_page_{page}"  # a new widget for each page: the address says which is shown
    st.pagination(
        pages,
        default=page,
        max_visible_pages=7,
        key=key,
        on_change=lambda: go_to_page(int(st.session_state[key])),
    )


def _open(ids: tuple[UUID, ...]) -> None:
    click = st.session_state["documents_open"]
    if click is not None and click["row"] < len(ids):
        open_source(ids[click["row"]])
