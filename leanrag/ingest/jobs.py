"""Durable jobs in PostgreSQL: enqueued in the transaction that makes the work, done by a worker.

A worker that dies in the middle of a job leaves it "doing"; every minute the living ones put the
jobs of dead workers back. Payloads carry ids alone, because the queue's tables have no policies.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

from procrastinate import App, PsycopgConnector
from procrastinate.contrib.sqlalchemy import SQLAlchemyPsycopg2Connector
from psycopg.conninfo import make_conninfo
from sqlalchemy import URL
from sqlalchemy.orm import Session

from db.engine import APPLICATION_ROLE, JOBS_SCHEMA

log = logging.getLogger(__name__)

INGEST_TASK = "ingest"
QUEUE = "ingest"
STALLED_AFTER_SECONDS = 30.0
_RETRY_CRON = "* * * * * */20"  # every 20 seconds: the sixth field counts seconds
_START_SECONDS = 15.0
_STOP_SECONDS = 20.0

ProcessSource = Callable[[UUID, UUID], None]


class JobQueue:
    """Enqueues jobs for any process, and runs a worker thread in this one when asked."""

    def __init__(self, url: URL) -> None:
        self._url = url
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
            self._worker = _Worker(self._url, process)
            self._worker.start()

    def worker_is_alive(self) -> bool:
        """Tell whether this process's worker runs."""
        return self._worker is not None and self._worker.is_alive()

    def run_worker(self, process: ProcessSource) -> None:
        """Work on jobs in this thread until it is interrupted (the command line's worker)."""
        asyncio.run(_Worker(self._url, process).work(install_signal_handlers=True))

    def close(self) -> None:
        """Let the worker finish its job (20 s at most) and stop it."""
        if self._worker is not None:
            self._worker.stop()
            self._worker = None


class _Worker(threading.Thread):
    """A procrastinate worker on an event loop of its own."""

    def __init__(self, url: URL, process: ProcessSource) -> None:
        super().__init__(name="leanrag-worker", daemon=True)
        self._app = _worker_app(url, process)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._working: asyncio.Task[None] | None = None
        self._started = threading.Event()

    def run(self) -> None:
        try:
            asyncio.run(self.work(install_signal_handlers=False))
        except asyncio.CancelledError:
            log.debug("The worker was stopped.")
        except Exception:
            log.exception("The worker ended; uploads wait until the console is started again.")
        finally:
            self._started.set()

    async def work(self, *, install_signal_handlers: bool) -> None:
        """Open the queue and run jobs until cancelled."""
        self._loop = asyncio.get_running_loop()
        async with self._app.open_async():
            self._working = asyncio.create_task(
                self._app.run_worker_async(
                    name="leanrag",
                    concurrency=1,
                    install_signal_handlers=install_signal_handlers,
                    shutdown_graceful_timeout=_STOP_SECONDS,
                    delete_jobs="successful",
                    update_heartbeat_interval=5.0,
                    stalled_worker_timeout=STALLED_AFTER_SECONDS,
                )
            )
            self._started.set()
            await self._working

    def start(self) -> None:
        super().start()
        self._started.wait(_START_SECONDS)

    def stop(self) -> None:
        if self._loop is not None and self._working is not None and self.is_alive():
            self._loop.call_soon_threadsafe(self._working.cancel)
        self.join(_STOP_SECONDS)


def _worker_app(url: URL, process: ProcessSource) -> App:
    app = App(connector=PsycopgConnector(conninfo=_conninfo(url), min_size=1, max_size=4))

    @app.task(name=INGEST_TASK, queue=QUEUE)
    def ingest(tenant_id: str, source_id: str) -> None:
        process(UUID(tenant_id), UUID(source_id))

    @app.periodic(cron=_RETRY_CRON)
    @app.task(name="retry_stalled_jobs", queue=QUEUE, queueing_lock="retry_stalled_jobs")
    async def retry_stalled_jobs(timestamp: int) -> None:
        stalled = await app.job_manager.get_stalled_jobs(
            seconds_since_heartbeat=STALLED_AFTER_SECONDS
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
