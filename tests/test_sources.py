"""Sources and their passages as pages and the API read them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest

from leanrag.errors import NotFound
from leanrag.guarded_database import GuardedDatabase
from leanrag.ingest.pipeline import Upload
from leanrag.sources import SourceView
from tests.product_parts import DELIVERY, RETURNS, Parts, add_text, make_parts, new_tenant

BOOK = "\n\n".join(f"# Chapter {n}\n\nIn chapter {n}: {DELIVERY}" for n in range(7))


@pytest.fixture(scope="module")
def parts(shared_database: GuardedDatabase) -> Parts:
    return make_parts(shared_database)


@pytest.fixture
def tenant_id(parts: Parts) -> UUID:
    return new_tenant(parts.database)


@pytest.fixture
def book(parts: Parts, tenant_id: UUID) -> SourceView:
    return add_text(parts.ingest, tenant_id, BOOK, name="book.md", kind="manual")


def test_sources_are_listed_newest_first_in_pages(parts: Parts, tenant_id: UUID):
    added = [add_text(parts.ingest, tenant_id, f"Text {n}.").source_id for n in range(5)]
    listed = [source.source_id for source in parts.sources.list(tenant_id)]
    assert listed == added[::-1]
    pages = [parts.sources.list(tenant_id, limit=2, offset=n) for n in (0, 2, 4, 6)]
    assert [s.source_id for page in pages for s in page] == listed
    assert parts.sources.list(new_tenant(parts.database)) == ()


def test_passages_come_in_their_order_in_pages(parts: Parts, tenant_id: UUID, book: SourceView):
    chunks = parts.sources.chunks(tenant_id, book.source_id)
    assert len(chunks) == book.passage_count == 7
    assert [chunk.position for chunk in chunks] == list(range(7))
    assert {chunk.kind for chunk in chunks} == {"manual"}
    assert {chunk.source_title for chunk in chunks} == {book.title}
    later = parts.sources.chunks(tenant_id, book.source_id, limit=3, offset=3)
    assert later == chunks[3:6]
    assert parts.sources.chunk(tenant_id, chunks[2].chunk_id) == chunks[2]


def test_a_passage_is_shown_between_its_neighbours(parts: Parts, tenant_id: UUID, book: SourceView):
    chunks = parts.sources.chunks(tenant_id, book.source_id)
    add_text(parts.ingest, tenant_id, RETURNS)  # another source's passages are no neighbours
    assert parts.sources.neighbours(tenant_id, chunks[3].chunk_id) == chunks[2:5]
    assert parts.sources.neighbours(tenant_id, chunks[0].chunk_id) == chunks[:2]
    assert parts.sources.neighbours(tenant_id, chunks[6].chunk_id, around=2) == chunks[4:]


def test_the_original_file_comes_back_byte_for_byte(
    parts: Parts, tenant_id: UUID, book: SourceView
):
    stored = parts.sources.file(tenant_id, book.source_id)
    assert (stored.filename, stored.media_type) == ("book.md", "text/markdown")
    assert stored.data == BOOK.encode()


def test_what_is_not_there_or_anothers_is_not_found(
    parts: Parts, tenant_id: UUID, book: SourceView
):
    stranger = new_tenant(parts.database)
    chunk_id = parts.sources.chunks(tenant_id, book.source_id)[0].chunk_id
    for tenant, source in ((tenant_id, uuid4()), (stranger, book.source_id)):
        for read in (
            parts.sources.get,
            parts.sources.chunks,
            parts.sources.file,
            parts.sources.delete,
        ):
            with pytest.raises(NotFound, match="no such document"):
                read(tenant, source)
    for tenant, chunk in ((tenant_id, uuid4()), (stranger, chunk_id)):
        for look in (parts.sources.chunk, parts.sources.neighbours):
            with pytest.raises(NotFound, match="no longer there"):
                look(tenant, chunk)


def test_a_deleted_source_is_gone_and_may_come_again(
    parts: Parts, tenant_id: UUID, book: SourceView
):
    parts.sources.delete(tenant_id, book.source_id)
    with pytest.raises(NotFound):
        parts.sources.get(tenant_id, book.source_id)
    again = parts.ingest.accept(tenant_id, Upload("book.md", BOOK.encode()))
    assert not again.is_duplicate


def test_of_two_who_delete_at_once_one_is_told_that_it_is_gone(
    parts: Parts, tenant_id: UUID, book: SourceView
):
    together = threading.Barrier(4)

    def delete(_: int) -> bool:
        together.wait()
        try:
            parts.sources.delete(tenant_id, book.source_id)
        except NotFound:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(delete, range(4))) == 1
