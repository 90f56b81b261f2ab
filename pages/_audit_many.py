"""Many events that were one deed: what changed in all of them, and each of them in a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from leanrag.audit import AuditEventView
from pages._audit_difference import differences
from pages._audit_event import place_line
from pages._audit_words import object_text
from pages._chat_text import isolated
from pages._locale import number, t, when
from pages._safe_text import plain_text

_ROWS = 50
_MAX_LETTERS = 80


def draw_many(events: Sequence[AuditEventView]) -> None:
    """Draw the changes that most of these events share, then a table of the events."""
    st.caption(place_line(events[0], with_id=False))
    shared = Counter(change for event in events for change in _changes(event))
    common = [change for change, count in shared.most_common(5) if count == len(events)]
    for change in common:
        st.markdown(change)
    rows = events[:_ROWS]
    own = [", ".join(c for c in _changes(event) if c not in common) or "–" for event in rows]
    columns = {
        t("audit.column_when"): [when(event.at) for event in rows],
        t("audit.column_what"): [isolated(plain_text(_cut(_name(event)))) for event in rows],
    }
    if any(change != "–" for change in own):
        columns[t("audit.column_changes")] = own
    st.table(columns, border="horizontal", hide_index=True)
    if len(events) > _ROWS:
        st.caption(t("audit.and_more", count=number(len(events) - _ROWS)))


def _changes(event: AuditEventView) -> list[str]:
    """Return each field's change on a line of markdown."""
    if event.before is None or event.after is None:
        return []
    return [
        t(
            "audit.change",
            field=plain_text(difference.name),
            before=isolated(plain_text(_cut(difference.before))),
            after=isolated(plain_text(_cut(difference.after))),
        )
        for difference in differences(event)
    ]


def _name(event: AuditEventView) -> str:
    return object_text(event) or event.object_id


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_LETTERS else f"{text[:_MAX_LETTERS].rstrip()}…"
