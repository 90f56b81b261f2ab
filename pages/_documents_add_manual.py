"""Adding instructions: a long text of the tenant's own, and what becomes of it."""

from __future__ import annotations

from uuid import UUID

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.errors import LeanRagError
from leanrag.ingest.extracted import Chunk
from leanrag.ingest.manual import WHOLE_BELOW_WORDS, count_words
from leanrag.ingest.pipeline import Ingest, Upload
from leanrag.ingest.upload import MAX_TITLE_CHARACTERS
from pages._documents_add_options import (
    AddOptions,
    draw_bot,
    draw_citable,
    draw_learn_only,
    draw_tags,
)
from pages._documents_add_outcomes import keep_outcomes, outcome_of, rejection_text
from pages._documents_cut import draw_cut
from pages._locale import number, t

MANUAL_MEDIA_TYPE = "text/markdown"
_SAVED, _CUT = "documents_saved_manual", "documents_manual_cut"
# Streamlit tells of the text only when the field is left: until then the browser counts itself.
_COUNTER = """<p id="documents-words" role="status"><span>{count}</span> {words}</p>
<script>(() => {{
  const box = document.querySelector('.st-key-documents_manual_text');
  if (box) box.oninput = event => {{
    const words = event.target.value.split(/\\s+/).filter(w => /[\\p{{L}}\\p{{N}}]/u.test(w));
    box.querySelector('#documents-words span').textContent = words.length
      .toLocaleString("{separators}").replace(/\\d/g, digit => "{digits}"[digit]);
  }};
}})()</script>"""
_STYLE = """<style>#documents-words { margin: 0; font-size: 0.875rem; opacity: 0.75; }</style>"""


def draw_add_manual(services: Services, tenant_id: UUID) -> None:
    """Draw the title and the text, say what will become of it, and save it."""
    generation = st.session_state.get(_SAVED, 0)
    title = st.text_input(
        t("documents.add.title"),
        max_chars=MAX_TITLE_CHARACTERS,
        placeholder=t("documents.add.manual_title"),
        key=f"documents_title_manual_{generation}",
        persist_state="session",
    ).strip()
    with st.container(key="documents_manual_text", gap="xsmall"):
        text = st.text_area(
            t("documents.add.manual_text"),
            height=300,
            placeholder=t("documents.add.manual_placeholder"),
            help=t("documents.add.manual_help"),
            key=manual_key(),
            persist_state="session",
        )
        _draw_words(text)
    options = _draw_options(services, tenant_id)
    upload = _upload(title or t("documents.add.manual_title"), text, options)
    chunks = _draw_outlook(services.ingest, upload, text)
    if st.button(
        t("documents.add.save"),
        type="primary",
        icon=":material/save:",
        key="documents_manual_save",
    ):
        _save(services.ingest, tenant_id, upload, has_text=bool(text.strip()))
    if chunks and st.toggle(t("documents.add.look"), key="documents_manual_look"):
        draw_cut(chunks, key="documents_manual")


def manual_key() -> str:
    """Return the key of the text that is being written: a new one after each that was saved."""
    return f"documents_manual_text_{st.session_state.get(_SAVED, 0)}"


def unsaved_words() -> int:
    """Return how many words are written and not saved."""
    return count_words(st.session_state.get(manual_key()) or "")


def _draw_words(text: str) -> None:
    page = _COUNTER.format(
        count=number(count_words(text)),
        words=t("documents.add.words"),
        digits="".join(number(digit) for digit in range(10)),
        separators=t("documents.add.words_locale"),
    )
    st.html(_STYLE)
    st.html(page, unsafe_allow_javascript=True)


def _draw_options(services: Services, tenant_id: UUID) -> AddOptions:
    is_citable = draw_citable("manual")
    draw_learn_only(is_citable)
    with st.expander(t("documents.add.more"), key="documents_more_manual"):
        tags = draw_tags("manual")
        bot_id = draw_bot("manual", services.bots.list(tenant_id))
    return AddOptions(is_citable, tags, bot_id)


def _upload(title: str, text: str, options: AddOptions) -> Upload:
    return Upload(
        filename=f"{title}.md",
        data=text.encode("utf-8", errors="replace"),
        kind="manual",
        is_citable=options.is_citable,
        bot_id=options.bot_id,
        title=title,
        media_type=MANUAL_MEDIA_TYPE,
        form="manual",
        tags=options.tags,
    )


def _draw_outlook(ingest: Ingest, upload: Upload, text: str) -> tuple[Chunk, ...]:
    """Say how many passages the text becomes; return them."""
    if not text.strip():
        st.caption(t("documents.add.manual_what", words=number(WHOLE_BELOW_WORDS)))
        return ()
    kept: tuple[tuple[str, str], tuple[Chunk, ...]] | None = st.session_state.get(_CUT)
    if kept is None or kept[0] != (upload.title, text):
        try:
            with st.spinner(t("documents.add.cut_reading_one")):
                kept = ((upload.title, text), ingest.preview(upload))
        except LeanRagError as exc:
            st.error(rejection_text(exc), icon=":material/error:")
            return ()
        st.session_state[_CUT] = kept
    chunks = kept[1]
    if len(chunks) == 1:
        st.caption(t("documents.add.manual_one", words=number(WHOLE_BELOW_WORDS)))
    else:
        st.caption(t("documents.add.manual_many", count=number(len(chunks))))
    return chunks


def _save(ingest: Ingest, tenant_id: UUID, upload: Upload, *, has_text: bool) -> None:
    if not has_text:
        st.error(t("documents.add.manual_empty"), icon=":material/error:")
        return
    try:
        accepted = ingest.accept(tenant_id, upload)
    except LeanRagError as exc:
        st.error(rejection_text(exc), icon=":material/error:")
        return
    keep_outcomes([outcome_of(upload.title, accepted)])
    st.session_state.pop(_CUT, None)
    st.session_state[_SAVED] = st.session_state.get(_SAVED, 0) + 1
    st.rerun()
