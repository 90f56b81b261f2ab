"""The list's search box, its filters and its order."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from leanrag.source_filter import SourceFilter
from leanrag.types import LANGUAGES, SOURCE_KINDS
from pages._documents_address import (
    CHOICES,
    MAX_WORDS_LETTERS,
    ORDERS,
    STATUSES,
    FilterName,
    clear_filter,
    read_order,
    read_value,
    set_value,
)
from pages._intents import language_name
from pages._locale import number, t
from pages._safe_text import plain_text


def draw_search(tags: tuple[str, ...]) -> None:
    """Draw the search box, the order, and the filters behind one button that counts them."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="documents_find"):
        st.session_state[_key("find")] = read_value("find")
        st.text_input(
            t("documents.search"),
            type="search",
            max_chars=MAX_WORDS_LETTERS,
            placeholder=t("documents.search_hint"),
            icon=":material/search:",
            label_visibility="collapsed",
            key=_key("find"),
            on_change=_keep,
            args=("find",),
        )
        active = sum(bool(read_value(name)) for name in CHOICES)
        label = t("documents.filters_some" if active else "documents.filters", count=number(active))
        with st.popover(label, icon=":material/filter_alt:", key="documents_filters"):
            _draw_choices(tags)
        st.session_state[_key("order")] = read_order()
        st.selectbox(
            t("documents.order"),
            ORDERS,
            format_func=lambda name: t(f"documents.order_{name}"),
            label_visibility="collapsed",
            key=_key("order"),
            on_change=_keep_order,
            width=210,
        )


def draw_clear(wanted: SourceFilter) -> None:
    """Offer to show all sources again, where a filter leaves some out."""
    if wanted != SourceFilter():
        st.button(
            t("documents.clear"),
            icon=":material/filter_alt_off:",
            type="tertiary",
            on_click=clear_filter,
            key="documents_clear",
        )


def _draw_choices(tags: tuple[str, ...]) -> None:
    _choose("kind", {kind: t(f"documents.kind_{kind}") for kind in SOURCE_KINDS})
    _choose("status", {status: t(f"documents.status_{status}") for status in STATUSES})
    _choose("language", {name: language_name(name) for name in LANGUAGES})
    if tags or read_value("tag"):
        _choose("tag", {tag: plain_text(tag) for tag in (*tags, read_value("tag")) if tag})
    _choose("citable", {value: t(f"documents.citable_{value}") for value in ("yes", "no")})
    _choose("enabled", {value: t(f"documents.enabled_{value}") for value in ("yes", "no")})


def _choose(name: FilterName, values: Mapping[str, str]) -> None:
    """Draw a choice of one value or none; the address holds what is chosen."""
    chosen = read_value(name)
    st.session_state[_key(name)] = chosen if chosen in values else ""
    st.selectbox(
        t(f"documents.column_{name}"),
        ("", *values),
        format_func=lambda value: values[value] if value else t("documents.any"),
        key=_key(name),
        on_change=_keep,
        args=(name,),
    )


def _keep(name: FilterName) -> None:
    set_value(name, str(st.session_state[_key(name)]).strip())


def _keep_order() -> None:
    order = str(st.session_state[_key("order")])
    set_value("order", "" if order == ORDERS[0] else order)


def _key(name: FilterName) -> str:
    return f"documents_filter_{name}"
