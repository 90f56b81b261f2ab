"""Which way a text reads, and texts of different directions on one line."""

from __future__ import annotations

import unicodedata
from typing import Literal

_LABEL_LETTERS = 36


def direction(text: str) -> Literal["rtl", "ltr"]:
    """Return "rtl" where most letters of the text read from right to left, else "ltr"."""
    kinds = [unicodedata.bidirectional(letter) for letter in text]
    right_to_left = sum(kind in ("R", "AL") for kind in kinds)
    return "rtl" if right_to_left > kinds.count("L") else "ltr"


def isolated(text: str) -> str:
    """Return a part of a line that reads in its own direction and leaves the others in place."""
    return f"\u2068{text}\u2069"  # first strong isolate, pop directional isolate


def place(title: str, heading: str) -> str:
    """Return a source's title and the innermost heading of a place in it."""
    inner = heading.rpartition(" > ")[2]
    parts = [title] if inner in ("", title) else [title, inner]
    return " · ".join(isolated(_cut(part)) for part in parts)


def _cut(text: str) -> str:
    return text if len(text) <= _LABEL_LETTERS else text[:_LABEL_LETTERS].rstrip() + "…"
