"""Hours and days, short enough for an axis, in the reader's time zone and the page's digits."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st
from babel.dates import format_datetime

from pages._locale import number, ui_language


def hour_label(start: datetime) -> str:
    """Write the hour that begins at `start` as the reader's clock shows it."""
    return _write(start.astimezone(_time_zone()), "HH:mm")


def day_label(start: datetime) -> str:
    """Write a day; days are counted in UTC, so their date is not moved into another zone."""
    return _write(start, "d MMM")


def _write(moment: datetime, pattern: str) -> str:
    text = format_datetime(moment, pattern, locale=ui_language())
    # Babel writes dates with Latin digits in every language.
    return "".join(number(int(c)) if c in "0123456789" else c for c in text)


def _time_zone() -> ZoneInfo:
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):  # a name that only the browser knows
        return ZoneInfo("UTC")
