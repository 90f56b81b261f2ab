"""Conditional soft-max models: which of a few alternatives is right, by a weighted sum of features.

McFadden, "Conditional Logit Analysis of Qualitative Choice Behavior" (1974). The log-loss is convex
in the weights, so Newton's method finds its one minimum in a few steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Of half the squared weights, beside the mean log-loss: keeps features that say the same apart.
L2 = 1e-3
SUFFICIENT_DECREASE = 1e-4  # Armijo (1966)
_MAX_STEPS = 100
_DECREMENT = 1e-12  # half of it is about how far the loss is above its minimum


@dataclass(frozen=True, slots=True)
class Choice:
    """Alternatives by their features, shape (n, features), and which are right, shape (n,).

    At least one is right; where several are, each has the same share of the truth.
    """

    features: Array
    is_right: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Stacked:
    """All choices as rows one below the other; `starts` and `sizes` tell whose they are."""

    features: Array
    truth: Array
    starts: NDArray[np.intp]
    sizes: NDArray[np.intp]


def fit(choices: Sequence[Choice], *, l2: float = L2) -> Array:
    """Return the likeliest weights, none below 0: a feature that would have one is left out (0).

    Scores are shares of the sum of all weights, so that a weight below 0 would have no meaning.
    Raises ValueError without a choice.
    """
    if not choices:
        raise ValueError("There is nothing to learn from: no question found its answer.")
    stacked = _stack(choices)
    used = np.ones(stacked.features.shape[1], dtype=bool)
    while True:
        weights = np.zeros(len(used))
        weights[used] = _newton(_with_features(stacked, used), l2)
        if weights.min() >= 0:
            return weights
        used[weights.argmin()] = False


def log_loss(choice: Choice, weights: Array) -> float:
    """Return the cross-entropy of the truth and the model's chances, in nats."""
    logits = choice.features @ weights
    highest = logits.max()
    chances = logits - highest - np.log(np.exp(logits - highest).sum())
    return -float(chances[choice.is_right].mean())


def place_of_right(choice: Choice, weights: Array) -> int:
    """Return how many alternatives come before the first right one; equal ones keep their order."""
    order = np.argsort(-(choice.features @ weights), kind="stable")
    return int(choice.is_right[order].argmax())


def _stack(choices: Sequence[Choice]) -> _Stacked:
    sizes = np.array([len(choice.is_right) for choice in choices], dtype=np.intp)
    return _Stacked(
        np.vstack([choice.features for choice in choices]),
        np.concatenate([choice.is_right / choice.is_right.sum() for choice in choices]),
        np.concatenate([[0], sizes.cumsum()[:-1]]).astype(np.intp),
        sizes,
    )


def _with_features(stacked: _Stacked, used: NDArray[np.bool_]) -> _Stacked:
    return _Stacked(stacked.features[:, used], stacked.truth, stacked.starts, stacked.sizes)


def _newton(stacked: _Stacked, l2: float) -> Array:
    weights = np.zeros(stacked.features.shape[1])
    for _ in range(_MAX_STEPS):
        logs = _log_chances(stacked, weights)
        gradient, hessian = _derivatives(stacked, np.exp(logs), weights, l2)
        step = np.linalg.solve(hessian, gradient)
        decrement = float(gradient @ step)
        if decrement < _DECREMENT:
            return weights
        loss, share = _loss(stacked, weights, l2), 1.0
        while _loss(stacked, weights - share * step, l2) > (
            loss - SUFFICIENT_DECREASE * share * decrement
        ):
            share /= 2
        weights = weights - share * step
    raise RuntimeError("Newton's method did not converge.")


def _derivatives(
    stacked: _Stacked, chances: Array, weights: Array, l2: float
) -> tuple[Array, Array]:
    """Return gradient (features,) and Hessian (features, features) of the loss."""
    weighted = chances[:, None] * stacked.features
    means = np.add.reduceat(weighted, stacked.starts, axis=0)
    gradient = (chances - stacked.truth) @ stacked.features
    hessian = weighted.T @ stacked.features - means.T @ means
    count = len(stacked.sizes)
    return gradient / count + l2 * weights, hessian / count + l2 * np.eye(len(weights))


def _loss(stacked: _Stacked, weights: Array, l2: float) -> float:
    own = -float(stacked.truth @ _log_chances(stacked, weights)) / len(stacked.sizes)
    return own + l2 / 2 * float(weights @ weights)


def _log_chances(stacked: _Stacked, weights: Array) -> Array:
    logits = stacked.features @ weights
    highest = np.maximum.reduceat(logits, stacked.starts)
    logits = logits - np.repeat(highest, stacked.sizes)
    sums = np.add.reduceat(np.exp(logits), stacked.starts)
    return np.asarray(logits - np.repeat(np.log(sums), stacked.sizes), dtype=np.float64)
