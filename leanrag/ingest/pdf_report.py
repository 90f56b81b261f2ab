"""What comes out of the processes that read a PDF and that draw a page of it."""

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


@dataclass(frozen=True, slots=True)
class PictureReport:
    """What the process drew; `picture` is a PNG or JPEG in Base64, empty unless "drawn"."""

    outcome: Literal["drawn", "no_such_page", "encrypted", "broken"]
    page_count: int = 0
    picture: str = ""
