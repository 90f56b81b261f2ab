"""Saving, discarding and publishing the draft, and what to do where somebody else was quicker."""

from __future__ import annotations

import logging
from collections.abc import Callable

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.bot_content import MAX_NOTE_CHARACTERS, BotContent, changes, merge, tidy
from leanrag.bot_version_rows import BotVersion
from leanrag.errors import Conflict, LeanRagError
from pages._bots_differences import draw_differences
from pages._bots_draft import (
    Editing,
    latest,
    note_stored,
    on_top,
    put_on_top,
    start_over,
    take_theirs,
    typed,
)
from pages._bots_errors import clashing_fields, problem_text
from pages._bots_notice import notice
from pages._locale import number, t, when
from pages._names import name_text
from pages._services import current_tenant

_NOTE, _PUBLISHED = "bots_note", "bots_published"
_log = logging.getLogger("leanrag.console")


def draw_bar(
    services: Services, editing: Editing, stored: BotVersion, published: BotVersion
) -> None:
    """Say where the draft stands, and let it be saved, published or discarded."""
    if stored.stamp.edit != editing.seen.stamp.edit:
        _draw_conflict(editing, stored, published)
        return
    st.caption(_standing(editing, published))
    with st.container(horizontal=True, vertical_alignment="center", key="bots_bar"):
        st.button(
            t("bots.save"),
            icon=":material/save:",
            on_click=_save,
            args=(services, editing),
            key="bots_save",
        )
        if st.button(
            t("bots.publish"), type="primary", icon=":material/publish:", key="bots_publish"
        ):
            st.session_state[_NOTE] = ""
            st.session_state.pop(_PUBLISHED, None)
            _ask_publishing(services, editing, published)
        if (editing.is_changed or stored.stamp.edit) and st.button(
            t("bots.discard"), icon=":material/undo:", key="bots_discard"
        ):
            _ask_discarding(services, editing)


def _standing(editing: Editing, published: BotVersion) -> str:
    """Return in one line whether there is a draft, whose, and what is in force."""
    stamp = editing.seen.stamp
    in_force = t("bots.in_force_is", version=number(published.stamp.version))
    if not stamp.edit:
        line = t("bots.typed_only") if editing.is_changed else t("bots.no_draft")
        return f"{line} {in_force}"
    saved = {
        "name": name_text(stamp.edited_by or t("bots.somebody"), 60),
        "when": when(stamp.updated_at) if stamp.updated_at else "",
    }
    line = t("bots.draft_saved", **saved)
    return " ".join((line, t("bots.unsaved"), in_force) if editing.is_changed else (line, in_force))


def _save(services: Services, editing: Editing) -> None:
    editing = typed(editing)
    if not editing.is_changed:
        notice.say(t("bots.nothing_to_save"))
        return
    _attempt(
        lambda: start_over(editing.bot_id, _store(services, editing, editing.content)),
        t("bots.saved"),
    )


def _attempt(change: Callable[[], object], done: str) -> None:
    """Do something with the draft and say `done`, or why not.

    Where somebody else was quicker, the page itself tells it, with what is to be done.
    """
    try:
        change()
    except Conflict:
        _log.info("A draft was saved by somebody else before.")
    except LeanRagError as error:
        notice.complain(error)
    else:
        notice.say(done)


def _store(
    services: Services, editing: Editing, content: BotContent, *, based_on: int | None = None
) -> BotVersion:
    stamp = editing.seen.stamp
    return services.bot_versions.save_draft(
        current_tenant(),
        editing.bot_id,
        content,
        edit=stamp.edit,
        based_on=stamp.based_on if based_on is None else based_on,
    )


# ---- publishing -------------------------------------------------------------------------------


def _ask_publishing(services: Services, editing: Editing, published: BotVersion) -> None:
    @st.dialog(
        t("bots.publish_title"), icon=":material/publish:", width="large", on_dismiss="rerun"
    )
    def ask() -> None:
        if st.session_state.pop(_PUBLISHED, False):
            st.rerun()
        notice.draw_problem()
        mine = latest(editing)
        try:
            base, content = _base_of(services, mine, published), tidy(mine.content)
            merged = merge(
                base,
                content,
                published.content,
                current_version=published.stamp.version,
            )
        except Conflict as clash:
            _draw_clash(services, mine, published, clash)
            return
        except LeanRagError as error:
            st.error(problem_text(error), icon=":material/error:")
            return
        changed = changes(published.content, merged)
        if not changed:
            st.info(t("bots.nothing_to_publish"), icon=":material/info:")
            return
        st.caption(t("bots.publish_changes", version=number(published.stamp.version)))
        draw_differences(changed, place="publish")
        with st.form("bots_publish_form", border=False):
            st.text_input(
                t("bots.note"), key=_NOTE, max_chars=MAX_NOTE_CHARACTERS, autocomplete="off"
            )
            st.form_submit_button(
                t("bots.publish_yes"),
                type="primary",
                icon=":material/publish:",
                on_click=_publish,
                args=(services, mine),
            )

    ask()


