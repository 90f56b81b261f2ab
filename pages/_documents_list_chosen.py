"""Which of the listed sources a person has ticked, in the table or on the cards."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import streamlit as st

_CHOSEN, _FILLED = "documents_chosen", "documents_table_filled"


def chosen_ids() -> frozenset[UUID]:
    """Return the sources that are ticked."""
    chosen: frozenset[UUID] = st.session_state.get(_CHOSEN, frozenset())
    return chosen


def forget_chosen() -> None:
    """Untick all."""
    _choose(frozenset())


def keep_listed(ids: Sequence[UUID]) -> None:
    """Untick what is not listed any more: nobody should change what they do not see."""
    if chosen_ids() - set(ids):
        st.session_state[_CHOSEN] = chosen_ids() & set(ids)


def generation(ids: Sequence[UUID]) -> int:
    """Return a number for the table's key: another one where its rows, or ticks on cards, change.

    A table keeps which rows are ticked by their place alone, and would tick others in their stead.
    """
    count, filled = _filled()
    if filled != tuple(ids):
        count += 1
        st.session_state[_FILLED] = (count, tuple(ids))
    return count


def choose_rows(key: str, ids: Sequence[UUID]) -> None:
    """Take over what was ticked in the table."""
    rows = st.session_state[key]["selection"]["rows"]
    st.session_state[_CHOSEN] = frozenset(ids[row] for row in rows if row < len(ids))


def choose_one(key: str, source_id: UUID) -> None:
    """Take over what was ticked on a card."""
    ticked = st.session_state[key]
    _choose(chosen_ids() | {source_id} if ticked else chosen_ids() - {source_id})


def choose_all(ids: Sequence[UUID]) -> None:
    """Tick everything that is listed."""
    _choose(frozenset(ids))


def _choose(chosen: frozenset[UUID]) -> None:
    st.session_state[_CHOSEN] = chosen
    st.session_state[_FILLED] = (_filled()[0], ())  # the table is filled anew, ticks and all


def _filled() -> tuple[int, tuple[UUID, ...]]:
    filled: tuple[int, tuple[UUID, ...]] = st.session_state.get(_FILLED, (0, ()))
    return filled
