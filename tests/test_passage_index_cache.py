"""Indexes in memory: for whom, how many, until when."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from leanrag.guarded_database import GuardedDatabase
from leanrag.ingest.pipeline import Upload
from leanrag.passage_index_cache import PassageIndexCache
from leanrag.passage_index_reader import read_passages
from leanrag.text.lexical import question_terms
from tests.passage_searching import (
    DIMENSIONS,
    EMBEDDER,
    QUESTION,
    add,
    find,
    is_warm,
    make_cache,
    make_search,
    texts,
    warmed,
)
from tests.product_parts import Parts, make_parts, new_tenant


@pytest.fixture(scope="module")
def parts(shared_database: GuardedDatabase) -> Parts:
    return make_parts(shared_database, EMBEDDER)


@pytest.fixture
def tenant_id(parts: Parts) -> UUID:
    return new_tenant(parts.database)


@pytest.fixture
def cache(parts: Parts) -> Iterator[PassageIndexCache]:
    made = make_cache(parts)
    yield made
    made.close()


def test_a_tenant_of_few_passages_is_scanned(parts: Parts, tenant_id: UUID):
    add(parts, tenant_id, 20)
    cache = make_cache(parts, min_passages=21)
    assert find(parts, make_search(cache), tenant_id)
    cache.wait(10)
    assert not is_warm(cache, tenant_id)
    cache.close()


def test_no_memory_means_no_index(parts: Parts, tenant_id: UUID):
    add(parts, tenant_id, 20)
    cache = make_cache(parts, max_bytes=0)
    assert find(parts, make_search(cache), tenant_id)
    cache.wait(10)
    assert cache.nbytes() == 0
    cache.close()


def test_indexes_in_use_are_not_thrown_out_for_another_tenant(parts: Parts, tenant_id: UUID):
    other = new_tenant(parts.database)
    add(parts, tenant_id, 40)
    add(parts, other, 40)
    cache = make_cache(parts, max_bytes=103_000)  # the estimate is 102,560 for each
    search = warmed(parts, cache, tenant_id)
    assert find(parts, search, other)
    cache.wait(10)
    assert is_warm(cache, tenant_id)
    assert not is_warm(cache, other)
    cache.close()


def test_the_longest_unused_index_makes_room_for_another(
    parts: Parts, cache: PassageIndexCache, tenant_id: UUID
):
    add(parts, tenant_id, 40)
    warmed(parts, cache, tenant_id)
    index, size = cache._kept[tenant_id].index, cache.nbytes()
    small = make_cache(parts, max_bytes=int(3.5 * size))
    names = [uuid4() for _ in range(5)]
    for name in names:
        small.put(name, index)
        asked = (index.version, index.model, index.dimensions)
        small.current(names[0], *asked, session=Session())  # is being used
    assert [is_warm(small, name) for name in names] == [True, False, False, True, True]
    assert small.nbytes() == 3 * size
    small.close()


def test_an_index_that_turns_out_too_large_is_not_loaded_again_and_again(
    parts: Parts, tenant_id: UUID, monkeypatch: pytest.MonkeyPatch
):
    add(parts, tenant_id, 40)
    monkeypatch.setattr("leanrag.passage_index_cache._LEXICAL_BYTES", 0)
    cache = make_cache(parts, max_bytes=40 * DIMENSIONS)  # too little for the words
    search = make_search(cache)
    assert find(parts, search, tenant_id)
    cache.wait(10)
    assert cache.nbytes() == 0
    monkeypatch.setattr(cache, "_submit", lambda *_: pytest.fail("loaded again"))
    assert find(parts, search, tenant_id)
    cache.close()


def test_closing_stops_the_thread_and_later_questions_are_scanned(
    parts: Parts, cache: PassageIndexCache, tenant_id: UUID
):
    add(parts, tenant_id, 20)
    search = warmed(parts, cache, tenant_id)
    expected = find(parts, search, tenant_id)
    cache.close()
    assert cache.nbytes() == 0
    assert find(parts, search, tenant_id) == expected
    assert not any(thread.is_alive() for thread in cache._thread._threads)


def test_a_database_that_fails_while_loading_leaves_the_scan(
    parts: Parts, tenant_id: UUID, monkeypatch: pytest.MonkeyPatch, caplog: Any
):
    add(parts, tenant_id, 20)
    cache = make_cache(parts)
    search = make_search(cache)
    monkeypatch.setattr("leanrag.passage_index_cache.read_passages", lambda *_, **__: 1 / 0)
    for _ in range(2):
        assert find(parts, search, tenant_id)
        cache.wait(10)
    assert not is_warm(cache, tenant_id)
    assert len([r for r in caplog.records if "Loading the passages" in r.message]) == 2
    cache.close()


def test_an_index_holds_the_passages_of_its_own_version_whatever_is_stored_while_it_is_read(
    parts: Parts, cache: PassageIndexCache, tenant_id: UUID, monkeypatch: pytest.MonkeyPatch
):
    source = add(parts, tenant_id, 20)
    search = make_search(cache)
    expected = texts(find(parts, make_search(None), tenant_id))

    def read_after_a_change(*given: Any, **more: Any) -> Any:
        newer = Upload("newer.txt", b"Other words take the place of all the others.")
        parts.ingest.replace_file(tenant_id, source.source_id, newer)
        parts.ingest.process(tenant_id, source.source_id)
        return read_passages(*given, **more)

    with parts.database.tenant(tenant_id, is_snapshot=True) as session:
        bot_id = session.scalars(text("SELECT bot_id FROM bots ORDER BY bot_id")).one()
        state = search.open(tenant_id, bot_id=bot_id, session=session)
        vector = EMBEDDER.embed([QUESTION]).vectors[0]
        monkeypatch.setattr("leanrag.passage_index_cache.read_passages", read_after_a_change)
        for _ in range(2):  # the first has the index loaded
            found = search.find(state, question_terms(QUESTION, "en"), vector, session=session)
            cache.wait(10)
            assert texts(set(found)) == expected
    assert is_warm(cache, tenant_id)
