"""The grid of intent keywords, filtered by intent, language and search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pandas as pd
import streamlit as st

from leanrag.errors import InvalidInput
from leanrag.router import KeywordRule
from leanrag.text.normalize import fold
from leanrag.tuning import MAX_KEYWORD_CHARACTERS
from leanrag.types import LANGUAGES, Intent, Language
from pages._error_text import error_text
from pages._locale import LANGUAGE_NAMES, number, t, ui_language
from pages._safe_text import plain_text
from pages._tuning_draft import current_draft, intent_label, redraw_grids, revision, set_keywords

_VIEW, _REST = "tuning_keyword_view", "tuning_keyword_rest"
_COLUMNS = ("keyword", "intent", "language", "weight", "enabled")


def draw_keywords(*, is_fixed: bool = False) -> None:
    """Draw the filters and the grid, and take the grid's edits over into the draft.

    Where `is_fixed`, the keywords are shown to be read alone.
    """
    if not is_fixed:
        st.caption(t("tuning.keywords_intro"))
    intents = tuple(routing.intent for routing in current_draft().routings)
    intent, language = _draw_filters(intents)
    key = f"tuning_keyword_grid_{ui_language()}_{revision()}"
    # Without edits of its own (a new key, or back from another page) the grid shows the draft.
    if key not in st.session_state:
        _choose_view(intent, language, st.session_state["tuning_search"])
    columns = _column_config(intents, intent or intents[0], language or ui_language())
    if is_fixed:
        _show(intent, language, columns)
        return
    view: tuple[KeywordRule, ...] = st.session_state[_VIEW]
    edited = st.data_editor(
        keyword_frame(view),
        num_rows="dynamic",
        hide_index=True,
        height=460,
        column_config=columns,
        key=key,
    )
    _take_over(edited)
    shown, every = number(len(edited)), number(len(current_draft().keywords))
    st.caption(t("tuning.keywords_shown", shown=shown, every=every))


def _show(intent: Intent | None, language: Language | None, columns: dict[str, Any]) -> None:
    _choose_view(intent, language, st.session_state["tuning_search"])
    view: tuple[KeywordRule, ...] = st.session_state[_VIEW]
    st.dataframe(
        keyword_frame(view),
        hide_index=True,
        height=460,
        column_config=columns,
        key="tuning_keywords_shown",
    )
    shown, every = number(len(view)), number(len(current_draft().keywords))
    st.caption(t("tuning.keywords_listed", shown=shown, every=every))


def keyword_frame(rules: Sequence[KeywordRule]) -> pd.DataFrame:
    """Return one line for each rule."""
    frame = pd.DataFrame(
        [[getattr(rule, name) for name in _COLUMNS] for rule in rules], columns=list(_COLUMNS)
    )
    texts = dict.fromkeys(("keyword", "intent", "language"), "object")
    return frame.astype({**texts, "weight": "Int64", "enabled": "boolean"})


def read_keywords(frame: pd.DataFrame) -> tuple[tuple[KeywordRule, ...], tuple[str, ...]]:
    """Return the rules of an edited grid, and what is wrong with the lines that make none."""
    rules: list[KeywordRule] = []
    problems: list[str] = []
    for line, row in enumerate(frame.to_dict("records"), start=1):
        if any(pd.isna(row[name]) or not str(row[name]).strip() for name in _COLUMNS[:4]):
            problems.append(t("tuning.row_incomplete", row=number(line)))
            continue
        try:
            rules.append(_rule(row))
        except InvalidInput as exc:
            text = plain_text(error_text(exc))
            problems.append(t("tuning.row_wrong", row=number(line), problem=text))
    return tuple(rules), tuple(problems)


def _rule(row: dict[object, object]) -> KeywordRule:
    return KeywordRule(
        intent=str(row["intent"]),
        language=cast("Language", str(row["language"])),
        keyword=" ".join(str(row["keyword"]).split()),
        weight=int(str(row["weight"])),
        enabled=bool(row["enabled"]) if not pd.isna(row["enabled"]) else True,  # type: ignore[call-overload]
    )


def _take_over(edited: pd.DataFrame) -> None:
    rules, problems = read_keywords(edited)
    set_keywords((*st.session_state[_REST], *rules))
    for problem in problems:
        st.warning(problem, icon=":material/warning:")


def _draw_filters(intents: Sequence[Intent]) -> tuple[Intent | None, Language | None]:
    with st.container(horizontal=True):
        intent = st.selectbox(
            t("tuning.intent"),
            intents,
            index=None,
            placeholder=t("tuning.every_intent"),
            format_func=intent_label,
            on_change=redraw_grids,
            key="tuning_filter_intent",
            width=150,
        )
        language = st.selectbox(
            t("tuning.language"),
            LANGUAGES,
            index=None,
            placeholder=t("tuning.every_language"),
            format_func=LANGUAGE_NAMES.__getitem__,
            on_change=redraw_grids,
            key="tuning_filter_language",
            width=150,
        )
        st.text_input(
            t("tuning.search"),
            placeholder=t("tuning.search_hint"),
            on_change=redraw_grids,
            key="tuning_search",
            width=170,
        )
    return intent, language


def _choose_view(intent: Intent | None, language: Language | None, search: str) -> None:
    """Part the draft's rules into those that the grid shows, in its order, and the rest."""
    wanted = fold(search).strip()
    view: list[KeywordRule] = []
    rest: list[KeywordRule] = []
    for rule in current_draft().keywords:
        is_shown = (
            intent in (None, rule.intent)
            and language in (None, rule.language)
            and wanted in fold(rule.keyword)
        )
        (view if is_shown else rest).append(rule)
    view.sort(key=lambda rule: (rule.language != ui_language(), rule.language))
    st.session_state[_VIEW], st.session_state[_REST] = tuple(view), tuple(rest)


def _column_config(
    intents: Sequence[Intent], default_intent: Intent, default_language: Language
) -> dict[str, Any]:
    column = st.column_config
    return {
        "keyword": column.TextColumn(
            t("tuning.keyword"), required=True, max_chars=MAX_KEYWORD_CHARACTERS, width=150
        ),
        "intent": column.SelectboxColumn(
            t("tuning.intent"),
            options=list(intents),
            format_func=lambda intent: intent_label(str(intent)),
            default=default_intent,
            required=True,
        ),
        "language": column.SelectboxColumn(
            t("tuning.language"),
            options=list(LANGUAGES),
            format_func=lambda language: LANGUAGE_NAMES[cast("Language", language)],
            default=default_language,
            required=True,
        ),
        "weight": column.NumberColumn(
            t("tuning.weight"),
            help=t("tuning.weight_help"),
            min_value=1,
            max_value=3,
            step=1,
            default=2,
            required=True,
            width="small",
        ),
        "enabled": column.CheckboxColumn(t("tuning.enabled"), default=True, width="small"),
    }
