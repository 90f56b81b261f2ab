"""What a process that reads strangers' files may use, and how it binds itself to that."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys
from dataclasses import asdict, dataclass

MAX_OUTPUT_BYTES = 64 * 2**20
PARENT_VARIABLE = "LEANRAG_PARENT"  # of the environment: the process that started this one
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_NICENESS = 10  # who chats comes first: a reader gets a ninth of the share of others


@dataclass(frozen=True, slots=True)
class ChildLimits:
    """What the process may use, as its parent writes it on the command line."""

    memory_bytes: int
    cpu_seconds: int
    wall_seconds: int
    max_pages: int

    def to_argument(self) -> str:
        """Return the limits as one command-line argument."""
        return json.dumps(asdict(self))

    @classmethod
    def from_argument(cls, argument: str) -> ChildLimits:
        """Return the limits that `to_argument` wrote."""
        return cls(**json.loads(argument))


def limit_process(limits: ChildLimits) -> None:
    """Bind this process to its limits for good, and to the life of the one that started it."""
    end_with_parent()
    os.nice(_NICENESS)
    for kind, most in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_CPU, limits.cpu_seconds),
        (resource.RLIMIT_FSIZE, MAX_OUTPUT_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))
    signal.alarm(limits.wall_seconds + 5)  # ends an orphan where the kernel does not


def end_with_parent() -> None:
    """Have Linux kill this process as soon as the thread that started it has ended."""
    parent = os.environ.get(PARENT_VARIABLE)
    if parent is not None:  # None: started by hand
        end_with(int(parent))


def end_with(parent: int) -> None:
    """Have Linux kill this process as soon as the thread of `parent` that started it has ended."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it had ended before the kernel knew
        os._exit(1)
