"""Reads the parts of a long file in two processes at once, the reader and a copy of it.

The copy is bound by the same limits, holds the file already, and ends with the reader. Whatever it
does not hand over, because the file made it crash or reach a limit, the reader reads itself.
"""

from __future__ import annotations

import os
import pickle
import signal
from collections.abc import Callable
from typing import Generic, TypeVar

from leanrag.ingest.child_limits import end_with

Part = TypeVar("Part")

MIN_PARTS = 60  # of fewer parts a copy is not worth its start


def read_parts(
    read: Callable[[int], Part],
    count: int,
    *,
    copy_seconds: int | None,
    on_part: Callable[[int, int], None],
) -> list[Part]:
    """Return `read(index)` for each index below `count`, in order; each can be pickled.

    The copy has `copy_seconds` by the clock; None where there may be none, as in a process of
    several threads. `on_part(done, count)` is told how far the reader is.
    """
    is_shared = copy_seconds is not None and count >= MIN_PARTS and _processors() > 1
    middle = count // 2 if is_shared else count
    copy = _Copy(read, range(middle, count), copy_seconds or 0) if is_shared else None
    parts = []
    for index in range(middle):
        parts.append(read(index))
        on_part((index + 1) * count // middle, count)
    rest = None if copy is None else copy.take()
    if rest is None or len(rest) != count - middle:
        rest = [read(index) for index in range(middle, count)]
    return parts + rest


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Copy(Generic[Part]):
    """A copy of this process that reads some of the parts."""

    def __init__(self, read: Callable[[int], Part], indexes: range, seconds: int) -> None:
        parent = os.getpid()
        self._output, write_end = os.pipe()
        self._pid = os.fork()
        if self._pid:
            os.close(write_end)
            return
        try:
            end_with(parent)
            signal.alarm(seconds)
            with os.fdopen(write_end, "wb") as file:
                pickle.dump([read(index) for index in indexes], file)
        finally:  # whatever happened, a copy must not go on as if it were the reader
            os._exit(0)

    def take(self) -> list[Part] | None:
        """Wait for the copy's end; return what it has read, None where it did not come to it."""
        with os.fdopen(self._output, "rb") as file:
            packed = file.read()
        os.waitpid(self._pid, 0)
        try:
            parts: list[Part] = pickle.loads(packed)  # noqa: S301 - of a process like this one
        except (pickle.UnpicklingError, EOFError):
            return None
        return parts
