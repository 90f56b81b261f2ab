"""Names that people give, as markdown, and the short names that addresses use."""

from __future__ import annotations

import re
import unicodedata

from pages._chat_text import isolated
from pages._passages_words import cut
from pages._safe_text import plain_text

MAX_NAME = 200
MAX_SLUG = 63
_MAX_SHOWN = 80


def name_text(name: str, most: int = _MAX_SHOWN) -> str:
    """Return what a person wrote, cut where it is long, in its own direction."""
    return isolated(plain_text(cut(name, most)))


def short_name(name: str) -> str:
    """Return a short name out of a name's Latin letters; empty where it has none."""
    latin = unicodedata.normalize("NFKD", name.replace("ı", "i")).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", latin.lower())[:MAX_SLUG].strip("-")
