"""Durable jobs in PostgreSQL: enqueued in the transaction that makes the work, done by a worker.

A worker that dies in the middle of a job leaves it "doing"; every 20 seconds the living ones put
the jobs of dead workers back. A worker outlives an outage of the database. Payloads carry ids
alone, because the queue's tables have no policies.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from procrastinate import App, PsycopgConnector, RetryStrategy
from procrastinate.contrib.sqlalchemy import SQLAlchemyPsycopg2Connector
from psycopg.conninfo import make_conninfo
from sqlalchemy import URL
from sqlalchemy.orm import Session

from db.engine import APPLICATION_ROLE, JOBS_SCHEMA
from leanrag.errors import DatabaseUnavailable

log = logging.getLogger(__name__)

INGEST_TASK = "ingest"
QUEUE = "ingest"
_START_SECONDS = 15.0
_STOP_SECONDS = 20.0
_OUTAGE_ATTEMPTS = 20  # of a job that found no database: with the growing wait about an hour
_OUTAGE_WAIT_SECONDS = 15

ProcessSource = Callable[[UUID, UUID], None]


@dataclass(frozen=True, slots=True)
class WorkerTiming:
    """How workers notice each other's death, and return after an outage of the database.

    A worker whose last sign of life is older than `stalled_after_seconds` is dead; `check_cron`
    says when that is looked at (the sixth field counts seconds).
    """

    heartbeat_seconds: float = 5.0
    stalled_after_seconds: float = 30.0
    check_cron: str = "* * * * * */20"
    return_after_seconds: float = 3.0


class JobQueue:
    """Enqueues jobs for any process, and runs a worker thread in this one when asked."""

    def __init__(self, url: URL, timing: WorkerTiming | None = None) -> None:
        self._url = url
        self._timing = timing or WorkerTiming()
        self._enqueueing = App(
            connector=SQLAlchemyPsycopg2Connector(dsn=url.render_as_string(hide_password=False))
        )
        self._worker: _Worker | None = None

    def defer_ingest(self, tenant_id: UUID, source_id: UUID, *, session: Session) -> int:
        """Enqueue a source in the session's own transaction; return the job's number."""
        job = self._enqueueing.configure_task(
            INGEST_TASK,
            queue=QUEUE,
            lock=f"source:{source_id}",
            connection=session.connection(),
        )
        return int(job.defer(tenant_id=str(tenant_id), source_id=str(source_id)))

    def start_worker(self, process: ProcessSource) -> None:
        """Run a worker thread that works on the jobs of all tenants, one after the other."""
        if self._worker is None:
            self._worker = _Worker(self._url, process, self._timing)
            self._worker.start()

    def worker_is_alive(self) -> bool:
        """Tell whether this process's worker runs."""
        return self._worker is not None and self._worker.is_alive()

    def run_worker(self, process: ProcessSource) -> None:
        """Work on jobs in this thread until it is interrupted (the command line's worker)."""
        asyncio.run(_Worker(self._url, process, self._timing).work(install_signal_handlers=True))

    def close(self) -> None:
        """Let the worker finish its job (20 s at most) and stop it."""
        if self._worker is not None:
            self._worker.stop()
            self._worker = None


class _Worker(threading.Thread):
    """A procrastinate worker on an event loop of its own."""

    def __init__(self, url: URL, process: ProcessSource, timing: WorkerTiming) -> None:
        super().__init__(name="leanrag-worker", daemon=True)
        self._url = url
        self._process = process
        self._timing = timing
        self._loop: asyncio.AbstractEventLoop | None = None
        self._working: asyncio.Task[None] | None = None
        self._started = threading.Event()
        self._stopping = threading.Event()

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                asyncio.run(self.work(install_signal_handlers=False))
            except asyncio.CancelledError:
                log.debug("The worker was stopped.")
            except Exception:
                log.exception("The worker broke off; it returns in a moment.")
            self._started.set()
            self._stopping.wait(self._timing.return_after_seconds)

    async def work(self, *, install_signal_handlers: bool) -> None:
        """Open the queue and run jobs until cancelled, or until the database goes away."""
        self._loop = asyncio.get_running_loop()
        app = _worker_app(self._url, self._process, self._timing)
        async with app.open_async():
            self._working = asyncio.create_task(
                app.run_worker_async(
                    name="leanrag",
                    concurrency=1,
                    install_signal_handlers=install_signal_handlers,
                    shutdown_graceful_timeout=_STOP_SECONDS,
                    delete_jobs="successful",
                    update_heartbeat_interval=self._timing.heartbeat_seconds,
                    stalled_worker_timeout=self._timing.stalled_after_seconds,
                )
            )
            self._started.set()
            if self._stopping.is_set():  # asked to before there was anything to cancel
                self._working.cancel()
            await self._working

    def start(self) -> None:
        super().start()
        self._started.wait(_START_SECONDS)

    def stop(self) -> None:
        self._stopping.set()
        loop, working = self._loop, self._working
        if loop is not None and working is not None and not loop.is_closed():
            with contextlib.suppress(RuntimeError):  # the loop closed in between
                loop.call_soon_threadsafe(working.cancel)
        self.join(_STOP_SECONDS)


def _worker_app(url: URL, process: ProcessSource, timing: WorkerTiming) -> App:
    app = App(connector=PsycopgConnector(conninfo=_conninfo(url), min_size=1, max_size=4))
    retry = RetryStrategy(
        max_attempts=_OUTAGE_ATTEMPTS,
        linear_wait=_OUTAGE_WAIT_SECONDS,
        retry_exceptions={DatabaseUnavailable},
    )

    @app.task(name=INGEST_TASK, queue=QUEUE, retry=retry)
    def ingest(tenant_id: str, source_id: str) -> None:
        process(UUID(tenant_id), UUID(source_id))

    @app.periodic(cron=timing.check_cron)
    @app.task(name="retry_stalled_jobs", queue=QUEUE, queueing_lock="retry_stalled_jobs")
    async def retry_stalled_jobs(timestamp: int) -> None:
        stalled = await app.job_manager.get_stalled_jobs(
            task_name=INGEST_TASK, seconds_since_heartbeat=timing.stalled_after_seconds
        )
        for job in stalled:
            log.warning("Job %s of a dead worker is done again (at %s).", job.id, timestamp)
            await app.job_manager.retry_job(job)

    return app


def _conninfo(url: URL) -> str:
    """Return the address as psycopg 3 reads it, bound to the limited role and the jobs' schema."""
    parts: dict[str, Any] = dict(url.query)
    parts |= {"host": url.host or parts.get("host"), "port": url.port or parts.get("port")}
    parts |= {"user": url.username, "password": url.password, "dbname": url.database}
    parts["options"] = f"-c search_path={JOBS_SCHEMA},public -c role={APPLICATION_ROLE}"
    return make_conninfo(**{name: value for name, value in parts.items() if value is not None})
