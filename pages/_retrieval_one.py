"""One question: where it goes, what it finds, and what of it the prompt carries."""

from __future__ import annotations

from uuid import UUID

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.errors import LeanRagError
from leanrag.retrieval_look import RetrievalLook
from pages._error_text import error_text
from pages._intents import intent_name, language_name
from pages._locale import number, percent, t
from pages._retrieval_passages import draw_passages
from pages._retrieval_scores import draw_scores
from pages._safe_text import plain_text
from pages._services import current_tenant
from pages._xray_budget import draw_budget
from pages._xray_chance import chance_sentence, draw_chance
from pages._xray_route import draw_route

_QUERY, _BOX = "q", "retrieval_question"
MAX_LETTERS = 4_000


def draw_one(services: Services, bot: UUID | None) -> None:
    """Draw the question's box, and below it what the question in the address finds."""
    st.session_state[_BOX] = st.query_params.get(_QUERY, "")
    st.text_input(
        t("retrieval.question"),
        placeholder=t("retrieval.question_hint"),
        icon=":material/search:",
        max_chars=MAX_LETTERS,
        key=_BOX,
        on_change=_keep,
    )
    question = st.session_state[_BOX].strip()
    if not question:
        st.caption(t("retrieval.question_empty"))
        return
    try:
        look = services.retrieval_test.look(current_tenant(), question, bot=bot)
    except LeanRagError as exc:
        st.error(plain_text(error_text(exc)), icon=":material/error:")
        return
    _draw_look(look, max_tokens=services.settings.max_prompt_tokens)


def _draw_look(look: RetrievalLook, *, max_tokens: int) -> None:
    _draw_summary(look)
    if look.is_fixed:
        st.info(t("retrieval.fixed"), icon=":material/waving_hand:")
    if not look.passages:
        st.warning(t("retrieval.nothing"), icon=":material/search_off:")
    if look.widened:
        st.info(t("chat.xray.widened"), icon=":material/open_in_full:")
    shares, scores = st.columns(2, gap="medium") if look.passages else (st.container(), None)
    with shares, st.container(border=True, key="retrieval_shares"):
        st.markdown(f"##### {t('retrieval.shares')}")
        draw_budget(look.prompt, max_tokens, key="retrieval")
        st.markdown(f"##### {t('retrieval.chance')}")
        st.markdown(chance_sentence(look.answerability))
        draw_chance(look.answerability)
    if scores is not None:
        with scores, st.container(border=True, key="retrieval_scores"):
            st.markdown(f"##### {t('retrieval.scores')}")
            draw_scores(look)
        draw_passages(look)
    with st.expander(t("retrieval.route"), icon=":material/alt_route:"):
        draw_route(look.route, key="retrieval")
    with st.expander(t("tuning.exact_prompt"), icon=":material/data_object:"):
        for message in look.prompt.messages:
            st.caption(t(f"chat.xray.role_{message.role}"))
            st.code(message.content, language=None, wrap_lines=True)


def _draw_summary(look: RetrievalLook) -> None:
    route, carried = look.route, look.prompt.carried()
    badges = [
        f":primary-badge[{intent_name(route.intent)}]",
        f":gray-badge[{language_name(route.language)}]",
        f":gray-badge[{t('chat.confidence', value=percent(route.confidence))}]",
    ]
    with st.container(key="interface-retrieval"):
        st.markdown(" ".join(badges))
    milliseconds = t("shell.milliseconds", value=number(round(sum(look.step_ms.values()))))
    st.caption(
        t(
            "retrieval.said",
            found=number(len(look.passages)),
            carried=number(len(carried)),
            time=milliseconds,
        )
    )


def _keep() -> None:
    question = str(st.session_state[_BOX]).strip()
    if question:
        st.query_params[_QUERY] = question
    else:
        st.query_params.pop(_QUERY, None)
