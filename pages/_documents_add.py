"""Adding to what the bot knows: files, lists, instructions or a website, one way at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal
from uuid import UUID

import streamlit as st

from leanrag.bootstrap import Services
from pages._documents_add_faq import draw_add_faq
from pages._documents_add_files import draw_add_files
from pages._documents_add_manual import draw_add_manual, unsaved_words
from pages._documents_add_options import STYLE
from pages._documents_add_preview import forget_preview
from pages._documents_add_products import draw_add_products
from pages._documents_add_records import grid_key
from pages._documents_add_website import draw_add_website
from pages._documents_grid import keep_grid, rows_text, unsaved_rows
from pages._documents_upload import style_uploader
from pages._locale import number, t

AddForm = Literal["files", "faq", "products", "manual", "website"]
_DRAWERS: dict[AddForm, Callable[[Services, UUID], None]] = {
    "files": draw_add_files,
    "faq": draw_add_faq,
    "products": draw_add_products,
    "manual": draw_add_manual,
    "website": draw_add_website,
}
_ICONS: dict[AddForm, str] = {
    "files": ":material/upload_file:",
    "faq": ":material/quiz:",
    "products": ":material/shopping_bag:",
    "manual": ":material/menu_book:",
    "website": ":material/language:",
}
_FORM = "documents_form"
# A browser asks before it closes a page with this; the console's own pages keep what was typed.
_GUARD = "<script>window.onbeforeunload = {handler}</script>"
_ASK = "event => { event.preventDefault(); return ''; }"


@st.fragment
def draw_add(services: Services, tenant_id: UUID) -> None:
    """Draw the choice of what to add, and the fields for it; redrawn without the rest of the page.

    What is typed into one form stays while another is open, and while another page is.
    """
    for kind in ("faq", "product"):
        keep_grid(grid_key(kind))
    st.html(STYLE)
    style_uploader()
    form: AddForm = st.segmented_control(
        t("documents.add.what"),
        tuple(_DRAWERS),
        default="files",
        required=True,
        format_func=lambda form: f"{_ICONS[form]} {t(f'documents.add.form_{form}')}",
        key=_FORM,
        persist_state="session",
        wrap=True,
    )
    if form != "files":
        forget_preview()
    with st.container(border=True, key=f"documents_upload_add_{form}"):
        st.caption(t(f"documents.add.intro_{form}"))
        _DRAWERS[form](services, tenant_id)
    _draw_unsaved(form)


def _draw_unsaved(open_form: AddForm) -> None:
    """Say what is not saved in the other forms, and have the browser ask before it is lost."""
    unsaved: dict[AddForm, str] = {
        "faq": _rows(grid_key("faq")),
        "products": _rows(grid_key("product")),
        "manual": _words(unsaved_words()),
    }
    for form, text in unsaved.items():
        if text and form != open_form:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.caption(
                    t("documents.add.unsaved", form=t(f"documents.add.form_{form}"), what=text),
                    width="content",
                )
                st.button(
                    t("documents.add.unsaved_open"),
                    type="tertiary",
                    on_click=_open_form,
                    args=(form,),
                    key=f"documents_unsaved_{form}",
                )
    handler = _ASK if any(unsaved.values()) else "null"
    st.html(_GUARD.format(handler=handler), unsafe_allow_javascript=True)


def _open_form(form: AddForm) -> None:
    st.session_state[_FORM] = form


def _rows(key: str) -> str:
    count = unsaved_rows(key)
    return rows_text(count) if count else ""


def _words(count: int) -> str:
    return f"{number(count)} {t('documents.add.words')}" if count else ""
