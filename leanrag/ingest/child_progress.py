"""How far a reader's process is: it writes to a shared file what its parent reads now and then."""

from __future__ import annotations

import os
import struct
from typing import IO

PROGRESS_VARIABLE = "LEANRAG_PROGRESS"  # of the environment: the file's descriptor
_COUNTS = struct.Struct("=2I")
_MAX_PARTS = 1_000_000


def write_progress(done: int, total: int) -> None:
    """Tell the parent, if it listens, that `done` of `total` parts have been read."""
    descriptor = os.environ.get(PROGRESS_VARIABLE)
    if descriptor is not None:
        os.pwrite(int(descriptor), _COUNTS.pack(done, total), 0)


def read_progress(file: IO[bytes]) -> tuple[int, int]:
    """Return what the process wrote last: parts done, and all; zeros as long as it wrote nothing.

    What has read a stranger's file is not trusted: the figures are at least possible ones.
    """
    written = os.pread(file.fileno(), _COUNTS.size, 0)
    if len(written) < _COUNTS.size:
        return 0, 0
    done, total = _COUNTS.unpack(written)
    total = min(total, _MAX_PARTS)
    return min(done, total), total
