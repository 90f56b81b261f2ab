"""A router by a draft, as it would route if the draft were saved."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from leanrag.router import QueryRouter
from leanrag.routing_defaults import default_keywords
from leanrag.tuning import TuningDraft


class RouterMaker(Protocol):
    """Makes the router of a draft, with the model that a turn of this tenant would have."""

    def __call__(self, tenant_id: UUID, draft: TuningDraft, *, session: Session) -> QueryRouter:
        """Return the router; the database is only read."""


def as_saved(draft: TuningDraft) -> TuningDraft:
    """Return a draft whose keywords are marked as the tenant's own where saving would make them so.

    The defaults are those that this version ships, which every start writes to the database.
    """
    shipped = set(default_keywords())
    return replace(
        draft,
        keywords=tuple(
            rule if rule.is_own == (rule not in shipped) else replace(rule, is_own=not rule.is_own)
            for rule in draft.keywords
        ),
    )
