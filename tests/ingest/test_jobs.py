"""The durable queue, with real workers: threads of this process, and processes that are killed."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select, text

from db.embedded import EmbeddedServer, start_embedded
from db.engine import with_driver
from db.models import ChunkRow
from leanrag.errors import DatabaseUnavailable
from leanrag.guarded_database import GuardedDatabase
from leanrag.ingest import jobs as jobs_module
from leanrag.ingest.jobs import JobQueue, WorkerTiming
from leanrag.ingest.pipeline import Upload
from tests.product_parts import (
    DELIVERY,
    Parts,
    counted_statistics,
    make_parts,
    new_tenant,
    recounted_statistics,
)

REPOSITORY = Path(__file__).parents[2]
QUICK = WorkerTiming(
    heartbeat_seconds=0.2,
    stalled_after_seconds=1.0,
    check_cron="* * * * * *",
    return_after_seconds=0.2,
)

# A worker process that says when it is in the middle of a job, and stays there.
WORKER = """
import sys, time
from db.engine import make_admin_engine, make_engine, with_driver
from leanrag.guarded_database import GuardedDatabase
from leanrag.ingest import pipeline
from leanrag.ingest.jobs import JobQueue
from tests.ingest.test_jobs import QUICK
from tests.product_parts import make_parts

address = with_driver(sys.argv[1])
database = GuardedDatabase(make_engine(address), make_admin_engine(address))
parts = make_parts(database)
replace = pipeline.replace_passages

def stall(*given, **named):
    replace(*given, **named)
    print("in the middle", flush=True)
    time.sleep(60)

pipeline.replace_passages = stall
JobQueue(address, QUICK).run_worker(parts.ingest.process)
"""


@pytest.fixture
def parts(database: GuardedDatabase) -> Parts:
    return make_parts(database)


@pytest.fixture
def tenant_id(parts: Parts) -> UUID:
    return new_tenant(parts.database)


@pytest.fixture
def work(parts: Parts) -> Iterator[Callable[..., JobQueue]]:
    """Start a quick worker in a thread."""
    queues: list[JobQueue] = []

    def start(process: Callable[[UUID, UUID], None] | None = None) -> JobQueue:
        queue = JobQueue(parts.database.engine.url, QUICK)
        queue.start_worker(process or parts.ingest.process)
        queues.append(queue)
        return queue

    yield start
    for queue in queues:
        queue.close()


def wait_until(true: Callable[[], bool], seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "It did not come true in time."
        time.sleep(0.05)


def states(parts: Parts, tenant_id: UUID) -> list[str]:
    query = text(
        "SELECT status FROM procrastinate_jobs WHERE args->>'tenant_id' = :tenant ORDER BY id"
    )
    with parts.database.tenant(tenant_id) as session:
        return [str(state) for state in session.scalars(query, {"tenant": str(tenant_id)})]


def status(parts: Parts, tenant_id: UUID, source_id: UUID) -> str:
    return parts.sources.get(tenant_id, source_id).status


def test_a_job_is_enqueued_in_the_transaction_and_rolls_back_with_it(parts: Parts, tenant_id: UUID):
    with parts.database.tenant(tenant_id) as session:
        assert parts.jobs.defer_ingest(tenant_id, UUID(int=1), session=session) > 0
        session.rollback()
    assert states(parts, tenant_id) == []
    with parts.database.tenant(tenant_id) as session:
        parts.jobs.defer_ingest(tenant_id, UUID(int=1), session=session)
    assert states(parts, tenant_id) == ["todo"]


def test_a_job_carries_ids_alone(parts: Parts, tenant_id: UUID):
    """Its table has no policies: every tenant's requests could read it."""
    parts.ingest.accept(tenant_id, Upload("secret name.txt", b"secret text"))
    with parts.database.tenant(tenant_id) as session:
        row = str(session.execute(text("SELECT * FROM procrastinate_jobs")).one())
    assert str(tenant_id) in row
    assert "secret" not in row


def test_a_worker_processes_what_waits_and_what_comes(parts: Parts, tenant_id: UUID, work):
    waiting = parts.ingest.accept(tenant_id, Upload("a.txt", DELIVERY.encode())).source
    queue = work()
    assert queue.worker_is_alive()
    coming = parts.ingest.accept(tenant_id, Upload("b.txt", b"Another text.")).source
    for source in (waiting, coming):
        wait_until(lambda s=source: status(parts, tenant_id, s.source_id) == "processed")
    wait_until(lambda: states(parts, tenant_id) == [])  # jobs that went well are not kept
    queue.close()
    assert not queue.worker_is_alive()


def test_a_failing_file_does_not_hold_up_the_next(parts: Parts, tenant_id: UUID, work):
    bad = parts.ingest.accept(tenant_id, Upload("a.pdf", b"%PDF-1.4 broken")).source
    good = parts.ingest.accept(tenant_id, Upload("b.txt", DELIVERY.encode())).source
    work()
    wait_until(lambda: status(parts, tenant_id, good.source_id) == "processed")
    assert status(parts, tenant_id, bad.source_id) == "failed"


