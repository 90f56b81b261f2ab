"""A value of a sheet and its number format → what the sheet shows, as far as a text can.

Number formats: ISO/IEC 29500-1, 18.8.31. Colours, fills and widths say nothing; fractions are shown
as decimals; a date in the reader's own short form is written as in ISO 8601, since its order of day
and month depends on who looks.
"""

from __future__ import annotations

import re
import sys
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

_LOCAL_DATE = "mm-dd-yy"  # format 14: whatever is usual where the reader is
_TOKEN = re.compile(
    r"\"([^\"]*)\"|\\(.)|_.|\*.|\[\$([^\]-]*)[^\]]*\]|\[(h+|m+|s+)\]|\[[^\]]*\]"
    r"|(AM/PM|A/P)|([ymdhs]+)|(0|#|\?)|(.)",
    re.IGNORECASE | re.DOTALL,
)
_NUMBER = re.compile(r"[0#?][0#?,]*(?:\.[0#?]*)?,*")
_SCIENTIFIC = re.compile(r"(?i)[0#?]E[+-][0#?]")
_FRACTION = re.compile(r"[#0?]\s*[#0?]*/[#0?\d]+")
_GENERAL = re.compile("(?i)general")
_DATE_LETTERS = re.compile(r"[ymdhs]", re.IGNORECASE)
_HIDDEN = ";;;"
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MAX_DIGITS = 15  # what a sheet keeps of a number
_HUGE = 1e21
_LAST_DAY, _LEAP_DAY = 2_958_466, 60  # 9999-12-31 and the day that never was
_MAX_FORMAT_CHARACTERS = 255


def show(value: object, number_format: str) -> str:
    """Return what a sheet shows for a value under a number format; nothing for None."""
    if value is None or number_format == _HIDDEN:
        return ""
    if len(number_format) > _MAX_FORMAT_CHARACTERS:
        number_format = "General"
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime | date | time | timedelta):
        return _show_time(value, number_format)
    if isinstance(value, int | float):
        is_number = abs(value) <= sys.float_info.max  # not infinite, not NaN
        return _show_number(value, number_format) if is_number else ""
    return str(value)


# ---- numbers ----------------------------------------------------------------------------------


def _show_number(value: float, number_format: str) -> str:
    if number_format == "General":
        return _plain(value)
    sections = _sections(number_format)
    section = sections[0]
    if len(sections) > 1 and value < 0:
        section, value = sections[1], -value
    elif len(sections) > 2 and value == 0:
        section = sections[2]
    if _GENERAL.search(section):
        literal = "".join(_literal(token) for token in _TOKEN.finditer(section))
        return _restore(_GENERAL.sub(_plain(value), literal, count=1)).strip()
    if _SCIENTIFIC.search(section):
        return _scientific(value, section)
    literal, pattern = _split(section)
    if pattern is None:  # words in the place of the number
        return literal.strip() if "@" not in section else _plain(value)
    if _FRACTION.search(section) or re.search(r"[0#?]", literal) or abs(value) >= _HUGE:
        return _plain(value)  # a fraction, digits in groups of their own, or beyond all digits
    digits = _digits(Decimal(repr(value)), pattern, percents=section.count("%"))
    return literal.replace("\0", digits).strip()


@lru_cache(maxsize=512)
def _sections(number_format: str) -> tuple[str, ...]:
    """Return the parts for positive and negative numbers and zero, cut at bare semicolons."""
    parts, current = [], ""
    for token in _TOKEN.finditer(number_format):
        if token[0] == ";":
            parts.append(current)
            current = ""
        else:
            current += token[0]
    return (*parts, current)


@lru_cache(maxsize=512)
def _split(section: str) -> tuple[str, str | None]:
    """Return what stands around the digits, "\\0" in their place, and their pattern if any."""
    literal = "".join(_literal(token) for token in _TOKEN.finditer(section))
    found = _NUMBER.search(literal)
    if found is None:
        return _restore(literal), None
    around = f"{literal[: found.start()]}\0{literal[found.end() :]}"
    return _restore(around), found[0]


# What is quoted must not be taken for a pattern: it is moved out of the way for a while.
_QUOTED = {ord(letter): chr(0xE000 + ord(letter)) for letter in "0#?,.%E+-"}
_UNQUOTED = {new: old for old, new in ((k, ord(v)) for k, v in _QUOTED.items())}


def _literal(token: re.Match[str]) -> str:
    quoted, escaped, currency = token[1], token[2], token[3]
    for text in (quoted, escaped, currency):
        if text is not None:
            return text.translate(_QUOTED)
    if token[0][0] in "_*[":
        return " " if token[0][0] == "_" else ""
    return token[0]


def _restore(text: str) -> str:
    return text.translate(_UNQUOTED)