def _base_of(services: Services, editing: Editing, published: BotVersion) -> BotContent:
    """Return what the draft is a change of."""
    base = editing.seen.stamp.based_on
    if base == published.stamp.version:
        return published.content
    return services.bot_versions.get(current_tenant(), editing.bot_id, base).content


def _publish(services: Services, editing: Editing) -> None:
    """Put in force what was shown, stored first where it is not yet."""
    tenant_id, note = current_tenant(), str(st.session_state[_NOTE])
    try:
        if editing.is_changed:
            editing = note_stored(editing, _store(services, editing, editing.content))
        made = services.bot_versions.publish(
            tenant_id, editing.bot_id, edit=editing.seen.stamp.edit, note=note
        )
        start_over(editing.bot_id, services.bot_versions.open_draft(tenant_id, editing.bot_id))
    except LeanRagError as error:
        notice.complain(error)
    else:
        st.session_state[_PUBLISHED] = True
        notice.say(t("bots.published", version=number(made.stamp.version)))


def _draw_clash(
    services: Services, editing: Editing, published: BotVersion, clash: Conflict
) -> None:
    """Say which fields a version published since changes as well, and let the draft have them."""
    version = number(published.stamp.version)
    text = t("bots.clash", version=version, fields=clashing_fields(clash))
    st.warning(text, icon=":material/group:")
    base = _base_of(services, editing, published)
    mine = on_top(base, tidy(editing.content), published.content)
    draw_differences(changes(published.content, mine), place="clash")
    st.button(
        t("bots.clash_mine", version=version),
        icon=":material/layers:",
        on_click=_store_on_top,
        args=(services, editing, mine, published.stamp.version),
        key="bots_clash_mine",
    )


def _store_on_top(services: Services, editing: Editing, mine: BotContent, version: int) -> None:
    _attempt(
        lambda: start_over(editing.bot_id, _store(services, editing, mine, based_on=version)),
        t("bots.saved_on_top", version=number(version)),
    )


# ---- discarding -------------------------------------------------------------------------------


def _ask_discarding(services: Services, editing: Editing) -> None:
    @st.dialog(t("bots.discard_title"), icon=":material/undo:")
    def ask() -> None:
        st.markdown(t("bots.discard_goes"))
        with st.container(horizontal=True, horizontal_alignment="right"):
            if st.button(t("bots.keep"), key="bots_discard_no"):
                st.rerun()
            if st.button(
                t("bots.discard_yes"),
                type="primary",
                on_click=_discard,
                args=(services, editing),
                key="bots_discard_yes",
            ):
                st.rerun()

    ask()


def _discard(services: Services, editing: Editing) -> None:
    versions, tenant_id, bot_id = services.bot_versions, current_tenant(), editing.bot_id
    edit = editing.seen.stamp.edit

    def discard() -> None:
        if edit:
            versions.discard_draft(tenant_id, bot_id, edit=edit)
        start_over(bot_id, versions.open_draft(tenant_id, bot_id))

    _attempt(discard, t("bots.discarded"))


# ---- somebody else was quicker ----------------------------------------------------------------


def _draw_conflict(editing: Editing, stored: BotVersion, published: BotVersion) -> None:
    """Say who stored, published or discarded the draft meanwhile; what is typed here stays."""
    stamp = stored.stamp if stored.stamp.edit else published.stamp
    at = stamp.updated_at if stored.stamp.edit else stamp.published_at
    told = t(
        "bots.moved_saved" if stored.stamp.edit else "bots.moved_gone",
        name=name_text(stamp.edited_by or t("bots.somebody"), 60),
        when=when(at) if at is not None else "",
        version=number(published.stamp.version),
    )
    st.warning(f"{told} {t('bots.moved_kept')}", icon=":material/group:")
    mine = on_top(editing.seen.content, editing.content, stored.content)
    with st.expander(t("bots.moved_differs"), expanded=True):
        draw_differences(changes(stored.content, mine), place="moved")
    with st.container(horizontal=True, key="bots_moved"):
        st.button(
            t("bots.moved_mine"),
            type="primary",
            icon=":material/layers:",
            on_click=put_on_top,
            args=(editing, stored),
            key="bots_moved_mine",
        )
        st.button(
            t("bots.moved_theirs"),
            icon=":material/undo:",
            on_click=take_theirs,
            args=(editing, stored),
            key="bots_moved_theirs",
        )
