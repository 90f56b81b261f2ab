"""The durable queue: what is put into it, and what real workers, in threads, take out of it."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import text

from db.models import ChunkRow, Source
from leanrag.ingest.attempt import Attempt
from leanrag.ingest.pipeline import Upload
from leanrag.ingest.queues import SOURCE_QUEUES, QueueName
from tests.job_parts import (
    accept,
    defer,
    job_states,
    status,
    wait_until,
)
from tests.product_parts import (
    Parts,
    counted_statistics,
    recounted_statistics,
    rows_of,
)

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
