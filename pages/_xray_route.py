"""Why a question went where it went: who decided, how sure, and what spoke for every intent."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from leanrag.types import (
    Intent,
    IntentScore,
    MatchedKeyword,
    ModelFeature,
    Route,
    RouteExplanation,
    SourceShare,
)
from pages._chat_text import isolated
from pages._intents import intent_name, language_name
from pages._locale import is_right_to_left, number, percent, t
from pages._safe_text import plain_text
from pages._xray_table import draw_table

_FALLBACK: Intent = "general"
_NAMED_KEYWORDS = 4  # in the sentence; the rest are badges
_LISTED_SCORES = 6


def draw_route(route: Route, *, key: str, has_searched: bool = True) -> None:
    """Draw who decided on the intent and why; `key` tells several routes of a page apart.

    Without `has_searched` the sources that the intent would have are left out.
    """
    told = route.explanation
    with st.container(key=f"interface-route-{key}", gap="xsmall"):
        st.markdown(f"**{route_sentence(route)}**")
        st.caption(" · ".join((language_name(route.language), *_how_sure(route))))
        if route.also is not None:
            st.markdown(t("chat.xray.route_also", intent=intent_name(route.also)))
        if told.overruled is not None:
            st.info(_overruled(route, told.overruled), icon=":material/gavel:")
        _draw_other_keywords(route)
        if told.scores:
            _draw_scores(told.scores, route.intent)
        _draw_features(told.features)
        for line in (*_threshold(told), *(_shares(route) if has_searched else ())):
            st.caption(line)


def route_sentence(route: Route) -> str:
    """Return who decided on the intent, and by which keywords, as markdown."""
    told, intent = route.explanation, intent_name(route.intent)
    keywords = _named(_of_intent(route))
    if _is_unexplained(told):
        name = "route_old" if keywords else "route_nothing"
        return t(f"chat.xray.{name}", intent=intent, keywords=keywords)
    if told.decided_by in ("keywords", "both"):
        return t(f"chat.xray.route_{told.decided_by}", intent=intent, keywords=keywords)
    if told.decided_by == "model":
        against = "_against" if route.matched else ""
        return t(f"chat.xray.route_model{against}", intent=intent)
    return _undecided(route)


def _undecided(route: Route) -> str:
    """Return why neither keywords nor the model alone chose the intent."""
    told, intent = route.explanation, intent_name(route.intent)
    if not told.scores:
        return t("chat.xray.route_nothing", intent=intent)
    likeliest = told.scores[0]
    if likeliest.intent != route.intent and likeliest.probability < told.least_probability:
        return t(
            "chat.xray.route_unlikely",
            likeliest=intent_name(likeliest.intent),
            chance=percent(likeliest.probability),
            least=percent(told.least_probability),
            intent=intent,
        )
    return t("chat.xray.route_together", intent=intent)


def _is_unexplained(told: RouteExplanation) -> bool:
    """Tell whether a route is from before reasons were kept."""
    return not told.scores and told.least_probability == 0


def _how_sure(route: Route) -> tuple[str, ...]:
    if not route.confidence:
        return ()
    value = percent(route.confidence)
    if _is_unexplained(route.explanation):
        return (t("chat.confidence", value=value),)
    return (t("chat.xray.route_sure", value=value, right=number(round(100 * route.confidence))),)


def _of_intent(route: Route) -> list[MatchedKeyword]:
    """Return the keywords that speak for the route's intent, the heaviest first."""
    own = [match for match in route.matched if match.intent == route.intent]
    return sorted(own, key=lambda match: -(match.counted or match.weight))


def _named(matches: Sequence[MatchedKeyword]) -> str:
    return t("chat.xray.comma").join(_keyword_text(match) for match in matches[:_NAMED_KEYWORDS])


