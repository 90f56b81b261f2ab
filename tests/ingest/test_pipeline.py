"""From an uploaded file to passages that can be found, in a real database."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, func, select, text

from db.models import ChunkRow, EmbeddingCache, Source, SourceFile, UsageEvent
from leanrag.embedding_cache import QuestionEmbedder, embed_cached
from leanrag.errors import (
    DatabaseUnavailable,
    EmbeddingUnavailable,
    EmptyFile,
    FileTooLarge,
    InvalidInput,
    NotFound,
    UnsupportedFileType,
)
from leanrag.guarded_database import GuardedDatabase
from leanrag.ingest import pipeline
from leanrag.ingest.pipeline import Upload
from leanrag.ingest.record_files import cut_records
from leanrag.text.tokens import load_counter
from tests.product_parts import (
    DELIVERY,
    RETURNS,
    CountingEmbedder,
    Parts,
    add_text,
    counted_statistics,
    make_parts,
    new_tenant,
    recounted_statistics,
)

FAQ = b"language,question,answer\nen,Do you wrap gifts?,Yes; for 75 lira.\nen,Where?,In Pera.\n"
LONG = "\n\n".join(f"Rule {n}. {DELIVERY} {RETURNS}" for n in range(60))


@pytest.fixture(scope="module")
def parts(shared_database: GuardedDatabase) -> Parts:
    return make_parts(shared_database, embedding_batch_texts=8)


@pytest.fixture
def tenant_id(parts: Parts) -> UUID:
    return new_tenant(parts.database)


def rows_of(parts: Parts, tenant_id: UUID, model: Any) -> int:
    with parts.database.tenant(tenant_id) as session:
        query = select(func.count()).select_from(model).where(model.tenant_id == tenant_id)
        return session.scalar(query) or 0


def jobs_of(parts: Parts, tenant_id: UUID) -> int:
    query = text("SELECT count(*) FROM procrastinate_jobs WHERE args->>'tenant_id' = :tenant")
    with parts.database.tenant(tenant_id) as session:
        return session.scalar(query, {"tenant": str(tenant_id)}) or 0


# ---- what is taken in -------------------------------------------------------------------------


def test_an_accepted_file_is_stored_with_its_bytes_and_one_job(parts: Parts, tenant_id: UUID):
    data = f"# Delivery\n\n{DELIVERY}".encode()
    accepted = parts.ingest.accept(tenant_id, Upload("delivery_terms.md", data, is_citable=False))
    source = accepted.source
    assert (source.status, source.progress, source.title) == ("pending", 0, "delivery terms")
    assert (source.media_type, source.byte_size, source.is_citable) == (
        "text/markdown",
        len(data),
        False,
    )
    assert parts.sources.file(tenant_id, source.source_id).data == data
    assert accepted.job_id is not None
    assert jobs_of(parts, tenant_id) == 1


def test_a_processed_file_becomes_passages_with_both_vectors(parts: Parts, tenant_id: UUID):
    source = add_text(parts.ingest, tenant_id, f"# Delivery\n\n{DELIVERY}", name="a.md")
    assert (source.status, source.progress, source.step, source.error) == (
        "processed",
        100,
        "",
        None,
    )
    assert source.title == "Delivery"
    assert source.processed_at is not None
    with parts.database.tenant(tenant_id) as session:
        (row,) = session.scalars(select(ChunkRow).where(ChunkRow.tenant_id == tenant_id)).all()
    assert DELIVERY in row.full_text
    assert row.lexical.indices()
    assert len(row.dense) == 1536
    assert row.embedding_model == "local-chargram-3-5-d1536"
    assert source.passage_count == 1
    assert source.token_count == row.token_count == load_counter().count(row.full_text)


@pytest.mark.parametrize(
    ("upload", "error"),
    [
        (Upload("a.txt", b""), EmptyFile),
        (Upload("a.txt", b"x" * 3000), FileTooLarge),
        (Upload("a.pdf", b"PK\x03\x04" + bytes(50)), UnsupportedFileType),
        (Upload("a.txt", b"text", kind="secret"), InvalidInput),  # type: ignore[arg-type]
        (Upload("a.txt", b"text", chunk_tokens=5), InvalidInput),
        (Upload("a.txt", b"text", chunk_tokens=-1), InvalidInput),
        (Upload("a.txt", b"text", bot_id=UUID(int=7)), NotFound),
    ],
    ids=["empty", "too large", "archive", "kind", "tiny passages", "negative passages", "bot"],
)
def test_what_cannot_be_taken_is_refused_and_leaves_nothing(
    shared_database: GuardedDatabase, upload: Upload, error: type[Exception]
):
    parts = make_parts(shared_database, max_file_bytes=2048)
    tenant_id = new_tenant(shared_database)
    with pytest.raises(error):
        parts.ingest.accept(tenant_id, upload)
    assert rows_of(parts, tenant_id, Source) == jobs_of(parts, tenant_id) == 0


def test_the_same_file_again_gives_the_source_that_is_there(parts: Parts, tenant_id: UUID):
    first = parts.ingest.accept(tenant_id, Upload("a.txt", DELIVERY.encode()))
    again = parts.ingest.accept(tenant_id, Upload("b.txt", DELIVERY.encode()))
    assert not first.is_duplicate
    assert again.is_duplicate
    assert again.job_id is None
    assert again.source.source_id == first.source.source_id
    assert jobs_of(parts, tenant_id) == 1


def test_two_tenants_may_have_the_same_file(parts: Parts, tenant_id: UUID):
    other = new_tenant(parts.database)
    for owner in (tenant_id, other):
        accepted = parts.ingest.accept(owner, Upload("a.txt", DELIVERY.encode()))
        assert not accepted.is_duplicate


def test_the_same_file_through_many_doors_at_once_is_stored_once(parts: Parts, tenant_id: UUID):
    doors = 8
    together = threading.Barrier(doors)

    def upload(_: int) -> Any:
        together.wait()
        return parts.ingest.accept(tenant_id, Upload("a.txt", LONG.encode()))

    with ThreadPoolExecutor(doors) as pool:
        accepted = list(pool.map(upload, range(doors)))
    assert sum(not each.is_duplicate for each in accepted) == 1
    assert len({each.source.source_id for each in accepted}) == 1
    assert rows_of(parts, tenant_id, Source) == jobs_of(parts, tenant_id) == 1


def test_a_failed_file_uploaded_again_is_tried_again(parts: Parts, tenant_id: UUID):
    data = b"%PDF-1.4 broken"
    first = parts.ingest.accept(tenant_id, Upload("a.pdf", data))
    parts.ingest.process(tenant_id, first.source.source_id)
    assert parts.sources.get(tenant_id, first.source.source_id).status == "failed"
    again = parts.ingest.accept(tenant_id, Upload("a.pdf", data))
    assert again.is_duplicate
    assert again.job_id is not None
    assert (again.source.status, again.source.error) == ("pending", None)
    assert again.source.source_id == first.source.source_id


# ---- what goes wrong --------------------------------------------------------------------------


def test_a_file_that_cannot_be_read_keeps_its_sentence(parts: Parts, tenant_id: UUID, scan):
    broken = parts.ingest.add(tenant_id, Upload("b.pdf", b"%PDF-1.4 broken"))
    assert broken.status == "failed"
    assert broken.error is not None
    assert broken.error.endswith(".")
    assert "Traceback" not in broken.error
    empty = parts.ingest.add(tenant_id, Upload("c.pdf", scan))
    assert empty.status == "failed"
    assert empty.error is not None
    assert "text" in empty.error
    assert rows_of(parts, tenant_id, ChunkRow) == 0


@pytest.fixture
def scan(make_pdf: Callable[..., bytes]) -> bytes:
    return make_pdf([[]])


def test_an_unforeseen_error_ends_as_failed_with_a_plain_sentence(
    parts: Parts, tenant_id: UUID, monkeypatch: pytest.MonkeyPatch
):
    def stumble(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(pipeline, "extract", stumble)
    source = parts.ingest.add(tenant_id, Upload("a.txt", b"text"))
    assert source.status == "failed"
    assert source.error == "Reading this file failed unexpectedly; upload it again or tell support."


def test_an_embedder_that_fails_leaves_a_sentence_and_the_older_passages(
    parts: Parts, tenant_id: UUID, shared_database: GuardedDatabase
):
    class Failing(CountingEmbedder):
        def embed(self, texts: Any) -> Any:
            raise EmbeddingUnavailable("The provider could not embed; try again.")

    source = add_text(parts.ingest, tenant_id, LONG)
    failing = make_parts(shared_database, Failing())
    failing.ingest.process(tenant_id, source.source_id)
    view = parts.sources.get(tenant_id, source.source_id)
    assert (view.status, view.error) == ("failed", "The provider could not embed; try again.")
    assert rows_of(parts, tenant_id, ChunkRow) == source.passage_count


def test_an_outage_of_the_database_does_not_blame_the_file(
    parts: Parts, tenant_id: UUID, monkeypatch: pytest.MonkeyPatch
):
    def fall(*_: object, **__: object) -> None:
        raise DatabaseUnavailable("The database does not answer.")

    accepted = parts.ingest.accept(tenant_id, Upload("a.txt", DELIVERY.encode()))
    with monkeypatch.context() as outage:
        outage.setattr(pipeline, "replace_passages", fall)
        with pytest.raises(DatabaseUnavailable):
            parts.ingest.process(tenant_id, accepted.source.source_id)
    assert parts.sources.get(tenant_id, accepted.source.source_id).status == "processing"
    parts.ingest.process(tenant_id, accepted.source.source_id)
    assert parts.sources.get(tenant_id, accepted.source.source_id).status == "processed"


# ---- processing again, and deleting -----------------------------------------------------------


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
    storing, replace = threading.Event(), pipeline.replace_passages

    def slowly(*given: Any, **named: Any) -> None:
        replace(*given, **named)
        storing.set()
        time.sleep(0.3)

    monkeypatch.setattr(pipeline, "replace_passages", slowly)
    accepted = parts.ingest.accept(tenant_id, Upload("a.txt", LONG.encode()))
    source_id = accepted.source.source_id
    with ThreadPoolExecutor(1) as pool:
        processing = pool.submit(parts.ingest.process, tenant_id, source_id)
        assert storing.wait(10)
        parts.sources.delete(tenant_id, source_id)
        processing.result()
    assert rows_of(parts, tenant_id, ChunkRow) == 0
    passages, counters = counted_statistics(parts.database, tenant_id)
    assert passages == 0
    assert not any(counters)


def test_processing_what_was_never_there_does_nothing(parts: Parts, tenant_id: UUID):
    parts.ingest.process(tenant_id, uuid4())
    assert rows_of(parts, tenant_id, Source) == 0


def test_progress_only_grows_and_names_its_steps(parts: Parts, tenant_id: UUID):
    seen: list[tuple[str, int]] = []
    engine = parts.database.engine
    accepted = parts.ingest.accept(tenant_id, Upload("a.txt", LONG.encode()))

    def note(*_: Any) -> None:
        with parts.database.admin_engine.connect() as connection:
            query = select(Source.step, Source.progress).where(Source.tenant_id == tenant_id)
            seen.append(tuple(connection.execute(query).one()))

    event.listen(engine, "commit", note)
    try:
        parts.ingest.process(tenant_id, accepted.source.source_id)
    finally:
        event.remove(engine, "commit", note)
    seen.append(("", parts.sources.get(tenant_id, accepted.source.source_id).progress))
    progress = [done for _, done in seen]
    assert progress == sorted(progress)
    assert progress[-1] == 100
    assert len(set(progress)) > 5  # several batches
    steps = list(dict.fromkeys(step for step, _ in seen if step))
    assert steps == ["extracting", "cutting", "embedding", "storing"]


# ---- lists of records -------------------------------------------------------------------------


def add_faq(parts: Parts, tenant_id: UUID) -> Any:
    chunks = cut_records(FAQ, "faq", title="FAQ", counter=load_counter())
    return parts.ingest.add_records(
        tenant_id, kind="faq", title="FAQ", filename="faq.csv", data=FAQ, chunks=chunks
    )


def test_records_are_one_passage_each_and_stored_once(parts: Parts, tenant_id: UUID):
    first, again = add_faq(parts, tenant_id), add_faq(parts, tenant_id)
    assert first == again
    assert (first.status, first.passage_count, first.media_type) == ("processed", 2, "text/csv")
    texts = [chunk.text for chunk in parts.sources.chunks(tenant_id, first.source_id)]
    assert texts == ["Do you wrap gifts?\nYes; for 75 lira.", "Where?\nIn Pera."]


def test_records_processed_again_are_still_one_passage_each(parts: Parts, tenant_id: UUID):
    source = add_faq(parts, tenant_id)
    before = parts.sources.chunks(tenant_id, source.source_id)
    parts.ingest.reprocess(tenant_id, source.source_id, chunk_tokens=None)
    parts.ingest.process(tenant_id, source.source_id)
    after = parts.sources.chunks(tenant_id, source.source_id)
    assert [chunk.text for chunk in after] == [chunk.text for chunk in before]


def test_records_that_broke_off_are_finished_by_the_next_attempt(
    parts: Parts, tenant_id: UUID, monkeypatch: pytest.MonkeyPatch
):
    def stumble(*_: object, **__: object) -> None:
        raise EmbeddingUnavailable("The provider could not embed.")

    with monkeypatch.context() as broken:
        broken.setattr(pipeline, "embed_cached", stumble)
        with pytest.raises(EmbeddingUnavailable):
            add_faq(parts, tenant_id)
    assert add_faq(parts, tenant_id).status == "processed"
    assert rows_of(parts, tenant_id, ChunkRow) == 2


@pytest.mark.parametrize(
    "data",
    [b"question,answer\nA?,B\n", b"\xff\xfe", b"title,price\nPot,dear\n"],
    ids=["a missing column", "no UTF-8", "no price"],
)
def test_lists_that_cannot_be_read_are_refused_in_a_sentence(data: bytes):
    kind: Any = "product" if b"price" in data else "faq"
    with pytest.raises(pipeline.LeanRagError, match="check its columns and prices"):
        cut_records(data, kind, title="T", counter=load_counter())


# ---- embeddings are bought once ---------------------------------------------------------------


def test_the_same_text_is_embedded_once_for_a_tenant(shared_database: GuardedDatabase):
    embedder = CountingEmbedder()
    parts = make_parts(shared_database, embedder)
    tenant_id = new_tenant(shared_database)
    source = add_text(parts.ingest, tenant_id, LONG)
    bought = len(embedder.asked)
    assert bought == source.passage_count
    parts.ingest.process(tenant_id, source.source_id)
    assert len(embedder.asked) == bought
    with shared_database.tenant(tenant_id) as session:
        events = session.scalars(select(UsageEvent).where(UsageEvent.tenant_id == tenant_id)).all()
    assert [(e.kind, e.prompt_tokens, e.is_reported) for e in events] == [
        ("embedding", 10 * bought, True)
    ]
    other = new_tenant(shared_database)
    add_text(parts.ingest, other, LONG)  # the cache is the tenant's own
    assert len(embedder.asked) == 2 * bought


def test_cached_vectors_come_in_the_order_of_the_texts(shared_database: GuardedDatabase):
    tenant_id, embedder = new_tenant(shared_database), CountingEmbedder()
    fresh = embed_cached(
        tenant_id, ["b", "a", "b"], database=shared_database, embedder=embedder, batch_texts=1
    )
    assert (fresh.hits, embedder.asked) == (1, ["b", "a"])
    mixed = embed_cached(tenant_id, ["a", "c", "b"], database=shared_database, embedder=embedder)
    assert (mixed.hits, mixed.prompt_tokens) == (2, 10)
    assert mixed.vectors[[0, 2]] == pytest.approx(fresh.vectors[[1, 0]], abs=1e-3)


def test_vectors_of_other_dimensions_are_bought_again(shared_database: GuardedDatabase):
    tenant_id = new_tenant(shared_database)
    for dimensions in (64, 128, 128):
        embedder = CountingEmbedder(dimensions)
        found = embed_cached(tenant_id, ["a"], database=shared_database, embedder=embedder)
        assert found.vectors.shape == (1, dimensions)
    assert found.hits == 1
    assert rows_of(make_parts(shared_database), tenant_id, EmbeddingCache) == 1


def test_batches_that_came_before_a_failure_are_kept(shared_database: GuardedDatabase):
    class Second(CountingEmbedder):
        def embed(self, texts: Any) -> Any:
            if self.asked:
                raise EmbeddingUnavailable("The second batch fails.")
            return super().embed(texts)

    tenant_id = new_tenant(shared_database)
    with pytest.raises(EmbeddingUnavailable):
        embed_cached(
            tenant_id, ["a", "b"], database=shared_database, embedder=Second(), batch_texts=1
        )
    embedder = CountingEmbedder()
    embed_cached(tenant_id, ["a", "b"], database=shared_database, embedder=embedder)
    assert embedder.asked == ["b"]


def test_a_question_is_embedded_and_billed_once(shared_database: GuardedDatabase):
    tenant_id, embedder = new_tenant(shared_database), CountingEmbedder()
    questions = QuestionEmbedder(shared_database, embedder, base_url="https://api.openai.com/v1")
    first, again = (questions.embed(tenant_id, "How long?") for _ in range(2))
    assert embedder.asked == ["How long?"]
    assert first == pytest.approx(again, abs=1e-3)
    assert rows_of(make_parts(shared_database), tenant_id, UsageEvent) == 1


# ---- a dry run --------------------------------------------------------------------------------


def test_a_preview_cuts_as_processing_does_and_stores_nothing(parts: Parts, tenant_id: UUID):
    upload = Upload("rules.txt", LONG.encode(), chunk_tokens=100)
    chunks = parts.ingest.preview(upload)
    assert rows_of(parts, tenant_id, Source) == 0
    source = parts.ingest.add(tenant_id, upload)
    stored = parts.sources.chunks(tenant_id, source.source_id, limit=200)
    assert [chunk.text for chunk in chunks] == [chunk.text for chunk in stored]
    with pytest.raises(InvalidInput, match="32 to 2000 tokens"):
        parts.ingest.preview(Upload("rules.txt", b"x", chunk_tokens=3))


def test_a_pdf_keeps_its_pages(
    parts: Parts, tenant_id: UUID, make_pdf: Callable[..., bytes], tmp_path: Path
):
    data = make_pdf([["# Delivery", DELIVERY], ["# Returns", RETURNS]], "Terms")
    source = parts.ingest.add(tenant_id, Upload("terms.pdf", data))
    assert (source.status, source.page_count) == ("processed", 2), source.error
    pages = [chunk.page for chunk in parts.sources.chunks(tenant_id, source.source_id)]
    assert pages == [1, 2]
