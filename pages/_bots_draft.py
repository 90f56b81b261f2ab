"""The draft of what a bot says: what was seen of it, and what is typed over that.

What is typed stays in the session until it is stored or discarded, whatever others do meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal
from uuid import UUID

import streamlit as st

from leanrag.bot_content import FIELDS, BotContent
from leanrag.bot_version_rows import BotVersion
from leanrag.types import LANGUAGES, Language

Prompt = Literal["persona", "instructions"]
Message = Literal["greeting", "fallback"]
PROMPTS: tuple[Prompt, ...] = ("persona", "instructions")
MESSAGES: tuple[Message, ...] = ("greeting", "fallback")
_EDITINGS = "bots_editing"


@dataclass(frozen=True, slots=True)
class Editing:
    """An open editor: the draft as it was `seen` (edit 0: what is in force), and what is typed.

    `revision` is part of the editor's keys: another one fills it anew.
    """

    bot_id: UUID
    seen: BotVersion
    content: BotContent
    revision: int = 0

    @property
    def is_changed(self) -> bool:
        """Tell whether something is typed that is not stored."""
        return self.content != self.seen.content


def open_editing(bot_id: UUID, stored: BotVersion) -> Editing:
    """Return the bot's editor; where nothing is typed, it shows what is stored now."""
    editing = _editings().get(bot_id)
    if editing is None or (not editing.is_changed and editing.seen != stored):
        return start_over(bot_id, stored)
    return editing


def latest(editing: Editing) -> Editing:
    """Return the editor as it stands by now; `editing` may be what a dialog was opened with."""
    return _editings().get(editing.bot_id, editing)


def start_over(bot_id: UUID, stored: BotVersion) -> Editing:
    """Begin anew from what is stored."""
    return _keep(Editing(bot_id, stored, stored.content, _next_revision(bot_id)))


def take_theirs(editing: Editing, stored: BotVersion) -> None:
    """Give up what was typed for what somebody else stored meanwhile."""
    start_over(editing.bot_id, stored)


def put_on_top(editing: Editing, stored: BotVersion) -> None:
    """Keep what was typed, as changes to what somebody else stored meanwhile."""
    content = on_top(editing.seen.content, typed(editing).content, stored.content)
    _keep(Editing(editing.bot_id, stored, content, _next_revision(editing.bot_id)))


def note_stored(editing: Editing, stored: BotVersion) -> Editing:
    """Go on from a draft that was just stored as it is typed."""
    return _keep(replace(editing, seen=stored, content=stored.content))


def typed(editing: Editing) -> Editing:
    """Return the editor with what its boxes hold now, and keep that."""
    texts: dict[str, Any] = {
        name: st.session_state.get(box_key(editing, name), getattr(editing.content, name))
        for name in PROMPTS
    }
    for message in MESSAGES:
        texts[message] = _typed_messages(editing, message)
    return _keep(replace(editing, content=replace(editing.content, **texts)))


def box_key(editing: Editing, name: Prompt | Message, language: Language | None = None) -> str:
    """Return the key of the box in which a text is typed."""
    place = name if language is None else f"{name}-{language}"
    return f"bots_text_{place}_{editing.bot_id}_{editing.revision}"


def on_top(base: BotContent, mine: BotContent, theirs: BotContent) -> BotContent:
    """Return `theirs` with each text that `mine` changed of `base`; of messages, each language."""
    merged: dict[str, Any] = {}
    for name in FIELDS:
        before, own, other = (getattr(content, name) for content in (base, mine, theirs))
        if isinstance(own, Mapping):
            merged[name] = _messages_on_top(before, own, other)
        else:
            merged[name] = other if own == before else own
    return replace(theirs, **merged)


def _messages_on_top(
    base: Mapping[str, str], mine: Mapping[str, str], theirs: Mapping[str, str]
) -> dict[str, str]:
    chosen = {
        language: (theirs if mine.get(language, "") == base.get(language, "") else mine)
        for language in LANGUAGES
    }
    return {language: texts[language] for language, texts in chosen.items() if texts.get(language)}


def _typed_messages(editing: Editing, name: Message) -> dict[str, str]:
    kept: Mapping[str, str] = getattr(editing.content, name)
    texts = {
        language: str(
            st.session_state.get(box_key(editing, name, language), kept.get(language, ""))
        )
        for language in LANGUAGES
    }
    return {language: text for language, text in texts.items() if text}


def _keep(editing: Editing) -> Editing:
    st.session_state[_EDITINGS] = {**_editings(), editing.bot_id: editing}
    return editing


def _next_revision(bot_id: UUID) -> int:
    before = _editings().get(bot_id)
    return 0 if before is None else before.revision + 1


def _editings() -> Mapping[UUID, Editing]:
    kept: Mapping[UUID, Editing] = st.session_state.get(_EDITINGS, {})
    return kept
