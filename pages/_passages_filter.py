"""The passages page's search box and filters, each with how many passages it would show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import streamlit as st

from leanrag.passage_browser import PassagePage
from leanrag.passage_filter import PassageFilter, YesNo
from leanrag.sources import SourceView
from leanrag.types import LANGUAGES, SOURCE_KINDS
from pages._intents import language_name
from pages._locale import number, t
from pages._passages_address import (
    MAX_WORDS_LETTERS,
    FilterName,
    clear_filter,
    read_value,
    set_value,
)
from pages._safe_text import plain_text

# Three in a row, two on a phone.
_STYLE = """<style>
.st-key-passages_filters > div { flex: 1 1 calc(33% - 1rem) !important; min-width: 9.5rem; }
/* The knob slides to the right in every language; from the right it would leave its track. */
.st-key-passages_selecting label > div:first-of-type { direction: ltr; }
</style>"""
_STATES: tuple[FilterName, ...] = ("citable", "enabled", "edited")


def draw_search() -> None:
    """Draw the search box; what is typed into it goes into the address."""
    st.session_state[_key("words")] = read_value("words")
    st.text_input(
        t("passages.search"),
        type="search",
        max_chars=MAX_WORDS_LETTERS,
        placeholder=t("passages.search_hint"),
        icon=":material/search:",
        label_visibility="collapsed",
        key=_key("words"),
        on_change=_keep,
        args=("words",),
    )


def draw_filters(found: PassagePage, sources: Sequence[SourceView]) -> None:
    """Draw the filters; a value that would show nothing is left out unless it is chosen."""
    facets = found.facets
    st.html(_STYLE)
    with st.container(horizontal=True, gap="small", key="passages_filters"):
        _choose_source(sources)
        kinds, languages = dict(facets.kinds), dict(facets.languages)
        _choose("kind", {k: (t(f"documents.kind_{k}"), kinds.get(k, 0)) for k in SOURCE_KINDS})
        _choose("language", {n: (language_name(n), languages.get(n, 0)) for n in LANGUAGES})
        for name in _STATES:
            counts = cast(YesNo, getattr(facets, name))
            _choose(name, _yes_no(name, counts))
        tags = sorted({tag for source in sources for tag in source.tags})
        if tags or read_value("tag"):
            _choose("tag", {tag: (plain_text(tag), None) for tag in tags})


def draw_clear(wanted: PassageFilter) -> None:
    """Offer to show all passages again, where a filter leaves some out."""
    if wanted != PassageFilter():
        st.button(
            t("passages.clear"),
            icon=":material/filter_alt_off:",
            type="tertiary",
            on_click=clear_filter,
            key="passages_clear",
        )


def _choose_source(sources: Sequence[SourceView]) -> None:
    titles = {str(s.source_id): (plain_text(s.title), s.passage_count) for s in sources}
    chosen = read_value("source")
    if chosen and chosen not in titles:  # deleted, or beyond those that are listed
        titles[chosen] = (t("passages.source_unlisted"), 0)
    _choose("source", titles)


def _yes_no(name: FilterName, counts: YesNo) -> dict[str, tuple[str, int | None]]:
    return {
        "yes": (t(f"passages.{name}_yes"), counts.yes),
        "no": (t(f"passages.{name}_no"), counts.no),
    }


def _choose(name: FilterName, values: Mapping[str, tuple[str, int | None]]) -> None:
    """Draw a choice of one value or none; the address holds what is chosen."""
    chosen = read_value(name)
    shown = {value: label for value, label in values.items() if label[1] != 0 or value == chosen}
    st.session_state[_key(name)] = chosen if chosen in shown else ""

    def label(value: str) -> str:
        if not value:
            return t(f"passages.any_{name}")
        text, count = shown[value]
        return text if count is None else t("passages.counted", name=text, count=number(count))

    st.selectbox(
        t(f"passages.filter_{name}"),
        ("", *shown),
        format_func=label,
        key=_key(name),
        on_change=_keep,
        args=(name,),
    )


def _keep(name: FilterName) -> None:
    set_value(name, str(st.session_state[_key(name)]).strip())


def _key(name: FilterName) -> str:
    return f"passages_{name}"
