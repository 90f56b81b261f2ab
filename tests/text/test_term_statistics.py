from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanrag.errors import InvalidInput
from leanrag.text.term_statistics import TermSketch, inverse_document_frequency

TERM_IDS = st.integers(0, 10**9 - 1)


@given(st.lists(st.sets(TERM_IDS, max_size=30), max_size=20))
def test_a_frequency_is_never_counted_too_low(passages: list[set[int]]) -> None:
    sketch = TermSketch()
    for passage in passages:
        sketch.add(list(passage))
    terms = sorted(set().union(*passages))
    for term, frequency in zip(terms, sketch.document_frequencies(terms), strict=True):
        assert frequency >= sum(term in passage for passage in passages)


def test_frequencies_are_close_for_a_real_tenant() -> None:
    random = np.random.default_rng(1)
    passages = [np.unique(random.zipf(1.3, 245) % 10**9) for _ in range(2_000)]
    sketch = TermSketch()
    for passage in passages:
        sketch.add(passage.tolist())
    terms, true = np.unique(np.concatenate(passages), return_counts=True)
    counted = np.array(sketch.document_frequencies(terms.tolist()))
    assert np.mean(counted - true) < 5
    assert np.all(counted >= true)


@given(st.lists(TERM_IDS, max_size=50), st.lists(TERM_IDS, max_size=50))
def test_removing_a_passage_undoes_adding_it(kept: list[int], removed: list[int]) -> None:
    sketch, expected = TermSketch(), TermSketch()
    expected.add(kept)
    sketch.add(removed)
    sketch.add(kept)
    sketch.remove(removed)
    assert sketch.to_bytes() == expected.to_bytes()


def test_a_sketch_survives_storage_and_can_go_on_counting() -> None:
    sketch = TermSketch()
    sketch.add([1, 2, 999_999_999])
    stored = TermSketch.from_bytes(sketch.to_bytes())
    stored.add([1])
    assert stored.document_frequencies([1, 2, 999_999_999, 5]) == [2, 1, 1, 0]
    assert len(sketch.to_bytes()) < 5_000


@pytest.mark.parametrize("data", [b"", b"not zlib", TermSketch().to_bytes()[:-9]])
def test_damaged_statistics_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidInput, match="damaged"):
        TermSketch.from_bytes(data)


def test_no_terms_are_no_work() -> None:
    sketch = TermSketch()
    sketch.add([])
    assert sketch.document_frequencies([]) == []


def test_rare_terms_weigh_more_and_no_weight_is_negative() -> None:
    assert inverse_document_frequency(100, 3) == pytest.approx(math.log(1 + 97.5 / 3.5))
    weights = [inverse_document_frequency(100, n) for n in (0, 1, 10, 50, 100, 130)]
    assert weights == sorted(weights, reverse=True)
    assert weights[-1] > 0
    assert inverse_document_frequency(0, 0) > 0
