"""What comes out of the process that reads a PDF."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class ChildReport:
    """What the process found; `pages` holds one text a page, empty unless `outcome` is "read"."""

    outcome: Literal["read", "encrypted", "too_many_pages", "broken"]
    title: str = ""
    page_count: int = 0
    pages: tuple[str, ...] = ()
