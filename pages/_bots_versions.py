"""The versions of a bot, newest first: shown, compared with what is in force, brought back."""

from __future__ import annotations

from math import ceil
from uuid import UUID

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.bot_content import MAX_NOTE_CHARACTERS, changes
from leanrag.bot_version_rows import ROUTING_NOTE, BotVersion, VersionStamp
from pages._bots_differences import draw_differences
from pages._bots_notice import notice
from pages._bots_texts import draw_content
from pages._bots_words import stamp_text, state_badge
from pages._locale import number, t
from pages._names import name_text
from pages._services import current_tenant, may

VERSIONS_PER_PAGE = 10
_NOTE_LETTERS = 200
_PAGE, _NOTE = "bots_versions_page", "bots_back_note"
_STYLE = """<style>
[data-testid="stLayoutWrapper"]:has(> [class*="st-key-bots_stamp_"]) {
  flex: 1 1 16rem;
  min-width: 0;
}
</style>"""


def draw_versions(services: Services, bot_id: UUID, published: BotVersion) -> None:
    """Draw what was published of a bot, a page at a time."""
    stamps = services.bot_versions.list(current_tenant(), bot_id)
    versions = [stamp for stamp in stamps if stamp.state != "draft"]
    if not versions:
        st.info(t("bots.no_versions"), icon=":material/history:")
        return
    st.html(_STYLE)
    pages = ceil(len(versions) / VERSIONS_PER_PAGE)
    page_key = f"{_PAGE}_{bot_id}_{pages}"
    page = min(pages, int(st.session_state.get(page_key) or 1))
    for stamp in versions[(page - 1) * VERSIONS_PER_PAGE : page * VERSIONS_PER_PAGE]:
        _draw_version(services, bot_id, stamp, published)
    if pages > 1:
        st.pagination(pages, max_visible_pages=7, key=page_key)


def note_text(stamp: VersionStamp) -> str:
    """Return for markdown what a version is for; what routing changes note, in our own words."""
    if stamp.note == ROUTING_NOTE:
        return t("bots.note_routing")
    return name_text(stamp.note, _NOTE_LETTERS)


def _draw_version(
    services: Services, bot_id: UUID, stamp: VersionStamp, published: BotVersion
) -> None:
    row = f"{bot_id}_{stamp.version}"
    with st.container(
        border=True, horizontal=True, vertical_alignment="center", key=f"bots_version_{row}"
    ):
        with st.container(gap="xxsmall", key=f"bots_stamp_{row}"):
            title = t("bots.version", version=number(stamp.version))
            with st.container(key=f"interface-bots-version-{row}"):
                st.markdown(f"**{title}** {state_badge(stamp.state)}")
            lines = [stamp_text(stamp)] + ([note_text(stamp)] if stamp.note else [])
            st.caption("  \n".join(line for line in lines if line))
        with st.container(horizontal=True, width="content", key=f"bots_version_do_{row}"):
            _draw_actions(services, bot_id, stamp, published)


def _draw_actions(
    services: Services, bot_id: UUID, stamp: VersionStamp, published: BotVersion
) -> None:
    row = f"{bot_id}_{stamp.version}"
    if st.button(t("bots.show"), icon=":material/visibility:", key=f"bots_show_{row}"):
        _show(services, bot_id, stamp)
    if stamp.version == published.stamp.version:
        return
    if st.button(t("bots.compare"), icon=":material/difference:", key=f"bots_compare_{row}"):
        _compare(services, bot_id, stamp, published)
    if may("bots.write") and st.button(
        t("bots.roll_back"), icon=":material/history:", key=f"bots_back_{row}"
    ):
        st.session_state[_NOTE] = ""
        _ask_rollback(services, bot_id, stamp, published)


def _show(services: Services, bot_id: UUID, stamp: VersionStamp) -> None:
    title = t("bots.version", version=number(stamp.version))

    @st.dialog(title, icon=":material/visibility:", width="large")
    def show() -> None:
        version = services.bot_versions.get(current_tenant(), bot_id, stamp.version)
        _draw_whole_note(stamp)
        draw_content(services, version.content, place=f"shown-{stamp.version}")

    show()


def _draw_whole_note(stamp: VersionStamp) -> None:
    if len(stamp.note) > _NOTE_LETTERS:  # the list has its beginning
        st.text(stamp.note)


def _compare(services: Services, bot_id: UUID, stamp: VersionStamp, published: BotVersion) -> None:
    @st.dialog(t("bots.compare_title"), icon=":material/difference:", width="large")
    def compare() -> None:
        older = services.bot_versions.get(current_tenant(), bot_id, stamp.version)
        numbers = {
            "version": number(stamp.version),
            "published": number(published.stamp.version),
        }
        st.caption(t("bots.compared", **numbers))
        draw_differences(changes(older.content, published.content), place="compare")

    compare()


def _ask_rollback(
    services: Services, bot_id: UUID, stamp: VersionStamp, published: BotVersion
) -> None:
    version = number(stamp.version)

    @st.dialog(t("bots.back_title", version=version), icon=":material/history:", width="large")
    def ask() -> None:
        older = services.bot_versions.get(current_tenant(), bot_id, stamp.version)
        st.markdown(t("bots.back_goes", version=version))
        has_failed = notice.draw_problem()
        draw_differences(changes(published.content, older.content), place="back")
        with st.form("bots_back_form", border=False):
            st.text_input(
                t("bots.note"), key=_NOTE, max_chars=MAX_NOTE_CHARACTERS, autocomplete="off"
            )
            pressed = st.form_submit_button(
                t("bots.back_yes", version=version),
                type="primary",
                icon=":material/history:",
                on_click=_roll_back,
                args=(services, bot_id, stamp.version),
            )
        if pressed and not has_failed:
            st.rerun()

    ask()


def _roll_back(services: Services, bot_id: UUID, version: int) -> None:
    note = str(st.session_state[_NOTE])
    notice.attempt(
        lambda: services.bot_versions.rollback(current_tenant(), bot_id, to=version, note=note),
        t("bots.rolled_back", version=number(version)),
    )
