"""Lists of records: one passage each, stored once, and still so when they are read again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from db.models import ChunkRow
from leanrag import passage_embedding
from leanrag.errors import EmbeddingUnavailable, LeanRagError
from leanrag.guarded_database import GuardedDatabase
from leanrag.ingest.record_files import cut_records
from leanrag.text.tokens import load_counter
from tests.product_parts import (
    Parts,
    make_parts,
    rows_of,
)

FAQ = b"language,question,answer\nen,Do you wrap gifts?,Yes; for 75 lira.\nen,Where?,In Pera.\n"


@pytest.fixture(scope="module")
def parts(shared_database: GuardedDatabase) -> Parts:
    return make_parts(shared_database, embedding_batch_texts=8)


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
        broken.setattr(passage_embedding, "embed_cached", stumble)
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
    with pytest.raises(LeanRagError, match="check its columns and prices"):
        cut_records(data, kind, title="T", counter=load_counter())
