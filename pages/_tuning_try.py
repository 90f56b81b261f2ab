"""A question, routed and budgeted as things are and as the draft would have them; none is kept."""

from __future__ import annotations

from uuid import UUID

import streamlit as st

from leanrag.errors import LeanRagError
from leanrag.previews import Previews, TurnPreview
from leanrag.types import Fate, PassageDecision, Route
from pages._documents_words import isolated
from pages._error_text import error_text
from pages._intents import intent_name
from pages._locale import number, percent, t
from pages._safe_text import plain_text
from pages._tuning_draft import current_draft
from pages._xray_budget import draw_budget
from pages._xray_passages import reason_text
from pages._xray_route import draw_route

_FATE_COLOURS: dict[Fate, str] = {
    "kept": "green",
    "trimmed": "orange",
    "dropped": "gray",
}


def draw_try(
    previews: Previews, tenant_id: UUID, *, max_tokens: int, has_draft: bool = True
) -> None:
    """Draw the question's field, and below it what the draft would make of the question.

    Who has no draft sees what is made of it as things are.
    """
    st.markdown(f"#### {t('tuning.try_title')}")
    question = st.text_input(
        t("tuning.try_question"), placeholder=t("tuning.try_hint"), key="tuning_question"
    )
    if not question.strip():
        st.caption(t("tuning.try_empty" if has_draft else "tuning.try_empty_reader"))
        return
    try:
        now = previews.preview(tenant_id, question)
        draft = now
        if has_draft:
            draft = previews.preview(tenant_id, question, draft=current_draft())
    except LeanRagError as exc:
        st.error(plain_text(error_text(exc)), icon=":material/error:")
        return
    _draw_routes(now.route, draft.route)
    if has_draft and now.prompt == draft.prompt and now.route == draft.route:
        st.caption(t("tuning.same_as_now"))
    st.markdown(f"**{t('tuning.prompt_of_draft' if has_draft else 'tuning.prompt_in_force')}**")
    _draw_prompt(draft, max_tokens=max_tokens)


def _draw_routes(now: Route, draft: Route) -> None:
    """Draw both routes, one under the other; one alone where the draft changes nothing of it."""
    if now == draft:
        _draw_route("both", now)
        return
    for name, route in (("now", now), ("draft", draft)):
        st.markdown(f"**{t(f'tuning.route_{name}')}**")
        _draw_route(name, route)


def _draw_route(name: str, route: Route) -> None:
    with st.container(key=f"tuning_route_{name}"):
        st.markdown(f"##### {intent_name(route.intent)}")
        draw_route(route, key=f"tuning-{name}")


def _draw_prompt(preview: TurnPreview, *, max_tokens: int) -> None:
    """Show the prompt that would be sent: its tokens, its passages and its exact words."""
    draw_budget(preview.prompt, max_tokens, key="tuning_draft")
    everything = preview.counterfactual_tokens
    if everything > preview.prompt.total_tokens:
        saved = percent(1 - preview.prompt.total_tokens / everything)
        st.caption(t("tuning.everything", tokens=number(everything), saved=saved))
    else:
        st.caption(t("tuning.everything_less", tokens=number(everything)))
    if preview.widened:
        st.info(t("chat.xray.widened"), icon=":material/open_in_full:")
    _draw_passages(preview)
    with st.expander(t("tuning.exact_prompt"), icon=":material/data_object:"):
        for message in preview.prompt.messages:
            st.caption(t(f"chat.xray.role_{message.role}"))
            st.code(message.content, language=None, wrap_lines=True)


def _draw_passages(preview: TurnPreview) -> None:
    """List the passages that the prompt carries, and apart from them those that were dropped."""
    carried = preview.prompt.carried()
    dropped = [d for d in preview.prompt.decisions if d.fate == "dropped"]
    if not preview.prompt.decisions:
        st.caption(t("tuning.no_passages"))
        return
    label = t("tuning.carried", count=number(len(carried)))
    with st.expander(label, expanded=True, icon=":material/format_list_numbered:"):
        for decision in carried:
            _draw_decision(decision)
    if dropped:
        label = t("tuning.dropped", count=number(len(dropped)))
        with st.expander(label, icon=":material/filter_list_off:"):
            for decision in dropped:
                _draw_decision(decision)


def _draw_decision(decision: PassageDecision) -> None:
    """Show one passage in two lines: its fate and source, then why and how many tokens."""
    passage = decision.passage
    fate = f":{_FATE_COLOURS[decision.fate]}-badge[{t(f'chat.xray.fate_{decision.fate}')}]"
    marker = f"\\[{number(decision.marker)}\\] " if decision.marker is not None else ""
    heading = passage.heading or passage.title or passage.source_title
    learn_only = () if passage.is_citable else (t("documents.citable_no"),)
    facts = (_token_text(decision), reason_text(decision.reason), *learn_only)
    with st.container(gap="xxsmall"):
        st.markdown(f"{fate} {marker}{isolated(plain_text(heading))}")
        st.caption(" · ".join(facts))


def _token_text(decision: PassageDecision) -> str:
    """Return what a passage takes in the prompt, or would have taken."""
    whole = number(decision.passage.token_count)
    if decision.fate == "trimmed":
        return t("tuning.trimmed_tokens", tokens=number(decision.tokens), whole=whole)
    shown = whole if decision.fate == "dropped" else number(decision.tokens)
    return t("documents.count_tokens", count=shown)
