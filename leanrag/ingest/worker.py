"""Works on queued jobs, on an event loop of its own: in a thread, or until a signal.

A worker that dies in the middle of a job leaves it "doing"; the living ones look every 20 seconds
and put the jobs of dead workers back. A worker outlives an outage of the database.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector, RetryDecision
from procrastinate.jobs import Job
from procrastinate.worker import Worker as QueueWorker
from psycopg.conninfo import make_conninfo
from sqlalchemy import URL

from db.engine import APPLICATION_ROLE, JOBS_SCHEMA
from leanrag.errors import DatabaseUnavailable, ProcessingDelayed, ProcessingInterrupted
from leanrag.ingest.attempt import Attempt
from leanrag.ingest.queues import REEMBED_QUEUE, QueueName

log = logging.getLogger(__name__)

INGEST_TASK = "ingest"
REEMBED_TASK = "reembed"
_START_SECONDS = 15.0
_STOP_SECONDS = 20.0
_MAX_PAUSE_SECONDS = 3600.0  # however long a provider asks to be left alone

ProcessSource = Callable[[UUID, UUID, Attempt], None]
ReembedTenant = Callable[[UUID, Attempt], None]

# In one statement, so that no job is put back that another worker has just taken.
_TAKE_OVER = """
SELECT job.id, procrastinate_retry_job_v2(job.id, now(), NULL, NULL, NULL)
  FROM procrastinate_jobs AS job
  LEFT JOIN procrastinate_workers AS worker ON worker.id = job.worker_id
 WHERE job.status = 'doing' AND job.queue_name = %(queue)s
   AND (worker.id IS NULL
        OR worker.last_heartbeat < now() - make_interval(secs => %(stalled_after_seconds)s))
   FOR UPDATE OF job SKIP LOCKED
