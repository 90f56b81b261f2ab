"""What tests of the job queue share: quick workers, here and in processes that can be killed."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import UUID

from sqlalchemy import text

from leanrag.ingest.jobs import JobQueue, WorkerTiming
from leanrag.ingest.pipeline import Upload
from leanrag.ingest.queues import QueueName
from tests.product_parts import DELIVERY, Parts

REPOSITORY = Path(__file__).parents[1]
# The machine may stand still for two seconds: a worker that does is not dead.
QUICK = WorkerTiming(
    poll_seconds=0.2,
    heartbeat_seconds=0.2,
    stalled_after_seconds=2.5,
    check_seconds=0.3,
    return_after_seconds=0.2,
    grace_seconds=1.0,
    retry_waits_seconds=(0.1, 0.2, 0.3),
)

_WORKER = """
import sys, time
from db.engine import make_admin_engine, make_engine, with_driver
from leanrag.guarded_database import GuardedDatabase
from leanrag.ingest import processing
from leanrag.ingest.jobs import JobQueue
from tests.job_parts import QUICK
from tests.product_parts import make_parts

address = with_driver(sys.argv[1])
parts = make_parts(GuardedDatabase(make_engine(address), make_admin_engine(address)))

def tell(words):
    print(words, flush=True)

{hooks}
JobQueue(address, QUICK).run_worker(parts.ingest.process)
"""


@contextmanager
def start_worker_process(parts: Parts, hooks: str = "") -> Iterator[subprocess.Popen[str]]:
    """Start a worker in a process of its own, changed by `hooks`, lines of Python that may tell."""
    address = parts.database.admin_engine.url.render_as_string(hide_password=False)
    with running_python(_WORKER.format(hooks=hooks), address) as process:
        yield process


@contextmanager
def running_python(program: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run a program in a process of its own, which does not outlive the test."""
    with subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def heard(process: subprocess.Popen[str]) -> str:
    """Return the next words that a worker process tells."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def readers_of(process_id: int) -> list[int]:
    """Return the processes that read files for this one; it may have others, such as a console."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and parent_of(int(entry.name)) == process_id:
            with suppress(OSError):  # it has just ended
                if "leanrag.ingest." in (entry / "cmdline").read_text():
                    found.append(int(entry.name))
    return found


def parent_of(process_id: int) -> int | None:
    """Return the parent of a process that lives; None where it has ended."""
    try:
        fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else int(fields[1])


def wait_until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "It did not come true in time."
        time.sleep(0.05)


def job_states(parts: Parts, tenant_id: UUID) -> list[str]:
    query = text(
        "SELECT status FROM procrastinate_jobs WHERE args->>'tenant_id' = :tenant ORDER BY id"
    )
    with parts.database.tenant(tenant_id) as session:
        return [str(state) for state in session.scalars(query, {"tenant": str(tenant_id)})]


def status(parts: Parts, tenant_id: UUID, source_id: UUID) -> str:
    return parts.sources.get(tenant_id, source_id).status


def quick_queue(parts: Parts, timing: WorkerTiming = QUICK) -> JobQueue:
    return JobQueue(parts.database.engine.url, timing)


def accept(parts: Parts, tenant_id: UUID, name: str = "a.txt", words: str = DELIVERY) -> UUID:
    return parts.ingest.accept(tenant_id, Upload(name, words.encode())).source.source_id


def defer(parts: Parts, tenant_id: UUID, source_id: UUID, queue: QueueName) -> None:
    with parts.database.tenant(tenant_id) as session:
        parts.jobs.defer_ingest(tenant_id, source_id, session=session, queue=queue)
