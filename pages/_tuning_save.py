"""Saving the draft, discarding it, and going back to the defaults."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import UUID

import streamlit as st

from leanrag.errors import Conflict, LeanRagError
from leanrag.router import IntentRouting, KeywordRule
from leanrag.tuning import Tuning
from pages._error_text import error_text
from pages._intents import intent_name
from pages._locale import LANGUAGE_NAMES, number, t
from pages._safe_text import plain_text
from pages._tuning_draft import (
    Changes,
    current_draft,
    keyword_changes,
    rebase_draft,
    routing_changes,
    saved_draft,
    start_over,
)

MAX_LINES = 30
_NOTICE, _PROBLEM = "tuning_notice", "tuning_problem"


def draw_save_bar(tuning: Tuning, tenant_id: UUID) -> None:
    """Sum up what the draft changes, and let it be saved, discarded or reset."""
    keywords, routings = keyword_changes(), routing_changes()
    is_changed = bool(keywords or routings)
    with st.container(horizontal=True, vertical_alignment="center", key="tuning_actions"):
        st.button(
            t("tuning.save"),
            type="primary",
            icon=":material/save:",
            disabled=not is_changed,
            on_click=_save,
            args=(tuning, tenant_id),
            key="tuning_save",
        )
        st.button(
            t("tuning.discard"),
            icon=":material/undo:",
            disabled=not is_changed,
            on_click=_discard,
            args=(tuning, tenant_id),
            key="tuning_discard",
        )
        if st.button(t("tuning.reset"), icon=":material/restart_alt:", key="tuning_reset"):
            _confirm_reset(tuning, tenant_id)
    _draw_messages(tuning, tenant_id)
    if is_changed:
        with st.expander(_summary(keywords, routings), icon=":material/edit_note:"):
            _draw_lines([*_keyword_lines(keywords), *_routing_lines(routings)])


def _draw_messages(tuning: Tuning, tenant_id: UUID) -> None:
    problem: LeanRagError | None = st.session_state.get(_PROBLEM)
    if isinstance(problem, Conflict):
        st.warning(t("tuning.conflict"), icon=":material/group:")
        st.button(
            t("tuning.rebase"),
            icon=":material/difference:",
            on_click=_rebase,
            args=(tuning, tenant_id),
            key="tuning_rebase",
        )
    elif problem is not None:
        st.error(plain_text(error_text(problem)), icon=":material/error:")
    notice = st.session_state.pop(_NOTICE, None)
    if notice:
        st.success(notice, icon=":material/check_circle:")


def _save(tuning: Tuning, tenant_id: UUID) -> None:
    _attempt(lambda: start_over(tuning.save(tenant_id, current_draft())), t("tuning.saved"))


def _discard(tuning: Tuning, tenant_id: UUID) -> None:
    _attempt(lambda: start_over(tuning.load(tenant_id)), t("tuning.discarded"))


def _rebase(tuning: Tuning, tenant_id: UUID) -> None:
    """Compare the draft with what somebody else saved; saving it then replaces theirs."""
    _attempt(lambda: rebase_draft(tuning.load(tenant_id)), t("tuning.rebased"))


def _attempt(change: Callable[[], None], notice: str) -> None:
    """Make a change and say so, or keep its problem for the next run to show."""
    try:
        change()
    except LeanRagError as exc:
        st.session_state[_PROBLEM] = exc
    else:
        _settle(notice)


def _settle(notice: str) -> None:
    st.session_state.pop(_PROBLEM, None)
    st.session_state[_NOTICE] = notice


def _confirm_reset(tuning: Tuning, tenant_id: UUID) -> None:
    @st.dialog(t("tuning.reset_title"), icon=":material/restart_alt:")
    def ask() -> None:
        st.markdown(
            t(
                "tuning.reset_goes",
                keywords=number(len(saved_draft().keywords)),
                intents=number(len(saved_draft().routings)),
            )
        )
        with st.container(horizontal=True, horizontal_alignment="right"):
            if st.button(t("tuning.keep"), key="tuning_reset_no"):
                st.rerun()
            if st.button(
                t("tuning.reset_yes"),
                type="primary",
                on_click=_reset,
                args=(tuning, tenant_id),
                key="tuning_reset_yes",
            ):
                st.rerun()

    ask()


def _reset(tuning: Tuning, tenant_id: UUID) -> None:
    try:
        start_over(tuning.reset(tenant_id))
    except LeanRagError as exc:
        st.session_state[_PROBLEM] = exc
    else:
        _settle(t("tuning.was_reset"))


def _summary(keywords: Changes[KeywordRule], routings: Changes[IntentRouting]) -> str:
    """Return one line: how many keywords and intents are added, changed and removed."""
    parts = []
    for name, changes in (("keywords", keywords), ("intents", routings)):
        if changes:
            counts = {
                "added": number(len(changes.added)),
                "changed": number(len(changes.changed)),
                "removed": number(len(changes.removed)),
            }
            parts.append(t(f"tuning.changed_{name}", **counts))
    return t("tuning.unsaved", changes=" · ".join(parts))


def _draw_lines(lines: list[str]) -> None:
    for line in lines[:MAX_LINES]:
        st.markdown(line)
    if len(lines) > MAX_LINES:
        st.caption(t("tuning.more_changes", count=number(len(lines) - MAX_LINES)))


def _keyword_lines(changes: Changes[KeywordRule]) -> Iterator[str]:
    for rule in changes.added:
        yield f":green-badge[{t('tuning.was_added')}] {_rule_text(rule)}"
    for before, after in changes.changed:
        yield (
            f":orange-badge[{t('tuning.was_changed')}] {_rule_text(before)} → "
            f"{_setting_text(after)}"
        )
    for rule in changes.removed:
        yield f":red-badge[{t('tuning.was_removed')}] {_rule_text(rule)}"


def _routing_lines(changes: Changes[IntentRouting]) -> Iterator[str]:
    for routing in changes.added:
        yield f":green-badge[{t('tuning.was_added')}] {_routing_text(routing)}"
    for before, after in changes.changed:
        yield (
            f":orange-badge[{t('tuning.was_changed')}] {_routing_text(before)} → "
            f"{_share_text(after)}"
        )
    for routing in changes.removed:
        yield f":red-badge[{t('tuning.was_removed')}] {_routing_text(routing)}"


def _rule_text(rule: KeywordRule) -> str:
    language = LANGUAGE_NAMES[rule.language]
    intent = intent_name(rule.intent)
    return f"**{plain_text(rule.keyword)}** ({intent}, {language}), {_setting_text(rule)}"


def _setting_text(rule: KeywordRule) -> str:
    weight = t("tuning.with_weight", weight=number(rule.weight))
    return weight if rule.enabled else f"{weight}, {t('tuning.off')}"


def _routing_text(routing: IntentRouting) -> str:
    return f"**{intent_name(routing.intent)}**: {_share_text(routing)}"


def _share_text(routing: IntentRouting) -> str:
    return " + ".join(
        f"{number(tokens)} ({' / '.join(t(f'documents.kind_{kind}') for kind in kinds) or '–'})"
        for tokens, kinds in (
            (routing.primary_tokens, routing.primary_kinds),
            (routing.secondary_tokens, routing.secondary_kinds),
        )
    )
