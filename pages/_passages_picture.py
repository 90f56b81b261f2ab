"""The page of a PDF beside the passage that was cut from it, kept for the session."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.errors import LeanRagError
from leanrag.ingest.pdf_picture import picture
from leanrag.sources import SourceView
from pages._error_text import error_text
from pages._locale import number, t
from pages._safe_text import plain_text
from pages._services import current_tenant

PICTURE_PIXELS = 1_000  # sharp in half a wide screen
MAX_KEPT = 6  # pictures of about 100 KB
_KEPT = "passages_pictures"

_Key = tuple[UUID, datetime | None, int]


def has_picture(source: SourceView, page: int | None) -> bool:
    """Tell whether a source is a PDF, so that its pages can be shown."""
    return page is not None and source.media_type == "application/pdf"


def draw_picture(services: Services, source: SourceView, page: int) -> None:
    """Draw a page of a PDF, or say why it cannot be shown."""
    caption = t("passages.page", page=number(page))
    try:
        drawn = _picture(services, source, page)
    except LeanRagError as exc:
        st.warning(plain_text(error_text(exc)), icon=":material/broken_image:")
        return
    alt = t("passages.picture_alt", page=number(page), title=source.title)
    with st.container(border=True, key="passages_picture"):
        st.image(drawn, caption=caption, width="stretch", alt=alt)


def _picture(services: Services, source: SourceView, page: int) -> bytes:
    kept: dict[_Key, bytes] = st.session_state.setdefault(_KEPT, {})
    key = (source.source_id, source.processed_at, page)
    if key not in kept:
        with st.spinner(t("passages.picture_wait")):
            file = services.sources.file(current_tenant(), source.source_id)
            drawn = picture(file.data, page, width=PICTURE_PIXELS, settings=services.settings)
        while len(kept) >= MAX_KEPT:
            kept.pop(next(iter(kept)))
        kept[key] = drawn
    return kept[key]
