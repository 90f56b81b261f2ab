"""Logistic regression by Newton's method: the log-loss is convex, so it finds its one minimum."""

from __future__ import annotations

import numpy as np

from bench._learn_softmax import Array

_STEPS = 50  # ten are enough


def fit_logistic(features: Array, truth: Array, *, counts: Array, l2: float) -> Array:
    """Return the likeliest weights, shape (features,), for rows that count `counts` each.

    `features` (n, features) has a column of ones, `truth` (n,) is 0 or 1; `l2` costs half the
    squared weights beside the log-loss.
    """
    weights = np.zeros(features.shape[1])
    for _ in range(_STEPS):
        chances = 1 / (1 + np.exp(-features @ weights))
        gradient = features.T @ (counts * (chances - truth)) + l2 * weights
        curvature = (features * (counts * chances * (1 - chances))[:, None]).T @ features
        weights = weights - np.linalg.solve(curvature + l2 * np.eye(len(weights)), gradient)
    return np.asarray(weights, dtype=np.float64)