"""


@dataclass(frozen=True, slots=True)
class WorkerTiming:
    """How workers find jobs, notice each other's death, try again, and end; all in seconds.

    A worker whose last sign of life is older than `stalled_after_seconds` is dead.
    `retry_waits_seconds` are the waits before each further attempt at a job: about an hour in all.
    A worker that has to end leaves its job `grace_seconds` to end well.
    """

    poll_seconds: float = 5.0  # a new job is told at once; this finds those whose time has come
    heartbeat_seconds: float = 5.0
    stalled_after_seconds: float = 30.0
    check_seconds: float = 20.0
    return_after_seconds: float = 3.0
    grace_seconds: float = 10.0
    retry_waits_seconds: tuple[float, ...] = (15, 30, 60, 120, 300, 600, 900, 1200)


class Worker:
    """One procrastinate worker for each queue, all on one event loop."""

    def __init__(
        self,
        url: URL,
        process: ProcessSource,
        timing: WorkerTiming,
        queues: Sequence[QueueName],
        reembed: ReembedTenant | None = None,
    ) -> None:
        """Without `reembed` the queue of tenants that change their model is left to others."""
        self._url = url
        self._process = process
        self._reembed = reembed
        self._timing = timing
        served = (name for name in queues if reembed is not None or name != REEMBED_QUEUE)
        self._queues = tuple(dict.fromkeys(served))
        self._thread = threading.Thread(target=self._run, name="leanrag-worker", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._can_stop = threading.Event()
        self._started = threading.Event()
        self._must_end_at = float("inf")

    def start(self) -> None:
        """Work in a thread; return when it looks for jobs, or has failed to for the first time."""
        self._thread.start()
        self._started.wait(_START_SECONDS)

    def is_alive(self) -> bool:
        """Tell whether the thread runs."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """End the thread, and await it for 20 seconds at most."""
        self._can_stop.wait(_START_SECONDS)
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(self._end)
        self._thread.join(_STOP_SECONDS)

    def run_until_signal(self) -> None:
        """Work in this, the main thread until SIGINT or SIGTERM; a second one shows no patience."""
        asyncio.run(self._serve(handle_signals=True))

    def _run(self) -> None:
        asyncio.run(self._serve(handle_signals=False))

    async def _serve(self, *, handle_signals: bool) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self._can_stop.set()
        if handle_signals:
            for number in (signal.SIGINT, signal.SIGTERM):
                self._loop.add_signal_handler(number, self._end)
        await asyncio.gather(*(self._serve_queue(queue, self._stopping) for queue in self._queues))

    def _end(self) -> None:
        assert self._stopping is not None
        grace = 0.0 if self._stopping.is_set() else self._timing.grace_seconds
        self._must_end_at = time.monotonic() + grace
        self._stopping.set()

    async def _serve_queue(self, queue: QueueName, stopping: asyncio.Event) -> None:
        """Work on a queue until told to stop; after an outage of the database come back."""
        while not stopping.is_set():
            try:
                await self._work(queue, stopping)
            except Exception:
                log.exception("The worker broke off; it returns in a moment.")
            self._started.set()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), self._timing.return_after_seconds)

    async def _work(self, queue: QueueName, stopping: asyncio.Event) -> None:
        """Work until told to stop, or until the database goes away."""
        app, ended = self._app(queue), asyncio.Event()
        async with app.open_async():
            worker = self._worker(app, queue)
            tasks = [
                asyncio.create_task(worker.run()),  # type: ignore[no-untyped-call]
                asyncio.create_task(_take_over(app, queue, self._timing, ended)),
                asyncio.create_task(stopping.wait()),
            ]
            self._started.set()
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            # Told, not cancelled: in Python 3.11 what awaits a connection may miss that it was.
            worker.stop()  # type: ignore[no-untyped-call]
            ended.set()
            tasks[-1].cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result

    def _worker(self, app: App, queue: QueueName) -> QueueWorker:
        timing = self._timing
        return QueueWorker(
            app,
            queues=[queue],
            name=f"leanrag-{queue}",
            concurrency=1,
            install_signal_handlers=False,
            shutdown_graceful_timeout=_STOP_SECONDS,
            delete_jobs="successful",
            fetch_job_polling_interval=timing.poll_seconds,
            update_heartbeat_interval=timing.heartbeat_seconds,
            stalled_worker_timeout=timing.stalled_after_seconds,
        )

    def _app(self, queue: QueueName) -> App:
        app = App(connector=PsycopgConnector(conninfo=_conninfo(self._url), min_size=1, max_size=4))
        waits = self._timing.retry_waits_seconds

        @app.task(name=INGEST_TASK, queue=queue, retry=_Patience(waits), pass_context=True)
        def ingest(context: JobContext, tenant_id: str, source_id: str) -> None:
            self._process(UUID(tenant_id), UUID(source_id), self._attempt(context))

        @app.task(name=REEMBED_TASK, queue=queue, retry=_Patience(waits), pass_context=True)
        def reembed(context: JobContext, tenant_id: str) -> None:
            if self._reembed is not None:
                self._reembed(UUID(tenant_id), self._attempt(context))

        return app

    def _attempt(self, context: JobContext) -> Attempt:
        retries = len(self._timing.retry_waits_seconds) - context.job.attempts
        return Attempt(retries, self._is_ending)

    def _is_ending(self) -> bool:
        return time.monotonic() >= self._must_end_at


class _Patience(BaseRetryStrategy):
    """Tries again, after growing waits, what is not the source's fault."""

    def __init__(self, waits_seconds: Sequence[float]) -> None:
        self._waits = tuple(waits_seconds)

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """Return when to try again; None where that is over, or the job itself has failed."""
        if isinstance(exception, ProcessingInterrupted):
            return RetryDecision(retry_at=datetime.now(UTC))
        if not isinstance(exception, DatabaseUnavailable | ProcessingDelayed):
            return None
        if job.attempts >= len(self._waits):
            return None
        asked = exception.details.get("retry_after_seconds")
        pause = min(asked, _MAX_PAUSE_SECONDS) if isinstance(asked, float) else 0.0
        wait = max(self._waits[job.attempts], pause)
        return RetryDecision(retry_at=datetime.now(UTC) + timedelta(seconds=wait))


async def _take_over(
    app: App, queue: QueueName, timing: WorkerTiming, ended: asyncio.Event
) -> None:
    """Put the jobs of dead workers back into the queue, again and again until it has ended."""
    while not ended.is_set():
        rows = await app.connector.execute_query_all_async(
            _TAKE_OVER, queue=queue, stalled_after_seconds=timing.stalled_after_seconds
        )
        for row in rows:
            log.warning("Job %s of a dead worker is done again.", row["id"])
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), timing.check_seconds)


def _conninfo(url: URL) -> str:
    """Return the address as psycopg 3 reads it, bound to the limited role and the jobs' schema."""
    parts: dict[str, Any] = dict(url.query)
    parts |= {"host": url.host or parts.get("host"), "port": url.port or parts.get("port")}
    parts |= {"user": url.username, "password": url.password, "dbname": url.database}
    parts["options"] = f"-c search_path={JOBS_SCHEMA},public -c role={APPLICATION_ROLE}"
    return make_conninfo(**{name: value for name, value in parts.items() if value is not None})
