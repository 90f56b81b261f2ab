"""Edits by hand on real passages: in force at once, kept through all processing."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest
from sqlalchemy import select

from db.models import ChunkEmbedding, ChunkTerms, EmbeddingCache, PassageEdit, Source, UsageEvent
from leanrag.embedding_models import EmbeddingModels
from leanrag.embeddings import LocalEmbedder
from leanrag.errors import Conflict, InvalidInput, NotFound
from leanrag.guarded_database import GuardedDatabase
from leanrag.ingest import processing
from leanrag.ingest.pipeline import Upload
from leanrag.passage_edits import PassageChange, PassageEdits, passage_version
from leanrag.sources import ChunkView, SourceView
from leanrag.text.lexical import document_weights
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
    rows_of,
    use_model,
)

HOURS = "The shop in the old market is open from nine to six, on Fridays until noon."
BOOK = f"# Delivery\n\n{DELIVERY}\n\n# Returns\n\n{RETURNS}\n\n# Hours\n\n{HOURS}\n"
MINE = "Delivery in Istanbul takes two working days and is free of charge."


@pytest.fixture(scope="module")
def parts(shared_database: GuardedDatabase) -> Parts:
    return make_parts(shared_database)


@pytest.fixture(scope="module")
def edits(parts: Parts) -> PassageEdits:
    return edits_with(parts, LocalEmbedder())


def edits_with(parts: Parts, embedder: Any) -> PassageEdits:
    models = EmbeddingModels(embedder)
    return PassageEdits(parts.database, models, load_counter(), parts.settings)


@pytest.fixture
def tenant_id(parts: Parts) -> UUID:
    return new_tenant(parts.database)


@pytest.fixture
def book(parts: Parts, tenant_id: UUID) -> SourceView:
    return add_text(parts.ingest, tenant_id, BOOK, name="book.md")


def passage(parts: Parts, tenant_id: UUID, book: SourceView, number: int = 0) -> ChunkView:
    return parts.sources.chunks(tenant_id, book.source_id)[number]


def texts(parts: Parts, tenant_id: UUID, book: SourceView) -> list[str]:
    return [c.text for c in parts.sources.chunks(tenant_id, book.source_id) if c.enabled]


def change(edits: PassageEdits, tenant_id: UUID, seen: ChunkView, **wanted: Any) -> ChunkView:
    made = PassageChange(**wanted)
    return edits.edit(tenant_id, seen.chunk_id, made, expected=passage_version(seen), by="sara")


def replace_file(parts: Parts, tenant_id: UUID, book: SourceView, text: str) -> None:
    parts.ingest.replace_file(tenant_id, book.source_id, Upload("book.md", text.encode()))
    parts.ingest.process(tenant_id, book.source_id)
    source = parts.sources.get(tenant_id, book.source_id)
    assert (source.status, source.error) == ("processed", None)


def assert_is_indexed(parts: Parts, tenant_id: UUID, source_id: UUID) -> None:
    """Every stored passage has the vectors of its words, and the sums are those of the rows."""
    embedder = LocalEmbedder()
    chunks = parts.sources.chunks(tenant_id, source_id)
    with parts.database.tenant(tenant_id) as session:
        for chunk in chunks:
            own = {"tenant_id": tenant_id, "chunk_id": chunk.chunk_id}
            (terms,) = session.scalars(select(ChunkTerms).filter_by(**own))
            weights = document_weights(chunk.title, chunk.heading, chunk.text, chunk.language)
            assert set(terms.lexical.indices()) == set(weights)
            (dense,) = session.scalars(select(ChunkEmbedding).filter_by(**own))
            said = f"{chunk.title}\n{chunk.heading}\n{chunk.text}"
            assert dense.model == embedder.model
            stored = np.asarray(dense.dense, dtype=np.float32)
            assert np.allclose(stored, embedder.embed([said]).vectors[0], atol=1e-3)
            assert chunk.token_count == load_counter().count(chunk.text)
    source = parts.sources.get(tenant_id, source_id)
    assert source.passage_count == len(chunks)
    assert source.token_count == sum(chunk.token_count for chunk in chunks)
    assert counted_statistics(parts.database, tenant_id) == recounted_statistics(
        parts.database, tenant_id
    )


def version_of(parts: Parts, tenant_id: UUID, source_id: UUID, name: str) -> Any:
    with parts.database.tenant(tenant_id) as session:
        return getattr(session.get_one(Source, (tenant_id, source_id)), name)


def test_an_edit_is_in_force_at_once_with_all_that_follows_from_its_words(
    parts: Parts, edits: PassageEdits, tenant_id: UUID, book: SourceView
):
    before = version_of(parts, tenant_id, book.source_id, "indexed_version")
    seen = passage(parts, tenant_id, book)
    made = change(edits, tenant_id, seen, text=f"  {MINE}\x07  ")
    assert made == passage(parts, tenant_id, book)
    assert (made.text, made.chunk_id, made.language) == (MINE, seen.chunk_id, "en")
    assert made.tldr == MINE
    assert made.edit_id is not None
    assert version_of(parts, tenant_id, book.source_id, "indexed_version") > before
    assert version_of(parts, tenant_id, book.source_id, "edits_version") == 1
    assert_is_indexed(parts, tenant_id, book.source_id)


def test_flags_alone_leave_words_vectors_and_index_as_they_are(
    parts: Parts, edits: PassageEdits, tenant_id: UUID, book: SourceView
):
    before = version_of(parts, tenant_id, book.source_id, "indexed_version")
    made = change(edits, tenant_id, passage(parts, tenant_id, book), enabled=False)
    made = change(edits, tenant_id, made, is_citable=False, tldr="In short.")
    assert (made.enabled, made.is_citable, made.tldr, made.text) == (
        *(False, False, "In short."),
        passage(parts, tenant_id, book).text,
    )
    assert version_of(parts, tenant_id, book.source_id, "indexed_version") == before
    assert rows_of(parts, tenant_id, PassageEdit) == 1
    assert_is_indexed(parts, tenant_id, book.source_id)


def test_an_edit_of_an_edit_keeps_the_first_original_and_can_be_undone(
    parts: Parts, edits: PassageEdits, tenant_id: UUID, book: SourceView
):
    seen = passage(parts, tenant_id, book)
    first = change(edits, tenant_id, seen, text="ارسال رایگان است و دو روز کاری طول می‌کشد.")
    assert first.language == "fa"
    second = change(edits, tenant_id, first, text=MINE, enabled=False)
    assert second.edit_id == first.edit_id
    assert second.edit_id is not None
    undone = edits.revert(tenant_id, second.edit_id)
    assert undone == seen
    assert rows_of(parts, tenant_id, PassageEdit) == 0
    assert_is_indexed(parts, tenant_id, book.source_id)
    with pytest.raises(NotFound):
        edits.revert(tenant_id, second.edit_id)


def test_the_sources_own_words_and_flags_written_again_are_no_edit(
    parts: Parts, edits: PassageEdits, tenant_id: UUID, book: SourceView
):
    seen = passage(parts, tenant_id, book)
    same = change(
        edits, tenant_id, seen, text=seen.text, tldr=seen.tldr, is_citable=True, enabled=True
    )
    assert same == seen
    assert version_of(parts, tenant_id, book.source_id, "edits_version") == 0
    made = change(edits, tenant_id, seen, text=MINE, enabled=False)
    assert change(edits, tenant_id, made, text=seen.text, enabled=True) == seen
    assert rows_of(parts, tenant_id, PassageEdit) == 0


def test_an_unchanged_tldr_that_is_sent_along_follows_the_new_words(
    parts: Parts, edits: PassageEdits, tenant_id: UUID, book: SourceView
):
    seen = passage(parts, tenant_id, book)
    assert change(edits, tenant_id, seen, text=MINE, tldr=seen.tldr).tldr == MINE


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"text": "  \n "}, "empty"),
        ({"text": "\u200f\u202e"}, "empty"),
        ({"tldr": ""}, "empty"),
        ({"text": "a" * 20_001}, "20,000"),
        ({"tldr": "a" * 2_001}, "2,000"),
        ({"text": "tea\x00pot"}, "NUL"),
        ({"text": "tea\ud800pot"}, "halves"),
    ],
)
def test_words_that_cannot_be_kept_are_refused_in_one_sentence(
    parts: Parts,
    edits: PassageEdits,
    tenant_id: UUID,
    book: SourceView,
    wanted: dict[str, str],
    words: str,
):
    seen = passage(parts, tenant_id, book)
    with pytest.raises(InvalidInput, match=words) as caught:
        change(edits, tenant_id, seen, **wanted)
    assert caught.value.message.endswith(".")
    assert passage(parts, tenant_id, book) == seen


def test_nobodys_edit_is_overwritten_unseen(
    parts: Parts, edits: PassageEdits, tenant_id: UUID, book: SourceView
):
    seen = passage(parts, tenant_id, book)
    start = threading.Barrier(8)

    def write(number: int) -> ChunkView | Conflict:
        start.wait(20)
        try:
            return change(edits, tenant_id, seen, text=f"{MINE} Version {number}.")
        except Conflict as exc:
            return exc

    with ThreadPoolExecutor(8) as pool:
        ended = list(pool.map(write, range(8)))
    (won,) = (made for made in ended if isinstance(made, ChunkView))
    assert passage(parts, tenant_id, book) == won
    assert rows_of(parts, tenant_id, PassageEdit) == 1
    assert_is_indexed(parts, tenant_id, book.source_id)
    with pytest.raises(Conflict, match="meanwhile"):
        change(edits, tenant_id, seen, enabled=False)
    assert won.edit_id is not None
    with pytest.raises(Conflict, match="meanwhile"):
        edits.revert(tenant_id, won.edit_id, expected=passage_version(seen))


def test_what_is_gone_or_anothers_is_not_found(
    parts: Parts, edits: PassageEdits, tenant_id: UUID, book: SourceView
):
    seen = passage(parts, tenant_id, book)
    made = change(edits, tenant_id, seen, enabled=False)
    stranger = new_tenant(parts.database)
    assert made.edit_id is not None
    for call in (
        lambda: change(edits, stranger, seen, enabled=True),
        lambda: edits.revert(stranger, made.edit_id or uuid4()),
        lambda: edits.settle(stranger, made.edit_id or uuid4(), "keep", expected=""),
        lambda: edits.revert(tenant_id, uuid4()),
    ):
        with pytest.raises(NotFound):
            call()
    assert edits.reviews(stranger) == ()
    parts.sources.delete(tenant_id, book.source_id)
    with pytest.raises(NotFound, match="no longer there"):
        change(edits, tenant_id, made, enabled=True)


def test_an_edit_is_paid_once_and_booked_to_its_source(
    parts: Parts, tenant_id: UUID, book: SourceView
):
    embedder = CountingEmbedder()
    remote = edits_with(parts, embedder)
    use_model(parts.database, tenant_id, embedder.model)
    seen = passage(parts, tenant_id, book)
    made = change(remote, tenant_id, seen, text=MINE)
    assert len(embedder.asked) == 1
    back = change(remote, tenant_id, made, text=f"{MINE} Really.")
    change(remote, tenant_id, back, text=MINE)
    assert len(embedder.asked) == 2  # words that were embedded before are not again
    assert rows_of(parts, tenant_id, UsageEvent) == 2
    assert parts.sources.get(tenant_id, book.source_id).embedding_cost_usd > 0
    assert rows_of(parts, tenant_id, EmbeddingCache) == 2 + 3


def test_no_transaction_is_open_while_an_edit_is_embedded(
    parts: Parts, tenant_id: UUID, book: SourceView
):
    class Meddling(CountingEmbedder):
        def embed(self, asked: Any) -> Any:
            other = edits_with(parts, CountingEmbedder())
            change(other, tenant_id, seen, enabled=False)  # would wait for ever for the lock
            return super().embed(asked)

    meddled = edits_with(parts, Meddling())
    use_model(parts.database, tenant_id, CountingEmbedder().model)
    seen = passage(parts, tenant_id, book)
    with pytest.raises(Conflict):
        change(meddled, tenant_id, seen, text=MINE)
    assert passage(parts, tenant_id, book).text == seen.text
    assert rows_of(parts, tenant_id, UsageEvent) == 1  # it was paid all the same


def test_edits_stay_when_the_source_is_processed_again_and_again(
    parts: Parts, edits: PassageEdits, tenant_id: UUID, book: SourceView
):
    made = change(edits, tenant_id, passage(parts, tenant_id, book), text=MINE, tldr="Free.")
    change(edits, tenant_id, passage(parts, tenant_id, book, 2), enabled=False)
    for _ in range(2):
        parts.ingest.process(tenant_id, book.source_id)
        now = passage(parts, tenant_id, book)
        assert (now.text, now.tldr, now.edit_id) == (MINE, "Free.", made.edit_id)
        assert not passage(parts, tenant_id, book, 2).enabled
        assert edits.count_reviews(tenant_id) == 0
        assert_is_indexed(parts, tenant_id, book.source_id)


def test_an_edit_made_while_the_source_is_processed_is_not_lost(
    parts: Parts,
    edits: PassageEdits,
    tenant_id: UUID,
    book: SourceView,
    monkeypatch: pytest.MonkeyPatch,
):
    place = processing.KeptEdits.place
    placed: list[int] = []

    def meddled(self: Any, *given: Any) -> Any:
        made = place(self, *given)
        if not placed:
            change(edits, tenant_id, passage(parts, tenant_id, book), text=MINE)
        placed.append(1)
        return made

    monkeypatch.setattr(processing.KeptEdits, "place", meddled)
    parts.ingest.process(tenant_id, book.source_id)
    assert len(placed) == 2  # once more, with the edit
    assert passage(parts, tenant_id, book).text == MINE
    assert_is_indexed(parts, tenant_id, book.source_id)
