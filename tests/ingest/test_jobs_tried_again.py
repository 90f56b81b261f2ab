"""Jobs that fail through no fault of the source: tried again after growing waits, then given up."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from procrastinate.jobs import Job
from sqlalchemy import text

from db.models import ChunkRow, Source, UsageEvent
from leanrag.embeddings import embedder_from
from leanrag.errors import DatabaseUnavailable, LeanRagError, ProcessingDelayed
from leanrag.guarded_database import GuardedDatabase
from leanrag.ingest.attempt import Attempt
from leanrag.ingest.jobs import JobQueue, WorkerTiming
from leanrag.ingest.pipeline import Upload
from leanrag.ingest.worker import _Patience
from tests.job_parts import QUICK, job_states, quick_queue, status, wait_until
from tests.product_parts import DELIVERY, Parts, add_text, make_parts, rows_of
from tests.provider_server import ProviderServer, Reply
from tests.speaking_services import settings_for

LONG = "\n\n".join(f"Rule {n}. {DELIVERY} {n * 7} shops take part in it." for n in range(120))
DOWN = Reply(status=503)


@pytest.fixture
def provider() -> Iterator[ProviderServer]:
    with ProviderServer() as server:
        yield server


@pytest.fixture
def parts(database: GuardedDatabase, provider: ProviderServer, tmp_path: Path) -> Iterator[Parts]:
    """Parts that embed at the provider, without retries of the client's own."""
    settings = settings_for(
        tmp_path,
        provider,
        embedding_model="text-embedding-3-small",
        embedding_dimensions=64,
        provider_max_retries=0,
    )
    embedder = embedder_from(settings)
    yield make_parts(database, embedder, embedding_batch_texts=8, openai_base_url=provider.base_url)
    embedder.close()


@pytest.fixture
def work(parts: Parts, caplog: pytest.LogCaptureFixture) -> Iterator[Callable[..., JobQueue]]:
    caplog.set_level(logging.ERROR)
    queues: list[JobQueue] = []

    def start(process: Any = None, timing: WorkerTiming = QUICK) -> JobQueue:
        queue = quick_queue(parts, timing)
        queue.start_worker(process or parts.ingest.process)
        queues.append(queue)
        return queue

    yield start
    for queue in queues:
        queue.close()


def accept(parts: Parts, tenant_id: UUID) -> UUID:
    return parts.ingest.accept(
        tenant_id, Upload("rules.txt", LONG.encode(), chunk_tokens=64)
    ).source.source_id


def embedded_texts(provider: ProviderServer) -> list[str]:
    return [text for request in provider.requests for text in request.body["input"]]


def test_a_source_waits_for_its_provider_and_says_why(
    parts: Parts, tenant_id: UUID, provider: ProviderServer, work
):
    provider.script(DOWN)
    source_id = accept(parts, tenant_id)
    work(timing=replace(QUICK, retry_waits_seconds=(3600.0,)))
    wait_until(lambda: parts.sources.get(tenant_id, source_id).error is not None)
    view = parts.sources.get(tenant_id, source_id)
    assert (view.status, view.step, view.progress) == ("pending", "", 0)
    assert view.error == (
        "Waiting to try again: The model provider failed on its side; try again in a moment."
    )
    wait_until(lambda: job_states(parts, tenant_id) == ["todo"])
    # Nobody has to wait for that: asked for, it is processed at once.
    parts.ingest.reprocess(tenant_id, source_id, chunk_tokens=None)
    wait_until(lambda: status(parts, tenant_id, source_id) == "processed")
    wait_until(lambda: job_states(parts, tenant_id) == [])


def test_after_an_outage_of_the_provider_no_text_is_bought_twice(
    parts: Parts, tenant_id: UUID, provider: ProviderServer, work
):
    provider.script(Reply(), DOWN, Reply(), Reply(status=429, retry_after="0.1"))
    source_id = accept(parts, tenant_id)
    work()
    wait_until(lambda: status(parts, tenant_id, source_id) == "processed")
    assert parts.sources.get(tenant_id, source_id).error is None
    refused = [request.body["input"] for request in provider.requests[1:4:2]]
    bought = embedded_texts(provider)
    for texts in refused:
        for each in texts:
            bought.remove(each)
    assert len(bought) == len(set(bought)) == rows_of(parts, tenant_id, ChunkRow)
    with parts.database.tenant(tenant_id) as session:
        billed = sum(session.scalars(text("SELECT prompt_tokens FROM usage_events")))
    events = rows_of(parts, tenant_id, UsageEvent)
    assert billed > 0
    assert events == 3  # one for each attempt: one batch, one batch, and the rest
    assert status(parts, tenant_id, source_id) == "processed"


def test_a_provider_that_stays_away_ends_as_failed_with_its_reason(
    parts: Parts, tenant_id: UUID, provider: ProviderServer, work
):
    provider.script(*[DOWN] * 10)
    source_id = accept(parts, tenant_id)
    work()
    wait_until(lambda: status(parts, tenant_id, source_id) == "failed")
    assert len(provider.requests) == len(QUICK.retry_waits_seconds) + 1
    assert parts.sources.get(tenant_id, source_id).error == (
        "The model provider failed on its side; try again in a moment."
    )
    wait_until(lambda: "todo" not in job_states(parts, tenant_id))
    provider.forget_script()
    parts.ingest.reprocess(tenant_id, source_id, chunk_tokens=None)
    wait_until(lambda: status(parts, tenant_id, source_id) == "processed")


