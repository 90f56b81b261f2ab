"""Reads the parts of a long file in two processes: the reader from the front, a copy from the end.

The copy uses what processor time nobody else wants, and takes as many parts as it comes to. It
holds the file already, and ends with the reader. Whatever it does not hand over, because the file
made it crash or reach a limit, the reader reads itself. Both together keep the reader's limit of
memory; of processor time each has as much.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import pickle
import resource
import signal
import sys
from collections.abc import Callable
from contextlib import closing
from typing import Generic, TypeVar

from leanrag.ingest.child_limits import end_with

Part = TypeVar("Part")

MIN_PARTS = 12  # of fewer parts a copy is not worth its start
# Of the reader's memory, while there is a copy: a half of 500 pages takes it 25 MB.
COPY_BYTES = 96 * 2**20
_NICENESS = 5  # added to the reader's


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
    copy = None
    if copy_seconds is not None and count >= MIN_PARTS and _has_room():
        copy = _Copy.start(read, count, copy_seconds)
    parts: list[Part] = []
    rest: list[Part] = []
    if copy is not None:
        with closing(copy):
            while len(parts) < copy.first():
                copy.tell(len(parts))
                parts.append(read(len(parts)))
                on_part(min(count, len(parts) + count - copy.first()), count)
            rest = copy.take()
    for index in range(len(parts), count - len(rest)):
        parts.append(read(index))
        on_part(index + 1 + len(rest), count)
    return parts[: count - len(rest)] + rest


def _has_room() -> bool:
    """Tell whether there are processor and memory for a copy, and a kernel that ends it."""
    if sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2:
        return False
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return limit == resource.RLIM_INFINITY or limit - _held_bytes() >= 2 * COPY_BYTES


def _held_bytes() -> int:
    """Return the size of this process's address space, which its limit of memory is about."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * mmap.PAGESIZE


class _Copy(Generic[Part]):
    """A copy of this process that reads parts from the end on, until it meets the reader."""

    def __init__(self, pid: int, output: int, places: ctypes.Array[ctypes.c_uint32]) -> None:
        self._pid = pid
        self._output = os.fdopen(output, "rb")
        self._places = places
        self._memory = _lend_memory()

    @classmethod
    def start(cls, read: Callable[[int], Part], count: int, seconds: int) -> _Copy[Part] | None:
        """Start a copy; None where the system has no process or no memory for it."""
        parent, (output, write_end) = os.getpid(), os.pipe()
        try:
            # Where the reader is, and the first part that the copy has begun: each writes its own.
            places = (ctypes.c_uint32 * 2).from_buffer(mmap.mmap(-1, mmap.PAGESIZE))
            places[1] = count
            pid = os.fork()
        except OSError:
            os.close(output)
            os.close(write_end)
            return None
        if pid:
            os.close(write_end)
            return cls(pid, output, places)
        try:
            os.close(output)
            _bind(parent, seconds)
            with os.fdopen(write_end, "wb") as file:
                pickle.dump(_read_backwards(read, places), file)
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
        try:
            parts: list[Part] = pickle.load(self._output)  # noqa: S301 - of a process like this one
        except (pickle.UnpicklingError, EOFError):
            return []
        return parts

    def close(self) -> None:
        """End the copy, if it still runs, and have its memory back."""
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        self._output.close()
        resource.setrlimit(resource.RLIMIT_AS, self._memory)


def _lend_memory() -> tuple[int, int]:
    """Go without the memory that the copy may take; return the limits that were."""
    limit, most = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_AS, (limit - COPY_BYTES, most))
    return limit, most


def _bind(parent: int, seconds: int) -> None:
    end_with(parent)
    signal.alarm(seconds)
    os.nice(_NICENESS)
    most = _held_bytes() + COPY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _read_backwards(
    read: Callable[[int], Part], places: ctypes.Array[ctypes.c_uint32]
) -> list[Part]:
    parts = []
    for index in range(places[1] - 1, 0, -1):
        if index <= places[0]:
            break
        places[1] = index
        parts.append(read(index))
    return parts[::-1]
