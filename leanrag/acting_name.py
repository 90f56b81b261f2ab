"""Whose name stands beside a change: who acts, where that is known better than the caller says."""

from __future__ import annotations

from db.tenancy import current_actor
from leanrag.text.normalize import clean

MAX_NAME_CHARACTERS = 100
_KNOWN = frozenset({"person", "key"})


def acting_name(given: str = "") -> str:
    """Return the name to keep beside a change that is made in this context.

    Of a person or a key it is their own, on one line and at most 100 letters, whatever is `given`:
    nobody signs for another. Elsewhere, as on the command line, it is `given`.
    """
    actor = current_actor()
    if actor is None or actor.kind not in _KNOWN:
        return given
    return " ".join(clean(actor.name).split())[:MAX_NAME_CHARACTERS].rstrip()
