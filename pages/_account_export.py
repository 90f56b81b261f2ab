"""Everything that a tenant owns as one ZIP: made on demand, downloaded once, and not kept."""

from __future__ import annotations

import logging
import shutil
import tempfile
import weakref
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from leanrag.bootstrap import Services
from leanrag.errors import LeanRagError
from leanrag.permissions import require
from leanrag.tenant_export import ExportedTenant
from leanrag.tenants import TenantView
from pages._documents_words import size_text
from pages._downloads import visitor_later
from pages._locale import number, t
from pages._tenants_notice import notice
from pages._tenants_work import POLL_SECONDS, Work, poll

_KEY = "account_export"
_log = logging.getLogger("leanrag.console")


class TenantFile:
    """A file that is being made, or waits to be downloaded, in a folder of its own.

    It goes from the disk when it is taken or discarded, with the tab that asked for it, or with
    the process.
    """

    def __init__(self, tenant: TenantView) -> None:
        self.name = f"leanrag-{tenant.slug}.zip"
        self.work = Work(tenant.tenant_id, tenant.name)
        self.is_taken = False
        self._folder = Path(tempfile.mkdtemp(prefix="leanrag-export-"))
        self._remove = weakref.finalize(self, _drop, self._folder, self.work)

    @property
    def path(self) -> Path:
        """Where it is written."""
        return self._folder / "export.zip"

    def make(self, services: Services) -> None:
        """Begin to write it."""
        tenant_id, path, work = self.work.tenant_id, self.path, self.work
        write = services.tenant_export.write
        work.start(lambda: write(tenant_id, path, on_progress=work.hear_export))

    def take(self) -> bytes:
        """Return the whole file, and remove it from the disk."""
        data = self.path.read_bytes()
        self.is_taken = True
        self.discard()
        return data

    def discard(self) -> None:
        """Remove it, and stop making it."""
        self._remove()


def _drop(folder: Path, work: Work) -> None:
    work.is_unwanted = True
    shutil.rmtree(folder, ignore_errors=True)


def draw_export(services: Services, tenant: TenantView) -> None:
    """Draw what is due: the button that makes the file, how far it is, or the file itself."""
    made: TenantFile | None = st.session_state.get(_KEY)
    if made is not None and made.work.tenant_id != tenant.tenant_id:
        _forget()
        made = None
    if made is None:
        st.button(
            t("account.export"),
            icon=":material/archive:",
            on_click=_make,
            args=(services, tenant),
            key="account_export_make",
        )
    elif not made.work.result.done():
        poll(made.work, _progress)
        st.button(t("account.export_stop"), on_click=_forget, key="account_export_stop")
    elif (error := made.work.result.exception()) is not None:
        _complain(error)
    else:
        _draw_file(made)


def _make(services: Services, tenant: TenantView) -> None:
    made = TenantFile(tenant)
    st.session_state[_KEY] = made
    try:
        made.make(services)
    except LeanRagError as error:
        _forget()
        notice.complain(error)


def _draw_file(made: TenantFile) -> None:
    exported = made.work.result.result()
    assert isinstance(exported, ExportedTenant)
    rows, files = number(sum(exported.rows.values())), number(exported.files)
    with st.container(key="interface-account-export"):
        st.markdown(t("account.export_ready", rows=rows, files=files))
    with st.container(horizontal=True):
        st.download_button(
            t("account.export_download", size=size_text(exported.byte_size)),
            _taker(made),
            file_name=made.name,
            mime="application/zip",
            icon=":material/download:",
            type="primary",
            on_click="ignore",
            key="account_export_download",
        )
        st.button(t("account.export_discard"), on_click=_forget, key="account_export_discard")
    _watch(made)


def _taker(made: TenantFile) -> Callable[[], bytes]:
    """Return what hands the file over to whoever may still have it when the button is pressed."""
    who = visitor_later()

    def take() -> bytes:
        require(who().allowed, "tenant.export")
        return made.take()

    return take


@st.fragment(run_every=POLL_SECONDS)
def _watch(made: TenantFile) -> None:
    """Show the page anew once the file was taken: it is there no more."""
    if made.is_taken:
        _forget()
        notice.say(t("account.export_taken"))
        st.rerun()


def _forget() -> None:
    made: TenantFile | None = st.session_state.pop(_KEY, None)
    if made is not None:
        made.discard()


def _complain(error: BaseException) -> None:
    _forget()
    if isinstance(error, LeanRagError):
        notice.complain(error)
    else:
        _log.error("Exporting a tenant failed.", exc_info=error)
        notice.complain(t("account.export_failed"))
    st.rerun()


def _progress(work: Work) -> str:
    if not work.total:
        return t("account.export_begins")
    return t("account.exporting", done=number(work.done), total=number(work.total))
