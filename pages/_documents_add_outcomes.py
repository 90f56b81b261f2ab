"""What became of what was added last: taken in, there already, or refused with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import streamlit as st

from leanrag.errors import FileTooLarge, LeanRagError, NotFound
from leanrag.ingest.pipeline import Accepted
from leanrag.sources import Sources, SourceView
from pages._documents_add_sentences import translated
from pages._documents_address import open_source
from pages._documents_words import size_text
from pages._error_text import error_text
from pages._locale import number, t, ui_language
from pages._safe_text import plain_text

MAX_SHOWN = 12
_KEY = "documents_outcomes"
_TRANSLATED = frozenset(
    {"empty_file", "unsupported_file_type", "encrypted_file", "no_text", "extraction_failed"}
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file or list: `source_id` is the source it made, or made once before.

    `problem` says for markdown why it was not taken; empty where it was.
    """

    name: str
    source_id: UUID | None
    is_duplicate: bool = False
    problem: str = ""


def outcome_of(name: str, accepted: Accepted) -> Outcome:
    """Return the outcome of what was taken in, or was there already."""
    return Outcome(name, accepted.source.source_id, accepted.is_duplicate)


def keep_outcomes(outcomes: Sequence[Outcome]) -> None:
    """Keep what is to be said until something else is added or the person closes it."""
    st.session_state[_KEY] = tuple(outcomes)


def draw_outcomes(sources: Sources, tenant_id: UUID) -> None:
    """Say, beside each name, what has become of what was handed over last."""
    outcomes: tuple[Outcome, ...] = st.session_state.get(_KEY, ())
    drawn = [_draw(outcome, sources, tenant_id) for outcome in outcomes[:MAX_SHOWN]]
    if len(outcomes) > MAX_SHOWN:
        st.caption(t("documents.add.outcomes_more", count=number(len(outcomes) - MAX_SHOWN)))
    if any(drawn):
        st.button(
            t("documents.add.outcomes_close"),
            type="tertiary",
            icon=":material/close:",
            on_click=keep_outcomes,
            args=((),),
            key="documents_outcomes_close",
        )


def _draw(outcome: Outcome, sources: Sources, tenant_id: UUID) -> bool:
    """Draw one outcome; tell whether there was anything to say."""
    # Two lines, so that name and sentence may each take their own direction.
    name = f"**{plain_text(outcome.name)}**  \n"
    if outcome.problem:
        st.error(f"{name}{outcome.problem}", icon=":material/error:")
        return True
    source = _find(outcome, sources, tenant_id)
    if source is None or source.status == "failed":
        return False  # deleted since, or shown with its error among those that failed
    if outcome.is_duplicate:
        text = t("documents.add.duplicate", title=plain_text(source.title))
        _draw_with_way(st.info, f"{name}{text}", ":material/content_copy:", source)
    elif source.status == "processed":
        accepted = "accepted_one" if source.passage_count == 1 else "accepted"
        text = t(f"documents.add.{accepted}", count=number(source.passage_count))
        _draw_with_way(st.success, f"{name}{text}", ":material/check_circle:", source)
    else:
        return False  # shown with its progress
    return True


def _draw_with_way(draw: object, text: str, icon: str, source: SourceView) -> None:
    assert callable(draw)
    with st.container(horizontal=True, vertical_alignment="center"):
        draw(text, icon=icon, width="stretch")
        st.button(
            t("documents.open"),
            on_click=open_source,
            args=(source.source_id,),
            key=f"documents_outcome_{source.source_id}",
        )


def _find(outcome: Outcome, sources: Sources, tenant_id: UUID) -> SourceView | None:
    if outcome.source_id is None:
        return None
    try:
        return sources.get(tenant_id, outcome.source_id)
    except NotFound:
        return None


def rejection_text(error: LeanRagError, *, noun: Literal["file", "list"] = "file") -> str:
    """Say in the interface's language, for markdown, why a file or a list was not taken."""
    size, limit = error.details.get("bytes"), error.details.get("max_bytes")
    if isinstance(error, FileTooLarge) and isinstance(size, int) and isinstance(limit, int):
        shown = size_text(size), size_text(limit)
        return t("documents.add.file_error_file_too_large", size=shown[0], limit=shown[1])
    known = translated(error.message)
    if known != error.message:
        return plain_text(known)
    if ui_language() != "en" and error.code in _TRANSLATED:
        return t(f"documents.add.{noun}_error_{error.code}")
    return plain_text(error_text(error))
