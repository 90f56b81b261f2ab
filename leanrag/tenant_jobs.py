"""The queued jobs of one tenant: put aside while it is suspended, removed with it.

A job that is put aside waits in a queue that no worker listens to.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.models import Source, Tenant
from db.tenancy import Database
from leanrag.ingest.attempt import Attempt
from leanrag.ingest.jobs import JobQueue, ProcessSource
from leanrag.ingest.queues import QueueName
from leanrag.sources import source_form

PARKED = "suspended:"
# The queue's own triggers name its tables without their schema.
_FIND_QUEUE = text("SET LOCAL search_path TO public, jobs")
_PARK = text(
    "UPDATE jobs.procrastinate_jobs SET queue_name = :parked || queue_name"
    " WHERE args ->> 'tenant_id' = :tenant AND status = 'todo'"
    " AND NOT starts_with(queue_name, :parked)"
)
_RETURN = text(
    "UPDATE jobs.procrastinate_jobs SET queue_name = substr(queue_name, length(:parked) + 1)"
    " WHERE args ->> 'tenant_id' = :tenant AND starts_with(queue_name, :parked)"
)
_REMOVE = text(
    "DELETE FROM jobs.procrastinate_jobs"
    " WHERE args ->> 'tenant_id' = :tenant AND (status <> 'doing' OR :running)"
)
_RUNNING = text(
    "SELECT count(*) FROM jobs.procrastinate_jobs"
    " WHERE args ->> 'tenant_id' = :tenant AND status = 'doing'"
)


def park_jobs(tenant_id: UUID, *, session: Session) -> None:
    """Put the tenant's waiting jobs where no worker looks."""
    session.execute(_FIND_QUEUE)
    session.execute(_PARK, {"tenant": str(tenant_id), "parked": PARKED})


def return_jobs(tenant_id: UUID, *, session: Session) -> None:
    """Put the tenant's jobs back into the queues that they were taken from."""
    session.execute(_FIND_QUEUE)
    session.execute(_RETURN, {"tenant": str(tenant_id), "parked": PARKED})


def remove_jobs(tenant_id: UUID, *, running: bool, session: Session) -> None:
    """Delete the tenant's jobs with their history; those that run only if `running`."""
    session.execute(_FIND_QUEUE)
    session.execute(_REMOVE, {"tenant": str(tenant_id), "running": running})


def running_jobs(tenant_id: UUID, *, session: Session) -> int:
    """Return how many of the tenant's jobs a worker is at."""
    return int(session.scalar(_RUNNING, {"tenant": str(tenant_id)}) or 0)


def while_active(process: ProcessSource, database: Database, jobs: JobQueue) -> ProcessSource:
    """Return `process` for workers: a job of a suspended tenant is put aside instead.

    That is one that was tried again, or taken from its queue, just when the tenant was suspended.
    """

    def run(tenant_id: UUID, source_id: UUID, attempt: Attempt) -> None:
        if _put_aside(tenant_id, source_id, database, jobs):
            return
        process(tenant_id, source_id, attempt)

    return run


def _put_aside(tenant_id: UUID, source_id: UUID, database: Database, jobs: JobQueue) -> bool:
    with database.tenant(tenant_id) as session:
        if is_active(tenant_id, session=session):
            return False
        source = session.get(Source, (tenant_id, source_id))
        if source is not None:
            queue: QueueName = "crawl" if source_form(source) == "website" else "ingest"
            jobs.defer_ingest(tenant_id, source_id, session=session, queue=queue)
            park_jobs(tenant_id, session=session)
    with database.tenant(tenant_id) as session:
        if is_active(tenant_id, session=session):  # it was resumed meanwhile
            return_jobs(tenant_id, session=session)
    return True


def is_active(tenant_id: UUID, *, session: Session) -> bool:
    """Tell whether a tenant may work; one that is gone has nothing to be put aside."""
    tenant = session.get(Tenant, tenant_id)
    return tenant is None or tenant.status == "active"
