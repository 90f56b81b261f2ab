"""One source: what is known of it, what can be done with it, and what stands in it."""

from __future__ import annotations

from uuid import UUID

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.errors import NotFound
from leanrag.sources import SourceView
from leanrag.types import SourceForm
from pages._documents_address import close_source
from pages._documents_choice import draw_choice
from pages._documents_failed import draw_end, draw_try_again
from pages._documents_notice import draw_notice
from pages._documents_progress import draw_own_progress
from pages._documents_site import draw_site_pages
from pages._documents_source_actions import draw_actions, draw_switches
from pages._documents_source_facts import draw_facts
from pages._documents_source_manual import draw_manual, show_manual
from pages._documents_source_passages import draw_passages
from pages._documents_source_records import draw_records, show_records
from pages._documents_suggest import draw_suggestions_of
from pages._documents_why import error_sentence
from pages._documents_words import badges, tags_text, title_text
from pages._locale import is_right_to_left, number, t
from pages._reading import say_reads_only
from pages._services import may

_LONG_TITLE = 60  # letters
_VIEWS: dict[SourceForm, tuple[str, ...]] = {
    "file": ("passages",),
    "records": ("rows", "passages"),
    "manual": ("text", "passages"),
    "website": ("pages", "suggestions", "passages"),
}


def draw_source(services: Services, tenant_id: UUID, source_id: UUID) -> None:
    """Show one source, from its top when it has just been opened."""
    draw_back(t("documents.back"))
    try:
        source = services.sources.get(tenant_id, source_id)
    except NotFound as exc:
        st.warning(error_sentence(exc), icon=":material/search_off:")
        return
    (st.subheader if len(source.title) > _LONG_TITLE else st.header)(
        title_text(source), anchor=False
    )
    with st.container(key="interface-documents-badges"):
        st.markdown(f"{badges(source)} {tags_text(source)}")
    draw_notice()
    draw_end(source)
    if source.status in ("failed", "cancelled"):
        draw_try_again(services, tenant_id, source)
    draw_own_progress(services, tenant_id, source)
    _draw_reviews(services, tenant_id, source)
    draw_facts(services, tenant_id, source)
    if may("knowledge.write"):
        draw_switches(services, tenant_id, source)
    else:
        say_reads_only("documents", "knowledge.write")
    draw_actions(services, tenant_id, source)
    _draw_view(services, tenant_id, source)


def draw_back(label: str) -> None:
    """Draw the way back to the list."""
    st.button(
        label,
        icon=f":material/arrow_{'forward' if is_right_to_left() else 'back'}:",
        type="tertiary",
        on_click=close_source,
        key="documents_back",
    )


def _draw_reviews(services: Services, tenant_id: UUID, source: SourceView) -> None:
    """Say how many edits of its passages wait for a decision."""
    waiting = services.passage_edits.count_reviews(tenant_id, source_id=source.source_id)
    if waiting:
        st.page_link(
            "pages/passages.py",
            label=t("documents.reviews", count=number(waiting)),
            icon=":material/rule:",
            query_params={"review": "1"},
            width="content",
        )


def _draw_view(services: Services, tenant_id: UUID, source: SourceView) -> None:
    """Draw one of the ways to look into a source: as it is fed, or as it was cut."""
    views = _VIEWS[source.form]
    view = views[0]
    if len(views) > 1:
        names = {name: t(f"documents.view_{name}") for name in views}
        view = draw_choice(t("documents.view"), names, key="documents_view")
    may_change = may("knowledge.write")
    if view == "rows":
        (draw_records if may_change else show_records)(services, tenant_id, source)
    elif view == "text":
        (draw_manual if may_change else show_manual)(services, tenant_id, source)
    elif view == "pages":
        draw_site_pages(services, tenant_id, source)
    elif view == "suggestions":
        draw_suggestions_of(services, tenant_id, source)
    else:
        draw_passages(services, tenant_id, source)