def test_two_workers_never_work_on_one_source_at_once(parts: Parts, tenant_id: UUID, work):
    source = parts.ingest.accept(tenant_id, Upload("a.txt", DELIVERY.encode())).source
    parts.ingest.reprocess(tenant_id, source.source_id, chunk_tokens=None)
    running, most, done = [0], [0], [0]

    def process(_tenant: UUID, _source: UUID) -> None:
        running[0] += 1
        most[0] = max(most[0], running[0])
        time.sleep(0.2)
        running[0] -= 1
        done[0] += 1

    work(process)
    work(process)
    wait_until(lambda: done[0] == 2)
    assert most == [1]


def test_closing_waits_for_the_running_job(parts: Parts, tenant_id: UUID, work):
    began, ended = threading.Event(), threading.Event()

    def process(_tenant: UUID, _source: UUID) -> None:
        began.set()
        time.sleep(0.5)
        ended.set()

    parts.ingest.accept(tenant_id, Upload("a.txt", DELIVERY.encode()))
    queue = work(process)
    assert began.wait(10)
    queue.close()
    assert ended.is_set()
    assert states(parts, tenant_id) == []


def test_the_job_of_a_killed_worker_is_done_again_and_nothing_is_doubled(
    parts: Parts, tenant_id: UUID, work
):
    source = parts.ingest.accept(tenant_id, Upload("a.txt", DELIVERY.encode())).source
    address = parts.database.admin_engine.url.render_as_string(hide_password=False)
    doomed = subprocess.Popen(
        [sys.executable, "-c", WORKER, address], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    with doomed:
        assert doomed.stdout is not None
        assert doomed.stdout.readline() == "in the middle\n"
        assert states(parts, tenant_id) == ["doing"]
        doomed.send_signal(signal.SIGKILL)
    assert status(parts, tenant_id, source.source_id) == "processing"
    work()
    wait_until(lambda: status(parts, tenant_id, source.source_id) == "processed")
    wait_until(lambda: states(parts, tenant_id) == [])
    with parts.database.tenant(tenant_id) as session:
        assert session.scalar(select(func.count()).select_from(ChunkRow)) == 1
    assert counted_statistics(parts.database, tenant_id) == recounted_statistics(
        parts.database, tenant_id
    )


def test_a_worker_that_lives_is_left_its_long_job(parts: Parts, tenant_id: UUID, work):
    calls = [0]

    def process(_tenant: UUID, _source: UUID) -> None:
        calls[0] += 1
        time.sleep(2.5)  # longer than a dead worker's silence

    parts.ingest.accept(tenant_id, Upload("a.txt", DELIVERY.encode()))
    work(process)
    work(process)
    wait_until(lambda: calls[0] == 1)
    wait_until(lambda: states(parts, tenant_id) == [])
    assert calls == [1]


def test_a_job_that_found_no_database_is_tried_again(
    parts: Parts, tenant_id: UUID, work, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(jobs_module, "_OUTAGE_WAIT_SECONDS", 0)
    calls = [0]

    def process(tenant: UUID, source: UUID) -> None:
        calls[0] += 1
        if calls[0] == 1:
            raise DatabaseUnavailable("The database does not answer.")
        parts.ingest.process(tenant, source)

    source = parts.ingest.accept(tenant_id, Upload("a.txt", DELIVERY.encode())).source
    work(process)
    wait_until(lambda: status(parts, tenant_id, source.source_id) == "processed")
    assert calls == [2]


def test_a_worker_returns_when_the_database_is_back(
    home: Path, caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest
):
    caplog.set_level(logging.CRITICAL)  # procrastinate tells its stories
    server = start_embedded(home / "outage")
    request.addfinalizer(server.close)
    parts = _migrated(server)
    request.addfinalizer(parts.database.dispose)
    tenant_id = new_tenant(parts.database)
    queue = JobQueue(with_driver(server.url()), QUICK)
    queue.start_worker(parts.ingest.process)
    server.close()
    again = start_embedded(home / "outage")
    request.addfinalizer(again.close)
    request.addfinalizer(queue.close)  # before the server
    source = parts.ingest.accept(tenant_id, Upload("a.txt", DELIVERY.encode())).source
    wait_until(lambda: status(parts, tenant_id, source.source_id) == "processed", 30)
    assert queue.worker_is_alive()


def _migrated(server: EmbeddedServer) -> Parts:
    from db.engine import make_admin_engine, make_engine
    from db.migrate import migrate

    address = with_driver(server.url())
    database = GuardedDatabase(make_engine(address), make_admin_engine(address))
    migrate(database.admin_engine)
    return make_parts(database)
