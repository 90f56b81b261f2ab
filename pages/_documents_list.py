"""The list of sources: a sortable table, and cards where the screen is narrow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil
from typing import Any
from uuid import UUID

import pandas as pd
import streamlit as st

from leanrag.sources import SourceView
from pages._documents_source import open_source
from pages._documents_words import citable_text, facts, isolated, size_text, status_badge
from pages._locale import number, t, when
from pages._safe_text import plain_text

CARDS_PER_PAGE = 10
_ORDERS: dict[str, Callable[[SourceView], object]] = {
    "newest": lambda source: -source.created_at.timestamp(),
    "title": lambda source: source.title.casefold(),
    "tokens": lambda source: -source.token_count,
    "size": lambda source: -source.byte_size,
}


def draw_empty() -> None:
    """Say what to do where there is nothing yet."""
    with st.container(border=True, horizontal_alignment="center", key="documents_empty"):
        st.markdown(f"#### {t('documents.empty')}", text_alignment="center")
        st.caption(t("documents.empty_next"), text_alignment="center")


def draw_list(listed: Sequence[SourceView], *, most: int) -> None:
    """Show the sources; a style rule hides the table on narrow screens and the cards on others."""
    st.subheader(t("documents.listed", count=number(len(listed))))
    st.html(
        "<style>@media (max-width: 640px) {.st-key-documents_wide {display: none}}"
        "@media (min-width: 641px) {.st-key-documents_narrow {display: none}}</style>"
    )
    with st.container(key="documents_wide"):
        _draw_table(listed)
    with st.container(key="documents_narrow"):
        _draw_cards(listed)
    if len(listed) >= most:
        st.caption(t("documents.most_listed", count=number(most)))


def sources_frame(listed: Sequence[SourceView]) -> pd.DataFrame:
    """Return one line for each source, with numbers and times that sort as such."""
    return pd.DataFrame(
        {
            "open": [t("documents.open")] * len(listed),
            "title": [source.title for source in listed],
            "status": [t(f"documents.status_{source.status}") for source in listed],
            "kind": [t(f"documents.kind_{source.kind}") for source in listed],
            "passages": [source.passage_count for source in listed],
            "tokens": [source.token_count for source in listed],
            "pages": pd.array([source.page_count for source in listed], dtype="Int64"),
            "citable": [citable_text(source.is_citable) for source in listed],
            "size": [source.byte_size for source in listed],
            "added": pd.to_datetime([source.created_at for source in listed], utc=True),
        }
    )


def _draw_table(listed: Sequence[SourceView]) -> None:
    frame = sources_frame(listed)
    formats: dict[str, Any] = {
        "passages": number,
        "tokens": number,
        "size": size_text,
        "added": when,
        "pages": number,
    }
    shown = frame.style.format(formats, na_rep="")
    ids = tuple(source.source_id for source in listed)
    st.dataframe(
        shown,
        hide_index=True,
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
            **{
                name: t(f"documents.column_{name}")
                for name in ("status", "kind", "passages", "tokens", "pages", "citable", "size")
            },
            "added": t("documents.column_added"),
        },
        placeholder="–",
        key="documents_table",
    )


def _draw_cards(listed: Sequence[SourceView]) -> None:
    order = st.selectbox(
        t("documents.order"),
        tuple(_ORDERS),
        format_func=lambda name: t(f"documents.order_{name}"),
        key="documents_order",
    )
    pages = max(1, ceil(len(listed) / CARDS_PER_PAGE))
    page = min(st.session_state.get("documents_card_page", 1), pages)
    ordered = sorted(listed, key=_ORDERS[order])  # type: ignore[arg-type]
    for source in ordered[(page - 1) * CARDS_PER_PAGE : page * CARDS_PER_PAGE]:
        _draw_card(source)
    if pages > 1:
        st.pagination(pages, max_visible_pages=5, key="documents_card_page")


def _draw_card(source: SourceView) -> None:
    with st.container(border=True, gap="xsmall", key=f"documents_card_{source.source_id}"):
        st.button(
            isolated(plain_text(source.title)),
            type="tertiary",
            key=f"documents_card_open_{source.source_id}",
            on_click=open_source,
            args=(source.source_id,),
        )
        st.caption(f"{status_badge(source.status)} · {when(source.created_at)}")
        st.caption(" · ".join(facts(source)))


def _open(ids: tuple[UUID, ...]) -> None:
    click = st.session_state["documents_open"]
    if click is not None and click["row"] < len(ids):
        open_source(ids[click["row"]])
