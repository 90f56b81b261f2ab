"""What the audit page shows is in its address, so that a reload or a link shows it again."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import streamlit as st

from leanrag.audit import AuditFilter
from pages._locale import time_zone

FilterName = Literal["words", "who", "action", "kind", "object", "from", "to"]
NAMES: tuple[FilterName, ...] = ("words", "who", "action", "kind", "object", "from", "to")
MAX_LETTERS = 200
_AFTER, _BEFORE = "after", "before"


def read_filter() -> AuditFilter:
    """Return the filter that the address names; days are the reader's own."""
    first, last = read_day("from"), read_day("to")
    return AuditFilter(
        actor=read_value("who"),
        action=read_value("action"),
        object_kind=read_value("kind"),
        object_id=read_value("object"),
        since=None if first is None else _midnight(first, time_zone()),
        until=None if last is None else _midnight(last, time_zone(), days_later=1),
        words=read_value("words"),
    )


def read_value(name: FilterName) -> str:
    """Return one value of the filter as the address has it; empty where it has none."""
    return st.query_params.get(name, "")[:MAX_LETTERS].replace("\0", "")


def read_day(name: FilterName) -> date | None:
    """Return a day of the filter; None where the address names none."""
    try:
        return date.fromisoformat(read_value(name))
    except ValueError:
        return None


def set_value(name: FilterName, value: str) -> None:
    """Change one value of the filter, and go back to the newest events."""
    _write(name, value)
    show_newest()


def clear_filter() -> None:
    """Show all events."""
    for name in NAMES:
        set_value(name, "")


def read_place() -> tuple[str | None, str | None]:
    """Return the place that the shown events are `after` or `before`."""
    return st.query_params.get(_AFTER), st.query_params.get(_BEFORE)


def show_older(after: str) -> None:
    """Show the events that follow."""
    _write(_BEFORE, "")
    _write(_AFTER, after)


def show_newer(before: str) -> None:
    """Show the events that stand before."""
    _write(_AFTER, "")
    _write(_BEFORE, before)


def show_newest() -> None:
    """Show the newest events."""
    _write(_AFTER, "")
    _write(_BEFORE, "")


def _midnight(day: date, zone: ZoneInfo, *, days_later: int = 0) -> datetime | None:
    try:
        return datetime.combine(day + timedelta(days=days_later), time(), zone)
    except OverflowError:  # the day after the last one that there is
        return None


def _write(name: str, value: str) -> None:
    if value:
        st.query_params[name] = value
    else:
        st.query_params.pop(name, None)
