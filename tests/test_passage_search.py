"""Search through an index in memory: what the exact scan finds, never stale, never more."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text, update

from db.models import Bot, ChunkRow, Source
from leanrag.guarded_database import GuardedDatabase
from leanrag.passage_index import MAX_SEGMENTS
from leanrag.passage_index_cache import MAX_WAITED_PASSAGES, PassageIndexCache
from tests.passage_searching import (
    EMBEDDER,
    QUESTION,
    add,
    find,
    forbid_scans,
    index_version,
    make_cache,
    make_search,
    texts,
    warmed,
)
from tests.product_parts import Parts, add_text, make_parts, new_tenant


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


# ---- the same as an exact scan ----------------------------------------------------------------


@pytest.mark.parametrize("question", [QUESTION, "copper samovar price", "honey", "tram mark1n17"])
def test_an_index_finds_what_the_exact_scan_finds_with_the_same_scores(
    parts: Parts, cache: PassageIndexCache, tenant_id: UUID, question: str
):
    for seed in (1, 2, 3):
        add(parts, tenant_id, 40, seed=seed)
    search = warmed(parts, cache, tenant_id)
    forbid_scans(search)
    expected = find(parts, make_search(None), tenant_id, question=question)
    assert find(parts, search, tenant_id, question=question) == expected
    assert len(expected) >= 10


def test_the_first_question_is_scanned_and_those_after_it_are_not(
    parts: Parts, cache: PassageIndexCache, tenant_id: UUID
):
    add(parts, tenant_id, 20)
    search = make_search(cache)
    scanning = search._scan
    forbid_scans(search)
    with pytest.raises(Exception, match="division by zero"):
        find(parts, search, tenant_id)
    search._scan = scanning
    assert find(parts, search, tenant_id)
    cache.wait(10)
    forbid_scans(search)
    assert find(parts, search, tenant_id)


def test_without_the_dense_score_words_alone_decide(parts: Parts, tenant_id: UUID):
    add(parts, tenant_id, 60)
    cache = make_cache(parts)
    search = make_search(cache, uses_dense=lambda _model: False)
    cold = find(parts, search, tenant_id)
    cache.wait(10)
    forbid_scans(search)
    assert find(parts, search, tenant_id) == cold
    assert {passage.dense_score for passage in cold} == {0.0}
    assert len(cold) == 10
    assert cache._kept[tenant_id].index.segments[0].dense.nbytes == 0
    cache.close()


def test_embeddings_of_another_model_or_length_score_nothing(
    parts: Parts, cache: PassageIndexCache, tenant_id: UUID
):
    add(parts, tenant_id, 30)
    with parts.database.tenant(tenant_id) as session:
        session.execute(text("UPDATE chunk_embeddings SET model = 'another'"))
    search = warmed(parts, cache, tenant_id)
    forbid_scans(search)
    found = find(parts, search, tenant_id)
    assert {passage.dense_score for passage in found} == {0.0}
    assert len(found) == 10


# ---- never stale ------------------------------------------------------------------------------


def test_a_small_change_is_found_by_the_very_next_question(
    parts: Parts, cache: PassageIndexCache, tenant_id: UUID
):
    add(parts, tenant_id, 40)
    search = warmed(parts, cache, tenant_id)
    forbid_scans(search)
    before = find(parts, search, tenant_id)
    source = add(parts, tenant_id, 30, seed=2)
    after = find(parts, search, tenant_id)
    assert any(passage.source_id == source.source_id for passage in after)
    assert after == find(parts, make_search(None), tenant_id)
    parts.sources.delete(tenant_id, source.source_id)
    assert find(parts, search, tenant_id) == before


def test_a_large_change_is_scanned_until_the_index_has_it(
    parts: Parts, cache: PassageIndexCache, tenant_id: UUID
):
    add(parts, tenant_id, 20)
    search = warmed(parts, cache, tenant_id)
    version = index_version(cache, tenant_id)
    source = add(parts, tenant_id, MAX_WAITED_PASSAGES + 1, seed=2)
    found = find(parts, search, tenant_id)
    assert any(passage.source_id == source.source_id for passage in found)
    cache.wait(10)
    assert index_version(cache, tenant_id) > version
    forbid_scans(search)
    assert find(parts, search, tenant_id) == found


def test_a_source_cut_anew_is_found_as_it_is_now(
    parts: Parts, cache: PassageIndexCache, tenant_id: UUID
):
    words = "Delivery takes two days. " * 60
    source = add_text(parts.ingest, tenant_id, words)
    search = warmed(parts, cache, tenant_id)
    forbid_scans(search)
    old = {passage.passage_id for passage in find(parts, search, tenant_id)}
    parts.ingest.process_again(tenant_id, source.source_id, chunk_tokens=64)
    new = {passage.passage_id for passage in find(parts, search, tenant_id)}
    assert len(new) > len(old) > 0
    assert not old & new


def test_what_another_transaction_has_not_committed_is_not_found(
    parts: Parts, cache: PassageIndexCache, tenant_id: UUID
):
    source = add(parts, tenant_id, 12)
    search = warmed(parts, cache, tenant_id)
    before = find(parts, search, tenant_id)
    with parts.database.tenant(tenant_id) as session:
        session.execute(text("DELETE FROM chunks"))
        assert find(parts, search, tenant_id) == before
        session.rollback()
    assert {passage.source_id for passage in before} == {source.source_id}


@pytest.mark.parametrize("model", [Source, ChunkRow])
def test_what_is_switched_off_is_not_found_and_makes_room_for_others(
    parts: Parts, cache: PassageIndexCache, tenant_id: UUID, model: Any
):
    first, second = add(parts, tenant_id, 40), add(parts, tenant_id, 40, seed=2)
    search = warmed(parts, cache, tenant_id)
    forbid_scans(search)
    with parts.database.tenant(tenant_id) as session:
        own = (model.tenant_id == tenant_id, model.source_id == first.source_id)
        session.execute(update(model).where(*own).values(enabled=False))
    found = find(parts, search, tenant_id)
    assert {passage.source_id for passage in found} == {second.source_id}
    assert found == find(parts, make_search(None), tenant_id)
    with parts.database.tenant(tenant_id) as session:
        session.execute(update(model).where(*own).values(enabled=True))
    assert {p.source_id for p in find(parts, search, tenant_id)} >= {first.source_id}


def test_each_bot_finds_its_own_sources_and_the_common_ones(
    parts: Parts, cache: PassageIndexCache, tenant_id: UUID
):
    with parts.database.tenant(tenant_id) as session:
        bots = [Bot(tenant_id=tenant_id, slug=slug, name=slug) for slug in ("one", "two")]
        session.add_all(bots)
        session.flush()
        one, two = (bot.bot_id for bot in bots)
    common = add(parts, tenant_id, 10)
    mine = add(parts, tenant_id, 10, seed=2, bot_id=one)
    search = warmed(parts, cache, tenant_id)
    forbid_scans(search)
    for _ in range(2):  # masks are kept; one bot's must not serve the other
        for bot_id, expected in ((one, {common, mine}), (two, {common})):
            found = find(parts, search, tenant_id, bot_id=bot_id)
            ids = {source.source_id for source in expected}
            assert {passage.source_id for passage in found} == ids


def test_many_small_changes_are_merged_in_the_background(
    parts: Parts, cache: PassageIndexCache, tenant_id: UUID
):
    add(parts, tenant_id, 60)
    search = warmed(parts, cache, tenant_id)
    forbid_scans(search)
    for seed in range(2, MAX_SEGMENTS + 2):
        add(parts, tenant_id, 1, seed=seed)
        assert find(parts, search, tenant_id)
    cache.wait(10)
    assert len(cache._kept[tenant_id].index.segments) <= 2
    assert cache._kept[tenant_id].index.passages() == 60 + MAX_SEGMENTS
    assert find(parts, search, tenant_id) == find(parts, make_search(None), tenant_id)


def test_questions_beside_many_changes_always_find_the_newest(
    parts: Parts, cache: PassageIndexCache, tenant_id: UUID
):
    """Four threads ask while sources come and go; each sees what stood when it began, or later."""
    add(parts, tenant_id, 30)
    search = warmed(parts, cache, tenant_id)
    done = threading.Event()

    def keep_asking() -> int:
        asked = 0
        while not done.is_set():
            assert find(parts, search, tenant_id)
            asked += 1
        return asked

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(keep_asking) for _ in range(4)]
        try:
            for seed in range(2, 14):
                source = add(parts, tenant_id, 5, seed=seed)
                word = f"mark{seed}n0"
                found = find(parts, search, tenant_id, question=word)
                assert any(p.source_id == source.source_id for p in found)
                if seed % 2:
                    parts.sources.delete(tenant_id, source.source_id)
                    found = find(parts, search, tenant_id, question=word)
                    assert all(p.source_id != source.source_id for p in found)
        finally:
            done.set()
        assert all(future.result(10) for future in asking)
    assert find(parts, search, tenant_id) == find(parts, make_search(None), tenant_id)


# ---- the wall between tenants -----------------------------------------------------------------


def test_another_tenants_index_under_our_name_shows_nothing_of_theirs(
    parts: Parts, cache: PassageIndexCache, tenant_id: UUID
):
    theirs = new_tenant(parts.database)
    add(parts, tenant_id, 20)
    add(parts, theirs, 20, seed=2)
    search = warmed(parts, cache, tenant_id)
    warmed(parts, cache, theirs)
    forbid_scans(search)
    poison = replace(cache._kept[theirs].index, version=index_version(cache, tenant_id))
    cache.put(tenant_id, poison)
    assert find(parts, search, tenant_id) == set()
    assert len(find(parts, search, theirs)) >= 10


def test_ids_that_are_not_there_show_nothing(
    parts: Parts, cache: PassageIndexCache, tenant_id: UUID
):
    add(parts, tenant_id, 20)
    search = warmed(parts, cache, tenant_id)
    forbid_scans(search)
    with parts.database.tenant(tenant_id) as session:
        session.execute(text("DELETE FROM chunks WHERE position > 2"))  # behind the product's back
    found = find(parts, search, tenant_id)
    assert found
    assert {passage.position for passage in found} <= {0, 1, 2}


def test_each_tenant_finds_its_own_passages(
    parts: Parts, cache: PassageIndexCache, tenant_id: UUID
):
    other = new_tenant(parts.database)
    add(parts, tenant_id, 20)
    add(parts, other, 20)  # the very same words
    search = warmed(parts, cache, tenant_id)
    warmed(parts, cache, other)
    forbid_scans(search)
    ours, others = find(parts, search, tenant_id), find(parts, search, other)
    assert texts(ours) == texts(others)
    assert not {p.passage_id for p in ours} & {p.passage_id for p in others}
