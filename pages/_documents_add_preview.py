"""The cut of a file before it is added: read aside, so that the page can be used, or left."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field

import streamlit as st

from leanrag.errors import LeanRagError, ProcessingStopped
from leanrag.ingest.extracted import Chunk
from leanrag.ingest.pipeline import Ingest, Upload
from pages._documents_add_outcomes import rejection_text
from pages._documents_cut import draw_cut
from pages._locale import number, t
from pages._safe_text import plain_text

POLL_SECONDS = 1.0
_KEY = "documents_preview"
# Reading takes a processor and memory: one file at a time in this process.
_turn = threading.Lock()


@dataclass(slots=True)
class CutPreview:
    """A file that is being cut for a look; `subject` tells it from one cut otherwise."""

    subject: Hashable
    name: str
    cut: Future[tuple[Chunk, ...]] = field(default_factory=Future)
    parts_read: int = 0
    parts: int = 0
    is_unwanted: bool = False

    def work(self, ingest: Ingest, upload: Upload) -> None:
        """Cut the file in this thread; whoever looks hears what went wrong."""
        try:
            with _turn:
                self.hear(0, 0)
                self.cut.set_result(ingest.preview(upload, on_wait=self.hear))
        except BaseException as exc:  # noqa: BLE001 - raised again where somebody waits for it
            self.cut.set_exception(exc)

    def hear(self, parts_read: int, parts: int) -> None:
        """Note how far the reading is. Raises ProcessingStopped once nobody wants it any more."""
        self.parts_read, self.parts = parts_read, parts
        if self.is_unwanted:
            raise ProcessingStopped("Nobody looks at this cut any more.")


def show_preview(
    subject: Hashable, name: str, ingest: Ingest, make_upload: Callable[[], Upload]
) -> None:
    """Show the cut of a file, which is read first; what was shown before is let go."""
    preview: CutPreview | None = st.session_state.get(_KEY)
    if preview is None or preview.subject != subject:
        forget_preview()
        preview = CutPreview(subject, name)
        st.session_state[_KEY] = preview
        run = contextvars.copy_context().run  # the thread acts for whoever looks
        threading.Thread(
            target=run, args=(preview.work, ingest, make_upload()), daemon=True
        ).start()
        _wait_a_moment(preview)
    if preview.cut.done():
        _draw(preview)
    else:
        _poll(preview)


def forget_preview() -> None:
    """Let the passages go, and end the reading if it is under way."""
    preview: CutPreview | None = st.session_state.pop(_KEY, None)
    if preview is not None:
        preview.is_unwanted = True


def _wait_a_moment(preview: CutPreview) -> None:
    """Wait a second: most files need no more, and nothing has to flicker."""
    with st.spinner(t("documents.add.cut_reading_one")), suppress(TimeoutError):
        preview.cut.exception(timeout=POLL_SECONDS)


@st.fragment(run_every=POLL_SECONDS)
def _poll(preview: CutPreview) -> None:
    """Say how far the reading is; show the page anew when it is done."""
    if preview.cut.done():
        st.rerun()
    text = t("documents.add.cut_reading", name=plain_text(preview.name))
    if preview.parts:
        done = number(preview.parts_read)
        text = f"{text} {t('documents.add.cut_parts', done=done, total=number(preview.parts))}"
    st.progress(preview.parts_read / preview.parts if preview.parts else 0.0, text=text)
    st.caption(t("documents.add.cut_leave"))


def _draw(preview: CutPreview) -> None:
    try:
        chunks = preview.cut.result()
    except LeanRagError as exc:
        st.error(rejection_text(exc), icon=":material/error:")
        return
    if chunks:
        draw_cut(chunks)
    else:
        st.error(t("documents.add.file_error_no_text"), icon=":material/error:")
