"""A tenant's passages in memory, at one version of its knowledge: proposes candidates.

It only proposes. What is shown is read from the database by id, under the tenant's row-level
security, with exact scores and the filters of every search, so a wrong or foreign id in here can
never show a row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from leanrag.embeddings import Vectors
from leanrag.passage_segment import (
    PASSAGE_ID,
    Flags,
    PassageColumns,
    Scores,
    Segment,
    join,
    quantize,
)

MAX_SEGMENTS = 8  # each costs a question about 0.1 ms
_DEAD_SHARE = 0.5  # of all rows: more is worth a rebuild
_SMALL_SHARE = 0.25  # of the largest segment: the others are merged alone while they are smaller
_KEPT_MASKS = 16


@dataclass(frozen=True, slots=True)
class Hidden:
    """What a question must not find: ids of sources and of passages, 16 bytes each."""

    sources: bytes = b""
    passages: bytes = b""


@dataclass(frozen=True, slots=True)
class TenantIndex:
    """A tenant's passages as of `version` of its term statistics. Immutable.

    `sources` maps each source's id (16 bytes) to the version at which its passages last changed;
    `dimensions` is the length of its embeddings by `model`, 0 where it holds none.
    """

    version: int
    dimensions: int
    sources: Mapping[bytes, int]
    segments: tuple[Segment, ...]
    model: str = ""
    _masks: dict[Hidden, tuple[Flags | None, ...]] = field(default_factory=dict, compare=False)

    def best(
        self, weights: Mapping[int, float], vector: Vectors, hidden: Hidden, *, count: int
    ) -> bytes:
        """Return the ids of the best `count` by each score, 16 bytes each, in no order.

        `weights` maps term ids to their weights; `vector` (dim,) is used where embeddings are held.
        """
        terms = np.fromiter(weights.keys(), dtype=np.int32, count=len(weights))
        factors = np.fromiter(weights.values(), dtype=np.float32, count=len(weights))
        masks = self._hidden(hidden)
        chosen = self._top([s.lexical_scores(terms, factors) for s in self.segments], masks, count)
        if self.dimensions and self.dimensions == len(vector):
            small = quantize(np.asarray(vector)[None])[0][0]
            scores = [segment.dense_scores(small) for segment in self.segments]
            chosen = np.union1d(chosen, self._top(scores, masks, count))
        starts = np.cumsum([0, *(len(segment.ids) for segment in self.segments)])
        parts = [
            segment.ids[chosen[(chosen >= start) & (chosen < end)] - start].tobytes()
            for segment, start, end in zip(self.segments, starts, starts[1:], strict=False)
        ]
        return b"".join(parts)

    def changed(self, sources: Mapping[bytes, int]) -> tuple[bytes, ...]:
        """Return the sources whose passages must be read (again), given what stands now."""
        return tuple(s for s, version in sources.items() if self.sources.get(s) != version)

    def updated(
        self, version: int, sources: Mapping[bytes, int], fresh: PassageColumns
    ) -> TenantIndex:
        """Return the index at another version; `fresh` holds all passages of changed sources."""
        gone = [source for source in self.sources if source not in sources]
        stale = ids_of(b"".join([*gone, *self.changed(sources)]))
        kept = [segment.without(stale) for segment in self.segments]
        segments = [segment for segment in kept if segment.living()]
        if len(fresh.ids):
            segments.append(Segment.of(fresh))
        return TenantIndex(version, self.dimensions, dict(sources), tuple(segments), self.model)

    def needs_compaction(self) -> bool:
        """Tell whether segments are too many, or mostly of passages that are gone."""
        held = sum(len(segment.ids) for segment in self.segments)
        dead = held - self.passages()
        return len(self.segments) > MAX_SEGMENTS or dead > _DEAD_SHARE * held

    def compacted(self) -> TenantIndex:
        """Return the same passages in one or two segments."""
        by_size = sorted(self.segments, key=Segment.living, reverse=True)
        largest, others = by_size[0], by_size[1:]
        is_tidy = len(largest.ids) - largest.living() <= _DEAD_SHARE * len(largest.ids)
        small = sum(s.living() for s in others) <= _SMALL_SHARE * largest.living()
        segments = (
            (largest, _merged(others)) if is_tidy and small and others else (_merged(by_size),)
        )
        return TenantIndex(self.version, self.dimensions, self.sources, segments, self.model)

    def passages(self) -> int:
        """Return how many passages may be proposed."""
        return sum(segment.living() for segment in self.segments)

    def nbytes(self) -> int:
        """Return the bytes that it holds."""
        return sum(segment.nbytes() for segment in self.segments)

    def _hidden(self, hidden: Hidden) -> tuple[Flags | None, ...]:
        known = self._masks.get(hidden)
        if known is None:
            sources, passages = ids_of(hidden.sources), ids_of(hidden.passages)
            known = tuple(segment.hidden(sources, passages) for segment in self.segments)
            if len(self._masks) >= _KEPT_MASKS:
                self._masks.clear()
            self._masks[hidden] = known
        return known

    @staticmethod
    def _top(
        scores: Sequence[Scores], masks: Sequence[Flags | None], count: int
    ) -> NDArray[np.intp]:
        """Return the numbers of the best `count` passages that score at all and may be shown."""
        for own, mask in zip(scores, masks, strict=True):
            if mask is not None:
                own[mask] = 0.0
        together = scores[0] if len(scores) == 1 else np.concatenate([np.zeros(0), *scores])
        if count < len(together):
            best = np.argpartition(together, -count)[-count:]
        else:
            best = np.arange(len(together))
        return best[together[best] > 0]


def ids_of(packed: bytes) -> NDArray[np.bytes_]:
    """Return packed ids, 16 bytes each, as an array."""
    return np.frombuffer(packed, dtype=PASSAGE_ID)


def _merged(segments: Sequence[Segment]) -> Segment:
    return Segment.of(join([segment.columns() for segment in segments]))
