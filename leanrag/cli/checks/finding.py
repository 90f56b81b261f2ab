"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "broken"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One part: "broken" keeps `make run` or answering from working, "warning" does not."""

    name: str
    state: State
    message: str
    remedy: str = ""


def ok(name: str, message: str) -> Finding:
    """Return a finding that all is well."""
    return Finding(name, "ok", message)


def warning(name: str, message: str, remedy: str) -> Finding:
    """Return a finding that something is less than it could be."""
    return Finding(name, "warning", message, remedy)


def broken(name: str, message: str, remedy: str) -> Finding:
    """Return a finding that something needed does not work."""
    return Finding(name, "broken", message, remedy)
