"""What every way of adding asks: whether it may be quoted; its tags and its bot under “More”."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import streamlit as st

from leanrag.bots import BotView
from leanrag.ingest.upload import MAX_TAGS
from pages._locale import t

STYLE = """<style>
/* Five ways to add, each with its own frame: they wrap, and read from either side. */
.st-key-documents_form [role="radiogroup"] { gap: 0.35rem; }
.st-key-documents_form button { border-radius: 0.5rem !important; margin: 0 !important; }
.st-key-documents_form button:not([aria-checked="true"]) {
  border: 1px solid var(--st-border-color, #8884) !important;
}
[class*="st-key-documents_title_"] { min-width: min(16rem, 100%); }
[class*="st-key-documents_upload_add"] [data-testid="InputInstructions"] { display: none; }
[class*="st-key-documents_citable"] [data-testid="stTooltipIcon"]:dir(rtl) {
  margin-inline-start: 0.4rem;
}
/* The knob slides to the right in every language; from the right it would leave its track. */
[class*="st-key-documents_"] [data-testid="stCheckbox"] label > div:first-of-type {
  direction: ltr;
}
</style>"""


@dataclass(frozen=True, slots=True)
class AddOptions:
    """How a source is added: quoted or only learnt from, its tags, and its bot (None: all)."""

    is_citable: bool
    tags: tuple[str, ...]
    bot_id: UUID | None


def draw_citable(form: str) -> bool:
    """Draw the switch for quoting."""
    return st.toggle(
        t("documents.citable"),
        value=True,
        help=t("documents.add.citable_on"),
        key=f"documents_citable_{form}",
        persist_state="session",
    )


def draw_learn_only(is_citable: bool) -> None:
    """Say what it means where the switch for quoting is off."""
    if not is_citable:
        st.caption(t("documents.add.citable_off"))


def draw_tags(form: str) -> tuple[str, ...]:
    """Draw the field for tags; a tag is made by writing it."""
    key = f"documents_tags_{form}"
    chosen = st.multiselect(
        t("documents.add.tags"),
        options=tuple(st.session_state.get(key, ())),
        accept_new_options=True,
        max_selections=MAX_TAGS,
        placeholder=t("documents.add.tags_placeholder"),
        help=t("documents.add.tags_help"),
        key=key,
        persist_state="session",
    )
    return tuple(chosen)


def draw_bot(form: str, bots: Sequence[BotView]) -> UUID | None:
    """Draw the choice of a bot where there are several; None is all of them."""
    if len(bots) < 2:
        return None
    names = {bot.bot_id: bot.name for bot in bots}
    return st.selectbox(
        t("documents.add.bot"),
        (None, *names),
        format_func=lambda bot_id: names[bot_id] if bot_id else t("documents.add.bot_all"),
        help=t("documents.add.bot_help"),
        key=f"documents_bot_{form}",
        persist_state="session",
    )