def test_a_refused_key_is_told_at_once(
    parts: Parts, tenant_id: UUID, provider: ProviderServer, work
):
    provider.script(Reply(status=401))
    source_id = accept(parts, tenant_id)
    work()
    wait_until(lambda: status(parts, tenant_id, source_id) == "failed")
    assert "refused the API key" in (parts.sources.get(tenant_id, source_id).error or "")
    assert len(provider.requests) == 1


def test_the_old_passages_answer_while_the_new_wait(
    parts: Parts, tenant_id: UUID, provider: ProviderServer, work
):
    old = add_text(parts.ingest, tenant_id, DELIVERY)
    provider.script(DOWN)
    parts.ingest.replace_file(tenant_id, old.source_id, Upload("new.txt", LONG.encode()))
    work(timing=replace(QUICK, retry_waits_seconds=(3600.0,)))
    wait_until(lambda: parts.sources.get(tenant_id, old.source_id).error is not None)
    assert [c.text for c in parts.sources.chunks(tenant_id, old.source_id)] == [DELIVERY]
    parts.ingest.cancel(tenant_id, old.source_id)
    assert job_states(parts, tenant_id) == []
    assert rows_of(parts, tenant_id, ChunkRow) == 1


def test_a_job_that_found_no_database_is_tried_again(parts: Parts, tenant_id: UUID, work):
    left: list[int] = []

    def process(tenant: UUID, source: UUID, attempt: Attempt) -> None:
        left.append(attempt.retries_left)
        if len(left) == 1:
            raise DatabaseUnavailable("The database does not answer.")
        parts.ingest.process(tenant, source, attempt)

    source_id = accept(parts, tenant_id)
    work(process)
    wait_until(lambda: status(parts, tenant_id, source_id) == "processed")
    assert left == [3, 2]


def test_a_database_that_fails_each_time_fails_the_source_at_last(
    parts: Parts, tenant_id: UUID, work, monkeypatch: pytest.MonkeyPatch
):
    def fall(*_: object, **__: object) -> None:
        raise DatabaseUnavailable("The database does not answer.")

    monkeypatch.setattr("leanrag.ingest.processing.replace_passages", fall)
    source_id = accept(parts, tenant_id)
    work()
    wait_until(lambda: status(parts, tenant_id, source_id) == "failed")
    assert parts.sources.get(tenant_id, source_id).error == "The database does not answer."


def test_a_source_that_takes_its_worker_down_each_time_is_given_up(
    parts: Parts, tenant_id: UUID, provider: ProviderServer, work
):
    """So many workers have died of it; the next one does not try."""
    source_id = accept(parts, tenant_id)
    with parts.database.tenant(tenant_id) as session:
        session.execute(text("UPDATE procrastinate_jobs SET attempts = 4"))
        session.execute(text("UPDATE sources SET status = 'processing'"))
    work()
    wait_until(lambda: status(parts, tenant_id, source_id) == "failed")
    assert "broke off again and again" in (parts.sources.get(tenant_id, source_id).error or "")
    assert provider.requests == []
    parts.ingest.reprocess(tenant_id, source_id, chunk_tokens=None)
    wait_until(lambda: status(parts, tenant_id, source_id) == "processed")


def test_outside_a_job_a_provider_that_is_down_fails_the_source_at_once(
    parts: Parts, tenant_id: UUID, provider: ProviderServer
):
    provider.script(DOWN)
    view = parts.ingest.add(tenant_id, Upload("rules.txt", LONG.encode()))
    assert view.status == "failed"
    assert rows_of(parts, tenant_id, Source) == 1


@pytest.mark.parametrize(
    ("error", "attempts", "wait"),
    [
        (DatabaseUnavailable("Away."), 0, 10.0),
        (ProcessingDelayed("Away."), 1, 20.0),
        (ProcessingDelayed("Away.", retry_after_seconds=60.0), 1, 60.0),
        (ProcessingDelayed("Away.", retry_after_seconds=5.0), 1, 20.0),
        (ProcessingDelayed("Away.", retry_after_seconds=1e9), 1, 3600.0),
        (ProcessingDelayed("Away."), 2, None),
        (LeanRagError("Broken."), 0, None),
        (ValueError("Broken."), 0, None),
    ],
)
def test_waits_grow_and_respect_what_the_provider_asks(
    error: Exception, attempts: int, wait: float | None
):
    job = Job(
        id=1,
        queue="ingest",
        lock=None,
        queueing_lock=None,
        task_name="ingest",
        attempts=attempts,
    )
    decision = _Patience((10.0, 20.0)).get_retry_decision(exception=error, job=job)
    if wait is None:
        assert decision is None
        return
    assert decision is not None
    assert decision.retry_at is not None
    assert wait - 5 < decision.retry_at.timestamp() - time.time() <= wait
