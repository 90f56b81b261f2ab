"""Stored messages: the text, what it cites, what it cost, and the way into its X-ray."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import zip_longest

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from leanrag.bootstrap import Services
from leanrag.conversations import MessageView
from leanrag.ledger import Ledger
from leanrag.types import Citation
from pages._chat_answer import LiveAnswer
from pages._chat_citation import show_citation
from pages._chat_state import (
    ask,
    live_answer,
    open_conversation_id,
    toggle_xray,
    xray_message,
)
from pages._chat_text import direction, isolated, place
from pages._intents import intent_name, language_name
from pages._locale import money, number, percent, seconds, t, ui_language
from pages._safe_text import plain_text, safe_markdown
from pages._services import current_tenant, may
from pages._xray import draw_xray
from pages._xray_budget import sent_tokens
from pages._xray_decision import is_fixed

_AVATARS = {"user": ":material/person:", "assistant": ":material/bolt:"}
_LONGEST_ANSWER = timedelta(minutes=2)  # after it, nobody is writing any more


def draw_history(services: Services) -> tuple[MessageView, ...]:
    """Draw the open conversation's messages, without those of a running answer."""
    conversation_id = open_conversation_id()
    if conversation_id is None:
        return ()
    messages = services.conversations.messages(current_tenant(), conversation_id)
    live = live_answer()
    if live is not None:
        messages = _without(live, messages)
    question = ""
    for message, reply in zip_longest(messages, messages[1:]):
        if message.role == "user":
            question = message.text
            wants_person = reply is not None and _wants_person(reply.ledger)
            draw_question(question, key=str(message.message_id), wants_person=wants_person)
        else:
            _draw_answer(services, message, question)
    return messages


def draw_question(text: str, *, key: str, wants_person: bool = False) -> None:
    """Draw what was asked, exactly as it was typed, and whether it asked for a person."""
    with message_box("user"):
        with text_box(text, key=f"question-{key}"):
            st.markdown(plain_text(text).replace("\n", "  \n"))
        if wants_person:
            st.badge(t("chat.wants_person"), icon=":material/support_agent:", color="orange")


def message_box(role: str) -> DeltaGenerator:
    """Return the box of a message: the sign of who speaks, and room beside it."""
    return st.chat_message(role, avatar=_AVATARS[role])


def text_box(text: str, *, key: str) -> DeltaGenerator:
    """Return a box in which this text reads in its own direction."""
    return st.container(key=f"{direction(text)}-{key}")


def _without(live: LiveAnswer, messages: tuple[MessageView, ...]) -> tuple[MessageView, ...]:
    kept = [message for message in messages if message.message_id != live.message_id]
    if live.message_id is not None and kept and kept[-1].role == "user":
        kept.pop()
    return tuple(kept)


def _wants_person(ledger: Ledger | None) -> bool:
    return ledger is not None and ledger.contact is not None and ledger.contact.wants_person


def _draw_answer(services: Services, message: MessageView, question: str) -> None:
    key = str(message.message_id)
    with message_box("assistant"):
        if message.text:
            with text_box(message.text, key=f"answer-{key}"):
                st.markdown(safe_markdown(message.text))
        _draw_status(services, message, question)
        if message.citations:
            _draw_citations(services, message.citations, key=key)
        if message.ledger is not None:
            _draw_footer(message, message.ledger)
    if message.ledger is not None and xray_message() == key:
        with st.container(border=True, key=f"chat_xray_{key}"):
            draw_xray(message.ledger, services.settings.max_prompt_tokens, key=key)


def _draw_status(services: Services, message: MessageView, question: str) -> None:
    if message.status == "partial" and message.ledger is None and not message.error:
        age = datetime.now(UTC) - message.created_at
        if age < _LONGEST_ANSWER:
            st.caption(t("chat.still_writing"))
            st.button(t("chat.refresh"), key=f"chat_refresh_{message.message_id}")
            return
    if message.error:
        shown = message.error if ui_language() == "en" else t("chat.failed")
        st.error(plain_text(shown), icon=":material/error:")
    if message.status == "stopped":
        st.caption(f":material/stop_circle: {t('chat.stopped')}")
    elif message.status == "partial":
        st.caption(f":material/warning: {t('chat.partial')}")
    is_over = message.status in ("failed", "partial") and live_answer() is None
    if is_over and question and may("ask"):
        st.button(
            t("chat.ask_again"),
            icon=":material/refresh:",
            key=f"chat_again_{message.message_id}",
            on_click=ask,
            args=(services, question),
        )


def _draw_citations(services: Services, citations: tuple[Citation, ...], *, key: str) -> None:
    with st.container(horizontal=True, gap="small", key=f"chat_citations_{key}"):
        for citation in sorted(citations, key=lambda cited: cited.number):
            name = plain_text(place(citation.title, citation.heading))
            clicked = st.button(
                f"\\[{number(citation.number)}\\] {name}",
                icon=":material/format_quote:",
                key=f"chat_citation_{key}_{citation.number}",
                help=t("chat.open_source"),
            )
            if clicked:
                show_citation(services, citation)


def _draw_footer(message: MessageView, ledger: Ledger) -> None:
    key = str(message.message_id)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        _draw_badges(ledger)
        if message.status == "abstained":
            st.badge(t("chat.abstained"), color="orange")
        is_open = xray_message() == key
        st.button(
            t("chat.xray_close" if is_open else "chat.xray_open"),
            icon=":material/close:" if is_open else ":material/labs:",
            type="tertiary",
            key=f"chat_xray_button_{key}",
            on_click=toggle_xray,
            args=(message.message_id,),
        )
    st.caption(plain_text(_figures(ledger)))


def _draw_badges(ledger: Ledger) -> None:
    """Draw the topic and how sure it is; of a fixed reply, which there is no topic for, its act."""
    made = ledger.metadata
    if is_fixed(ledger):
        act = ledger.contact.act if ledger.contact is not None else "other"
        st.badge(t(f"chat.act_{act}"), icon=":material/waving_hand:", color="primary")
    else:
        st.badge(intent_name(made.intent), icon=":material/alt_route:", color="primary")
    st.badge(language_name(made.language), icon=":material/translate:", color="gray")
    if made.confidence > 0 and not is_fixed(ledger):
        confidence = t("chat.confidence", value=percent(made.confidence))
        st.badge(confidence, color="gray", help=t("chat.confidence_help"))
    if ledger.cached is not None:
        st.badge(t("chat.cached"), icon=":material/history:", color="gray")


def _figures(ledger: Ledger) -> str:
    made, everything = ledger.metadata, ledger.counterfactual.total_tokens
    sent = sent_tokens(ledger)
    parts = [t("chat.prompt_tokens", tokens=number(sent))]
    if everything > sent:
        saved = 1 - sent / everything
        parts.append(t("chat.instead_of", tokens=number(everything), saved=percent(saved)))
    parts.append(money(made.cost_usd) if made.cost_usd else t("chat.no_cost"))
    if made.first_token_ms is not None:
        parts.append(t("chat.first_token", time=seconds(made.first_token_ms)))
    parts.append(t("chat.total_time", time=seconds(made.response_time_ms)))
    return " · ".join(isolated(part) for part in parts)
