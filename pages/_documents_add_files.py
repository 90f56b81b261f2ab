"""Adding files: the uploader, what they are for, and a look at their cut before they are added."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from leanrag.bootstrap import Services
from leanrag.errors import LeanRagError
from leanrag.ingest.pipeline import Ingest, Upload
from leanrag.ingest.upload import CHUNK_TOKENS
from leanrag.types import SOURCE_KINDS, SourceKind
from pages._documents_add_options import draw_bot, draw_citable, draw_learn_only, draw_tags
from pages._documents_add_outcomes import Outcome, keep_outcomes, outcome_of, rejection_text
from pages._documents_add_preview import forget_preview, show_preview
from pages._documents_upload import draw_refused, let_go
from pages._documents_words import size_text
from pages._locale import number, t
from pages._safe_text import plain_text

EXTENSIONS = (
    *("pdf", "docx", "xlsx", "csv", "tsv", "html", "htm", "xhtml"),
    *("srt", "vtt", "txt", "md", "markdown"),
)
_GENERATION, _LOOK, _SIZE = "documents_generation", "documents_look", "documents_chunk_tokens"


@dataclass(frozen=True, slots=True)
class _Wish:
    """How the chosen files are to be added."""

    kind: SourceKind
    is_citable: bool
    tags: tuple[str, ...]
    bot_id: UUID | None
    chunk_tokens: int | None

    def upload(self, file: UploadedFile) -> Upload:
        """Return a file as ingest takes it."""
        return Upload(
            filename=file.name,
            data=file.getvalue(),
            kind=self.kind,
            is_citable=self.is_citable,
            bot_id=self.bot_id,
            chunk_tokens=self.chunk_tokens,
            tags=self.tags,
        )


def draw_add_files(services: Services, tenant_id: UUID) -> None:
    """Draw the uploader; its files are taken over when the button is pressed, then let go."""
    limit = size_text(services.settings.max_file_bytes)
    generation = st.session_state.setdefault(_GENERATION, 0)
    files: list[UploadedFile] = st.file_uploader(
        t("documents.add.choose", limit=limit),
        type=list(EXTENSIONS),
        accept_multiple_files=True,
        key=f"documents_files_{generation}",
    )
    draw_refused("files", t("documents.add.refused", limit=limit))
    wish = _draw_wish(services, tenant_id)
    is_looking = _draw_buttons(services.ingest, tenant_id, files, wish)
    if is_looking:
        _draw_look(services.ingest, files, wish)
    else:
        forget_preview()


def _draw_wish(services: Services, tenant_id: UUID) -> _Wish:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        kind: SourceKind = st.selectbox(
            t("documents.add.kind"),
            SOURCE_KINDS,
            index=SOURCE_KINDS.index("document"),
            format_func=lambda kind: t(f"documents.kind_{kind}"),
            help=t("documents.add.kind_help"),
            key="documents_kind",
            persist_state="session",
            width=220,
        )
        is_citable = draw_citable("files")
    draw_learn_only(is_citable)
    usual = services.settings.chunk_tokens
    with st.expander(t("documents.add.more"), key="documents_more_files"):
        tags = draw_tags("files")
        bot_id = draw_bot("files", services.bots.list(tenant_id))
        size = st.number_input(
            t("documents.add.chunk_tokens"),
            min_value=CHUNK_TOKENS.start,
            max_value=CHUNK_TOKENS.stop - 1,
            value=usual,
            step=16,
            help=t("documents.add.chunk_tokens_help"),
            key=_SIZE,
            persist_state="session",
            width=220,
        )
    return _Wish(kind, is_citable, tags, bot_id, size if size != usual else None)


def _draw_buttons(ingest: Ingest, tenant_id: UUID, files: list[UploadedFile], wish: _Wish) -> bool:
    """Draw the buttons; tell whether the cut is to be looked at."""
    count = number(len(files))
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        if st.button(
            t("documents.add.files_some", count=count) if files else t("documents.add.files_none"),
            type="primary",
            icon=":material/upload_file:",
            disabled=not files,
            on_click=_take_over,
            args=(ingest, tenant_id, tuple(files), wish),
            key="documents_add",
        ):
            st.rerun()
        return bool(files) and st.toggle(t("documents.add.look"), key=_LOOK)


def _draw_look(ingest: Ingest, files: list[UploadedFile], wish: _Wish) -> None:
    file = files[0]
    with st.container(border=True, key="documents_look_at"):
        if len(files) > 1:
            file = st.selectbox(
                t("documents.add.look_file"),
                files,
                format_func=lambda one: one.name,
                key="documents_look_file",
            )
        name = plain_text(file.name)
        st.caption(t("documents.add.look_nothing_stored", name=name))
        subject = (file.file_id, wish.kind, wish.chunk_tokens)
        show_preview(subject, file.name, ingest, lambda: wish.upload(file))


def _take_over(
    ingest: Ingest, tenant_id: UUID, files: tuple[UploadedFile, ...], wish: _Wish
) -> None:
    keep_outcomes([_accept(ingest, tenant_id, file, wish) for file in files])
    forget_preview()
    let_go(files)
    # A new key is a new, empty uploader.
    st.session_state.pop(f"documents_files_{st.session_state[_GENERATION]}", None)
    st.session_state[_GENERATION] += 1


def _accept(ingest: Ingest, tenant_id: UUID, file: UploadedFile, wish: _Wish) -> Outcome:
    try:
        return outcome_of(file.name, ingest.accept(tenant_id, wish.upload(file)))
    except LeanRagError as exc:
        return Outcome(file.name, None, problem=rejection_text(exc))
