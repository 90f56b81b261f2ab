"""Sources that are processed again or deleted, also in the midst of it: nothing is left over."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest

from db.models import ChunkRow, Source, SourceFile, UsageEvent
from leanrag.guarded_database import GuardedDatabase
from leanrag.ingest import processing
from leanrag.ingest.pipeline import Upload
from tests.product_parts import (
    DELIVERY,
    RETURNS,
    CountingEmbedder,
    Parts,
    add_text,
    counted_statistics,
    make_parts,
    recounted_statistics,
    rows_of,
)

LONG = "\n\n".join(f"Rule {n}. {DELIVERY} {RETURNS}" for n in range(60))


@pytest.fixture(scope="module")
def parts(shared_database: GuardedDatabase) -> Parts:
    return make_parts(shared_database, embedding_batch_texts=8)


def test_processing_again_replaces_the_passages(parts: Parts, tenant_id: UUID):
    source = add_text(parts.ingest, tenant_id, LONG)
    parts.ingest.process(tenant_id, source.source_id)
    assert rows_of(parts, tenant_id, ChunkRow) == source.passage_count
    parts.ingest.reprocess(tenant_id, source.source_id, chunk_tokens=64)
    parts.ingest.process(tenant_id, source.source_id)
    finer = parts.sources.get(tenant_id, source.source_id)
    assert finer.passage_count > source.passage_count
    assert rows_of(parts, tenant_id, ChunkRow) == finer.passage_count
    assert counted_statistics(parts.database, tenant_id) == recounted_statistics(
        parts.database, tenant_id
    )


def test_statistics_follow_every_change_exactly(parts: Parts, tenant_id: UUID):
    database = parts.database
    sources = [add_text(parts.ingest, tenant_id, f"{text} {LONG}") for text in "abc"]
    assert counted_statistics(database, tenant_id) == recounted_statistics(database, tenant_id)
    for source in sources:
        parts.sources.delete(tenant_id, source.source_id)
        assert counted_statistics(database, tenant_id) == recounted_statistics(database, tenant_id)
    passages, counters = counted_statistics(database, tenant_id)
    assert passages == 0
    assert not any(counters)


def test_statistics_stay_exact_under_threads(parts: Parts, tenant_id: UUID):
    def work(number: int) -> None:
        source = add_text(parts.ingest, tenant_id, f"Text {number}. {LONG[: 500 * number + 200]}")
        if number % 2:
            parts.sources.delete(tenant_id, source.source_id)
        else:
            parts.ingest.process(tenant_id, source.source_id)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    stored = counted_statistics(parts.database, tenant_id)
    assert stored == recounted_statistics(parts.database, tenant_id)
    assert stored[0] > 0


def test_a_source_deleted_while_it_is_processed_is_let_go(
    parts: Parts, tenant_id: UUID, shared_database: GuardedDatabase
):
    class Deleting(CountingEmbedder):
        def embed(self, texts: Any) -> Any:
            for source in parts.sources.list(tenant_id):
                parts.sources.delete(tenant_id, source.source_id)
            return super().embed(texts)

    deleting = make_parts(shared_database, Deleting())
    accepted = deleting.ingest.accept(tenant_id, Upload("a.txt", DELIVERY.encode()))
    deleting.ingest.process(tenant_id, accepted.source.source_id)
    for model in (Source, SourceFile, ChunkRow):
        assert rows_of(parts, tenant_id, model) == 0
    assert rows_of(parts, tenant_id, UsageEvent) == 1  # it was paid for


def test_a_delete_in_the_midst_of_storing_waits_and_leaves_no_statistics(
    parts: Parts, tenant_id: UUID, monkeypatch: pytest.MonkeyPatch
):
    storing, replace = threading.Event(), processing.replace_passages

    def slowly(*given: Any, **named: Any) -> None:
        replace(*given, **named)
        storing.set()
        time.sleep(0.3)

    monkeypatch.setattr(processing, "replace_passages", slowly)
    accepted = parts.ingest.accept(tenant_id, Upload("a.txt", LONG.encode()))
    source_id = accepted.source.source_id
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(parts.ingest.process, tenant_id, source_id)
        assert storing.wait(10)
        parts.sources.delete(tenant_id, source_id)
        running.result()
    assert rows_of(parts, tenant_id, ChunkRow) == 0
    passages, counters = counted_statistics(parts.database, tenant_id)
    assert passages == 0
    assert not any(counters)


def test_processing_what_was_never_there_does_nothing(parts: Parts, tenant_id: UUID):
    parts.ingest.process(tenant_id, uuid4())
    assert rows_of(parts, tenant_id, Source) == 0
