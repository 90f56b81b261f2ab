"""Durable jobs in PostgreSQL: enqueued in the transaction that makes the work, done by a worker.

Payloads carry ids alone, because the queue's tables have no policies.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from procrastinate import App
from procrastinate.contrib.sqlalchemy import SQLAlchemyPsycopg2Connector
from sqlalchemy import URL, text
from sqlalchemy.orm import Session

from leanrag.ingest.queues import QUEUES, REEMBED_QUEUE, QueueName
from leanrag.ingest.worker import (
    INGEST_TASK,
    REEMBED_TASK,
    ProcessSource,
    ReembedTenant,
    Worker,
    WorkerTiming,
)

__all__ = ["JobQueue", "ProcessSource", "ReembedTenant", "WorkerTiming"]

_WITHDRAW = text("DELETE FROM procrastinate_jobs WHERE lock = :lock AND status = 'todo'")


class JobQueue:
    """Enqueues jobs for any process, and runs a worker thread in this one when asked.

    Crawls have a queue of their own: slow by politeness, they must not hold up a file.
    """

    def __init__(self, url: URL, timing: WorkerTiming | None = None) -> None:
        self._url = url
        self._timing = timing or WorkerTiming()
        self._enqueueing = App(
            connector=SQLAlchemyPsycopg2Connector(dsn=url.render_as_string(hide_password=False))
        )
        self._worker: Worker | None = None

    def defer_ingest(
        self, tenant_id: UUID, source_id: UUID, *, session: Session, queue: QueueName = "ingest"
    ) -> int:
        """Enqueue a source in the session's own transaction; return the job's number.

        A job of the source that waits, be it for its turn or to be tried again, gives way to this.
        """
        self.withdraw(source_id, session=session)
        job = self._enqueueing.configure_task(
            INGEST_TASK, queue=queue, lock=_lock(source_id), connection=session.connection()
        )
        return int(job.defer(tenant_id=str(tenant_id), source_id=str(source_id)))

    def withdraw(self, source_id: UUID, *, session: Session) -> None:
        """Take the source's job that waits, if there is one, out of its queue."""
        session.execute(_WITHDRAW, {"lock": _lock(source_id)})

    def defer_reembed(
        self, tenant_id: UUID, *, session: Session, wait_seconds: float = 0.0
    ) -> None:
        """Enqueue a tenant's change of models in the session's own transaction.

        One that waits gives way to it.
        """
        lock = f"reembed:{tenant_id}"
        session.execute(_WITHDRAW, {"lock": lock})
        job = self._enqueueing.configure_task(
            REEMBED_TASK,
            queue=REEMBED_QUEUE,
            lock=lock,
            schedule_in={"seconds": wait_seconds} if wait_seconds else None,
            connection=session.connection(),
        )
        job.defer(tenant_id=str(tenant_id))

    def start_worker(
        self,
        process: ProcessSource,
        reembed: ReembedTenant | None = None,
        *,
        queues: Sequence[QueueName] = QUEUES,
    ) -> None:
        """Run a worker thread: the jobs of all tenants, of each queue one after the other.

        Without `reembed` changes of models are left to other workers.
        """
        if self._worker is None:
            self._worker = Worker(self._url, process, self._timing, queues, reembed)
            self._worker.start()

    def worker_is_alive(self) -> bool:
        """Tell whether this process's worker runs."""
        return self._worker is not None and self._worker.is_alive()

    def run_worker(
        self,
        process: ProcessSource,
        reembed: ReembedTenant | None = None,
        *,
        queues: Sequence[QueueName] = QUEUES,
    ) -> None:
        """Work on jobs in this thread until it is interrupted (the command line's worker)."""
        Worker(self._url, process, self._timing, queues, reembed).run_until_signal()

    def close(self) -> None:
        """Stop the worker: a job may end within 10 s, then it goes back into its queue."""
        if self._worker is not None:
            self._worker.stop()
            self._worker = None


def _lock(source_id: UUID) -> str:
    """Name the lock that keeps two workers from one source."""
    return f"source:{source_id}"
