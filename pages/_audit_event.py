"""One event as a whole: when, from where, and what it was before and after."""

from __future__ import annotations

import streamlit as st

from leanrag.audit import AuditEventView
from pages._audit_difference import Difference, differences
from pages._chat_text import direction, isolated
from pages._locale import t, when
from pages._safe_text import plain_text

MAX_NAME = 60


def draw_event(event: AuditEventView) -> None:
    """Draw the event's place and its fields; long texts are cut until somebody wants them all."""
    st.caption(place_line(event))
    if len(event.object_name) > MAX_NAME:  # the line above has its beginning
        st.text(event.object_name)
    found = differences(event)
    if not found:
        return
    _draw_table(event, found)
    long = [difference for difference in found if difference.is_long]
    if long and st.toggle(t("audit.show_all"), key=f"audit_all_{event.event_id}"):
        for difference in long:
            _draw_whole(event, difference)


def place_line(event: AuditEventView, *, with_id: bool = True) -> str:
    """Return when it was, from which address, and the id of what it was done to."""
    parts = [when(event.at)]
    if event.ip:
        parts.append(t("audit.from_ip", ip=isolated(plain_text(event.ip))))
    if with_id and event.object_id:
        parts.append(t("audit.object_id", id=isolated(plain_text(event.object_id))))
    return " · ".join(parts)


def _draw_table(event: AuditEventView, found: tuple[Difference, ...]) -> None:
    cuts = [difference.cut() for difference in found]
    columns = {t("audit.column_field"): [plain_text(difference.name) for difference in found]}
    sides = {"before": event.before is not None, "after": event.after is not None}
    for side, (name, is_there) in enumerate(sides.items()):
        if is_there:
            title = t(f"audit.column_{name}" if all(sides.values()) else "audit.column_value")
            columns[title] = [isolated(plain_text(cut[side])) for cut in cuts]
    st.table(columns, border="horizontal", hide_index=True)


def _draw_whole(event: AuditEventView, difference: Difference) -> None:
    sides = (("before", difference.before), ("after", difference.after))
    for side, text in sides:
        if text:
            st.caption(t("audit.whole", field=plain_text(difference.name), side=_side(side)))
            key = f"{direction(text)}-audit-{side}-{difference.field}-{event.event_id}"
            with st.container(border=True, key=key):
                st.text(text)


def _side(side: str) -> str:
    return t("audit.column_before" if side == "before" else "audit.column_after")
