"""Reads the parts of a long file in two processes: the reader from the front, a copy from the end.

The copy uses what processor time nobody else wants, and takes as many parts as it comes to. It is
bound by the same limits, holds the file already, and ends with the reader. Whatever it does not
hand over, because the file made it crash or reach a limit, the reader reads itself.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import pickle
import signal
from collections.abc import Callable
from typing import Generic, TypeVar

from leanrag.ingest.child_limits import end_with

Part = TypeVar("Part")

MIN_PARTS = 60  # of fewer parts a copy is not worth its start
_NICENESS = 7  # more than the reader's


def read_parts(
    read: Callable[[int], Part],
    count: int,
    *,
    copy_seconds: int | None,
    on_part: Callable[[int, int], None],
) -> list[Part]:
    """Return `read(index)` for each index below `count`, in order; each can be pickled.

    The copy has `copy_seconds` by the clock; None where there may be none, as in a process of
    several threads. `on_part(done, count)` is told how far both are.
    """
    is_shared = copy_seconds is not None and count >= MIN_PARTS and _processors() > 1
    copy = _Copy(read, count, copy_seconds or 0) if is_shared else None
    parts: list[Part] = []
    while len(parts) < (count if copy is None else copy.first()):
        if copy is not None:
            copy.tell(len(parts))
        parts.append(read(len(parts)))
        on_part(len(parts) + (0 if copy is None else count - copy.first()), count)
    rest = [] if copy is None else copy.take()
    parts += [read(index) for index in range(len(parts), count - len(rest))]
    return parts[: count - len(rest)] + rest


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Copy(Generic[Part]):
    """A copy of this process that reads parts from the end on, until it meets the reader."""

    def __init__(self, read: Callable[[int], Part], count: int, seconds: int) -> None:
        # Where the reader is, and the first part that the copy has begun: each writes its own.
        self._places = (ctypes.c_uint32 * 2).from_buffer(mmap.mmap(-1, mmap.PAGESIZE))
        self._places[1] = count
        parent = os.getpid()
        self._output, write_end = os.pipe()
        self._pid = os.fork()
        if self._pid:
            os.close(write_end)
            return
        try:
            end_with(parent)
            signal.alarm(seconds)
            os.nice(_NICENESS)
            parts = self._read(read, count)
            with os.fdopen(write_end, "wb") as file:
                pickle.dump(parts, file)
        finally:  # whatever happened, a copy must not go on as if it were the reader
            os._exit(0)

    def first(self) -> int:
        """Return the first part that the copy has begun to read."""
        return self._places[1]

    def tell(self, index: int) -> None:
        """Tell the copy which part the reader begins."""
        self._places[0] = index

    def take(self) -> list[Part]:
        """Wait for the copy's end; return the last parts, as many as it has read, in order."""
        with os.fdopen(self._output, "rb") as file:
            packed = file.read()
        os.waitpid(self._pid, 0)
        try:
            parts: list[Part] = pickle.loads(packed)  # noqa: S301 - of a process like this one
        except (pickle.UnpicklingError, EOFError):
            return []
        return parts

    def _read(self, read: Callable[[int], Part], count: int) -> list[Part]:
        parts = []
        for index in range(count - 1, 0, -1):
            if index <= self._places[0]:
                break
            self._places[1] = index
            parts.append(read(index))
        return parts[::-1]