def _digits(amount: Decimal, pattern: str, *, percents: int) -> str:
    """Return the digits of a number under "#,##0.00": rounded, grouped, scaled by thousands."""
    thousands = len(pattern) - len(pattern.rstrip(","))
    whole, _, fraction = pattern.rstrip(",").partition(".")
    fraction = fraction[:_MAX_DIGITS]
    amount = amount.scaleb(2 * percents - 3 * thousands)
    rounded = abs(amount).quantize(Decimal(1).scaleb(-len(fraction)), ROUND_HALF_UP)
    text = f"{rounded:,f}" if "," in whole else f"{rounded:f}"
    before, _, after = text.partition(".")
    before = before.zfill(whole.count("0")) if before != "0" or "0" in whole else ""
    optional = len(fraction) - len(fraction.rstrip("#?"))
    kept = after[: len(after) - optional] + after[len(after) - optional :].rstrip("0")
    sign = "-" if amount < 0 and rounded else ""
    return f"{sign}{before}{'.' if kept else ''}{kept}" or "0"


def _scientific(value: float, section: str) -> str:
    decimals = len(section.upper().partition("E")[0].partition(".")[2])
    return f"{value:.{min(decimals, _MAX_DIGITS)}E}"


def _plain(value: float) -> str:
    """Return a number as "General" shows it: no more digits than a sheet keeps."""
    if isinstance(value, int):
        return str(value)
    text = f"{value:.{_MAX_DIGITS}g}"
    if "e" in text and 1e-9 < abs(value) < 1e21:
        text = f"{Decimal(text):f}"
    return text


# ---- dates and times --------------------------------------------------------------------------


def _show_time(value: datetime | date | time | timedelta, number_format: str) -> str:
    section = _sections(number_format)[0]
    if isinstance(value, timedelta):
        seconds = round(value.total_seconds())
        sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
        return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    if section.lower() in (_LOCAL_DATE, "general") or not _DATE_LETTERS.search(section):
        return _iso(value)
    return _spell(value, section)


def _iso(value: datetime | date | time) -> str:
    if isinstance(value, datetime):
        at_midnight = value.time() == time(0)
        return value.date().isoformat() if at_midnight else f"{value:%Y-%m-%d %H:%M}"
    return f"{value:%H:%M:%S}" if isinstance(value, time) else value.isoformat()


def _spell(value: datetime | date | time, section: str) -> str:
    """Write a date by the letters of its format; an `m` beside hours or seconds means minutes."""
    tokens = list(_TOKEN.finditer(section))
    codes = [(token[4] or token[6] or "").lower() for token in tokens]
    is_half_day = any(token[5] for token in tokens)
    shown = ""
    for place, (token, code) in enumerate(zip(tokens, codes, strict=True)):
        if token[5]:
            shown += "AM" if _part(value, "hour") < 12 else "PM"
        elif not code:
            shown += _restore(_literal(token)) if token[0] != "@" else ""
        elif code[0] == "m" and _is_minute(codes, place):
            shown += f"{_part(value, 'minute'):0{min(len(code), 2)}}"
        else:
            shown += _spell_code(value, code, is_half_day)
    return " ".join(shown.split())


def _is_minute(codes: list[str], place: int) -> bool:
    before = next((code for code in reversed(codes[:place]) if code), "")
    after = next((code for code in codes[place + 1 :] if code), "")
    return before.startswith("h") or after.startswith("s")


def _spell_code(value: datetime | date | time, code: str, is_half_day: bool) -> str:
    letter, length = code[0], len(code)
    if letter == "h":
        hour = _part(value, "hour")
        return f"{(hour - 1) % 12 + 1 if is_half_day else hour:0{min(length, 2)}}"
    if letter == "s":
        return f"{_part(value, 'second'):0{min(length, 2)}}"
    if isinstance(value, time):
        return ""
    if letter == "y":
        return f"{value.year % 100:02}" if length <= 2 else f"{value.year:04}"
    if letter == "m":
        name = _MONTHS[value.month - 1]
        names = {3: name[:3], 4: name, 5: name[0]}
        return names.get(length) or f"{value.month:0{min(length, 2)}}"
    day = _DAYS[value.weekday()]
    return {3: day[:3], 4: day}.get(length) or f"{value.day:0{min(length, 2)}}"


def _part(value: datetime | date | time, name: str) -> int:
    return int(getattr(value, name, 0))


def is_time_format(number_format: str) -> bool:
    """Tell whether numbers of this format are dates or times."""
    return number_format != "General" and _is_time_format(number_format)


@lru_cache(maxsize=512)
def _is_time_format(number_format: str) -> bool:
    if len(number_format) > _MAX_FORMAT_CHARACTERS:
        return False
    return any(token[4] or token[6] for token in _TOKEN.finditer(number_format))


def from_serial(
    serial: float, number_format: str, counts_from_1904: bool
) -> datetime | time | timedelta | None:
    """Return the moment that a number of days means, None where it is out of reach.

    Days count from 1899-12-30, which is right from 1900-03-01 on; before, sheets count a leap day
    that never was (ISO/IEC 29500-1, 18.17.4.1).
    """
    if not abs(serial) < _LAST_DAY:
        return None
    length = timedelta(days=serial)
    length = timedelta(seconds=round(length.total_seconds()))
    if any(token[4] for token in _TOKEN.finditer(number_format)):
        return length
    if serial < 0:
        return None
    if serial < 1:
        return (datetime(1900, 1, 1) + length).time()
    first = datetime(1904, 1, 1) if counts_from_1904 else datetime(1899, 12, 30)
    if not counts_from_1904 and serial < _LEAP_DAY:
        first += timedelta(days=1)
    return first + length
