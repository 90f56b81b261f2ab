"""Processing that a person stops, deletes or begins anew while it is under way."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from db.models import ChunkRow, Source
from leanrag.errors import Conflict, ProcessingInterrupted
from leanrag.guarded_database import GuardedDatabase
from leanrag.ingest.attempt import Attempt
from leanrag.ingest.pipeline import Upload
from leanrag.ingest.progress import Progress
from leanrag.right_of_way import RightOfWay
from leanrag.sources import SourceView
from tests.job_parts import (
    QUICK,
    job_states,
    parent_of,
    quick_queue,
    readers_of,
    start_worker_process,
    status,
    wait_until,
)
from tests.product_parts import (
    DELIVERY,
    CountingEmbedder,
    Parts,
    add_text,
    make_parts,
    new_tenant,
    rows_of,
)
from tests.slow_pdf import slow_pdf

LONG = "\n\n".join(f"Rule {n}. {DELIVERY}" for n in range(60))


class HoldingEmbedder(CountingEmbedder):
    """Embeds once it is let to."""

    def __init__(self) -> None:
        super().__init__()
        self.began, self.may_go_on = threading.Event(), threading.Event()

    def forget(self) -> None:
        self.began.clear()
        self.may_go_on.clear()
        self.asked.clear()

    def embed(self, texts: Any) -> Any:
        self.began.set()
        assert self.may_go_on.wait(30)
        return super().embed(texts)


@pytest.fixture
def holding() -> HoldingEmbedder:
    return HoldingEmbedder()


@pytest.fixture
def held(database: GuardedDatabase, holding: HoldingEmbedder) -> Parts:
    """Parts whose embedder waits."""
    return make_parts(database, holding, embedding_batch_texts=8)


@pytest.fixture
def work() -> Iterator[Callable[[Parts], None]]:
    queues = []

    def start(parts: Parts) -> None:
        queue = quick_queue(parts)
        queue.start_worker(parts.ingest.process)
        queues.append(queue)

    yield start
    for queue in queues:
        queue.close()


def reading(parts: Parts, tenant_id: UUID, data: bytes) -> UUID:
    """Return a PDF whose first pages have been read by a worker's child."""
    source_id = parts.ingest.accept(tenant_id, Upload("slow.pdf", data)).source.source_id
    wait_until(lambda: parts.sources.get(tenant_id, source_id).step_done > 0)
    return source_id


def unchanging(parts: Parts, tenant_id: UUID, source_id: UUID) -> SourceView:
    """Return a source that has not changed for a second."""
    seen = parts.sources.get(tenant_id, source_id)
    time.sleep(1)
    assert parts.sources.get(tenant_id, source_id) == seen
    return seen


def test_pages_are_counted_while_a_pdf_is_read(parts: Parts, tenant_id: UUID, work):
    work(parts)
    source_id = reading(parts, tenant_id, slow_pdf(120))
    view = parts.sources.get(tenant_id, source_id)
    assert (view.step, view.step_total) == ("extracting", 120)
    assert 5 <= view.progress < 35
    parts.ingest.cancel(tenant_id, source_id)


def test_stopping_ends_the_reader_of_a_file_at_once(parts: Parts, tenant_id: UUID, work):
    work(parts)
    source_id = reading(parts, tenant_id, slow_pdf(500))
    assert readers_of(os.getpid())
    stopped = parts.ingest.cancel(tenant_id, source_id)
    wait_until(lambda: readers_of(os.getpid()) == [], 4)  # 1.5 s, and the machine may stall
    wait_until(lambda: job_states(parts, tenant_id) == [], 4)
    after = unchanging(parts, tenant_id, source_id)
    assert after == stopped
    assert (after.status, after.step, after.error) == ("cancelled", "", None)


def test_deleting_ends_the_reader_of_a_file(parts: Parts, tenant_id: UUID, work):
    work(parts)
    source_id = reading(parts, tenant_id, slow_pdf(500))
    parts.sources.delete(tenant_id, source_id)
    wait_until(lambda: readers_of(os.getpid()) == [], 4)
    wait_until(lambda: job_states(parts, tenant_id) == [])
    assert rows_of(parts, tenant_id, Source) == 0


def test_what_is_stopped_keeps_its_passages_and_can_be_processed_again(
    held: Parts, parts: Parts, tenant_id: UUID, holding: HoldingEmbedder, work
):
    holding.may_go_on.set()
    source_id = add_text(held.ingest, tenant_id, DELIVERY).source_id
    holding.forget()
    held.ingest.replace_file(tenant_id, source_id, Upload("new.txt", LONG.encode()))
    work(held)
    assert holding.began.wait(20)
    held.ingest.cancel(tenant_id, source_id)
    holding.may_go_on.set()
    wait_until(lambda: job_states(parts, tenant_id) == [])
    assert unchanging(parts, tenant_id, source_id).status == "cancelled"
    assert [c.text for c in parts.sources.chunks(tenant_id, source_id)] == [DELIVERY]
    assert len(holding.asked) <= 8  # no batch was bought after it
    held.ingest.reprocess(tenant_id, source_id, chunk_tokens=None)
    wait_until(lambda: status(parts, tenant_id, source_id) == "processed")
    assert "Rule 59" in parts.sources.chunks(tenant_id, source_id, limit=100)[-1].text
    assert len(holding.asked) == len(set(holding.asked))


def test_stopping_what_waits_takes_its_job_away(parts: Parts, tenant_id: UUID, work):
    source_id = parts.ingest.accept(tenant_id, Upload("a.txt", LONG.encode())).source.source_id
    parts.ingest.cancel(tenant_id, source_id)
    assert job_states(parts, tenant_id) == []
    with pytest.raises(Conflict):
        parts.ingest.cancel(tenant_id, source_id)
    work(parts)
    assert unchanging(parts, tenant_id, source_id).status == "cancelled"
    parts.ingest.reprocess(tenant_id, source_id, chunk_tokens=None)
    wait_until(lambda: status(parts, tenant_id, source_id) == "processed")


