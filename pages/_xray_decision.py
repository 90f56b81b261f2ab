"""How an answer was decided on: a fixed reply, an earlier answer, quotes, silence, or a model."""

from __future__ import annotations

import streamlit as st

from leanrag.extractive import ExtractiveAnswerer
from leanrag.first_contact import FirstContactMatch
from leanrag.ledger import CacheHit, Ledger
from leanrag.types import FIXED_REPLY
from pages._chat_text import isolated
from pages._intents import language_name
from pages._locale import number, t
from pages._safe_text import plain_text
from pages._xray_chance import chance_sentence, draw_chance

_MINUTE_SECONDS = 60


def is_fixed(ledger: Ledger) -> bool:
    """Tell whether a fixed text answered: nothing was searched and nothing sent."""
    return ledger.metadata.model_used == FIXED_REPLY


def is_decided_early(ledger: Ledger) -> bool:
    """Tell whether the decision says more than the prompt: no model wrote, nothing was quoted."""
    return is_fixed(ledger) or ledger.cached is not None or _is_abstention(ledger)


def draw_decision(ledger: Ledger, *, key: str) -> None:
    """Draw why the answer is what it is; `key` tells several X-rays apart."""
    with st.container(key=f"interface-decision-{key}", gap="small"):
        st.markdown(f"**{decision_sentence(ledger)}**")
        if is_fixed(ledger):
            if ledger.contact is not None:
                _draw_contact(ledger.contact)
            st.caption(t("chat.xray.fixed_cost"))
        if ledger.cached is not None:
            _draw_cached(ledger.cached)
        if ledger.answerability is not None:
            draw_chance(ledger.answerability)
        if ledger.contact is not None and not is_fixed(ledger):
            _draw_contact(ledger.contact)
        st.caption(_version(ledger.prompt_version))


def decision_sentence(ledger: Ledger) -> str:
    """Return in one sentence how the answer came about, as markdown."""
    if is_fixed(ledger):
        act = ledger.contact.act if ledger.contact is not None else None
        return t(f"chat.xray.fixed_{act}") if act else t("chat.xray.fixed")
    if ledger.cached is not None:
        return t(f"chat.xray.cached_{ledger.cached.match}", age=_age(ledger.cached.age_seconds))
    if ledger.answerability is not None:
        return chance_sentence(ledger.answerability)
    if ledger.metadata.model_used == ExtractiveAnswerer.name:
        return t(
            "chat.xray.decided_silent" if _is_abstention(ledger) else "chat.xray.decided_quote"
        )
    return t(
        "chat.xray.decided_model",
        model=isolated(plain_text(ledger.metadata.model_used)),
        passages=number(len(ledger.prompt.carried())),
    )


def _is_abstention(ledger: Ledger) -> bool:
    return ledger.metadata.outcome == "abstained"


def _draw_contact(contact: FirstContactMatch) -> None:
    """Draw the customer's words that decided, and what a wish for a person has done."""
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
        name = "contact_words" if contact.is_whole else "contact_words_beside"
        words = t(f"chat.xray.{name}", language=language_name(contact.language))
        st.caption(words, width="content")
        for phrase in contact.phrases:
            st.badge(plain_text(phrase), color="primary")
    if contact.wants_person:
        name = "contact_person" if contact.is_whole else "contact_person_beside"
        st.info(t(f"chat.xray.{name}"), icon=":material/support_agent:")


def _draw_cached(cached: CacheHit) -> None:
    """Draw the earlier question, what was overlooked in it, and that nothing was spent."""
    if cached.match == "near" and cached.question:
        st.markdown(t("chat.xray.cached_question", question=isolated(plain_text(cached.question))))
    if cached.differences:
        with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
            st.caption(t("chat.xray.cached_differences"), width="content")
            for earlier, now in cached.differences:
                words = " / ".join(isolated(plain_text(word) or "–") for word in (earlier, now))
                st.badge(words, color="gray")
    st.caption(t("chat.xray.cached_cost"))


def _age(age_seconds: float) -> str:
    if age_seconds < _MINUTE_SECONDS:
        return t("chat.xray.age_seconds", count=number(round(age_seconds)))
    return t("chat.xray.age_minutes", count=number(round(age_seconds / _MINUTE_SECONDS)))


def _version(version: int) -> str:
    if not version:
        return t("chat.xray.version_unknown")
    return t("chat.xray.version", version=number(version))
