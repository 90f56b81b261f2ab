"""The durable queue, with real workers: threads of this process, and processes that are killed."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from db.embedded import EmbeddedServer, start_embedded
from db.engine import make_admin_engine, make_engine, with_driver
from db.migrate import migrate
from db.models import ChunkRow, Source
from leanrag.guarded_database import GuardedDatabase
from leanrag.ingest.attempt import Attempt
from leanrag.ingest.jobs import JobQueue
from leanrag.ingest.pipeline import Upload
from leanrag.ingest.queues import SOURCE_QUEUES, QueueName
from tests.job_parts import (
    QUICK,
    heard,
    job_states,
    quick_queue,
    start_worker_process,
    status,
    wait_until,
)
from tests.product_parts import (
    DELIVERY,
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

    def start(process: Any = None, **named: Any) -> JobQueue:
        queue = quick_queue(parts)
        queue.start_worker(process or parts.ingest.process, **named)
        queues.append(queue)
        return queue

    yield start
    for queue in queues:
        queue.close()


def accept(parts: Parts, tenant_id: UUID, name: str = "a.txt", words: str = DELIVERY) -> UUID:
    return parts.ingest.accept(tenant_id, Upload(name, words.encode())).source.source_id


def defer(parts: Parts, tenant_id: UUID, source_id: UUID, queue: QueueName) -> None:
    with parts.database.tenant(tenant_id) as session:
        parts.jobs.defer_ingest(tenant_id, source_id, session=session, queue=queue)


# ---- enqueueing -------------------------------------------------------------------------------


def test_a_job_is_enqueued_in_the_transaction_and_rolls_back_with_it(parts: Parts, tenant_id: UUID):
    with parts.database.tenant(tenant_id) as session:
        assert parts.jobs.defer_ingest(tenant_id, UUID(int=1), session=session) > 0
        session.rollback()
    assert job_states(parts, tenant_id) == []
    defer(parts, tenant_id, UUID(int=1), "ingest")
    assert job_states(parts, tenant_id) == ["todo"]


def test_a_job_carries_ids_alone(parts: Parts, tenant_id: UUID):
    """Its table has no policies: every tenant's requests could read it."""
    accept(parts, tenant_id, "secret name.txt", "secret text")
    with parts.database.tenant(tenant_id) as session:
        row = str(session.execute(text("SELECT * FROM procrastinate_jobs")).one())
    assert str(tenant_id) in row
    assert "secret" not in row


def test_a_job_that_waits_gives_way_to_a_newer_one_of_its_source(parts: Parts, tenant_id: UUID):
    source_id, other = accept(parts, tenant_id), accept(parts, tenant_id, "b.txt", "Another text.")
    numbers = [
        parts.ingest.reprocess(tenant_id, source_id, chunk_tokens=size) for size in (64, 100, None)
    ]
    assert numbers == sorted(set(numbers))
    assert job_states(parts, tenant_id) == ["todo", "todo"]  # one each
    with parts.database.tenant(tenant_id) as session:
        parts.jobs.withdraw(other, session=session)
    assert job_states(parts, tenant_id) == ["todo"]


# ---- working ----------------------------------------------------------------------------------


def test_a_worker_processes_what_waits_and_what_comes(parts: Parts, tenant_id: UUID, work):
    waiting = accept(parts, tenant_id)
    queue = work()
    assert queue.worker_is_alive()
    coming = accept(parts, tenant_id, "b.txt", "Another text.")
    for source_id in (waiting, coming):
        wait_until(lambda s=source_id: status(parts, tenant_id, s) == "processed")
    wait_until(lambda: job_states(parts, tenant_id) == [])  # jobs that went well are not kept
    queue.close()
    assert not queue.worker_is_alive()


def test_a_failing_file_does_not_hold_up_the_next(parts: Parts, tenant_id: UUID, work):
    bad = parts.ingest.accept(tenant_id, Upload("a.pdf", b"%PDF-1.4 broken")).source
    good = accept(parts, tenant_id, "b.txt")
    work()
    wait_until(lambda: status(parts, tenant_id, good) == "processed")
    assert status(parts, tenant_id, bad.source_id) == "failed"


