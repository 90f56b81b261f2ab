"""What goes into the process that reads a PDF, and what comes out of it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class ChildLimits:
    """What the process may use, as its parent writes it on the command line."""

    memory_bytes: int
    cpu_seconds: int
    wall_seconds: int
    max_pages: int

    def to_argument(self) -> str:
        """Return the limits as one command-line argument."""
        return json.dumps(asdict(self))


@dataclass(frozen=True, slots=True)
class ChildReport:
    """What the process found; `pages` holds one text a page, empty unless `outcome` is "read"."""

    outcome: Literal["read", "encrypted", "too_many_pages", "broken"]
    title: str = ""
    page_count: int = 0
    pages: tuple[str, ...] = ()
