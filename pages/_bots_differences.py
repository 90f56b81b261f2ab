"""How two versions of a bot differ, field by field: what it said before, and what it says after."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from leanrag.bot_content import FieldChange
from leanrag.types import LANGUAGES
from pages._audit_difference import Difference
from pages._chat_text import direction, isolated
from pages._intents import intent_name, language_name
from pages._locale import number, t
from pages._safe_text import plain_text

MAX_CHANGES = 30
_ROUTING = " / "


def draw_differences(changed: Sequence[FieldChange], *, place: str) -> None:
    """Draw each field that differs; `place` tells it from others on the page."""
    if not changed:
        st.caption(t("bots.nothing_differs"))
    for row, change in enumerate(changed[:MAX_CHANGES]):
        _draw_change(change, key=f"{place}-{row}")
    if len(changed) > MAX_CHANGES:
        st.caption(t("bots.more_changes", count=number(len(changed) - MAX_CHANGES)))
    if any(_ROUTING in change.field for change in changed):
        st.caption(f":material/alt_route: {t('bots.routing_of_all')}")


def field_name(field: str) -> str:
    """Return for markdown what a changed field is called: a text, a message, a keyword, an intent.

    `field` is named as `bot_content.changes` names it.
    """
    kind, _, rest = field.partition(_ROUTING)
    if kind == "keyword" and rest:
        intent, spoken, keyword = [*rest.split(_ROUTING, 2), "", ""][:3]
        name = isolated(plain_text(keyword))
        in_language = {"intent": intent_name(intent), "language": language_name(spoken)}
        return t("bots.keyword", keyword=name, **in_language)
    if kind == "routing" and rest:
        return t("bots.routing", intent=intent_name(rest))
    name, _, code = field.partition(".")
    language = next((one for one in LANGUAGES if one == code), None)
    if language is None:
        return t(f"bots.field_{name}")
    return t(f"bots.{name}_in", language=language_name(language))


def _draw_change(change: FieldChange, *, key: str) -> None:
    difference = Difference(change.field, change.field, change.before, change.after)
    with st.container(key=f"interface-bots-change-{key}"):
        st.markdown(f"**{field_name(change.field)}**")
    before, after = st.columns(2, gap="small")
    cuts = difference.cut()
    for side, column, text in (("before", before, cuts[0]), ("after", after, cuts[1])):
        with column:
            _draw_side(side, text, key=f"{side}-{key}")
    if difference.is_long:
        with st.expander(t("bots.whole_texts")):
            for side, text in (("before", change.before), ("after", change.after)):
                _draw_side(side, text, key=f"{side}-whole-{key}")


def _draw_side(side: str, text: str, *, key: str) -> None:
    st.caption(t(f"bots.{side}"))
    if not text:
        st.caption(f"*{t('bots.says_nothing')}*")
        return
    with st.container(border=True, key=f"{direction(text)}-bots-{key}"):
        st.text(text)
