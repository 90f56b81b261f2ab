"""What a bot says, by field: typed in boxes, or read by whoever may not change it."""

from __future__ import annotations

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.bot_content import MAX_MESSAGE_CHARACTERS, MAX_PROMPT_CHARACTERS, BotContent
from leanrag.types import LANGUAGES, Language
from pages._bots_draft import MESSAGES, PROMPTS, Editing, Message, Prompt, box_key, typed
from pages._chat_text import direction
from pages._intents import language_name
from pages._locale import LANGUAGE_NAMES, is_right_to_left, number, t, ui_language

_PROMPT_HEIGHT = {"persona": 130, "instructions": 200}
_MESSAGE_HEIGHT = 110
_FROM_THE_RIGHT = """<style>
.st-key-bots_size [data-testid="stProgressBarTrack"] { transform: scaleX(-1); }
</style>"""


def draw_boxes(services: Services, editing: Editing) -> Editing:
    """Draw the boxes with what is typed; return the editor with it."""
    st.subheader(t("bots.prompt"), anchor=False)
    st.caption(t("bots.prompt_intro"))
    for name in PROMPTS:
        _draw_prompt(editing, name)
    _draw_size(services, typed(editing).content)
    st.subheader(t("bots.messages"), anchor=False)
    st.caption(t("bots.messages_intro"))
    languages = _languages()
    for language, tab in zip(
        languages, st.tabs([LANGUAGE_NAMES[one] for one in languages]), strict=True
    ):
        with tab:
            for message in MESSAGES:
                _draw_message(editing, message, language)
    return typed(editing)


def draw_content(services: Services, content: BotContent, *, place: str) -> None:
    """Draw what a version says, to be read; `place` tells it from others on the page."""
    for name in PROMPTS:
        _draw_text(t(f"bots.field_{name}"), getattr(content, name), key=f"{place}-{name}")
    _draw_size(services, content)
    for message in MESSAGES:
        texts = getattr(content, message)
        if not texts:
            st.caption(f"**{t(f'bots.field_{message}')}**  \n{t(f'bots.no_{message}')}")
        for language in (one for one in _languages() if one in texts):
            label = t(f"bots.{message}_in", language=language_name(language))
            _draw_text(label, texts[language], key=f"{place}-{message}-{language}")
    routing = content.routing
    counts = number(len(routing.keywords)), number(len(routing.routings))
    st.caption(t("bots.routing_held", keywords=counts[0], intents=counts[1]))


def _languages() -> tuple[Language, ...]:
    """Return the languages, the interface's own first."""
    return tuple(sorted(LANGUAGES, key=lambda language: language != ui_language()))


def _draw_prompt(editing: Editing, name: Prompt) -> None:
    key = box_key(editing, name)
    st.session_state.setdefault(key, getattr(editing.content, name))
    st.text_area(
        t(f"bots.field_{name}"),
        help=t(f"bots.{name}_help"),
        max_chars=MAX_PROMPT_CHARACTERS,
        height=_PROMPT_HEIGHT[name],
        key=key,
    )


def _draw_message(editing: Editing, name: Message, language: Language) -> None:
    key = box_key(editing, name, language)
    st.session_state.setdefault(key, getattr(editing.content, name).get(language, ""))
    st.text_area(
        t(f"bots.{name}_in", language=language_name(language)),
        placeholder=t(f"bots.no_{name}"),
        max_chars=MAX_MESSAGE_CHARACTERS,
        height=_MESSAGE_HEIGHT,
        key=key,
    )


def _draw_size(services: Services, content: BotContent) -> None:
    """Show how much of the system prompt's share persona and instructions take."""
    size = services.previews.system_size(content.persona, content.instructions)
    tokens, limit = number(size.tokens), number(size.limit)
    if size.tokens > size.limit:
        text = t("bots.size_over", tokens=tokens, limit=limit)
        st.error(text, icon=":material/compress:")
        return
    if is_right_to_left():
        st.html(_FROM_THE_RIGHT)
    with st.container(key="bots_size"):
        st.progress(size.tokens / size.limit, text=t("bots.size", tokens=tokens, limit=limit))


def _draw_text(label: str, text: str, *, key: str) -> None:
    st.caption(f"**{label}**")
    if not text:
        st.caption(t("bots.says_nothing"))
        return
    with st.container(border=True, key=f"{direction(text)}-bots-{key}"):
        st.text(text)
