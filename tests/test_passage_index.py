"""An index over versions: what it proposes, what a change costs it, what it never forgets."""

from __future__ import annotations

import numpy as np
import pytest

from leanrag.passage_index import MAX_SEGMENTS, Hidden, TenantIndex
from leanrag.passage_segment import PASSAGE_ID, PassageColumns, Segment, join, quantize

DIMENSIONS = 64
SOURCE, OTHER = bytes(15) + b"\7", bytes(15) + b"\x08"
NO_VECTOR = np.zeros(DIMENSIONS, dtype=np.float32)
NOTHING = Hidden()


def columns_of(first: int, count: int, source: bytes = SOURCE) -> PassageColumns:
    """Return passages `first`... that hold the term 1 with growing weight; ids are numbers."""
    vectors = np.random.default_rng(first).standard_normal((count, DIMENSIONS)).astype(np.float32)
    dense, scales = quantize(vectors)
    return PassageColumns(
        ids=np.array([number.to_bytes(16, "big") for number in range(first, first + count)], "S16"),
        sources=np.array([source] * count, PASSAGE_ID),
        rows=np.arange(count, dtype=np.uint32),
        terms=np.ones(count, dtype=np.int32),
        weights=np.linspace(0.5, 1.0, count).astype(np.float16),
        dense=dense,
        scales=scales,
    )


def index_of(*parts: PassageColumns, dimensions: int = 0) -> TenantIndex:
    sources = {part.sources[0].ljust(16, b"\0"): 1 for part in parts}
    return TenantIndex(1, dimensions, sources, tuple(Segment.of(part) for part in parts))


def proposed(index: TenantIndex, count: int, hidden: Hidden = NOTHING) -> set[int]:
    packed = index.best({1: 1.0}, NO_VECTOR, hidden, count=count)
    return {int.from_bytes(packed[at : at + 16], "big") for at in range(0, len(packed), 16)}


def test_the_best_of_all_segments_are_proposed():
    index = index_of(columns_of(100, 10), columns_of(200, 20))
    assert proposed(index, 2) == {109, 219}
    assert proposed(index, 1_000) == {*range(100, 110), *range(200, 220)}


def test_a_passage_without_any_word_of_the_question_is_not_proposed():
    index = index_of(columns_of(100, 10))
    assert index.best({2: 1.0}, NO_VECTOR, NOTHING, count=5) == b""


def test_the_nearest_by_embedding_is_proposed_beside_the_best_by_words():
    columns = columns_of(100, 10)
    index = index_of(columns, dimensions=DIMENSIONS)
    vector = columns.dense[0].astype(np.float32)
    packed = index.best({1: 1.0}, vector, NOTHING, count=1)
    assert {packed[15], packed[31]} == {100, 109}
    longer = np.zeros(DIMENSIONS * 2, dtype=np.float32)
    assert index.best({1: 1.0}, longer, NOTHING, count=1)[15:] == bytes([109])


def test_hidden_sources_and_passages_are_not_proposed():
    index = index_of(columns_of(100, 10), columns_of(200, 20, OTHER))
    assert proposed(index, 2, Hidden(sources=OTHER)) == {108, 109}
    last = (219).to_bytes(16, "big")
    assert proposed(index, 2, Hidden(passages=last)) == {109, 218}
    assert proposed(index, 2) == {109, 219}


def test_a_changed_source_is_read_again_and_its_old_passages_are_dropped():
    index = index_of(columns_of(100, 10), columns_of(200, 20, OTHER))
    now = {SOURCE: 1, OTHER: 5}
    assert index.changed(now) == (OTHER,)
    later = index.updated(5, now, columns_of(300, 3, OTHER))
    assert proposed(later, 100) == {*range(100, 110), 300, 301, 302}
    assert later.version == 5
    assert later.changed(now) == ()
    assert proposed(index, 1_000) == {*range(100, 110), *range(200, 220)}  # is left as it was


def test_a_source_that_is_gone_takes_its_passages_along():
    index = index_of(columns_of(100, 10), columns_of(200, 20, OTHER))
    later = index.updated(2, {SOURCE: 1}, columns_of(0, 0))
    assert proposed(later, 100) == set(range(100, 110))
    assert len(later.segments) == 1


def test_passages_of_a_source_that_the_index_did_not_list_are_not_held_twice():
    """A source that is stored while an index is loaded may be read before it is listed."""
    index = TenantIndex(1, 0, {}, (Segment.of(columns_of(200, 20, OTHER)),))
    later = index.updated(2, {OTHER: 2}, columns_of(200, 20, OTHER))
    assert sum(segment.living() for segment in later.segments) == 20


def test_many_small_changes_are_merged_and_none_is_lost():
    index = index_of(columns_of(1_000, 100))
    sources = dict(index.sources)
    for number in range(MAX_SEGMENTS):
        source = bytes([number + 1]) + bytes(15)
        sources |= {source: number + 2}
        index = index.updated(number + 2, sources, columns_of(number + 1, 1, source))
    assert index.needs_compaction()
    before = proposed(index, 10_000)
    compacted = index.compacted()
    assert not compacted.needs_compaction()
    assert len(compacted.segments) == 2
    assert proposed(compacted, 10_000) == before
    assert (compacted.version, compacted.sources) == (index.version, index.sources)
    assert proposed(compacted, 5) == proposed(index, 5)


def test_a_segment_without_a_living_passage_is_dropped_at_once():
    index = index_of(columns_of(100, 1_000), columns_of(5_000, 10, OTHER))
    later = index.updated(2, {OTHER: 1, SOURCE: 2}, columns_of(9_000, 5))
    assert [segment.living() for segment in later.segments] == [10, 5]


def test_an_index_that_is_mostly_dead_is_rebuilt_smaller():
    both = join([columns_of(100, 1_000), columns_of(5_000, 10, OTHER)])
    index = TenantIndex(1, 0, {SOURCE: 1, OTHER: 1}, (Segment.of(both),))
    later = index.updated(2, {OTHER: 1}, columns_of(0, 0))
    assert later.needs_compaction()
    rebuilt = later.compacted()
    assert not rebuilt.needs_compaction()
    assert proposed(rebuilt, 2_000) == proposed(later, 2_000) == set(range(5_000, 5_010))
    assert rebuilt.nbytes() < later.nbytes() / 20


@pytest.mark.parametrize("count", [1, 7, 50])
def test_the_same_question_is_proposed_the_same_passages(count: int):
    index = index_of(columns_of(100, 200), dimensions=DIMENSIONS)
    vector = np.linspace(-1, 1, DIMENSIONS, dtype=np.float32)
    answers = {index.best({1: 1.0}, vector, NOTHING, count=count) for _ in range(3)}
    assert len(answers) == 1


def test_its_size_counts_every_array():
    small, large = index_of(columns_of(0, 10)), index_of(columns_of(0, 1_000))
    assert large.nbytes() > 50 * small.nbytes() > 50 * 10 * DIMENSIONS
