"""One attempt at a job, as the worker tells it to what does the job."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attempt:
    """`retries_left`: how often the job may still be tried again; below 0 it broke off too often.

    `is_ending` tells that the worker has to end, and that the job should go back into its queue.
    """

    retries_left: int
    is_ending: Callable[[], bool]