def _keyword_text(match: MatchedKeyword) -> str:
    """Return a keyword with its weight, and what was typed where that is not the same."""
    if match.is_near:
        name = "keyword_near"
    else:
        is_same = match.typed.casefold() in ("", match.keyword.casefold())
        name = "keyword_same" if is_same else "keyword_typed"
    text = t(
        f"chat.xray.{name}",
        keyword=isolated(plain_text(match.keyword)),
        weight=number(match.weight),
        typed=isolated(plain_text(match.typed)),
        counted=number(round(match.counted, 1)),
    )
    return f"{text} ({t('chat.xray.keyword_own')})" if match.is_own else text


def _draw_other_keywords(route: Route) -> None:
    """Draw the keywords that the sentence does not name, with their intents."""
    named = _of_intent(route)[:_NAMED_KEYWORDS] if _names_keywords(route) else []
    others = [match for match in route.matched if match not in named]
    if not others:
        return
    arrow = "←" if is_right_to_left() else "→"
    lines = [f"{_keyword_text(match)} {arrow} {intent_name(match.intent)}" for match in others]
    st.caption("  \n".join((f"{t('chat.xray.route_others')}:", *lines)))


def _names_keywords(route: Route) -> bool:
    told = route.explanation
    return told.decided_by in ("keywords", "both") or _is_unexplained(told)


def _overruled(route: Route, overruled: Intent) -> str:
    own = [match for match in _of_intent(route) if match.is_own]
    keywords = t("chat.xray.comma").join(isolated(plain_text(match.keyword)) for match in own)
    return t("chat.xray.route_overruled", keywords=keywords, intent=intent_name(overruled))


def _draw_scores(scores: Sequence[IntentScore], chosen: Intent) -> None:
    """Draw every intent's keyword points, the model's chance, and both as one, best first."""
    rest = scores[_LISTED_SCORES:]
    listed = [*scores[:_LISTED_SCORES], *(s for s in rest if s.intent == chosen)]
    has_model = any(score.model is not None for score in scores)
    columns = {
        t("chat.xray.score_intent"): [
            f"**{intent_name(s.intent)}**" if s.intent == chosen else intent_name(s.intent)
            for s in listed
        ],
        t("chat.xray.score_keywords"): [number(round(s.keywords, 1)) for s in listed],
    }
    if has_model:
        columns[t("chat.xray.score_model")] = [
            "–" if s.model is None else percent(s.model) for s in listed
        ]
    columns[t("chat.xray.score_together")] = [percent(s.probability) for s in listed]
    draw_table(columns)


def _draw_features(features: Sequence[ModelFeature]) -> None:
    """Draw the words that spoke most for the model's own choice."""
    heavy = [feature for feature in features if round(feature.weight, 1) > 0]
    if not heavy:
        return
    intent = intent_name(heavy[0].intent)
    st.caption(t("chat.xray.route_features", intent=intent))
    with st.container(horizontal=True, gap="xsmall"):
        for feature in heavy:
            weight = isolated(f"+{number(round(feature.weight, 1))}")
            st.badge(f"{isolated(plain_text(feature.text))} {weight}", color="blue")


def _threshold(told: RouteExplanation) -> tuple[str, ...]:
    """Return what an intent needs without a keyword, and what the model learned from."""
    if _is_unexplained(told):
        return ()
    lines = [
        t(
            "chat.xray.route_least",
            least=percent(told.least_probability),
            intent=intent_name(_FALLBACK),
        )
    ]
    if told.labelled:
        lines.append(t("chat.xray.route_labelled", count=number(told.labelled)))
    elif any(score.model is not None for score in told.scores):
        lines.append(t("chat.xray.route_shipped"))
    return tuple(lines)


def _shares(route: Route) -> tuple[str, str]:
    return _share_text("primary", route.primary), _share_text("secondary", route.secondary)


def _share_text(name: str, share: SourceShare) -> str:
    kinds = t("chat.xray.comma").join(t(f"documents.kind_{kind}") for kind in share.kinds)
    shown = t("chat.xray.share", kinds=kinds or "–", tokens=number(share.max_tokens))
    return f"{t(f'chat.xray.section_{name}')}: {shown}"
