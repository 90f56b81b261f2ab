"""Which way a text reads."""

from __future__ import annotations

import unicodedata
from typing import Literal


def direction(text: str) -> Literal["rtl", "ltr"]:
    """Return "rtl" where most letters of the text read from right to left, else "ltr"."""
    kinds = [unicodedata.bidirectional(letter) for letter in text]
    right_to_left = sum(kind in ("R", "AL") for kind in kinds)
    return "rtl" if right_to_left > kinds.count("L") else "ltr"
