"""Times the steps of a turn."""

from __future__ import annotations

import time


class StepClock:
    """Milliseconds of each step of a turn, one after the other."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self._last = self.started
        self.milliseconds: dict[str, float] = {}

    def mark(self, step: str) -> None:
        """Name the step that has just ended."""
        now = time.monotonic()
        self.milliseconds[step] = round((now - self._last) * 1000, 3)
        self._last = now
