"""The draft of a tenant's tuning, kept in the session until it is saved or discarded."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar
from uuid import UUID

import streamlit as st

from leanrag.router import IntentRouting, KeywordRule
from leanrag.tuning import Tuning, TuningDraft
from leanrag.types import DEFAULT_INTENTS, Intent
from pages._locale import t

Item = TypeVar("Item")
_SAVED, _DRAFT, _REVISION = "tuning_saved", "tuning_draft", "tuning_revision"


@dataclass(frozen=True, slots=True)
class Changes(Generic[Item]):
    """What the draft adds to, changes in (before, after) and removes from what is saved."""

    added: tuple[Item, ...]
    changed: tuple[tuple[Item, Item], ...]
    removed: tuple[Item, ...]

    def __bool__(self) -> bool:
        """Tell whether there is any change."""
        return bool(self.added or self.changed or self.removed)


def open_draft(tuning: Tuning, tenant_id: UUID) -> None:
    """Begin a draft from what is saved, unless the session has one already."""
    if _DRAFT not in st.session_state:
        start_over(tuning.load(tenant_id))


def show_saved(tuning: Tuning, tenant_id: UUID) -> None:
    """Put what is in force in the place of a draft, for whoever makes none."""
    latest = tuning.load(tenant_id)
    if st.session_state.get(_DRAFT) != latest:
        start_over(latest)


def start_over(saved: TuningDraft) -> None:
    """Begin anew from `saved`; the grids forget their edits."""
    st.session_state[_SAVED] = saved
    st.session_state[_DRAFT] = saved
    redraw_grids()


def rebase_draft(latest: TuningDraft) -> None:
    """Keep the draft, and compare it from now on with `latest`."""
    st.session_state[_SAVED] = latest
    st.session_state[_DRAFT] = replace(current_draft(), version=latest.version)


def redraw_grids() -> None:
    """Give the grids a new key, so that they are filled from the draft as it is now."""
    st.session_state[_REVISION] = revision() + 1


def revision() -> int:
    """Return the number that is part of the grids' keys."""
    return int(st.session_state.get(_REVISION, 0))


def saved_draft() -> TuningDraft:
    """Return what was saved when the draft was begun."""
    saved: TuningDraft = st.session_state[_SAVED]
    return saved


def current_draft() -> TuningDraft:
    """Return the draft as it stands."""
    draft: TuningDraft = st.session_state[_DRAFT]
    return draft


def set_keywords(keywords: Iterable[KeywordRule]) -> None:
    """Replace the draft's keywords."""
    st.session_state[_DRAFT] = replace(current_draft(), keywords=tuple(keywords))


def set_routings(routings: Iterable[IntentRouting]) -> None:
    """Replace the draft's routings."""
    st.session_state[_DRAFT] = replace(current_draft(), routings=tuple(routings))


def keyword_changes() -> Changes[KeywordRule]:
    """Return how the draft's keywords differ from the saved ones."""
    return _compare(
        saved_draft().keywords,
        current_draft().keywords,
        lambda rule: (rule.intent, rule.language, rule.keyword),
    )


def routing_changes() -> Changes[IntentRouting]:
    """Return how the draft's routings differ from the saved ones."""
    return _compare(
        saved_draft().routings, current_draft().routings, lambda routing: routing.intent
    )


def intent_label(intent: Intent) -> str:
    """Return an intent's name for grids and charts, which read no markdown."""
    return t(f"shell.intent.{intent}") if intent in DEFAULT_INTENTS else intent


def _compare(
    before: Iterable[Item], after: Iterable[Item], key: Callable[[Item], Hashable]
) -> Changes[Item]:
    old = {key(item): item for item in before}
    new = {key(item): item for item in after}
    return Changes(
        added=tuple(item for k, item in new.items() if k not in old),
        changed=tuple((old[k], item) for k, item in new.items() if k in old and old[k] != item),
        removed=tuple(item for k, item in old.items() if k not in new),
    )