def test_of_two_runs_in_quick_succession_only_the_second_stores(
    held: Parts, parts: Parts, tenant_id: UUID, holding: HoldingEmbedder, work
):
    source_id = held.ingest.accept(tenant_id, Upload("a.txt", LONG.encode())).source.source_id
    work(held)
    assert holding.began.wait(20)
    held.ingest.cancel(tenant_id, source_id)
    held.ingest.reprocess(tenant_id, source_id, chunk_tokens=64)
    assert job_states(parts, tenant_id) == ["doing", "todo"]
    holding.may_go_on.set()
    wait_until(lambda: job_states(parts, tenant_id) == [])
    finer = parts.sources.get(tenant_id, source_id)
    other = new_tenant(parts.database)
    expected = make_parts(parts.database).ingest.add(
        other, Upload("a.txt", LONG.encode(), chunk_tokens=64)
    )
    assert (finer.status, finer.passage_count) == ("processed", expected.passage_count)
    assert rows_of(parts, tenant_id, ChunkRow) == expected.passage_count


def test_a_run_that_was_taken_for_dead_does_not_store_what_is_no_longer_wanted(
    parts: Parts, tenant_id: UUID
):
    """Another worker has begun on a newer version: for the database it is being processed."""
    first = make_parts(parts.database, CountingEmbedder())
    source_id = add_text(first.ingest, tenant_id, LONG).source_id
    before = first.sources.chunks(tenant_id, source_id, limit=100)

    class Overtaken(CountingEmbedder):
        def embed(self, texts: Any) -> Any:
            newer = Upload("b.txt", b"Delivery takes two days now.")
            first.ingest.replace_file(tenant_id, source_id, newer)
            with first.database.tenant(tenant_id) as session:
                session.execute(update(Source).values(status="processing"))
            return super().embed(texts)

    overtaken = make_parts(parts.database, Overtaken())
    overtaken.ingest.process_again(tenant_id, source_id, chunk_tokens=40)
    assert status(first, tenant_id, source_id) == "processing"  # the other's
    assert first.sources.chunks(tenant_id, source_id, limit=100) == before
    first.ingest.process(tenant_id, source_id)
    (chunk,) = first.sources.chunks(tenant_id, source_id)
    assert chunk.text == "Delivery takes two days now."


def test_a_worker_that_ends_puts_a_long_job_back(parts: Parts, tenant_id: UUID):
    first = quick_queue(parts)
    first.start_worker(parts.ingest.process)
    source_id = reading(parts, tenant_id, slow_pdf(500, lines=20))
    first.close()
    waiting = parts.sources.get(tenant_id, source_id)
    assert (waiting.status, waiting.step, waiting.error) == ("pending", "", None)
    assert job_states(parts, tenant_id) == ["todo"]
    second = quick_queue(parts, replace(QUICK, grace_seconds=60))
    second.start_worker(parts.ingest.process)
    wait_until(lambda: status(parts, tenant_id, source_id) == "processed", 60)
    second.close()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only the limits of time end it")
def test_the_reader_of_a_killed_worker_ends_with_it_and_the_file_is_read_again(
    parts: Parts, tenant_id: UUID, work
):
    with start_worker_process(parts) as doomed:
        source_id = reading(parts, tenant_id, slow_pdf(300))
        (reader,) = readers_of(doomed.pid)
        doomed.send_signal(signal.SIGKILL)
        doomed.wait(20)
    wait_until(lambda: parent_of(reader) is None, 5)
    work(parts)
    wait_until(lambda: status(parts, tenant_id, source_id) == "processed", 60)
    assert parts.sources.get(tenant_id, source_id).page_count == 300


def test_every_word_of_progress_hears_that_the_worker_ends(parts: Parts, tenant_id: UUID):
    accepted = parts.ingest.accept(tenant_id, Upload("a.txt", LONG.encode()))
    ending = Attempt(3, lambda: True)
    source_id = accepted.source.source_id
    progress = Progress(parts.database, tenant_id, source_id, RightOfWay(), ending)
    for word in (lambda: progress.begin("cutting"), lambda: progress.advance(1), progress.wait):
        with pytest.raises(ProcessingInterrupted):
            word()


def test_a_job_done_again_after_it_had_ended_changes_nothing(parts: Parts, tenant_id: UUID):
    """Its worker was killed after the passages were stored, and before the job was taken off."""
    view = add_text(parts.ingest, tenant_id, LONG)
    version = parts.sources.chunks(tenant_id, view.source_id)
    parts.ingest.process(tenant_id, view.source_id, Attempt(3, lambda: False))
    assert parts.sources.get(tenant_id, view.source_id) == view
    assert parts.sources.chunks(tenant_id, view.source_id) == version  # with the same ids


def test_stopping_from_many_browsers_at_once_stops_once(
    held: Parts, tenant_id: UUID, holding: HoldingEmbedder, work
):
    source_id = held.ingest.accept(tenant_id, Upload("a.txt", LONG.encode())).source.source_id
    work(held)
    assert holding.began.wait(20)

    def stop(_: int) -> bool:
        try:
            held.ingest.cancel(tenant_id, source_id)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(6) as browsers:
        assert sum(browsers.map(stop, range(6))) == 1
    holding.may_go_on.set()
    wait_until(lambda: job_states(held, tenant_id) == [])
    assert status(held, tenant_id, source_id) == "cancelled"
