"""What an event changed, field by field: before and after, around the place where they differ."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile

from leanrag.audit import AuditEventView
from pages._audit_words import field_text, value_text

MAX_SHOWN_LETTERS = 240
_LEAD_IN = 60  # letters that are shown before the first difference


@dataclass(frozen=True, slots=True)
class Difference:
    """One field as a reader reads it; "" for a side where the thing did not exist."""

    field: str
    name: str
    before: str
    after: str

    @property
    def is_long(self) -> bool:
        """Tell whether a table cannot hold it as a whole."""
        return max(len(self.before), len(self.after)) > MAX_SHOWN_LETTERS

    def cut(self) -> tuple[str, str]:
        """Return both sides, of long texts the part around the first difference."""
        if not self.is_long:
            return self.before, self.after
        start = 0
        if self.before and self.after:
            start = max(0, _shared(self.before, self.after) - _LEAD_IN)
        return _part(self.before, start), _part(self.after, start)


def differences(event: AuditEventView) -> tuple[Difference, ...]:
    """Return the fields that an event tells of, in the order that it has them."""
    before, after = event.before or {}, event.after or {}
    return tuple(
        Difference(
            name,
            field_text(name),
            value_text(name, before[name]) if name in before else "",
            value_text(name, after[name]) if name in after else "",
        )
        for name in dict.fromkeys((*before, *after))
    )


def _shared(before: str, after: str) -> int:
    """Count the letters that both begin with."""
    both = zip(before, after, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], both))


def _part(text: str, start: int) -> str:
    end = start + MAX_SHOWN_LETTERS
    lead, rest = "…" if start and text else "", "…" if end < len(text) else ""
    return f"{lead}{text[start:end]}{rest}"
