"""From an uploaded file to passages that can be found, in a real database."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, select, text

from db.models import ChunkEmbedding, ChunkRow, ChunkTerms, Source
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
from leanrag.ingest import processing, reading
from leanrag.ingest.pipeline import Upload
from leanrag.text.tokens import load_counter
from tests.product_parts import (
    DELIVERY,
    RETURNS,
    CountingEmbedder,
    Parts,
    add_text,
    make_parts,
    new_tenant,
    rows_of,
    use_model,
)

LONG = "\n\n".join(f"Rule {n}. {DELIVERY} {RETURNS}" for n in range(60))


@pytest.fixture(scope="module")
def parts(shared_database: GuardedDatabase) -> Parts:
    return make_parts(shared_database, embedding_batch_texts=8)


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
        terms = session.get_one(ChunkTerms, (tenant_id, row.chunk_id))
        embedding = session.scalars(
            select(ChunkEmbedding).where(ChunkEmbedding.tenant_id == tenant_id)
        ).one()
    assert DELIVERY in row.full_text
    assert terms.lexical.indices()
    assert len(embedding.dense) == 1536
    assert embedding.model == "local-chargram-3-5-d1536"
    assert terms.source_id == embedding.source_id == row.source_id == source.source_id
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

    monkeypatch.setattr(reading, "extract", stumble)
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
    use_model(shared_database, tenant_id, Failing().model)
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
        outage.setattr(processing, "replace_passages", fall)
        with pytest.raises(DatabaseUnavailable):
            parts.ingest.process(tenant_id, accepted.source.source_id)
    assert parts.sources.get(tenant_id, accepted.source.source_id).status == "processing"
    parts.ingest.process(tenant_id, accepted.source.source_id)
    assert parts.sources.get(tenant_id, accepted.source.source_id).status == "processed"


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
    assert steps == ["extracting", "cutting", "summarising", "embedding", "storing"]


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
