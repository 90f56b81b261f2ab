"""Turns first: what this process does in the background waits while a turn is made."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

# A turn gives the interpreter away at each of its statements, and gets it back from a thread that
# computes after this time; Python's own 5 ms add up to more than the turn itself takes.
SWITCH_SECONDS = 0.0005
LONGEST_WAIT_SECONDS = 0.1
_LEAST_SHARE = 4  # of five parts of time one is the background's, where questions never pause


class RightOfWay:
    """Held by turns while they compute, and asked by the work of jobs between two passages."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._turns = 0
        self._works_until = 0.0

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the right of way; as many may as there are turns."""
        with self._changed:
            self._turns += 1
        try:
            yield
        finally:
            with self._changed:
                self._turns -= 1
                self._changed.notify_all()

    def give_way(self) -> None:
        """Wait while turns are made, 0.1 s at most; then a fourth of that time passes unhindered.

        So a job goes on, at a fifth of its speed, beside questions without a pause.
        """
        began = time.monotonic()
        if not self._turns or began < self._works_until:
            return
        with self._changed:
            self._changed.wait_for(lambda: not self._turns, LONGEST_WAIT_SECONDS)
        ended = time.monotonic()
        self._works_until = ended + (ended - began) / _LEAST_SHARE


def share_interpreter() -> None:
    """Let threads of this process take turns more often, as one that answers and works has to."""
    sys.setswitchinterval(min(SWITCH_SECONDS, sys.getswitchinterval()))
