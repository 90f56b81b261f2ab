"""The interface's language: its texts, and how it writes numbers, money and dates."""

from __future__ import annotations

import tomllib
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st
from babel import Locale
from babel.dates import format_datetime, format_time
from babel.numbers import format_currency, format_decimal, format_percent

from leanrag.types import LANGUAGES, RIGHT_TO_LEFT, Language

LANGUAGE_NAMES: dict[Language, str] = {
    "en": "English",
    "fa": "فارسی",
    "ar": "العربية",
    "tr": "Türkçe",
}
LANGUAGE_KEY = "shell_language"
_FOLDER = Path(__file__).parent / "locales"
# Babel takes the separators of a numbering system, but neither its digits nor its percent sign.
_SYMBOLS: dict[str, Any] = {"numbering_system": "default"}
_LOCAL_SIGNS = {
    "arabext": str.maketrans("0123456789%", "۰۱۲۳۴۵۶۷۸۹٪"),
    "arab": str.maketrans("0123456789%", "٠١٢٣٤٥٦٧٨٩٪"),
}


def t(key: str, **values: object) -> str:
    """Return the interface text `page.name` with its `{placeholders}` filled in."""
    page, _, name = key.partition(".")
    text = _texts(ui_language(), page)[name]
    return text.format(**values) if values else text


def ui_language() -> Language:
    """Return the interface's language: chosen by URL, then session, then browser."""
    for candidate in (
        st.query_params.get("lang"),
        st.session_state.get(LANGUAGE_KEY),
        (st.context.locale or "").partition("-")[0].lower(),
    ):
        if candidate in LANGUAGES:
            return cast("Language", candidate)
    return "en"


def keep_language() -> None:
    """Hold the language in the session and the URL, so that neither a page nor a reload loses it.

    Call once a run, before anything else: changing pages empties the URL's query.
    """
    language = ui_language()
    st.session_state[LANGUAGE_KEY] = language
    if st.query_params.get("lang") != language:
        st.query_params["lang"] = language


def choose_language(language: Language) -> None:
    """Change the interface's language."""
    st.session_state[LANGUAGE_KEY] = language
    st.query_params["lang"] = language


def is_right_to_left() -> bool:
    """Tell whether the interface reads from right to left."""
    return ui_language() in RIGHT_TO_LEFT


def number(n: float) -> str:
    """Write a number with the language's digits and grouping."""
    return _with_local_digits(format_decimal(n, locale=ui_language(), **_SYMBOLS))


def percent(fraction: float) -> str:
    """Write a fraction (0.25) as whole percent (25 %)."""
    return _with_local_digits(format_percent(fraction, locale=ui_language(), **_SYMBOLS))


def money(usd: float) -> str:
    """Write US dollars: cents from one cent up, two significant digits below."""
    digits = 2
    while 0 < abs(usd) < 10 ** -(digits - 1) and digits < 6:
        digits += 1
    pattern = Locale.parse(ui_language()).currency_formats["standard"].pattern
    shown = format_currency(
        usd,
        "USD",
        format=pattern.replace("0.00", "0." + "0" * digits),
        locale=ui_language(),
        currency_digits=False,
        **_SYMBOLS,
    )
    return _with_local_digits(shown)


def seconds(milliseconds: float) -> str:
    """Write a duration in seconds: two decimals below ten seconds, one above."""
    value = milliseconds / 1000
    pattern = "0.00" if value < 10 else "0.0"
    shown = format_decimal(value, pattern, locale=ui_language(), **_SYMBOLS)
    return t("shell.seconds", value=_with_local_digits(shown))


def when(moment: datetime) -> str:
    """Write a moment in the browser's time zone; today's without its date."""
    here = moment.astimezone(time_zone())
    language = ui_language()
    if here.date() == datetime.now(here.tzinfo).date():
        return _with_local_digits(format_time(here, "HH:mm", locale=language))
    return _with_local_digits(format_datetime(here, "d MMM y HH:mm", locale=language))


def time_zone() -> ZoneInfo:
    """Return the browser's time zone; UTC where it is not known."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):  # a name that only the browser knows
        return ZoneInfo("UTC")


def _with_local_digits(text: str) -> str:
    system = Locale.parse(ui_language()).default_numbering_system
    return text.translate(_LOCAL_SIGNS.get(system, {}))


@cache
def _texts(language: Language, page: str) -> dict[str, str]:
    """Read one page's texts; tables inside become dotted names."""
    with (_FOLDER / language / f"{page}.toml").open("rb") as file:
        return dict(_flatten(tomllib.load(file)))


def _flatten(table: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    flat: list[tuple[str, str]] = []
    for name, value in table.items():
        if isinstance(value, dict):
            flat += _flatten(value, f"{prefix}{name}.")
        else:
            flat.append((f"{prefix}{name}", value))
    return flat
