"""Learns the weights of an intent model from labelled messages: a soft-max by maximum likelihood.

The loss is convex, so the limited-memory BFGS method finds its one minimum (Nocedal, "Updating
Quasi-Newton Matrices with Limited Storage", 1980). What was known before stays where the new
messages say nothing: the squared *change* of the weights is what costs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from leanrag.intent_features import MessageFeatures, message_features
from leanrag.intent_model import IntentModel
from leanrag.types import Intent, Language

Array = NDArray[np.float64]
Sparse = NDArray[np.float32]  # half the memory to move: the steps are as many

L2 = 0.1  # of half the squared weights, beside the summed log-loss; by cross-validation
_MAX_STEPS = 60
_REMEMBERED_STEPS = 8
_SUFFICIENT_DECREASE = 1e-4  # Armijo (1966)
_SHORTEST_STEP = 1e-6
_SMALL_GAIN = 1e-4  # of the loss in one step: beyond it no message changes its intent


@dataclass(frozen=True, slots=True)
class IntentExample:
    """A message whose intent is known."""

    text: str
    language: Language
    intent: Intent


@dataclass(frozen=True, slots=True)
class _Examples:
    """Sparse features, row by row and column by column, with the truth, shape (n, intents)."""

    values: Sparse
    columns: NDArray[np.intp]
    row_starts: NDArray[np.intp]
    values_by_column: Sparse
    row_by_column: NDArray[np.intp]
    column_starts: NDArray[np.intp]
    truth: Array
    known: Array


def learn(
    examples: Sequence[IntentExample], *, start: IntentModel | None = None, l2: float = L2
) -> IntentModel:
    """Return the model that `examples` teach; what they do not speak of stays as in `start`.

    Takes about half a second for 2,000 short messages. Raises ValueError without an example.
    """
    if not examples:
        raise ValueError("There is nothing to learn from: no message has a label.")
    known = start.intents if start else ()
    intents = (*known, *sorted({e.intent for e in examples} - set(known)))
    features = [message_features(example.text, example.language) for example in examples]
    names = dict.fromkeys(chain.from_iterable(own.names for own in features))
    rows = {name: row for row, name in enumerate(names)}
    stacked = _stack(features, rows, examples, intents, start)
    shape = (len(rows) + 1, len(intents))

    def loss(flat: Array) -> tuple[float, Array]:
        value, gradient = _loss(stacked, flat.reshape(shape), l2)
        return value, gradient.ravel()

    weights = _minimise(loss, np.zeros(shape[0] * shape[1])).reshape(shape)
    weights -= weights.mean(axis=1, keepdims=True)  # a shift of all intents changes no chance
    return IntentModel(
        intents=intents,
        rows=rows,
        weights=weights[:-1].astype(np.float32),
        biases=weights[-1].astype(np.float32),
        learned_from=len(examples),
        start=start,
    )


def _stack(
    features: Sequence[MessageFeatures],
    rows: dict[str, int],
    examples: Sequence[IntentExample],
    intents: tuple[Intent, ...],
    start: IntentModel | None,
) -> _Examples:
    sizes = np.array([len(own.names) + 1 for own in features], dtype=np.intp)
    columns = np.array(
        [c for own in features for c in (*(rows[name] for name in own.names), len(rows))]
    )
    values = np.array([v for own in features for v in (*own.values, 1.0)], dtype=np.float32)
    by_column = np.argsort(columns, kind="stable")
    known = np.zeros((len(examples), len(intents)))
    if start is not None:
        for row, own in enumerate(features):
            known[row, : len(start.intents)] = start.logits(own)
    return _Examples(
        values=values,
        columns=columns,
        row_starts=np.concatenate([[0], sizes.cumsum()[:-1]]),
        values_by_column=values[by_column],
        row_by_column=np.repeat(np.arange(len(features)), sizes)[by_column],
        column_starts=np.searchsorted(columns[by_column], np.arange(len(rows) + 1)),
        truth=np.array([[e.intent == intent for intent in intents] for e in examples], dtype=float),
        known=known,
    )


def _loss(examples: _Examples, weights: Array, l2: float) -> tuple[float, Array]:
    """Return the penalised log-loss in nats, and its gradient, shape (features + 1, intents)."""
    weighted = weights.astype(np.float32)[examples.columns] * examples.values[:, None]
    logits = examples.known + np.add.reduceat(weighted, examples.row_starts)
    logits = logits - logits.max(axis=1, keepdims=True)
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    missed = np.exp(logs) - examples.truth
    spread = missed.astype(np.float32)[examples.row_by_column]
    spread *= examples.values_by_column[:, None]
    gradient = np.add.reduceat(spread, examples.column_starts).astype(np.float64)
    loss = -float((examples.truth * logs).sum()) + l2 / 2 * float((weights**2).sum())
    return loss, gradient + l2 * weights


def _minimise(function: Callable[[Array], tuple[float, Array]], point: Array) -> Array:
    """Return where `function`, which gives value and gradient, is about smallest."""
    value, gradient = function(point)
    steps: deque[tuple[Array, Array]] = deque(maxlen=_REMEMBERED_STEPS)
    for _ in range(_MAX_STEPS):
        if not gradient.any():
            break
        direction = _direction(gradient, steps)
        slope = float(direction @ gradient)
        length = 1.0 if steps else 1.0 / float(np.linalg.norm(gradient))
        moved, moved_gradient = function(point + length * direction)
        while moved > value + _SUFFICIENT_DECREASE * length * slope and length > _SHORTEST_STEP:
            length /= 2
            moved, moved_gradient = function(point + length * direction)
        change = moved_gradient - gradient
        if float(change @ direction) > 0:
            steps.append((length * direction, change))
        gain = value - moved
        point, value, gradient = point + length * direction, moved, moved_gradient
        if gain < _SMALL_GAIN * value:
            break
    return point


def _direction(gradient: Array, steps: deque[tuple[Array, Array]]) -> Array:
    """Return the two-loop recursion's direction of descent (Nocedal and Wright, algorithm 7.4)."""
    left = gradient.copy()
    shares = []
    for moved, change in reversed(steps):
        share = float(moved @ left) / float(change @ moved)
        left -= share * change
        shares.append(share)
    if steps:
        moved, change = steps[-1]
        left *= float(moved @ change) / float(change @ change)
    for (moved, change), share in zip(steps, reversed(shares), strict=True):
        left += moved * (share - float(change @ left) / float(change @ moved))
    return -left
