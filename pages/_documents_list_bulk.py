"""What can be done with the ticked sources, all at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.ingest.upload import MAX_TAG_CHARACTERS
from leanrag.source_changes import SourceChange
from leanrag.source_filter import SourceFilter
from leanrag.sources import SourceView
from pages._documents_changes import change_sources, for_each
from pages._documents_delete import draw_delete
from pages._documents_list_chosen import choose_all, chosen_ids, forget_chosen, keep_listed
from pages._documents_progress import UNFINISHED
from pages._documents_words import isolated
from pages._locale import number, t
from pages._safe_text import plain_text

MAX_AT_ONCE = 500
Switch = Literal["quote", "learn", "on", "off"]
_SWITCHES: dict[Switch, SourceChange] = {
    "quote": SourceChange(is_citable=True),
    "learn": SourceChange(is_citable=False),
    "on": SourceChange(enabled=True),
    "off": SourceChange(enabled=False),
}
_EVERYTHING, _TAG = "documents_everything", "documents_bulk_tag"


def draw_bulk(
    services: Services,
    tenant_id: UUID,
    listed: Sequence[SourceView],
    wanted: SourceFilter,
    total: int,
) -> None:
    """Draw what can be done with the ticked sources; how to tick all where none is."""
    ids = [source.source_id for source in listed]
    keep_listed(ids)
    chosen = [source for source in listed if source.source_id in chosen_ids()]
    with st.container(horizontal=True, vertical_alignment="center", key="documents_bulk"):
        if not chosen:
            _draw_choose_all(ids)
            return
        if len(chosen) == len(listed) and total > len(listed):
            most = min(total, MAX_AT_ONCE)
            if st.checkbox(t("documents.everything", count=number(most)), key=_EVERYTHING):
                chosen = list(services.sources.list(tenant_id, wanted, limit=MAX_AT_ONCE))
        st.markdown(f"**{t('documents.chosen', count=number(len(chosen)))}**", width="content")
        _draw_actions(services, tenant_id, chosen)


def _draw_choose_all(ids: Sequence[UUID]) -> None:
    st.button(
        t("documents.choose_all"),
        type="tertiary",
        icon=":material/select_check_box:",
        on_click=choose_all,
        args=(ids,),
        key="documents_choose_all",
    )


def _draw_actions(services: Services, tenant_id: UUID, chosen: Sequence[SourceView]) -> None:
    st.menu_button(
        t("documents.bulk_use"),
        tuple(_SWITCHES),
        icon=":material/tune:",
        format_func=lambda name: t(f"documents.bulk_{name}"),
        on_click=_switch,
        args=(services, tenant_id, chosen),
        key="documents_bulk_use",
    )
    with st.popover(t("documents.column_tag"), icon=":material/label:", key="documents_bulk_tags"):
        _draw_tags(services, tenant_id, chosen)
    is_unfinished = [source.status in UNFINISHED for source in chosen]
    if not all(is_unfinished):
        _draw_button("process", ":material/refresh:", services, tenant_id, chosen)
    if any(is_unfinished):
        _draw_button("stop", ":material/stop_circle:", services, tenant_id, chosen)
    draw_delete(services, tenant_id, chosen, place="bulk")
    st.button(
        t("documents.choose_none"),
        type="tertiary",
        icon=":material/close:",
        on_click=forget_chosen,
        key="documents_choose_none",
    )


def _draw_tags(services: Services, tenant_id: UUID, chosen: Sequence[SourceView]) -> None:
    known = sorted({tag for source in chosen for tag in source.tags})
    tag = st.selectbox(
        t("documents.bulk_tag"),
        known,
        index=None,
        accept_new_options=True,
        placeholder=t("documents.add.tags_placeholder"),
        key=_TAG,
    )
    with st.container(horizontal=True):
        for name in ("tag_add", "tag_remove"):
            st.button(
                t(f"documents.bulk_{name}"),
                disabled=not tag or (name == "tag_remove" and tag not in known),
                on_click=_tag,
                args=(
                    services,
                    tenant_id,
                    chosen,
                    str(tag)[:MAX_TAG_CHARACTERS],
                    name == "tag_add",
                ),
                key=f"documents_bulk_{name}",
            )


def _draw_button(
    name: Literal["process", "stop"],
    icon: str,
    services: Services,
    tenant_id: UUID,
    chosen: Sequence[SourceView],
) -> None:
    st.button(
        t(f"documents.bulk_{name}"),
        icon=icon,
        on_click=_process if name == "process" else _stop,
        args=(services, tenant_id, chosen),
        key=f"documents_bulk_{name}",
    )


# ---- doing it ---------------------------------------------------------------------------------


def _switch(services: Services, tenant_id: UUID, chosen: Sequence[SourceView]) -> None:
    name: Switch | None = st.session_state["documents_bulk_use"]
    if name is not None:
        done = t(f"documents.bulk_done_{name}", count=number(len(chosen)))
        change_sources(services, tenant_id, [(s, _SWITCHES[name]) for s in chosen], done)


def _tag(
    services: Services, tenant_id: UUID, chosen: Sequence[SourceView], tag: str, is_added: bool
) -> None:
    changes = []
    for source in chosen:
        others = tuple(one for one in source.tags if one != tag)
        changes.append((source, SourceChange(tags=(*others, tag) if is_added else others)))
    name = "tagged" if is_added else "untagged"
    done = t(f"documents.{name}", count=number(len(chosen)), tag=isolated(plain_text(tag)))
    change_sources(services, tenant_id, changes, done)
    st.session_state[_TAG] = None


def _process(services: Services, tenant_id: UUID, chosen: Sequence[SourceView]) -> None:
    """Have sources read again, those apart that wait for it already."""
    asked = [source for source in chosen if source.status not in UNFINISHED]
    for_each(
        asked,
        lambda source: services.ingest.reprocess(
            tenant_id, source.source_id, chunk_tokens=source.chunk_tokens
        ),
        t("documents.begun_many", count=number(len(asked))),
    )
    forget_chosen()


def _stop(services: Services, tenant_id: UUID, chosen: Sequence[SourceView]) -> None:
    asked = [source for source in chosen if source.status in UNFINISHED]
    for_each(
        asked,
        lambda source: services.ingest.cancel(tenant_id, source.source_id),
        t("documents.stopped_many", count=number(len(asked))),
    )
