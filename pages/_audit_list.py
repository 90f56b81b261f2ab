"""The list of what was done, newest first; each line opens to what was before and after."""

from __future__ import annotations

import streamlit as st

from leanrag.audit import AuditEventView
from pages._audit_address import FilterName, set_value, show_newer, show_newest, show_older
from pages._audit_event import MAX_NAME, draw_event
from pages._audit_filter import NAMES_KEY
from pages._audit_lines import AuditLine, LinePage
from pages._audit_many import draw_many
from pages._audit_words import (
    action_icon,
    action_text,
    actor_text,
    counted_text,
    kind_text,
    object_text,
)
from pages._chat_text import isolated
from pages._locale import number, t, when
from pages._safe_text import plain_text

_TOGETHER, _WANTED = "audit_together", "audit_wanted"
_STYLE = """<style>
.st-key-audit_find > div:first-child { flex: 1 1 14rem !important; min-width: 12rem; }
.st-key-audit_bar { justify-content: space-between; }
.st-key-audit_lines [data-testid="stTable"] :is(th, td) { vertical-align: top; }
.st-key-audit_lines [data-testid="stTable"] td { white-space: pre-line; }
</style>"""


def take_filter() -> None:
    """Write into the address what was asked for in a line; call before it is read."""
    if _WANTED in st.session_state:
        set_value(*st.session_state.pop(_WANTED))


def draw_together() -> bool:
    """Draw the switch that puts many events of one deed into one line; return how it stands."""
    st.html(_STYLE)
    label, said = t("audit.together"), t("audit.together_help")
    # What the place in the address stood for was counted otherwise.
    return st.toggle(label, value=True, help=said, on_change=show_newest, key=_TOGETHER)


def draw_lines(page: LinePage) -> None:
    """Draw a page of lines, and the ways to newer and older ones."""
    with st.container(gap="xsmall", key="audit_lines"):
        for line in page.lines:
            st.fragment(_draw_line)(line)
    _draw_pager(page)


def _draw_line(line: AuditLine) -> None:
    """Draw one line in a fragment of its own: what it holds is drawn when it is opened."""
    event = line.latest
    key = f"audit_line_{event.event_id}"
    label = _label(line)
    opened = st.expander(label, icon=action_icon(event.action), on_change="rerun", key=key)
    if not opened.open:
        return
    with opened:
        if len(line.events) > 1:
            draw_many(line.events)
        else:
            draw_event(event)
        _draw_more_like_it(event, is_one=len(line.events) == 1)


def _label(line: AuditLine) -> str:
    """Return when, who, what and to which, each reading in its own direction."""
    event = line.latest
    who = isolated(plain_text(_cut(actor_text(event.actor_kind, event.actor_name))))
    return " · ".join((when(event.at), f"**{who}**", action_text(event.action), _what(line)))


def _what(line: AuditLine) -> str:
    event = line.latest
    if len(line.events) > 1:
        count = number(len(line.events))
        if line.goes_on:
            count = t("audit.or_more", count=count)
        return plain_text(counted_text(event.object_kind, count))
    kind, name = plain_text(kind_text(event.object_kind)), _cut(object_text(event))
    return t("audit.what", kind=kind, name=isolated(plain_text(name))) if name else kind


def _draw_more_like_it(event: AuditEventView, *, is_one: bool) -> None:
    """Offer what else the same person did, and what else was done to the same thing."""
    with st.container(horizontal=True):
        who = event.actor_id or event.actor_name or event.actor_kind
        if who:
            name = actor_text(event.actor_kind, event.actor_name)
            if st.button(
                t("audit.more_who", name=isolated(plain_text(_cut(name)))),
                type="tertiary",
                icon=":material/person_search:",
                key=f"audit_who_{event.event_id}",
            ):
                st.session_state.setdefault(NAMES_KEY, {})[who] = name
                _filter("who", who)
        if (
            is_one
            and event.object_id
            and st.button(
                t("audit.more_object"),
                type="tertiary",
                icon=":material/manage_search:",
                key=f"audit_object_{event.event_id}",
            )
        ):
            _filter("object", event.object_id)


def _filter(name: FilterName, value: str) -> None:
    """Show the whole page anew with a filter; the address of a run that ends here would be lost."""
    st.session_state[_WANTED] = (name, value)
    st.rerun()


def _draw_pager(page: LinePage) -> None:
    if page.newer is None and page.older is None:
        return
    with st.container(horizontal=True, horizontal_alignment="center", key="audit_pager"):
        st.button(
            t("audit.newest"),
            icon=":material/vertical_align_top:",
            type="tertiary",
            disabled=page.newer is None,
            on_click=show_newest,
            key="audit_newest",
        )
        st.button(
            t("audit.newer"),
            icon=":material/arrow_upward:",
            disabled=page.newer is None,
            on_click=show_newer,
            args=(page.newer or "",),
            key="audit_newer",
        )
        st.button(
            t("audit.older"),
            icon=":material/arrow_downward:",
            disabled=page.older is None,
            on_click=show_older,
            args=(page.older or "",),
            key="audit_older",
        )


def _cut(text: str) -> str:
    return text if len(text) <= MAX_NAME else f"{text[:MAX_NAME].rstrip()}…"
