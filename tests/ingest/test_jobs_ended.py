"""Workers that end, in their own time or at once, and what becomes of the job they were at."""

from __future__ import annotations

import logging
import signal
import threading
import time
from pathlib import Path
from uuid import UUID

import pytest

from db.embedded import EmbeddedServer, start_embedded
from db.engine import make_admin_engine, make_engine, with_driver
from db.migrate import migrate
from db.models import ChunkRow
from leanrag.guarded_database import GuardedDatabase
from leanrag.ingest.attempt import Attempt
from leanrag.ingest.jobs import JobQueue
from leanrag.ingest.pipeline import Upload
from leanrag.ingest.queues import SOURCE_QUEUES, QueueName
from tests.job_parts import (
    QUICK,
    accept,
    defer,
    heard,
    job_states,
    quick_queue,
    start_worker_process,
    status,
    wait_until,
)
from tests.product_parts import (
    Parts,
    counted_statistics,
    make_parts,
    new_tenant,
    recounted_statistics,
    rows_of,
)

STALL_WHILE_STORING = """
replace = processing.replace_passages

def stall(*given, **named):
    replace(*given, **named)
    tell("storing")
    time.sleep(60)

processing.replace_passages = stall
"""


def test_closing_waits_for_the_running_job(parts: Parts, tenant_id: UUID, work):
    began, ended = threading.Event(), threading.Event()

    def process(_tenant: UUID, _source: UUID, _attempt: Attempt) -> None:
        began.set()
        time.sleep(0.5)
        ended.set()

    accept(parts, tenant_id)
    queue = work(process)
    assert began.wait(20)
    queue.close()
    assert ended.is_set()
    assert job_states(parts, tenant_id) == []


def test_a_worker_that_has_hardly_begun_can_be_closed(parts: Parts):
    for number in range(30):
        queue = quick_queue(parts)
        queue.start_worker(parts.ingest.process)
        time.sleep(number / 1000)
        queue.close()


@pytest.mark.parametrize("queue", SOURCE_QUEUES)
def test_the_job_of_a_killed_worker_is_done_again_and_nothing_is_doubled(
    parts: Parts, tenant_id: UUID, work, queue: QueueName
):
    source_id = accept(parts, tenant_id)
    defer(parts, tenant_id, source_id, queue)
    with start_worker_process(parts, STALL_WHILE_STORING) as doomed:
        assert heard(doomed) == "storing"
        assert job_states(parts, tenant_id) == ["doing"]
        doomed.send_signal(signal.SIGKILL)
    assert status(parts, tenant_id, source_id) == "processing"
    work()
    wait_until(lambda: status(parts, tenant_id, source_id) == "processed")
    wait_until(lambda: job_states(parts, tenant_id) == [])
    assert rows_of(parts, tenant_id, ChunkRow) == 1
    assert counted_statistics(parts.database, tenant_id) == recounted_statistics(
        parts.database, tenant_id
    )


def test_a_worker_that_was_only_asleep_stores_nothing_old(parts: Parts, tenant_id: UUID, work):
    """A laptop that was closed in mid-job: meanwhile another worker has done a newer version."""
    source_id = accept(parts, tenant_id)
    hooks = """
embed = processing.Processing._embed

def pause(*given, **named):
    tell("embedding")
    time.sleep(0.5)
    tell("woken")
    return embed(*given, **named)

processing.Processing._embed = pause
"""
    with start_worker_process(parts, hooks) as sleeper:
        assert heard(sleeper) == "embedding"
        sleeper.send_signal(signal.SIGSTOP)
        newer = Upload("b.txt", b"Delivery takes two days now.")
        parts.ingest.replace_file(tenant_id, source_id, newer)
        work()
        wait_until(lambda: status(parts, tenant_id, source_id) == "processed")
        sleeper.send_signal(signal.SIGCONT)
        assert heard(sleeper) == "woken"
        wait_until(lambda: job_states(parts, tenant_id) == [])
        sleeper.send_signal(signal.SIGTERM)
        sleeper.wait(20)
    (chunk,) = parts.sources.chunks(tenant_id, source_id)
    assert chunk.text == "Delivery takes two days now."
    assert parts.sources.file(tenant_id, source_id).data == newer.data
    assert counted_statistics(parts.database, tenant_id) == recounted_statistics(
        parts.database, tenant_id
    )


def test_a_worker_that_lives_is_left_its_long_job(parts: Parts, tenant_id: UUID, work):
    calls = [0]

    def process(_tenant: UUID, _source: UUID, _attempt: Attempt) -> None:
        calls[0] += 1
        time.sleep(QUICK.stalled_after_seconds + 1.5)  # longer than a dead worker's silence

    accept(parts, tenant_id)
    work(process)
    work(process)
    wait_until(lambda: calls[0] == 1)
    wait_until(lambda: job_states(parts, tenant_id) == [])
    assert calls == [1]


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
    source_id = accept(parts, tenant_id)
    wait_until(lambda: status(parts, tenant_id, source_id) == "processed", 30)
    assert queue.worker_is_alive()


def _migrated(server: EmbeddedServer) -> Parts:
    address = with_driver(server.url())
    database = GuardedDatabase(make_engine(address), make_admin_engine(address))
    migrate(database.admin_engine)
    return make_parts(database)
