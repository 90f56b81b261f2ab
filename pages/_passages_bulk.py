"""Several passages of a page switched at once."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.errors import LeanRagError
from leanrag.passage_edits import PassageChange, passage_version
from leanrag.sources import ChunkView
from pages._locale import number, t
from pages._passages_edit import problem_text, say
from pages._services import current_tenant, may

_SELECTING, _PICK = "passages_selecting", "passages_pick_"
_CHANGES = {
    "learn_only": PassageChange(is_citable=False),
    "may_quote": PassageChange(is_citable=True),
    "switch_off": PassageChange(enabled=False),
    "switch_on": PassageChange(enabled=True),
}


def is_selecting() -> bool:
    """Tell whether passages are being picked."""
    return bool(st.session_state.get(_SELECTING)) and may("knowledge.write")


def draw_switch() -> None:
    """Let passages be picked, or no longer."""
    st.toggle(t("passages.select"), key=_SELECTING)


def draw_pick(passage_id: UUID) -> None:
    """Let one passage be picked."""
    st.checkbox(t("passages.pick"), key=f"{_PICK}{passage_id}", label_visibility="collapsed")


def draw_bulk(services: Services, passages: Sequence[ChunkView]) -> None:
    """Offer what can be done with the picked passages of this page at once."""
    picked = [p for p in passages if st.session_state.get(f"{_PICK}{p.chunk_id}")]
    ids = [passage.chunk_id for passage in passages]
    with st.container(
        border=True, horizontal=True, vertical_alignment="center", key="passages_bulk"
    ):
        st.button(
            t("passages.pick_none" if picked else "passages.pick_all"),
            type="tertiary",
            on_click=_pick,
            args=(ids, not picked),
            key="passages_pick_page",
        )
        st.markdown(t("passages.picked", count=number(len(picked))))
        for name, change in _CHANGES.items():
            st.button(
                t(f"passages.{name}"),
                disabled=not picked,
                help=t(f"passages.{name}_help"),
                on_click=_change_all,
                args=(services, picked, change),
                key=f"passages_bulk_{name}",
            )


def _pick(passage_ids: Sequence[UUID], is_picked: bool) -> None:
    for passage_id in passage_ids:
        st.session_state[f"{_PICK}{passage_id}"] = is_picked


def _change_all(services: Services, picked: Sequence[ChunkView], change: PassageChange) -> None:
    """Change each passage for itself, so that one that cannot be does not keep the others back."""
    done, problems = 0, dict[str, None]()
    for passage in picked:
        try:
            services.passage_edits.edit(
                current_tenant(),
                passage.chunk_id,
                change,
                expected=passage_version(passage),
            )
            done += 1
        except LeanRagError as exc:
            problems[problem_text(exc)] = None
    _pick([passage.chunk_id for passage in picked], False)
    left = t("passages.bulk_left", count=number(len(picked) - done))
    say(
        notice=t("passages.bulk_done", count=number(done)) if done else "",
        problem=" ".join((left, *problems)) if problems else "",
    )
