"""The indexes of the tenants that are asked, within a bound of memory, never stale."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from db.tenancy import Database
from leanrag.errors import DatabaseUnavailable
from leanrag.passage_index import TenantIndex
from leanrag.passage_index_reader import KnowledgeVersion, read_passages, read_version

log = logging.getLogger(__name__)

# Fewer passages are scanned in about the time that the index would save.
MIN_PASSAGES = 200
# So many changed passages are read while their question waits: about 5 ms.
MAX_WAITED_PASSAGES = 250
# An index that was used so lately is not thrown out for another: no thrashing where more tenants
# are asked than fit.
KEEP_SECONDS = 30.0
# Measured in tenants of 1,000 passages in four languages; 1.1 KB in a tenant of 10,000.
_LEXICAL_BYTES = 2_500


@dataclass(slots=True)
class _Kept:
    index: TenantIndex
    nbytes: int
    used_at: float


class PassageIndexCache:
    """Keeps a `TenantIndex` for each active tenant; loads in one background thread. Thread-safe.

    A tenant's first question finds none and asks for it with `request`; `current` brings one that
    is behind up to date: a small change at once, a large one in the background.
    """

    def __init__(
        self,
        database: Database,
        *,
        max_bytes: int,
        min_passages: int = MIN_PASSAGES,
    ) -> None:
        """Hold at most `max_bytes` (0: nothing), only of tenants with `min_passages` or more."""
        self._database = database
        self._max_bytes = max_bytes
        self._min_passages = min_passages
        self._kept: OrderedDict[UUID, _Kept] = OrderedDict()
        self._pending: dict[UUID, Future[None]] = {}
        self._too_large: dict[UUID, int] = {}  # passages of a tenant whose index did not fit
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="passage-index")

    def current(
        self, tenant_id: UUID, version: int, model: str, dimensions: int, *, session: Session
    ) -> TenantIndex | None:
        """Return the tenant's index as of `version`, for such questions, or None.

        They are embedded by `model` with so many `dimensions`, 0 where embeddings do not count.
        `session` is the question's own transaction, which read that version.
        """
        index = self._get(tenant_id)
        if index is None or (index.model, index.dimensions) != (model, dimensions):
            return None
        if index.version == version:
            return index
        now = read_version(tenant_id, session=session)
        changed = index.changed(now.sources)
        if now.version < index.version or sum(now.passages[s] for s in changed) > (
            MAX_WAITED_PASSAGES
        ):
            return None
        index = self._updated(tenant_id, index, now, session=session)
        self._keep(tenant_id, index)
        return index

    def request(self, tenant_id: UUID, passages: int, model: str, dimensions: int) -> None:
        """Load or update the tenant's index in the background, if it is worth it and fits."""
        estimate = passages * (_LEXICAL_BYTES + dimensions)
        if passages < self._min_passages or estimate > self._max_bytes:
            return
        with self._lock:
            did_not_fit = passages >= self._too_large.get(tenant_id, passages + 1)
            if not did_not_fit and self._fits(tenant_id, estimate):
                self._submit(tenant_id, lambda: self._load(tenant_id, model, dimensions, estimate))

    def put(self, tenant_id: UUID, index: TenantIndex) -> None:
        """Keep an index as the tenant's, if it fits."""
        self._keep(tenant_id, index)

    def forget(self, tenant_id: UUID) -> None:
        """Drop what is held of a tenant that is no more."""
        with self._lock:
            self._kept.pop(tenant_id, None)
            self._too_large.pop(tenant_id, None)

    def nbytes(self) -> int:
        """Return the bytes of all indexes held."""
        with self._lock:
            return sum(kept.nbytes for kept in self._kept.values())

    def wait(self, timeout_seconds: float | None = None) -> None:
        """Wait until everything that was requested is loaded."""
        with self._lock:
            pending = list(self._pending.values())
        wait(pending, timeout_seconds)

    def close(self) -> None:
        """Stop the background thread, in the midst of a load as well, and drop all indexes."""
        with self._lock:
            self._stop.set()
        self._thread.shutdown(cancel_futures=True)
        with self._lock:
            self._kept.clear()

    def _get(self, tenant_id: UUID) -> TenantIndex | None:
        with self._lock:
            kept = self._kept.get(tenant_id)
            if kept is None:
                return None
            kept.used_at = time.monotonic()
            self._kept.move_to_end(tenant_id)
            return kept.index

    def _fits(self, tenant_id: UUID, nbytes: int) -> bool:
        """Tell whether an index fits beside those that were used lately (lock held)."""
        since = time.monotonic() - KEEP_SECONDS
        busy = sum(kept.nbytes for kept in self._kept.values() if kept.used_at > since)
        return tenant_id in self._kept or nbytes <= self._max_bytes - busy

    def _keep(self, tenant_id: UUID, index: TenantIndex) -> None:
        """Put an index in the place of an older one; drop the longest unused until all fit."""
        nbytes = index.nbytes()
        with self._lock:
            old = self._kept.get(tenant_id)
            is_late = old is not None and old.index.version > index.version
            if is_late or self._stop.is_set():
                return
            if nbytes > self._max_bytes:
                self._kept.pop(tenant_id, None)
                self._too_large[tenant_id] = index.passages()
                return
            self._kept[tenant_id] = _Kept(index, nbytes, time.monotonic())
            self._kept.move_to_end(tenant_id)
            held = sum(kept.nbytes for kept in self._kept.values())
            while held > self._max_bytes:
                held -= self._kept.popitem(last=False)[1].nbytes
            if index.needs_compaction():
                self._submit(tenant_id, lambda: self._compact(tenant_id))

    def _submit(self, tenant_id: UUID, work: Callable[[], None]) -> None:
        """Queue work for a tenant unless some is queued already (lock held)."""
        if tenant_id in self._pending or self._stop.is_set():
            return

        def run() -> None:
            try:
                work()
            except DatabaseUnavailable as exc:  # the next question asks again
                log.warning("The passages of tenant %s were not loaded: %s", tenant_id, exc)
            except Exception:
                log.exception("Loading the passages of tenant %s failed.", tenant_id)
            finally:
                with self._lock:
                    self._pending.pop(tenant_id, None)

        self._pending[tenant_id] = self._thread.submit(run)

    def _load(self, tenant_id: UUID, model: str, dimensions: int, estimate: int) -> None:
        with self._lock:
            if not self._fits(tenant_id, estimate):  # others were loaded since it was queued
                return
        index = self._get(tenant_id)
        if index is None or (index.model, index.dimensions) != (model, dimensions):
            index = TenantIndex(-1, dimensions, {}, (), model)
        # In one snapshot: a question that began before a change is proposed what it can see.
        with self._database.tenant(tenant_id, is_snapshot=True) as session:
            now = read_version(tenant_id, session=session)
            index = self._updated(tenant_id, index, now, session=session, stop=self._stop)
        self._keep(tenant_id, index)

    def _updated(
        self,
        tenant_id: UUID,
        index: TenantIndex,
        now: KnowledgeVersion,
        *,
        session: Session,
        stop: threading.Event | None = None,
    ) -> TenantIndex:
        """Read what changed since the index was made; in part if `stop` is set meanwhile.

        In a snapshot `now` and the passages are of one moment. Else a source that changes meanwhile
        is read as it is then, and once more in the next question's transaction, which is later.
        """
        changed = index.changed(now.sources)
        is_most = sum(now.passages[s] for s in changed) > sum(now.passages.values()) / 2
        if is_most:
            index = TenantIndex(index.version, index.dimensions, {}, (), index.model)
        fresh = read_passages(
            tenant_id,
            model=index.model,
            dimensions=index.dimensions,
            session=session,
            sources=None if is_most else changed,
            stop=stop,
        )
        return index.updated(now.version, now.sources, fresh)

    def _compact(self, tenant_id: UUID) -> None:
        index = self._get(tenant_id)
        if index is None:
            return
        compacted = index.compacted()
        with self._lock:
            kept = self._kept.get(tenant_id)
            if kept is not None and kept.index is index:  # else a change came first
                kept.index, kept.nbytes = compacted, compacted.nbytes()
