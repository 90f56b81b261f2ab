"""Postings and small integers in memory, against the same scores computed the long way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from leanrag.passage_segment import PASSAGE_ID, PassageColumns, Segment, join, quantize

DIMENSIONS = 64
Passage = dict[int, float]


def passage_id(number: int) -> bytes:
    return number.to_bytes(16, "big")


def columns_of(
    passages: Sequence[Passage], *, first_id: int = 1, source: int = 7, seed: int = 3
) -> PassageColumns:
    """Return passages with ids from `first_id` on, and random unit vectors."""
    vectors = unit_vectors(len(passages), seed)
    dense, scales = quantize(vectors)
    return PassageColumns(
        ids=np.array([passage_id(first_id + n) for n in range(len(passages))], PASSAGE_ID),
        sources=np.array([passage_id(source)] * len(passages), PASSAGE_ID),
        rows=np.repeat(np.arange(len(passages), dtype=np.uint32), [len(p) for p in passages]),
        terms=np.array([term for p in passages for term in p], dtype=np.int32),
        weights=np.array([w for p in passages for w in p.values()], dtype=np.float16),
        dense=dense,
        scales=scales,
    )


def unit_vectors(count: int, seed: int) -> Any:
    vectors = np.random.default_rng(seed).standard_normal((count, DIMENSIONS)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def random_passages(count: int, seed: int = 1) -> list[Passage]:
    chance = np.random.default_rng(seed)
    return [
        {int(t): float(w) for t, w in zip(terms, chance.random(12) * 2, strict=True)}
        for terms in (chance.choice(200, 12, replace=False) * 4_000_000 for _ in range(count))
    ]


def score(segment: Segment, question: Passage) -> list[float]:
    terms = np.array(list(question), dtype=np.int32)
    weights = np.array(list(question.values()), dtype=np.float32)
    return list(segment.lexical_scores(terms, weights))


def expected(passages: Sequence[Passage], question: Passage) -> list[float]:
    return [sum(w * passage.get(term, 0.0) for term, w in question.items()) for passage in passages]


def test_lexical_scores_are_the_sums_over_shared_terms():
    passages = random_passages(300)
    question = {term: 1.5 for passage in passages[:3] for term in passage} | {5: 9.0}
    segment = Segment.of(columns_of(passages))
    assert score(segment, question) == pytest.approx(expected(passages, question), rel=2e-3)


def test_terms_that_no_passage_holds_score_nothing():
    segment = Segment.of(columns_of([{10: 1.0}, {20: 1.0}]))
    for unknown in (1, 15, 999_999_999):
        assert score(segment, {unknown: 1.0}) == [0.0, 0.0]
    assert score(segment, {}) == [0.0, 0.0]


def test_passages_without_any_term_can_be_held():
    segment = Segment.of(columns_of([{}, {}]))
    assert score(segment, {10: 1.0}) == [0.0, 0.0]


def test_more_passages_than_two_bytes_can_number_keep_their_scores():
    passages: list[Passage] = [{n % 7: 1.0} for n in range(70_000)]
    segment = Segment.of(columns_of(passages))
    scores = score(segment, {3: 2.0})
    assert [n for n, found in enumerate(scores) if found] == list(range(3, 70_000, 7))
    assert set(scores) == {0.0, 2.0}


def test_dense_scores_are_within_a_hundredth_of_the_cosine():
    columns = columns_of(random_passages(200))
    vectors = unit_vectors(200, seed=3)
    question = unit_vectors(1, seed=9)[0]
    small, factor = quantize(question[None])
    scores = Segment.of(columns).dense_scores(small[0]) * factor[0]
    assert np.abs(scores - vectors @ question).max() < 0.01


def test_a_vector_without_direction_is_no_number_but_zero():
    rows, factors = quantize(np.zeros((1, DIMENSIONS), np.float32))
    assert not rows.any()
    assert factors.tolist() == [0.0]


def test_a_segment_gives_back_the_columns_it_was_made_of():
    passages = random_passages(50)
    columns = columns_of(passages)
    again = Segment.of(Segment.of(columns).columns())
    question = dict.fromkeys(passages[7], 1.0)
    assert score(again, question) == score(Segment.of(columns), question)
    assert again.ids.tolist() == columns.ids.tolist()
    assert np.array_equal(again.dense, columns.dense)


def test_passages_of_a_source_that_is_gone_leave_the_columns():
    kept, gone = random_passages(5), random_passages(4, seed=2)
    both = join([columns_of(kept), columns_of(gone, first_id=50, source=8)])
    segment = Segment.of(both).without(np.array([passage_id(8)], PASSAGE_ID))
    assert segment.living() == 5
    rest = segment.columns()
    assert rest.ids.tolist() == columns_of(kept).ids.tolist()
    question = dict.fromkeys([*kept[2], *gone[1]], 1.0)
    assert score(Segment.of(rest), question) == pytest.approx(expected(kept, question), rel=2e-3)


def test_a_source_that_is_not_there_changes_nothing():
    segment = Segment.of(columns_of(random_passages(3)))
    assert segment.without(np.array([passage_id(99)], PASSAGE_ID)) is segment


def test_hidden_are_passages_of_hidden_sources_single_ones_and_the_dead():
    segment = Segment.of(
        join([columns_of([{1: 1.0}] * 2, source=8), columns_of([{1: 1.0}] * 3, first_id=50)])
    )
    nothing = np.array([], PASSAGE_ID)
    assert segment.hidden(nothing, nothing) is None
    source, passage = np.array([passage_id(8)], PASSAGE_ID), np.array([passage_id(51)], PASSAGE_ID)
    assert segment.hidden(source, passage).tolist() == [True, True, False, True, False]
    dead = segment.without(source).hidden(nothing, nothing)
    assert dead.tolist() == [True, True, False, False, False]


def test_ids_that_end_in_zero_bytes_are_told_apart():
    ids = [b"\1" + bytes(15), b"\1\1" + bytes(14)]
    columns = columns_of([{1: 1.0}, {2: 1.0}])
    array = np.array(ids, PASSAGE_ID)
    segment = Segment.of(
        PassageColumns(
            array,
            array,
            columns.rows,
            columns.terms,
            columns.weights,
            columns.dense,
            columns.scales,
        )
    )
    assert segment.ids.tobytes() == b"".join(ids)
    assert segment.without(array[:1]).living() == 1