def test_a_slow_crawl_does_not_hold_up_a_file(parts: Parts, tenant_id: UUID, work):
    crawling, crawled = threading.Event(), threading.Event()
    site = accept(parts, tenant_id, "site.txt", "What a website says.")
    defer(parts, tenant_id, site, "crawl")

    def process(tenant: UUID, source: UUID, attempt: Attempt) -> None:
        if source == site:
            crawling.set()
            assert crawled.wait(30)
        parts.ingest.process(tenant, source, attempt)

    work(process)
    assert crawling.wait(20)
    source_id = accept(parts, tenant_id)
    wait_until(lambda: status(parts, tenant_id, source_id) == "processed")
    assert status(parts, tenant_id, site) == "pending"
    crawled.set()
    wait_until(lambda: status(parts, tenant_id, site) == "processed")


@pytest.mark.parametrize("queue", SOURCE_QUEUES)
def test_a_worker_of_one_queue_leaves_the_other_alone(
    parts: Parts, tenant_id: UUID, work, queue: QueueName
):
    of_queue = {}
    for name in SOURCE_QUEUES:
        of_queue[name] = accept(parts, tenant_id, f"{name}.txt", f"Of the queue {name}.")
        defer(parts, tenant_id, of_queue[name], name)
    work(queues=[queue])
    wait_until(lambda: status(parts, tenant_id, of_queue[queue]) == "processed")
    wait_until(lambda: job_states(parts, tenant_id) == ["todo"])
    (other,) = set(SOURCE_QUEUES) - {queue}
    assert status(parts, tenant_id, of_queue[other]) == "pending"


def test_two_workers_never_work_on_one_source_at_once(parts: Parts, tenant_id: UUID, work):
    source_id = accept(parts, tenant_id)
    counting = threading.Lock()
    running, most, done = [0], [0], [0]

    def process(_tenant: UUID, _source: UUID, _attempt: Attempt) -> None:
        with counting:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.3)
        with counting:
            running[0] -= 1
            done[0] += 1

    work(process)
    work(process)
    wait_until(lambda: running[0] == 1)
    parts.ingest.reprocess(tenant_id, source_id, chunk_tokens=None)
    wait_until(lambda: done[0] == 2)
    assert most == [1]


def test_three_workers_process_each_of_twenty_sources_once(parts: Parts, tenant_id: UUID, work):
    done: list[UUID] = []

    def process(tenant: UUID, source: UUID, attempt: Attempt) -> None:
        parts.ingest.process(tenant, source, attempt)
        done.append(source)

    sources = [
        accept(parts, tenant_id, f"{n}.txt", f"Shop number {n} opens at nine.") for n in range(20)
    ]
    for _ in range(3):
        work(process)
    wait_until(lambda: job_states(parts, tenant_id) == [])
    assert sorted(done) == sorted(sources)
    assert {status(parts, tenant_id, source_id) for source_id in sources} == {"processed"}
    assert rows_of(parts, tenant_id, ChunkRow) == 20
    assert counted_statistics(parts.database, tenant_id) == recounted_statistics(
        parts.database, tenant_id
    )


def test_the_same_file_from_two_browsers_at_once_is_processed_once(
    parts: Parts, tenant_id: UUID, work
):
    done: list[UUID] = []

    def process(tenant: UUID, source: UUID, attempt: Attempt) -> None:
        parts.ingest.process(tenant, source, attempt)
        done.append(source)

    work(process)
    for number in range(5):
        together = threading.Barrier(2)

        def upload(_: int, number: int = number, together: threading.Barrier = together) -> UUID:
            together.wait()
            return accept(parts, tenant_id, words=f"The same file, number {number}.")

        with ThreadPoolExecutor(2) as browsers:
            assert len(set(browsers.map(upload, range(2)))) == 1
    wait_until(lambda: len(done) == 5 and job_states(parts, tenant_id) == [])
    assert rows_of(parts, tenant_id, Source) == rows_of(parts, tenant_id, ChunkRow) == 5


# ---- workers that end, in their own time or at once -------------------------------------------


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
