"""Work on a whole tenant that takes its time: done aside, while the page says how far it is."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

import streamlit as st

from leanrag.errors import ProcessingStopped
from leanrag.tenant_export import ExportProgress
from leanrag.tenant_removal import RemovalProgress
from pages._locale import is_right_to_left
from pages._services import visitor

POLL_SECONDS = 1.0
_FROM_THE_RIGHT = """<style>
[class*="st-key-tenants_work"] [data-testid="stProgressBarTrack"] { transform: scaleX(-1); }
</style>"""


@dataclass(slots=True)
class Work:
    """Something that is done to a tenant; `result` holds what came of it, or went wrong."""

    tenant_id: UUID
    name: str
    result: Future[object] = field(default_factory=Future)
    done: int = 0
    total: int = 0
    is_unwanted: bool = False

    def start(self, call: Callable[[], object]) -> None:
        """Begin in a thread that acts for whoever looks; wait a moment, little needs no more."""
        visitor()  # the thread cannot ask the browser who that is
        run = contextvars.copy_context().run
        threading.Thread(target=run, args=(self._work, call), daemon=True).start()
        with suppress(TimeoutError):
            self.result.exception(timeout=POLL_SECONDS)

    def hear_export(self, progress: ExportProgress) -> None:
        """Note how far an export is. Raises ProcessingStopped once nobody wants it any more."""
        self.done, self.total = progress.done, progress.total
        if self.is_unwanted:
            raise ProcessingStopped("Nobody wants this file any more.")

    def hear_removal(self, progress: RemovalProgress) -> None:
        """Note how far a deletion is."""
        self.done = progress.deleted

    def _work(self, call: Callable[[], object]) -> None:
        try:
            self.result.set_result(call())
        except BaseException as exc:  # noqa: BLE001 - raised again where somebody waits for it
            self.result.set_exception(exc)


def poll(work: Work, say: Callable[[Work], str]) -> None:
    """Show how far the work is, every second, and the whole page anew when it is done."""
    if is_right_to_left():
        st.html(_FROM_THE_RIGHT)  # Streamlit's bars know one way only

    @st.fragment(run_every=POLL_SECONDS)
    def draw() -> None:
        if work.result.done():
            st.rerun()
        if work.total:
            st.progress(min(1.0, work.done / work.total), text=say(work))
        else:  # how much there is, only its end tells
            st.info(say(work), icon=":material/hourglass_top:")

    with st.container(key=f"tenants_work_{work.tenant_id}"):
        draw()
